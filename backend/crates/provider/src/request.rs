//! One request for data and its answer.

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    catalogue::{Call, Endpoint},
    job::FailureCode,
    observation::Parsed,
    time::DayRange,
};

use crate::{FetchFailure, RateReading};

/// One page of one window of one endpoint.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// What is asked.
    pub endpoint: &'static Endpoint,
    /// The civil days of the window; at most [`Endpoint::max_days`].
    pub days: DayRange,
    /// The last date that is named where a call names dates: the window's last day, or with readings of nights
    /// ([`Endpoint::by_waking`]) the date after it, if that has come for the person. No date of the future is asked for.
    pub last: Date,
    /// The instants at which those days begin and end, half-open.
    pub bounds: (EpochMs, EpochMs),
    /// The token of the page, as [`Parsed::next_page`] of the page before gave it.
    ///
    /// [`Parsed::next_page`]: pulsekeep_core::observation::Parsed::next_page
    pub page: Option<String>,
}

impl FetchRequest {
    /// A stable text of what is asked, whoever asks and on whatever page: the request key of the raw document.
    #[must_use]
    pub fn key(&self) -> String {
        format!("{}/{}/{}", self.endpoint.key, self.days.start, self.days.end)
    }
}

/// Whether a page of an unfiltered answer ([`Fetched::unfiltered`]) lies wholly beyond `days`, so that no later page has
/// anything for them. Google's list comes newest first, Fitbit's oldest first; a page without sessions says nothing.
#[must_use]
pub fn has_passed(endpoint: &Endpoint, days: DayRange, page: &Parsed) -> bool {
    let mut sessions =
        page.sleep.iter().map(|s| s.day).chain(page.exercises.iter().map(|e| e.day)).peekable();
    let is_past = |day| match endpoint.call {
        Call::FitbitList => day >= days.end,
        _ => day < days.start,
    };
    sessions.peek().is_some() && sessions.all(is_past)
}

/// An answer, as received.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// What the headers say about the rate budget.
    pub rate: Option<RateReading>,
    /// The answer reaches beyond the window: the provider refused to filter, or cannot. [`has_passed`] tells when
    /// later pages have nothing for the window.
    pub unfiltered: bool,
}

/// An id of a provider that may stand in a path as it is. Ours for records without one, and whatever else would lead
/// elsewhere, may not.
pub(crate) fn path_id(id: &str) -> Result<&str, FetchFailure> {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_');
    if !id.is_empty() && !id.starts_with("at-") && id.bytes().all(plain) {
        return Ok(id);
    }
    Err(FetchFailure::new(FailureCode::RequestRefused, "the record has no id that the provider knows"))
}

/// The root element of a TCX document.
const TCX_ROOT: &[u8] = b"TrainingCenterDatabase";

/// What an answer with status 200 must be to be a TCX document: XML that begins with its root.
pub(crate) fn tcx(fetched: Fetched) -> Result<Fetched, FetchFailure> {
    let body = fetched.body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(&fetched.body);
    let head = &body[..body.len().min(4096)];
    let has_root = head.windows(TCX_ROOT.len()).any(|part| part == TCX_ROOT);
    if has_root && head.trim_ascii_start().starts_with(b"<") {
        return Ok(fetched);
    }
    Err(FetchFailure::new(FailureCode::BadAnswer, "the route is not a TCX document"))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use pulsekeep_core::{
        catalogue::endpoint,
        observation::{ExerciseRecord, SessionTimes},
    };

    use super::*;

    #[test]
    fn ids_that_lead_elsewhere_are_refused() {
        for id in ["52884850413", "4415962147813201577", "a-b_C"] {
            assert_eq!(path_id(id), Ok(id));
        }
        for id in ["", "at-1795000000000", "../devices", "1/2", "1?x", "1%2f"] {
            assert_eq!(path_id(id).unwrap_err().code, FailureCode::RequestRefused, "{id}");
        }
    }

    #[test]
    fn a_route_is_xml_and_no_web_page() {
        let fetched = |body: &str| Fetched { body: body.as_bytes().to_vec(), rate: None, unfiltered: false };
        assert!(tcx(fetched("\u{feff}\n<?xml version=\"1.0\"?><TrainingCenterDatabase/>")).is_ok());
        for body in ["", "{}", "<!DOCTYPE html><html></html>"] {
            assert_eq!(tcx(fetched(body)).unwrap_err().code, FailureCode::BadAnswer, "{body}");
        }
    }

    #[test]
    fn a_list_that_comes_oldest_first_is_passed_at_the_end_of_the_window() {
        let days = DayRange { start: date(2026, 8, 1), end: date(2026, 8, 8) };
        let page = |days: &[i8]| Parsed {
            exercises: days
                .iter()
                .map(|&day| ExerciseRecord {
                    external_id: String::new(),
                    times: SessionTimes::Local { start: 0, end: 1 },
                    day: date(2026, 8, day),
                    kind: String::new(),
                    name: String::new(),
                    active_ms: None,
                    distance_m: None,
                    steps: None,
                    energy_kcal: None,
                    mean_heart_rate: None,
                    elevation_gain_m: None,
                    active_zone_minutes: None,
                    has_route: false,
                })
                .collect(),
            ..Parsed::default()
        };
        let list = endpoint("fitbit.exercise").unwrap();
        let passed =
            [&[8, 9][..], &[7, 8], &[1], &[]].map(|page_days| has_passed(list, days, &page(page_days)));
        assert_eq!(passed, [true, false, false, false]);
    }
}
