//! The body of a webhook call.

use jiff::{Timestamp, civil::Date, tz::Offset};
use pulsekeep_core::time::{DayRange, add_days};
use serde_json::Value;

use crate::push::{Notification, PushOperation, days, hull};

/// Whether Google only tries the address.
pub(super) fn is_verification(body: &[u8]) -> bool {
    // A notification may be an array, so the word alone decides.
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["type"] == "verification")
}

/// What a call says: the documents show one object, clients have seen an array of them.
pub(super) fn read(body: &[u8]) -> Result<Vec<Notification>, &'static str> {
    let body: Value = serde_json::from_slice(body).map_err(|_| "the body is not JSON")?;
    match &body {
        Value::Array(entries) => entries.iter().map(one).collect(),
        Value::Object(_) => Ok(vec![one(&body)?]),
        _ => Err("the body is neither an object nor an array"),
    }
}

fn one(entry: &Value) -> Result<Notification, &'static str> {
    let data = entry.get("data").unwrap_or(entry);
    let text = |name: &str| data[name].as_str().filter(|text| !text.is_empty());
    let account = text("healthUserId").ok_or("a notification has no healthUserId")?;
    let subject = text("dataType").ok_or("a notification has no dataType")?;
    let operation = match text("operation") {
        Some("DELETE") => PushOperation::Delete,
        // UPSERT as documented, UPDATE as seen: both mean that there is something to read.
        _ => PushOperation::Upsert,
    };
    let intervals = data["intervals"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(Notification {
        account: account.strip_prefix("users/").unwrap_or(account).to_owned(),
        subject: subject.to_owned(),
        operation,
        days: intervals.iter().filter_map(days_of).reduce(hull),
    })
}

/// The civil days of an interval, as the person's own clock had them; where only instants are given, a day more on
/// each side, since no zone on earth is further from UTC.
fn days_of(interval: &Value) -> Option<DayRange> {
    let civil = &interval["civilDateTimeInterval"];
    let iso = &interval["civilIso8601TimeInterval"];
    let physical = &interval["physicalTimeInterval"];
    civil_days(date(&civil["startDateTime"]), date(&civil["endDateTime"]))
        .or_else(|| civil_days(iso_date(&iso["startTime"]), iso_date(&iso["endTime"])))
        .or_else(|| {
            let utc = |value: &Value| {
                let instant: Timestamp = value.as_str()?.parse().ok()?;
                Some(Offset::UTC.to_datetime(instant).date())
            };
            let around = days(utc(&physical["startTime"])?, utc(&physical["endTime"])?)?;
            Some(DayRange { start: add_days(around.start, -1), end: add_days(around.end, 1) })
        })
}

fn civil_days(start: Option<Date>, end: Option<Date>) -> Option<DayRange> {
    let start = start?;
    days(start, end.unwrap_or(start))
}

/// `{"date": {year, month, day}, "time": …}`.
fn date(value: &Value) -> Option<Date> {
    let part = |name: &str| value["date"][name].as_i64();
    let small = |number: i64| i8::try_from(number).ok();
    Date::new(i16::try_from(part("year")?).ok()?, small(part("month")?)?, small(part("day")?)?).ok()
}

fn iso_date(value: &Value) -> Option<Date> {
    value.as_str()?.get(..10)?.parse().ok()
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn documented() -> Value {
        json!({"data": {"version": "1", "clientProvidedSubscriptionName": "subscription-name",
            "healthUserId": "1234567890123456789", "operation": "UPSERT", "dataType": "steps",
            "intervals": [{
                "physicalTimeInterval": {"startTime": "2026-03-08T01:29:00Z", "endTime": "2026-03-08T01:34:00Z"},
                "civilDateTimeInterval": {
                    "startDateTime": {"date": {"year": 2026, "month": 3, "day": 7}, "time": {"hours": 17, "minutes": 29}},
                    "endDateTime": {"date": {"year": 2026, "month": 3, "day": 7}, "time": {"hours": 17, "minutes": 34}}},
                "civilIso8601TimeInterval": {"startTime": "2026-03-07T17:29:00", "endTime": "2026-03-07T17:34:00"}}]}})
    }

    fn days_read(body: &Value) -> Option<DayRange> {
        read(body.to_string().as_bytes()).unwrap()[0].days
    }

    #[test]
    fn the_documented_object_and_the_array_that_was_seen() {
        let object = documented();
        let told = read(object.to_string().as_bytes()).unwrap();
        let day = DayRange::one(date(2026, 3, 7));
        assert_eq!(
            told,
            [Notification {
                account: "1234567890123456789".to_owned(),
                subject: "steps".to_owned(),
                operation: PushOperation::Upsert,
                days: Some(day),
            }]
        );
        let mut deleted = object.clone();
        deleted["data"]["operation"] = "DELETE".into();
        deleted["data"]["version"] = "v4".into();
        let array = json!([object, deleted]).to_string();
        let told = read(array.as_bytes()).unwrap();
        assert_eq!(
            told.iter().map(|n| n.operation).collect::<Vec<_>>(),
            [PushOperation::Upsert, PushOperation::Delete]
        );
    }

    #[test]
    fn instants_alone_are_given_room_for_the_zone() {
        let mut body = documented();
        let interval = body["data"]["intervals"][0].as_object_mut().unwrap();
        interval.remove("civilDateTimeInterval");
        assert_eq!(days_read(&body), Some(DayRange::one(date(2026, 3, 7))), "by the ISO form");
        body["data"]["intervals"][0].as_object_mut().unwrap().remove("civilIso8601TimeInterval");
        assert_eq!(days_read(&body), Some(DayRange { start: date(2026, 3, 7), end: date(2026, 3, 10) }));
        body["data"]["intervals"] = json!([]);
        assert_eq!(days_read(&body), None);
    }

    #[test]
    fn what_is_missing_is_named() {
        assert!(read(b"{}").unwrap_err().contains("healthUserId"));
        assert!(read(b"7").is_err() && read(b"[{}]").is_err() && read(b"").is_err());
        assert!(is_verification(br#"{"type":"verification"}"#));
        assert!(!is_verification(documented().to_string().as_bytes()) && !is_verification(b"[]"));
    }

    proptest! {
        #[test]
        fn bytes_of_any_kind_break_nothing(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
            let _ = (read(&bytes), is_verification(&bytes));
        }
    }
}
