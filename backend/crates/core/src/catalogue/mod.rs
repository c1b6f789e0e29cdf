//! Each provider's endpoints: which metrics they give, in which grain, under which limits. Adding a metric to a
//! provider is adding a row here and a parser there.

mod fitbit;
mod google_health;
mod push;

use crate::{
    Metric,
    account::{ProviderKey, UnknownWord},
};

pub use push::{PUSH_SUBJECTS, PushSubject, push_subject, push_subjects};

/// How fine an endpoint's answer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grain {
    /// Values per minute (or finer).
    Minute,
    /// One value a civil day.
    Day,
    /// Sessions.
    Session,
}

/// How an endpoint is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Call {
    /// Google `dataPoints:reconcile` of a data type, with a filter on `field`: RFC 3339 instants for interval and
    /// sample types, dates for daily ones.
    GoogleReconcile {
        /// Filter field, for example `steps.interval.civil_start_time`.
        field: &'static str,
    },
    /// Google `dataPoints:rollUp` in windows of 60 s.
    GoogleRollUpMinute,
    /// Google `dataPoints:dailyRollUp` in windows of one day.
    GoogleDailyRollUp,
    /// Fitbit path with `{start}` and `{end}` dates, both included.
    FitbitRange,
    /// Fitbit path with one `{date}`.
    FitbitDay,
    /// Fitbit's log list: asked for what lies after `{after}`, oldest first, then followed page by page.
    FitbitList,
}

/// How densely heart rate is kept: a setting, since the native cadence takes about ten times the requests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Cadence {
    /// Minimum, mean and maximum of each minute (Google), one value a minute (Fitbit).
    Minute,
    /// Every reading, one every few seconds.
    Native,
}

impl Cadence {
    /// The word in the configuration.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Minute => "minute",
            Self::Native => "native",
        }
    }
}

impl std::str::FromStr for Cadence {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        [Self::Minute, Self::Native]
            .into_iter()
            .find(|cadence| cadence.key() == word)
            .ok_or_else(|| UnknownWord::new("cadence", word, ["minute", "native"]))
    }
}

/// A row of the endpoint catalogue.
#[derive(Debug, Clone, Copy)]
pub struct Endpoint {
    /// The endpoint's key in the database. Never rename one.
    pub key: &'static str,
    /// Whose it is.
    pub provider: ProviderKey,
    /// The metrics that its answer holds.
    pub metrics: &'static [Metric],
    /// How fine its values are.
    pub grain: Grain,
    /// How it is asked.
    pub call: Call,
    /// Google's data type, or Fitbit's path template.
    pub path: &'static str,
    /// The OAuth scope that it needs, without Google's prefix.
    pub scope: &'static str,
    /// Days between the first and the last of one window at most: the provider's limit, or less where more saves no
    /// request.
    pub max_days: i64,
    /// Rows of one page; 0 where the answer has no pages.
    pub page_size: u32,
    /// Rows that 100 days give a person who wears the device: what a plan expects.
    pub rows_per_100_days: u32,
    /// Rows of one day at the most: what a plan promises not to exceed.
    pub rows_a_day: u32,
    /// Days before today that an incremental sync reads again, since late data may change them.
    pub settling_days: i64,
    /// The endpoint of daily values that proves a day empty here: a day of zero, or without a value, has no detail.
    pub proved_by: Option<&'static str>,
    /// Used only where heart rate is kept so densely; `None` for always.
    pub cadence: Option<Cadence>,
    /// Readings of nights that come under the date of waking: a day has its evening with the date after it, and is told
    /// whole when that is over.
    pub by_waking: bool,
    /// Readings of nights under the date of their own clock: those of an evening come when the night is over.
    pub of_nights: bool,
}

const fn row(
    key: &'static str,
    provider: ProviderKey,
    metrics: &'static [Metric],
    grain: Grain,
    call: Call,
    path: &'static str,
    scope: &'static str,
) -> Endpoint {
    let settling_days = match grain {
        Grain::Minute => 2,
        Grain::Day | Grain::Session => 7,
    };
    Endpoint {
        key,
        provider,
        metrics,
        grain,
        call,
        path,
        scope,
        max_days: 1,
        page_size: 0,
        rows_per_100_days: 100,
        rows_a_day: 1,
        settling_days,
        proved_by: None,
        cadence: None,
        by_waking: false,
        of_nights: false,
    }
}

impl Endpoint {
    /// Windows of at most `days`, in pages of `size` rows (0: no pages).
    const fn window(mut self, days: i64, size: u32) -> Self {
        self.max_days = days;
        self.page_size = size;
        self
    }

    /// Rows of 100 days, likely, and of one day at the most.
    const fn rows(mut self, per_100_days: u32, a_day_at_most: u32) -> Self {
        self.rows_per_100_days = per_100_days;
        self.rows_a_day = a_day_at_most;
        self
    }

    const fn proved_by(mut self, endpoint: &'static str) -> Self {
        self.proved_by = Some(endpoint);
        self
    }

    const fn by_waking(mut self) -> Self {
        self.by_waking = true;
        self
    }

    const fn of_nights(mut self) -> Self {
        self.of_nights = true;
        self
    }

