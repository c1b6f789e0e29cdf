//! What holds for every endpoint of the catalogue: it has a parser, an answer without data gives nothing, and no answer,
//! however it is damaged, makes a parser panic.

use proptest::prelude::*;
use pulsekeep_core::{
    account::ProviderKey,
    catalogue::{Call, Endpoint, endpoints, endpoints_of},
    observation::Parsed,
};
use pulsekeep_provider::{ParseError, fitbit, fuzzing, google_health};

fn parse(endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
    match endpoint.provider {
        ProviderKey::GoogleHealth => google_health::parse(endpoint, body),
        ProviderKey::Fitbit => fitbit::parse(endpoint, body),
    }
}

/// The member that holds the answer of a Fitbit endpoint, as its path tells.
fn fitbit_member(endpoint: &Endpoint) -> Option<String> {
    let path = endpoint.path;
    let segment = |n: usize| path.split('/').nth(n).unwrap();
    Some(match path {
        _ if path.contains("/spo2/") => return None,
        "/1/user/-/activities/list.json" => "activities".to_owned(),
        _ if path.contains("/activities/") => format!("activities-{}", segment(5)),
        _ if path.contains("/body/log/") => segment(6).to_owned(),
        _ if path.contains("/temp/core/") => "tempCore".to_owned(),
        _ if path.contains("/temp/skin/") => "tempSkin".to_owned(),
        _ if path.contains("/cardioscore/") => "cardioScore".to_owned(),
        _ => segment(4).to_owned(),
    })
}

