//! The known keys, taken from the defaults themselves.

use std::{collections::BTreeMap, sync::LazyLock};

use figment::{
    Figment, Profile,
    providers::{Format, Toml},
    value::{Dict, Value},
};

use super::DEFAULTS;

/// What a key holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Flag,
    Number,
    List,
}

impl Kind {
    pub(super) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::String(..) | Value::Char(..) => Some(Self::Text),
            Value::Bool(..) => Some(Self::Flag),
            Value::Num(..) => Some(Self::Number),
            Value::Array(..) => Some(Self::List),
            Value::Dict(..) | Value::Empty(..) => None,
        }
    }

    pub(super) fn in_words(self) -> &'static str {
        match self {
            Self::Text => "a text",
            Self::Flag => "true or false",
            Self::Number => "a whole number",
            Self::List => "a list of texts",
        }
    }
}

/// Every known key with its kind.
pub(super) static KEYS: LazyLock<BTreeMap<String, Kind>> = LazyLock::new(|| {
    let values = Figment::from(Toml::string(DEFAULTS)).data_of_default();
    flatten(&values).into_iter().filter_map(|(key, value)| Some((key, Kind::of(value)?))).collect()
});

/// Whether the key's value must not be shown. Database addresses hold passwords.
pub(super) fn is_secret(key: &str) -> bool {
    let of_provider = [".client_secret", ".webhook_secret", ".webhook_verify_code", ".pseudonym_key"];
    key == "database.url" || key.starts_with("vault.") || of_provider.iter().any(|end| key.ends_with(end))
}

/// The environment variable of a key.
pub(super) fn variable(key: &str) -> String {
    format!("PULSEKEEP_{}", key.replace('.', "__").to_uppercase())
}

/// Leaves of a tree by dotted key. An empty table has none.
pub(super) fn flatten(dict: &Dict) -> Vec<(String, &Value)> {
    fn walk<'a>(prefix: &str, dict: &'a Dict, out: &mut Vec<(String, &'a Value)>) {
        for (name, value) in dict {
            let key = if prefix.is_empty() { name.clone() } else { format!("{prefix}.{name}") };
            match value {
                Value::Dict(_, inner) => walk(&key, inner, out),
                leaf => out.push((key, leaf)),
            }
        }
    }
    let mut out = Vec::new();
    walk("", dict, &mut out);
    out
}

pub(super) trait DefaultData {
    fn data_of_default(&self) -> Dict;
}

impl DefaultData for Figment {
    fn data_of_default(&self) -> Dict {
        figment::Provider::data(self)
            .ok()
            .and_then(|mut profiles| profiles.remove(&Profile::Default))
            .unwrap_or_default()
    }
}

/// The known key nearest to `key`, if one is near enough to have been meant.
pub(super) fn nearest(key: &str) -> Option<&'static str> {
    let last = |k: &'static str| k.rsplit('.').next().unwrap_or(k);
    KEYS.keys()
        .map(|known| {
            let whole = distance(key, known);
            // `listen` alone, or under the wrong section, is meant as `http.listen`.
            let tail = distance(key.rsplit('.').next().unwrap_or(key), last(known)) + 2;
            (whole.min(tail), known.as_str())
        })
        .filter(|(d, _)| *d <= 3)
        .min()
        .map(|(_, known)| known)
}

/// Edit distance.
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, ca) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, cb) in b.iter().enumerate() {
            let replaced = diagonal + usize::from(ca != *cb);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}
