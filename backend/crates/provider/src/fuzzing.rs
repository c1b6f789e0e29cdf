//! Entry points of the fuzz targets in `fuzz/`, which the tests run too: bytes to a parser, and what it may never break,
//! whatever it read. A panic is a fault.

use pulsekeep_core::{
    account::ProviderKey,
    catalogue::{Endpoint, Grain, endpoints_of},
    observation::{Parsed, SampleTimes, SampleValues},
};

use crate::{merge_pages, time_text};

/// The last byte chooses an endpoint of Google Health, the others are its answer: so recorded answers are seeds as they are.
pub fn google_health(data: &[u8]) {
    answer(ProviderKey::GoogleHealth, data);
}

/// The last byte chooses an endpoint of the Fitbit Web API, the others are its answer.
pub fn fitbit(data: &[u8]) {
    answer(ProviderKey::Fitbit, data);
}

/// Times as the providers write them.
pub fn time_text(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let _ = (time_text::date(text), time_text::offset_seconds(text), time_text::duration_ms(text));
    if let Some(ms) = time_text::time_of_day(text) {
        assert!((0..86_400_000).contains(&ms), "a time of day lies in a day");
    }
    let instant = time_text::instant(text);
    if let Some((at, offset)) = time_text::instant_and_offset(text) {
        assert_eq!(instant, Some(at), "an offset changes no instant");
        assert!(offset.abs() < 86_400, "an offset lies in a day");
    }
    if let Some(local) = time_text::local(text) {
        let utc = time_text::instant(&format!("{text}Z"));
        assert!(utc.is_none_or(|utc| utc == local), "a wall clock in UTC is its instant");
    }
}

fn answer(provider: ProviderKey, data: &[u8]) {
    let Some((&chosen, body)) = data.split_last() else { return };
    let count = endpoints_of(provider).count();
    let endpoint = endpoints_of(provider).nth(usize::from(chosen) % count);
    let Some(endpoint) = endpoint else { return };
    let parsed = match provider {
        ProviderKey::GoogleHealth => crate::google_health::parse(endpoint, body),
        ProviderKey::Fitbit => crate::fitbit::parse(endpoint, body),
    };
    match parsed {
        Ok(parsed) => {
            check(endpoint, &parsed);
            check(endpoint, &merge_pages(vec![parsed.clone(), parsed]));
        }
        Err(error) => assert!(error.to_string().len() < 300, "an error is a sentence, not the body"),
    }
}

/// Rising times, as many values as times, finite and valid values of the endpoint's own metrics, warnings with places.
fn check(endpoint: &Endpoint, parsed: &Parsed) {
    for batch in &parsed.samples {
        assert!(endpoint.metrics.contains(&batch.metric), "{}: {}", endpoint.key, batch.metric);
        let times: Vec<i64> = match &batch.times {
            SampleTimes::Instants { at, offsets } => {
                assert!(
                    offsets.iter().all(|(from, _)| *from < at.len()),
                    "{}: an offset of nothing",
                    endpoint.key
                );
                at.iter().map(|at| at.0).collect()
            }
            SampleTimes::Local(at) => at.clone(),
        };
        assert!(times.windows(2).all(|pair| pair[0] < pair[1]), "{}: times rise", endpoint.key);
        let columns: Vec<&Vec<f64>> = match &batch.values {
            SampleValues::Single(values) => vec![values],
            SampleValues::MinMeanMax { min, mean, max } => vec![min, mean, max],
        };
        for column in columns {
            assert_eq!(column.len(), times.len(), "{}: a value for each time", endpoint.key);
            assert!(column.iter().all(|v| v.is_finite()), "{}: finite values", endpoint.key);
        }
    }
    for value in &parsed.daily {
        assert!(endpoint.metrics.contains(&value.metric), "{}: {}", endpoint.key, value.metric);
        assert!(value.metric.is_valid(value.value), "{}: a valid value", endpoint.key);
    }
    let sessions = parsed.sleep.len() + parsed.exercises.len();
    assert!(sessions == 0 || endpoint.grain == Grain::Session, "{}: sessions", endpoint.key);
    assert!(parsed.warnings.iter().all(|w| w.place.len() < 200), "{}: a place, not a value", endpoint.key);
}
