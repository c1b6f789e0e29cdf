//! One request for data and its answer.

use pulsekeep_core::{EpochMs, catalogue::Endpoint, time::DayRange};

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

/// An answer, as received.
#[derive(Debug, Clone)]
pub struct Fetched {
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// What the headers say about the rate budget.
    pub rate: Option<RateReading>,
    /// The provider refused to filter: the answer reaches beyond the window, newest first. Once a page has nothing
    /// on or after the window's first day, later pages have nothing for the window.
    pub unfiltered: bool,
}
