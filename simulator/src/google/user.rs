//! Identity, profile, settings and paired devices.

use serde_json::{Value, json};

use super::Call;
use super::catalogue::DataType;
use super::error::GoogleError;
use super::paging::read_page_size;
use crate::people::View;
use crate::state::Caller;

pub(crate) fn identity(caller: &Caller) -> Value {
    let profile = &caller.person.profile;
    json!({ "name": "users/me/identity", "healthUserId": profile.google_id, "legacyUserId": profile.fitbit_id })
}

pub(crate) fn profile(caller: &Caller, view: &View) -> Value {
    let profile = &caller.person.profile;
    let (year, month, day) = view.first_day().ymd();
    let mut answer = json!({
        "name": format!("users/{}/profile", profile.google_id),
        "age": view.today().ymd().0 - profile.birth_year,
        "membershipStartDate": { "year": year, "month": month, "day": day },
    });
    // strides need the activity scope besides
    if caller.scopes().contains(DataType::Steps.scope_set()) {
        answer["autoWalkingStrideLengthMm"] = json!((profile.height_cm * 4.15).round() as i64);
        answer["autoRunningStrideLengthMm"] = json!((profile.height_cm * 5.2).round() as i64);
    }
    answer
}

pub(crate) fn settings(caller: &Caller, view: &View) -> Value {
    let profile = &caller.person.profile;
    let american = profile.zone.starts_with("America/") && profile.zone != "America/Sao_Paulo";
    let unit = |metric: &'static str, us: &'static str| if american { us } else { metric };
    json!({
        "name": format!("users/{}/settings", profile.google_id),
        "timeZone": caller.person.timeline.home_zone(),
        "utcOffset": format!("{}s", caller.person.timeline.offset_at(view.now())),
        "languageLocale": if american { "en_US" } else { "en_GB" },
        "autoStrideEnabled": true,
        "distanceUnit": unit("DISTANCE_UNIT_KILOMETERS", "DISTANCE_UNIT_MILES"),
        "weightUnit": unit("WEIGHT_UNIT_KILOGRAMS", "WEIGHT_UNIT_POUNDS"),
        "heightUnit": unit("HEIGHT_UNIT_CENTIMETERS", "HEIGHT_UNIT_INCHES"),
        "temperatureUnit": unit("TEMPERATURE_UNIT_CELSIUS", "TEMPERATURE_UNIT_FAHRENHEIT"),
        "strideLengthWalkingType": "STRIDE_LENGTH_TYPE_AUTO",
        "strideLengthRunningType": "STRIDE_LENGTH_TYPE_AUTO",
    })
}

fn device_list(view: &View) -> Vec<Value> {
    let person = view.person();
    let profile = &person.profile;
    let device = |number: u64, kind: &str, version: &str, features: Value| {
        let id = crate::people::hash(person.seed, 91, number as i64, 0);
        json!({
            "name": format!("users/{}/pairedDevices/{}", profile.google_id, id % 10_000_000_000),
            "deviceType": kind,
            "deviceVersion": version,
            "batteryLevel": 35 + (view.until() / 86_400 * 7 + number as i64 * 13).rem_euclid(60),
            "batteryStatus": "Medium",
            "lastSyncTime": jiff::Timestamp::from_second(view.until()).unwrap_or_default().to_string(),
            "macAddress": format!("{:012X}", id & 0xFFFF_FFFF_FFFF),
            "features": features,
        })
    };
    let mut devices = vec![device(
        0,
        "TRACKER",
        profile.watch,
        json!(["STEPS", "DISTANCE", "HEART_RATE", "SLEEP", "ACTIVE_ZONE_MINUTES"]),
    )];
    if profile.id == "jack" {
        devices.push(device(1, "SCALE", "Aria Air", json!([])));
    }
    devices
}

/// `pairedDevices.list`: 5 at a time by default.
pub(crate) fn paired_devices(call: &Call, view: &View) -> Result<Value, GoogleError> {
    let size = read_page_size(call.wire.parameter("pageSize").unwrap_or_default(), (5, 100))?;
    let skip = match call.wire.parameter("pageToken") {
        Some(token) => call
            .state
            .signer()
            .open("devices", token)
            .and_then(|bytes| bytes.first().copied())
            .ok_or_else(GoogleError::invalid_argument)?,
        None => 0,
    };
    let all = device_list(view);
    let shown: Vec<&Value> = all.iter().skip(usize::from(skip)).take(size).collect();
    let end = usize::from(skip) + shown.len();
    let mut answer = json!({});
    if !shown.is_empty() {
        answer["pairedDevices"] = json!(shown);
    }
    if end < all.len() {
        answer["nextPageToken"] = call.state.signer().seal("devices", &[end as u8]).into();
    }
    Ok(answer)
}

/// `pairedDevices.get`.
pub(crate) fn paired_device(view: &View, id: &str) -> Result<Value, GoogleError> {
    let end = format!("/{id}");
    device_list(view)
        .into_iter()
        .find(|device| device["name"].as_str().is_some_and(|name| name.ends_with(&end)))
        .ok_or_else(GoogleError::not_found)
}
