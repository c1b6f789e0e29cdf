//! The people: invented names, ids, bodies and zones around recorded minutes.

use super::habits::{Absence, Habit};
use crate::faults::Provider;

/// When a person's device hands over its data.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sync {
    /// Every quarter of an hour.
    Quarterly,
    /// Once a day at noon, and only what is three days old.
    ThreeDaysLate,
    /// Now and then, at instants that look random.
    Irregular(Habit),
}

/// A person that the simulated providers know.
#[derive(Clone, Debug)]
pub struct Profile {
    /// Name in control calls and on the consent page's radio buttons.
    pub id: &'static str,
    /// Display name.
    pub name: &'static str,
    /// The recorded participant whose minutes they live.
    pub(crate) participant: &'static str,
    /// Google health user id, 19 digits.
    pub google_id: &'static str,
    /// Fitbit encoded id, 6 characters.
    pub fitbit_id: &'static str,
    /// IANA zone at home.
    pub zone: &'static str,
    /// Travels (see `Timeline::travelling`).
    pub travels: bool,
    /// Year of birth.
    pub birth_year: i32,
    /// `FEMALE` or `MALE`, as Fitbit's profile says.
    pub gender: &'static str,
    /// Height.
    pub height_cm: f64,
    /// Weight where no log says otherwise.
    pub weight_kg: f64,
    /// Typical resting heart rate.
    pub resting_bpm: f64,
    /// Typical nightly RMSSD.
    pub rmssd_ms: f64,
    /// Typical nightly wrist temperature.
    pub wrist_celsius: f64,
    /// The watch's product name.
    pub watch: &'static str,
    /// A phone that counts steps too.
    pub phone: Option<&'static str>,
    /// How the device hands over its data.
    pub sync: Sync,
    /// Stretches in which the watch is lost.
    pub absence: Option<Absence>,
    /// Takes the temperature by hand now and then.
    pub thermometer: bool,
    /// Steps on a scale besides what is recorded.
    pub scale: bool,
    /// What is special about them.
    pub special: &'static str,
}

impl Profile {
    /// Whether the watch records routes.
    pub(crate) fn records_routes(&self) -> bool {
        self.watch != "Inspire 3"
    }

    /// The provider by which they connect, where nobody chooses: one in four of the further people by the legacy one.
    pub fn provider(&self) -> Provider {
        let number = self.id.strip_prefix('p').and_then(|number| number.parse::<u64>().ok());
        let legacy = number.is_some_and(|number| super::noise::hash(number, 121, 0, 0).is_multiple_of(4));
        if legacy { Provider::Fitbit } else { Provider::Google }
    }
}

pub(crate) const PLAIN: Profile = Profile {
    id: "",
    name: "",
    participant: "",
    google_id: "",
    fitbit_id: "",
    zone: "UTC",
    travels: false,
    birth_year: 1985,
    gender: "FEMALE",
    height_cm: 170.0,
    weight_kg: 70.0,
    resting_bpm: 62.0,
    rmssd_ms: 38.0,
    wrist_celsius: 33.9,
    watch: "Charge 6",
    phone: None,
    sync: Sync::Quarterly,
    absence: None,
    thermometer: false,
    scale: false,
    special: "",
};

