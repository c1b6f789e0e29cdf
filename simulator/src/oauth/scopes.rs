//! The scopes of both providers, and sets of them.

use crate::faults::Provider;

const GOOGLE_PREFIX: &str = "https://www.googleapis.com/auth/googlehealth.";

/// Google Health's scopes without their prefix, as the discovery document names them.
const GOOGLE: [&str; 20] = [
    "activity_and_fitness.readonly",
    "activity_and_fitness.writeonly",
    "ecg.readonly",
    "health_metrics_and_measurements.readonly",
    "health_metrics_and_measurements.writeonly",
    "irn.readonly",
    "location.readonly",
    "logged_symptoms.readonly",
    "logged_symptoms.writeonly",
    "mindfulness.readonly",
    "mindfulness.writeonly",
    "nutrition.writeonly",
    "profile.readonly",
    "profile.writeonly",
    "reproductive_health.readonly",
    "reproductive_health.writeonly",
    "settings.readonly",
    "settings.writeonly",
    "sleep.readonly",
    "sleep.writeonly",
];

/// Fitbit's scopes and their short forms inside access tokens.
const FITBIT: [(&str, &str); 15] = [
    ("activity", "ract"),
    ("cardio_fitness", "rcf"),
    ("electrocardiogram", "recg"),
    ("heartrate", "rhr"),
    ("irregular_rhythm_notifications", "rirn"),
    ("location", "rloc"),
    ("nutrition", "rnut"),
    ("oxygen_saturation", "roxy"),
    ("profile", "rpro"),
    ("respiratory_rate", "rres"),
    ("settings", "rset"),
    ("sleep", "rsle"),
    ("social", "rsoc"),
    ("temperature", "rtem"),
    ("weight", "rwei"),
];

/// A set of one provider's scopes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scopes(pub(crate) u32);

impl Scopes {
    /// Reads names; the first unknown one is the error.
    pub(crate) fn read<'a>(
        provider: Provider,
        names: impl Iterator<Item = &'a str>,
    ) -> Result<Scopes, &'a str> {
        let mut set = Scopes::default();
        for name in names {
            set.0 |= Scopes::one(provider, name).ok_or(name)?.0;
        }
        Ok(set)
    }

    /// The set of one full name.
    pub(crate) fn one(provider: Provider, name: &str) -> Option<Scopes> {
        let place = match provider {
            Provider::Google => {
                let short = name.strip_prefix(GOOGLE_PREFIX)?;
                GOOGLE.iter().position(|known| *known == short)
            }
            Provider::Fitbit => FITBIT.iter().position(|(known, _)| *known == name),
        };
        place.map(|place| Scopes(1 << place))
    }

    /// Full names, in the provider's order.
    pub(crate) fn names(self, provider: Provider) -> Vec<String> {
        match provider {
            Provider::Google => {
                self.places(GOOGLE.len()).map(|place| format!("{GOOGLE_PREFIX}{}", GOOGLE[place])).collect()
            }
            Provider::Fitbit => self.places(FITBIT.len()).map(|place| FITBIT[place].0.to_owned()).collect(),
        }
    }

    /// Fitbit's short forms.
    pub(crate) fn fitbit_short(self) -> String {
        self.places(FITBIT.len()).map(|place| FITBIT[place].1).collect::<Vec<_>>().join(" ")
    }

    fn places(self, count: usize) -> impl Iterator<Item = usize> {
        (0..count).filter(move |place| self.0 >> place & 1 == 1)
    }

    pub(crate) fn contains(self, other: Scopes) -> bool {
        self.0 & other.0 == other.0
    }

    pub(crate) fn is_empty(self) -> bool {
        self.0 == 0
    }

    pub(crate) fn and(self, other: Scopes) -> Scopes {
        Scopes(self.0 & other.0)
    }

    pub(crate) fn or(self, other: Scopes) -> Scopes {
        Scopes(self.0 | other.0)
    }
}

/// What a scope lets an application see, in words for the consent page.
pub(crate) fn in_words(provider: Provider, name: &str) -> String {
    let short = match provider {
        Provider::Google => name.strip_prefix(GOOGLE_PREFIX).unwrap_or(name),
        Provider::Fitbit => name,
    };
    let (subject, access) = match short.split_once('.') {
        Some((subject, "writeonly")) => (subject, "Add to your"),
        Some((subject, _)) => (subject, "See your"),
        None => (short, "See your"),
    };
    let subject = match subject {
        "heartrate" => "heart rate".to_owned(),
        "ecg" | "electrocardiogram" => "electrocardiograms".to_owned(),
        "irn" => "irregular rhythm notifications".to_owned(),
        other => other.replace('_', " "),
    };
    format!("{access} {subject}")
}