/// Answers without data.
fn empty(endpoint: &Endpoint) -> Vec<String> {
    if endpoint.provider == ProviderKey::GoogleHealth {
        let list = match endpoint.call {
            Call::GoogleReconcile { .. } => "dataPoints",
            _ => "rollupDataPoints",
        };
        return vec![
            "{}".to_owned(),
            format!(r#"{{"{list}":[]}}"#),
            format!(r#"{{"{list}":null,"nextPageToken":""}}"#),
        ];
    }
    let Some(member) = fitbit_member(endpoint) else { return vec!["[]".to_owned(), "{}".to_owned()] };
    match endpoint.call {
        Call::FitbitDay => vec![
            format!(
                r#"{{"{member}":[],"{member}-intraday":{{"dataset":[],"datasetInterval":1,"datasetType":"minute"}}}}"#
            ),
            format!(r#"{{"{member}-intraday":{{"dataset":null}}}}"#),
        ],
        _ => vec![format!(r#"{{"{member}":[]}}"#), format!(r#"{{"{member}":null}}"#)],
    }
}

#[test]
fn every_endpoint_has_a_parser_and_an_empty_answer_gives_nothing() {
    for endpoint in endpoints() {
        for body in empty(endpoint) {
            assert_eq!(parse(endpoint, body.as_bytes()), Ok(Parsed::default()), "{}: {body}", endpoint.key);
        }
    }
}

/// Answers with data, of the shapes that the documents and recordings have.
fn seeds() -> Vec<(&'static Endpoint, String)> {
    let fixtures: [&str; 20] = [
        include_str!("../fixtures/google/steps.json"),
        include_str!("../fixtures/google/active_zone_minutes.json"),
        include_str!("../fixtures/google/heart_rate_variability.json"),
        include_str!("../fixtures/google/heart_rate_by_minute.json"),
        include_str!("../fixtures/google/skin_temperature.json"),
        include_str!("../fixtures/google/steps_by_day.json"),
        include_str!("../fixtures/google/sleep.json"),
        include_str!("../fixtures/google/exercise.json"),
        include_str!("../fixtures/google/heart_rate.json"),
        include_str!("../fixtures/google/activity_level_by_day.json"),
        include_str!("../fixtures/fitbit/active_zone_minutes_by_day.json"),
        include_str!("../fixtures/fitbit/active_zone_minutes_by_minute.json"),
        include_str!("../fixtures/fitbit/heart_by_day.json"),
        include_str!("../fixtures/fitbit/heart_rate_by_minute.json"),
        include_str!("../fixtures/fitbit/heart_rate_variability_by_minute.json"),
        include_str!("../fixtures/fitbit/oxygen_saturation_by_day.json"),
        include_str!("../fixtures/fitbit/oxygen_saturation_by_minute.json"),
        include_str!("../fixtures/fitbit/exercises.json"),
        include_str!("../fixtures/fitbit/weight.json"),
        include_str!("../fixtures/fitbit/sleep_stages.json"),
    ];
    // Every body to every endpoint: of most it is an answer of something else, which must not panic either.
    endpoints().flat_map(|endpoint| fixtures.iter().map(move |body| (endpoint, (*body).to_owned()))).collect()
}

/// Words at which parsers turn.
const WORDS: [&str; 14] = [
    "null",
    "\"NaN\"",
    "-1",
    "1e308",
    "18446744073709551615",
    "\"\"",
    "[]",
    "{}",
    "true",
    "\"47-51\"",
    "\"9999-12-31T23:59:59.999Z\"",
    "\"-262143-01-01\"",
    "\"-999999999999s\"",
    "\"2026-03-29T02:30:00\"",
];

/// Cuts, swaps and insertions.
#[derive(Debug, Clone)]
enum Damage {
    Cut(usize),
    Byte(usize, u8),
    Remove(usize, usize),
    Repeat(usize, usize),
    Scalar(usize, usize),
}

fn damage() -> impl Strategy<Value = Damage> {
    let place = 0usize..4096;
    prop_oneof![
        1 => place.clone().prop_map(Damage::Cut),
        4 => (place.clone(), any::<u8>()).prop_map(|(at, byte)| Damage::Byte(at, byte)),
        2 => (place.clone(), 1usize..40).prop_map(|(at, length)| Damage::Remove(at, length)),
        2 => (place.clone(), 1usize..200).prop_map(|(at, length)| Damage::Repeat(at, length)),
        6 => (place, 0usize..WORDS.len()).prop_map(|(at, word)| Damage::Scalar(at, word)),
    ]
}

impl Damage {
    fn apply(&self, body: &mut Vec<u8>) {
        let within = |at: usize| at % body.len().max(1);
        match *self {
            Self::Cut(at) => body.truncate(at % (body.len() + 1)),
            Self::Byte(at, byte) => {
                let at = within(at);
                if let Some(old) = body.get_mut(at) {
                    *old = byte;
                }
            }
            Self::Remove(at, length) => {
                let at = within(at);
                body.drain(at..(at + length).min(body.len()));
            }
            Self::Repeat(at, length) => {
                let at = within(at);
                let again = body[at..(at + length).min(body.len())].to_vec();
                body.splice(at..at, again);
            }
            Self::Scalar(at, word) => {
                // What stands behind the next colon gives way to a word.
                let at = within(at);
                let Some(colon) = body.iter().skip(at).position(|b| *b == b':').map(|n| at + n + 1) else {
                    return;
                };
                let end =
                    body.iter().skip(colon).position(|b| matches!(b, b',' | b'}' | b']')).map(|n| colon + n);
                body.splice(colon..end.unwrap_or(body.len()), WORDS[word].bytes());
            }
        }
    }
}

/// Everything that a fuzzer would find out about an answer of `endpoint`.
fn try_out(endpoint: &'static Endpoint, body: &[u8]) {
    let place = endpoints_of(endpoint.provider).position(|e| e.key == endpoint.key).unwrap();
    let mut data = body.to_vec();
    data.push(u8::try_from(place).unwrap());
    match endpoint.provider {
        ProviderKey::GoogleHealth => fuzzing::google_health(&data),
        ProviderKey::Fitbit => fuzzing::fitbit(&data),
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn no_text_makes_a_reader_of_times_panic(text in "[-0-9TZ:.+s ]{0,40}") {
        fuzzing::time_text(text.as_bytes());
    }

    #[test]
    fn no_answer_makes_a_parser_panic(
        seed in 0usize..10_000,
        damages in prop::collection::vec(damage(), 0..6),
    ) {
        let seeds = seeds();
        let (endpoint, body) = &seeds[seed % seeds.len()];
        let mut body = body.clone().into_bytes();
        for damage in damages {
            damage.apply(&mut body);
        }
        try_out(endpoint, &body);
    }
}
