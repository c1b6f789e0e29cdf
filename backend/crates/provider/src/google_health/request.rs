//! Requests for data points: URL, filter, body.

use pulsekeep_core::{
    EpochMs,
    catalogue::Call,
    time::{DayRange, MINUTE_MS},
};
use reqwest::{
    Method, Request,
    header::{CONTENT_TYPE, HeaderValue},
};
use serde_json::{Value, json};
use url::Url;

use crate::{FetchRequest, ProviderConfig};

/// How sleep is narrowed to the window.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SleepFilter {
    /// As the catalogue says, by civil end time.
    Civil = 0,
    /// By physical end time.
    Physical = 1,
    /// Not at all: the list, newest first.
    None = 2,
}

impl SleepFilter {
    /// The filter of a number.
    pub(super) fn of(number: u8) -> Self {
        match number {
            0 => Self::Civil,
            1 => Self::Physical,
            _ => Self::None,
        }
    }

    /// What to try when this one is refused.
    pub(super) fn next(self) -> Option<Self> {
        match self {
            Self::Civil => Some(Self::Physical),
            Self::Physical => Some(Self::None),
            Self::None => None,
        }
    }
}

/// The request for one page. `sleep` matters for the data type `sleep` alone.
pub(super) fn points(config: &ProviderConfig, request: &FetchRequest, sleep: SleepFilter) -> Request {
    let data_type = request.endpoint.path;
    let url = |method: &str| config.api(&format!("/v4/users/me/dataTypes/{data_type}/dataPoints{method}"));
    match request.endpoint.call {
        Call::GoogleRollUpMinute => post(url(":rollUp"), minute_body(request)),
        Call::GoogleDailyRollUp => post(url(":dailyRollUp"), day_body(request)),
        Call::GoogleReconcile { field } => match sleep {
            SleepFilter::Civil => get(url(":reconcile"), request, Some(&filter(field, request))),
            SleepFilter::Physical => {
                let physical = filter("sleep.interval.end_time", request);
                get(url(":reconcile"), request, Some(&physical))
            }
            SleepFilter::None => get(url(""), request, None),
        },
        // Fitbit's calls never come here: an endpoint of the catalogue belongs to one provider.
        Call::FitbitRange | Call::FitbitDay | Call::FitbitList => get(url(""), request, None),
    }
}

fn get(mut url: Url, request: &FetchRequest, filter: Option<&str>) -> Request {
    {
        let mut query = url.query_pairs_mut();
        if let Some(filter) = filter {
            query.append_pair("filter", filter);
        }
        query.append_pair("pageSize", &request.endpoint.page_size.to_string());
        if let Some(page) = &request.page {
            query.append_pair("pageToken", page);
        }
        query.append_pair("prettyPrint", "false");
    }
    Request::new(Method::GET, url)
}

fn post(mut url: Url, body: Value) -> Request {
    url.query_pairs_mut().append_pair("prettyPrint", "false");
    let mut request = Request::new(Method::POST, url);
    request.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    *request.body_mut() = Some(body.to_string().into());
    request
}

