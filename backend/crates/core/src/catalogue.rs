//! Each provider's endpoints: which metrics they give, in which grain, under which limits. Adding a metric to a
//! provider is adding a row here and a parser there.

use crate::{Metric, account::ProviderKey};

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
    /// Google `dataPoints` (list) of a data type, filtered likewise.
    GoogleList {
        /// Filter field.
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
    /// Days that one window covers at most: the provider's limit, or fewer so that a window fits one page.
    pub max_days: i64,
    /// Rows of one page; 0 where the answer has no pages.
    pub page_size: u32,
    /// Days before today that every incremental sync reads again, since late data may change them.
    pub settling_days: i64,
}

const A: &str = "activity_and_fitness.readonly";
const H: &str = "health_metrics_and_measurements.readonly";
const S: &str = "sleep.readonly";

#[expect(clippy::too_many_arguments, reason = "a row of the table below, nowhere else called")]
const fn google(
    key: &'static str,
    metrics: &'static [Metric],
    grain: Grain,
    call: Call,
    path: &'static str,
    scope: &'static str,
    max_days: i64,
    page_size: u32,
) -> Endpoint {
    let provider = ProviderKey::GoogleHealth;
    Endpoint { key, provider, metrics, grain, call, path, scope, max_days, page_size, settling_days: 2 }
}

const fn fitbit(
    key: &'static str,
    metrics: &'static [Metric],
    grain: Grain,
    path: &'static str,
    scope: &'static str,
    max_days: i64,
) -> Endpoint {
    let call = if max_days == 1 { Call::FitbitDay } else { Call::FitbitRange };
    Endpoint {
        key,
        provider: ProviderKey::Fitbit,
        metrics,
        grain,
        call,
        path,
        scope,
        max_days,
        page_size: 0,
        settling_days: 2,
    }
}

