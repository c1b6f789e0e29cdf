//! One request for data and its answer.

use pulsekeep_core::{
    EpochMs,
    catalogue::{Call, Endpoint},
    observation::Parsed,
    time::DayRange,
};

use crate::RateReading;

/// One page of one window of one endpoint.
#[derive(Debug, Clone)]
pub struct FetchRequest {
    /// What is asked.
    pub endpoint: &'static Endpoint,
    /// The civil days of the window; at most [`Endpoint::max_days`].
    pub days: DayRange,
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

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use pulsekeep_core::{
        catalogue::endpoint,
        observation::{ExerciseRecord, SessionTimes},
    };

    use super::*;

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