/// `field >= "…" AND field < "…"`: days for civil times and dates, instants for the others. The documents allow both
/// `YYYY-MM-DD` and `YYYY-MM-DDTHH:mm:ss` for civil times, and the former alone for dates.
fn filter(field: &str, request: &FetchRequest) -> String {
    let name = field.rsplit('.').next().unwrap_or(field);
    let (from, to) = if name == "date" || name.starts_with("civil_") {
        (request.days.start.to_string(), request.days.end.to_string())
    } else {
        (request.bounds.0.to_string(), request.bounds.1.to_string())
    };
    format!(r#"{field} >= "{from}" AND {field} < "{to}""#)
}

/// The range is widened to whole UTC minutes, since windows begin at its start.
fn minute_body(request: &FetchRequest) -> Value {
    let EpochMs(start) = request.bounds.0;
    let EpochMs(end) = request.bounds.1;
    let start = EpochMs(start.div_euclid(MINUTE_MS) * MINUTE_MS);
    let end = EpochMs((end + MINUTE_MS - 1).div_euclid(MINUTE_MS) * MINUTE_MS);
    let range = json!({ "startTime": start.to_string(), "endTime": end.to_string() });
    paged(json!({ "range": range, "windowSize": "60s", "pageSize": request.endpoint.page_size }), request)
}

fn day_body(request: &FetchRequest) -> Value {
    let DayRange { start, end } = request.days;
    let civil = |day: jiff::civil::Date| json!({ "date": { "year": day.year(), "month": day.month(), "day": day.day() } });
    let range = json!({ "start": civil(start), "end": civil(end) });
    paged(json!({ "range": range, "windowSizeDays": 1, "pageSize": request.endpoint.page_size }), request)
}

fn paged(mut body: Value, request: &FetchRequest) -> Value {
    if let Some(page) = &request.page {
        body["pageToken"] = json!(page);
    }
    body
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date};
    use pulsekeep_core::catalogue::endpoint;
    use secrecy::SecretString;

    use super::*;

    fn config() -> ProviderConfig {
        let url = |text: &str| Url::parse(text).unwrap();
        ProviderConfig {
            client_id: "id".to_owned(),
            client_secret: SecretString::from("secret"),
            authorize_url: url("https://accounts.example/auth"),
            token_url: url("https://oauth.example/token"),
            revoke_url: url("https://oauth.example/revoke"),
            api_url: url("http://127.0.0.1:9400/google/"),
            routes: false,
        }
    }

    fn asked(key: &str, page: Option<&str>) -> FetchRequest {
        let at = |text: &str| EpochMs::from(text.parse::<Timestamp>().unwrap());
        FetchRequest {
            endpoint: endpoint(key).unwrap(),
            days: DayRange { start: date(2026, 8, 1), end: date(2026, 8, 8) },
            last: date(2026, 8, 7),
            bounds: (at("2026-08-01T04:00:00Z"), at("2026-08-08T04:00:30Z")),
            page: page.map(ToOwned::to_owned),
        }
    }

    fn query(request: &Request, name: &str) -> Option<String> {
        request.url().query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
    }

    fn body(request: &Request) -> Value {
        serde_json::from_slice(request.body().unwrap().as_bytes().unwrap()).unwrap()
    }

    #[test]
    fn minutes_are_filtered_by_civil_time() {
        let request = points(&config(), &asked("google.steps.minute", Some("p2")), SleepFilter::Civil);
        assert_eq!(request.method(), Method::GET);
        assert_eq!(request.url().path(), "/google/v4/users/me/dataTypes/steps/dataPoints:reconcile");
        assert_eq!(
            query(&request, "filter").unwrap(),
            r#"steps.interval.civil_start_time >= "2026-08-01" AND steps.interval.civil_start_time < "2026-08-08""#
        );
        assert_eq!(query(&request, "pageSize").unwrap(), "10000");
        assert_eq!(query(&request, "pageToken").unwrap(), "p2");
        assert_eq!(query(&request, "prettyPrint").unwrap(), "false");
    }

    #[test]
    fn days_are_filtered_by_date() {
        let request = points(&config(), &asked("google.resting_heart_rate.day", None), SleepFilter::Civil);
        assert_eq!(
            query(&request, "filter").unwrap(),
            r#"daily_resting_heart_rate.date >= "2026-08-01" AND daily_resting_heart_rate.date < "2026-08-08""#
        );
        assert_eq!(query(&request, "pageToken"), None);
    }

    #[test]
    fn sleep_is_filtered_by_civil_then_physical_end_then_not_at_all() {
        let filter_of = |sleep| {
            let request = points(&config(), &asked("google.sleep", None), sleep);
            (request.url().path().to_owned(), query(&request, "filter"), query(&request, "pageSize"))
        };
        let reconcile = "/google/v4/users/me/dataTypes/sleep/dataPoints:reconcile".to_owned();
        let list = "/google/v4/users/me/dataTypes/sleep/dataPoints".to_owned();
        let size = Some("25".to_owned());
        let civil = r#"sleep.interval.civil_end_time >= "2026-08-01" AND sleep.interval.civil_end_time < "2026-08-08""#;
        let physical = r#"sleep.interval.end_time >= "2026-08-01T04:00:00Z" AND sleep.interval.end_time < "2026-08-08T04:00:30Z""#;
        assert_eq!(filter_of(SleepFilter::Civil), (reconcile.clone(), Some(civil.to_owned()), size.clone()));
        assert_eq!(filter_of(SleepFilter::Physical), (reconcile, Some(physical.to_owned()), size.clone()));
        assert_eq!(filter_of(SleepFilter::None), (list, None, size));
    }

    #[test]
    fn minute_rollups_cover_whole_utc_minutes() {
        let request = points(&config(), &asked("google.heart_rate.minute", None), SleepFilter::Civil);
        assert_eq!(request.method(), Method::POST);
        assert_eq!(request.url().path(), "/google/v4/users/me/dataTypes/heart-rate/dataPoints:rollUp");
        let range = json!({ "startTime": "2026-08-01T04:00:00Z", "endTime": "2026-08-08T04:01:00Z" });
        assert_eq!(body(&request), json!({ "range": range, "windowSize": "60s", "pageSize": 10_000 }));
    }

    #[test]
    fn daily_rollups_end_with_the_day_after_the_last() {
        let request = points(&config(), &asked("google.steps.day", Some("next")), SleepFilter::Civil);
        assert_eq!(request.url().path(), "/google/v4/users/me/dataTypes/steps/dataPoints:dailyRollUp");
        let day = |day| json!({ "date": { "year": 2026, "month": 8, "day": day } });
        let range = json!({ "start": day(1), "end": day(8) });
        assert_eq!(
            body(&request),
            json!({ "range": range, "windowSizeDays": 1, "pageSize": 90, "pageToken": "next" })
        );
    }
}