/// All endpoints, those that tell most for least first.
///
/// Limits of Google Health (discovery document, revision 20261030): pages of 10,000 rows at most, 25 for sleep;
/// rollUp and dailyRollUp reach 14 days for `heart-rate` and `total-calories`, 90 for the others. Six days of minutes
/// (8,640 rows) fit one page. `steps`, `distance` and `active-zone-minutes` have no row for a minute of zero; a window
/// of 14 days rarely needs a second page.
///
/// Limits of the Fitbit Web API (endpoint pages): activity series 1,095 days, heart series 1 year, HRV and skin
/// temperature 30 days, sleep 100 days, detail within a day 24 hours.
pub const ENDPOINTS: &[Endpoint] = {
    use Call::{GoogleDailyRollUp, GoogleReconcile, GoogleRollUpMinute};
    use Grain::{Day, Minute, Session};
    use Metric::{
        ActiveZoneMinutes, Calories, Distance, HeartRate, HeartRateVariability, RestingHeartRate,
        SkinTemperature, SkinTemperatureRelative, Sleep, Steps,
    };
    &[
        google("google.steps.day", &[Steps], Day, GoogleDailyRollUp, "steps", A, 90, 90),
        google("google.distance.day", &[Distance], Day, GoogleDailyRollUp, "distance", A, 90, 90),
        google("google.calories.day", &[Calories], Day, GoogleDailyRollUp, "total-calories", A, 14, 14),
        google(
            "google.active_zone_minutes.day",
            &[ActiveZoneMinutes],
            Day,
            GoogleDailyRollUp,
            "active-zone-minutes",
            A,
            90,
            90,
        ),
        google("google.heart_rate.day", &[HeartRate], Day, GoogleDailyRollUp, "heart-rate", H, 14, 14),
        google(
            "google.resting_heart_rate.day",
            &[RestingHeartRate],
            Day,
            GoogleReconcile { field: "daily_resting_heart_rate.date" },
            "daily-resting-heart-rate",
            H,
            365,
            10_000,
        ),
        google(
            "google.heart_rate_variability.day",
            &[HeartRateVariability],
            Day,
            GoogleReconcile { field: "daily_heart_rate_variability.date" },
            "daily-heart-rate-variability",
            H,
            365,
            10_000,
        ),
        google(
            "google.skin_temperature.day",
            &[SkinTemperature],
            Day,
            GoogleReconcile { field: "daily_sleep_temperature_derivations.date" },
            "daily-sleep-temperature-derivations",
            H,
            365,
            10_000,
        ),
        google(
            "google.sleep",
            &[Sleep],
            Session,
            GoogleReconcile { field: "sleep.interval.civil_end_time" },
            "sleep",
            S,
            24,
            25,
        ),
        google(
            "google.heart_rate.minute",
            &[HeartRate],
            Minute,
            GoogleRollUpMinute,
            "heart-rate",
            H,
            6,
            10_000,
        ),
        google(
            "google.steps.minute",
            &[Steps],
            Minute,
            GoogleReconcile { field: "steps.interval.civil_start_time" },
            "steps",
            A,
            14,
            10_000,
        ),
        google(
            "google.distance.minute",
            &[Distance],
            Minute,
            GoogleReconcile { field: "distance.interval.civil_start_time" },
            "distance",
            A,
            14,
            10_000,
        ),
        google(
            "google.active_zone_minutes.minute",
            &[ActiveZoneMinutes],
            Minute,
            GoogleReconcile { field: "active_zone_minutes.interval.civil_start_time" },
            "active-zone-minutes",
            A,
            14,
            10_000,
        ),
        google(
            "google.calories.minute",
            &[Calories],
            Minute,
            GoogleRollUpMinute,
            "total-calories",
            A,
            6,
            10_000,
        ),
        fitbit(
            "fitbit.steps.day",
            &[Steps],
            Day,
            "/1/user/-/activities/steps/date/{start}/{end}.json",
            "activity",
            1095,
        ),
        fitbit(
            "fitbit.distance.day",
            &[Distance],
            Day,
            "/1/user/-/activities/distance/date/{start}/{end}.json",
            "activity",
            1095,
        ),
        fitbit(
            "fitbit.calories.day",
            &[Calories],
            Day,
            "/1/user/-/activities/calories/date/{start}/{end}.json",
            "activity",
            1095,
        ),
        fitbit(
            "fitbit.active_zone_minutes.day",
            &[ActiveZoneMinutes],
            Day,
            "/1/user/-/activities/active-zone-minutes/date/{start}/{end}.json",
            "activity",
            1095,
        ),
        fitbit(
            "fitbit.resting_heart_rate.day",
            &[RestingHeartRate],
            Day,
            "/1/user/-/activities/heart/date/{start}/{end}.json",
            "heartrate",
            365,
        ),
        fitbit(
            "fitbit.heart_rate_variability.day",
            &[HeartRateVariability],
            Day,
            "/1/user/-/hrv/date/{start}/{end}.json",
            "heartrate",
            30,
        ),
        fitbit(
            "fitbit.skin_temperature_relative.day",
            &[SkinTemperatureRelative],
            Day,
            "/1/user/-/temp/skin/date/{start}/{end}.json",
            "temperature",
            30,
        ),
        fitbit("fitbit.sleep", &[Sleep], Session, "/1.2/user/-/sleep/date/{start}/{end}.json", "sleep", 100),
        fitbit(
            "fitbit.heart_rate.minute",
            &[HeartRate],
            Minute,
            "/1/user/-/activities/heart/date/{date}/1d/1min.json",
            "heartrate",
            1,
        ),
        fitbit(
            "fitbit.steps.minute",
            &[Steps],
            Minute,
            "/1/user/-/activities/steps/date/{date}/1d/1min.json",
            "activity",
            1,
        ),
        fitbit(
            "fitbit.distance.minute",
            &[Distance],
            Minute,
            "/1/user/-/activities/distance/date/{date}/1d/1min.json",
            "activity",
            1,
        ),
        fitbit(
            "fitbit.active_zone_minutes.minute",
            &[ActiveZoneMinutes],
            Minute,
            "/1/user/-/activities/active-zone-minutes/date/{date}/1d/1min.json",
            "activity",
            1,
        ),
        fitbit(
            "fitbit.calories.minute",
            &[Calories],
            Minute,
            "/1/user/-/activities/calories/date/{date}/1d/1min.json",
            "activity",
            1,
        ),
    ]
};

/// The endpoints of `provider`, in catalogue order.
pub fn endpoints_of(provider: ProviderKey) -> impl Iterator<Item = &'static Endpoint> {
    ENDPOINTS.iter().filter(move |e| e.provider == provider)
}

/// The endpoint with `key`; `None` for one of another version.
#[must_use]
pub fn endpoint(key: &str) -> Option<&'static Endpoint> {
    ENDPOINTS.iter().find(|e| e.key == key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_unique_and_every_metric_has_a_source() {
        let mut keys: Vec<_> = ENDPOINTS.iter().map(|e| e.key).collect();
        keys.sort_unstable();
        keys.dedup();
        assert_eq!(keys.len(), ENDPOINTS.len());
        for metric in Metric::all() {
            assert!(ENDPOINTS.iter().any(|e| e.metrics.contains(&metric)), "{metric} has no source");
        }
    }

    #[test]
    fn a_window_of_dense_minutes_fits_one_page() {
        for e in ENDPOINTS.iter().filter(|e| e.call == Call::GoogleRollUpMinute) {
            assert!(e.max_days * 1440 <= i64::from(e.page_size), "{}", e.key);
        }
    }
}