    const fn at(mut self, cadence: Cadence) -> Self {
        self.cadence = Some(cadence);
        self
    }

    /// One day in each request, by `{date}`.
    const fn by_day(mut self) -> Self {
        self.call = Call::FitbitDay;
        self
    }

    /// Requests that a window takes in which `days` days are asked for: likely, and at the most. Days inside a window
    /// that are not asked for have no rows.
    #[must_use]
    pub fn requests(&self, days: i64) -> (i64, i64) {
        let page = i64::from(self.page_size);
        if page == 0 {
            return (1, 1);
        }
        let pages = |rows: i64| ((rows + page - 1) / page).max(1);
        (
            pages((days * i64::from(self.rows_per_100_days) + 99) / 100),
            pages(days * i64::from(self.rows_a_day)),
        )
    }

    /// Whether a job's plan is fixed only when this was read: it proves days of other endpoints empty, or is counted by
    /// reading.
    #[must_use]
    pub fn settles_plan(&self) -> bool {
        self.is_uncounted() || endpoints_of(self.provider).any(|e| e.proved_by == Some(self.key))
    }

    /// Whether `days` days have as many rows as a page or more.
    #[must_use]
    pub fn fills_a_page(&self, days: i64) -> bool {
        self.page_size > 0 && days * i64::from(self.rows_per_100_days) >= 100 * i64::from(self.page_size)
    }

    /// Whether only reading tells how many pages there are: nobody knows before how many sessions a person has.
    #[must_use]
    pub fn is_uncounted(&self) -> bool {
        self.grain == Grain::Session && self.page_size > 0
    }

    /// Days of one window that take the fewest requests a day, where every minute of a day has its row: since a window's
    /// last page is part empty, that need not be the longest window. `None` where rows are not so regular: there, the
    /// longer the better.
    #[must_use]
    pub fn dense_days(&self) -> Option<i64> {
        if !matches!(self.call, Call::GoogleRollUpMinute) {
            return None;
        }
        let pages = |days: i64| self.requests(days).0;
        // Of equals the shorter: broken off, it costs less.
        (1..=self.max_days)
            .reduce(|best, days| if pages(days) * best < pages(best) * days { days } else { best })
    }
}

/// All endpoints.
pub fn endpoints() -> impl Iterator<Item = &'static Endpoint> {
    ProviderKey::ALL.into_iter().flat_map(endpoints_of)
}

fn table(provider: ProviderKey) -> &'static [Endpoint] {
    match provider {
        ProviderKey::GoogleHealth => google_health::ENDPOINTS,
        ProviderKey::Fitbit => fitbit::ENDPOINTS,
    }
}

/// The endpoints of `provider`, those that tell most for least first: in catalogue order.
pub fn endpoints_of(provider: ProviderKey) -> impl Iterator<Item = &'static Endpoint> {
    table(provider).iter()
}

/// The key under which raw documents of routes of exercises are kept. A route is fetched on request only: it is no
/// endpoint of a plan, and has no parser.
#[must_use]
pub fn route_endpoint(provider: ProviderKey) -> &'static str {
    match provider {
        ProviderKey::GoogleHealth => "google.exercise.route",
        ProviderKey::Fitbit => "fitbit.exercise.route",
    }
}

/// The request key of the route of one exercise.
#[must_use]
pub fn route_request_key(provider: ProviderKey, exercise: &str) -> String {
    format!("{}/{exercise}", route_endpoint(provider))
}

/// The endpoint with `key`; `None` for one of another version.
#[must_use]
pub fn endpoint(key: &str) -> Option<&'static Endpoint> {
    endpoints().find(|e| e.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_every_metric_has_a_source() {
        let mut keys: Vec<_> = endpoints().map(|e| e.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), endpoints().count());
        for metric in Metric::all() {
            assert!(endpoints().any(|e| e.metrics.contains(&metric)), "{metric} has no source");
        }
    }

    #[test]
    fn dense_minutes_are_asked_for_in_the_windows_that_take_the_fewest_requests() {
        for e in endpoints().filter(|e| e.call == Call::GoogleRollUpMinute) {
            // 1,440 rows a day: six days fit one page, thirteen fit two, and fourteen would take three.
            assert_eq!([6, 7, 13, 14].map(|days| e.requests(days).0), [1, 2, 2, 3], "{}", e.key);
            assert_eq!(e.dense_days(), Some(13), "{}", e.key);
            assert_eq!(
                Endpoint { max_days: 12, ..*e }.dense_days(),
                Some(6),
                "no window of two pages is better"
            );
            assert_eq!(Endpoint { page_size: 5_000, ..*e }.dense_days(), Some(10), "three pages");
        }
    }

    #[test]
    fn a_day_is_proved_empty_by_daily_values_of_the_same_metric_and_provider() {
        for e in endpoints() {
            let Some(by) = e.proved_by else { continue };
            let by = endpoint(by).unwrap_or_else(|| panic!("{} names an endpoint that is not there", e.key));
            assert_eq!((by.grain, by.provider, by.metrics[0]), (Grain::Day, e.provider, e.metrics[0]));
        }
    }
}