/// Everybody, in the order of the consent page.
pub(crate) const PEOPLE: [Profile; 12] = [
    Profile {
        id: "nora",
        name: "Nora Lindqvist",
        participant: "8378563200",
        google_id: "4810273655918204417",
        fitbit_id: "8KD2QN",
        zone: "Europe/Stockholm",
        birth_year: 1988,
        height_cm: 181.0,
        weight_kg: 88.0,
        resting_bpm: 58.0,
        rmssd_ms: 46.0,
        special: "A night of sleep on every day, and the DST nights of Europe",
        ..PLAIN
    },
    Profile {
        id: "walter",
        name: "Walter Boon",
        participant: "6962181067",
        google_id: "3902817465510938274",
        fitbit_id: "5WB7XL",
        zone: "America/Chicago",
        birth_year: 1971,
        gender: "MALE",
        height_cm: 160.0,
        weight_kg: 61.5,
        resting_bpm: 64.0,
        rmssd_ms: 29.0,
        watch: "Inspire 3",
        special: "Logs the weight on almost every day",
        ..PLAIN
    },
    Profile {
        id: "ilse",
        name: "Ilse Petermann",
        participant: "5553957443",
        google_id: "7719340028561183920",
        fitbit_id: "3NPZ9C",
        zone: "Europe/Berlin",
        birth_year: 1995,
        height_cm: 168.0,
        weight_kg: 62.0,
        resting_bpm: 60.0,
        rmssd_ms: 55.0,
        thermometer: true,
        special: "Naps on some days; takes her temperature",
        ..PLAIN
    },
    Profile {
        id: "arjun",
        name: "Arjun Rao",
        participant: "4445114986",
        google_id: "1590047338826610459",
        fitbit_id: "6RRT4M",
        zone: "Asia/Kolkata",
        birth_year: 1979,
        gender: "MALE",
        height_cm: 174.0,
        weight_kg: 78.0,
        resting_bpm: 66.0,
        rmssd_ms: 31.0,
        watch: "Versa 4",
        special: "Lives at UTC+05:30 and naps often",
        ..PLAIN
    },
    Profile {
        id: "jack",
        name: "Jack Mahoney",
        participant: "8877689391",
        google_id: "6025519983740026631",
        fitbit_id: "9JMH2V",
        zone: "Australia/Sydney",
        birth_year: 1990,
        gender: "MALE",
        height_cm: 183.0,
        weight_kg: 85.2,
        resting_bpm: 52.0,
        rmssd_ms: 62.0,
        watch: "Pixel Watch 3",
        special: "Takes the watch off at night: no sleep, no HRV, no temperature; has a smart scale",
        ..PLAIN
    },
    Profile {
        id: "colette",
        name: "Colette Aubry",
        participant: "4388161847",
        google_id: "2284109937651102846",
        fitbit_id: "7CAV5D",
        zone: "Europe/Paris",
        birth_year: 1983,
        height_cm: 172.0,
        weight_kg: 79.0,
        resting_bpm: 61.0,
        rmssd_ms: 40.0,
        watch: "Sense 2",
        phone: Some("Pixel 9"),
        special: "Two devices: watch and phone both count steps",
        ..PLAIN
    },
    Profile {
        id: "marcus",
        name: "Marcus Hale",
        participant: "7086361926",
        google_id: "8816620473395517028",
        fitbit_id: "4MHL8S",
        zone: "America/New_York",
        travels: true,
        birth_year: 1981,
        gender: "MALE",
        height_cm: 178.0,
        weight_kg: 80.0,
        resting_bpm: 57.0,
        rmssd_ms: 44.0,
        special: "Travels to London and Los Angeles: days of 19 and 29 hours and one in two pieces",
        ..PLAIN
    },
    Profile {
        id: "beatriz",
        name: "Beatriz Nogueira",
        participant: "6117666160",
        google_id: "5347718806629940013",
        fitbit_id: "2BNG6W",
        zone: "America/Sao_Paulo",
        birth_year: 1999,
        height_cm: 163.0,
        weight_kg: 66.0,
        resting_bpm: 68.0,
        rmssd_ms: 48.0,
        watch: "Inspire 3",
        special: "Leaves the watch at home for days",
        ..PLAIN
    },
    Profile {
        id: "harriet",
        name: "Harriet Cole",
        participant: "4702921684",
        google_id: "9043316270058842917",
        fitbit_id: "6HCL3R",
        zone: "Europe/London",
        birth_year: 1976,
        height_cm: 169.0,
        weight_kg: 84.0,
        resting_bpm: 67.0,
        rmssd_ms: 27.0,
        sync: Sync::ThreeDaysLate,
        special: "The device syncs three days late",
        ..PLAIN
    },
    Profile {
        id: "haruto",
        name: "Haruto Endo",
        participant: "2026352035",
        google_id: "1172094485503376618",
        fitbit_id: "8HEN5T",
        zone: "Asia/Tokyo",
        birth_year: 1955,
        gender: "MALE",
        height_cm: 165.0,
        weight_kg: 58.0,
        resting_bpm: 70.0,
        rmssd_ms: 21.0,
        thermometer: true,
        special: "Little and gentle movement, no summer time",
        ..PLAIN
    },
    Profile {
        id: "dana",
        name: "Dana Whitfield",
        participant: "5577150313",
        google_id: "6690135527840091173",
        fitbit_id: "5DWF9K",
        zone: "America/Denver",
        birth_year: 1992,
        height_cm: 180.0,
        weight_kg: 90.0,
        resting_bpm: 50.0,
        rmssd_ms: 71.0,
        watch: "Pixel Watch 3",
        special: "Hard training: many active zone minutes",
        ..PLAIN
    },
    Profile {
        id: "pavel",
        name: "Pavel Dvorak",
        participant: "4020332650",
        google_id: "3318806654270195524",
        fitbit_id: "7PDV4B",
        zone: "Europe/Prague",
        birth_year: 1968,
        gender: "MALE",
        height_cm: 182.0,
        weight_kg: 104.0,
        resting_bpm: 71.0,
        rmssd_ms: 24.0,
        special: "Half of the days unworn",
        ..PLAIN
    },
];
