//! Devices and profile.

use serde_json::{Value, json};

use super::Call;
use super::dates::{Units, clock_text};
use crate::people::Day;

/// `devices`: a bare array; times by the local clock.
pub(crate) fn devices(call: &Call) -> Value {
    let person = call.view.person();
    let until = call.view.until();
    let local = until + i64::from(person.timeline.offset_at(until));
    let level = 35 + (until / 86_400 * 7).rem_euclid(60);
    let mut devices = vec![json!({
        "battery": if level > 75 { "High" } else { "Medium" },
        "batteryLevel": level,
        "deviceVersion": person.profile.watch,
        "features": [],
        "id": format!("{}", 2_000_000_000 + person.seed % 900_000_000),
        "lastSyncTime": format!("{}T{}.000", Day::of_local(local), clock_text(local.rem_euclid(86_400))),
        "mac": format!("{:012X}", person.seed & 0xFFFF_FFFF_FFFF),
        "type": "TRACKER",
    })];
    if person.profile.phone.is_some() {
        let mut phone = devices[0].clone();
        phone["deviceVersion"] = "MobileTrack".into();
        phone["id"] = format!("{}", 3_000_000_000 + person.seed % 900_000_000).into();
        devices.push(phone);
    }
    Value::Array(devices)
}

/// `profile`. Its zone is that of home, wherever the person is.
pub(crate) fn profile(call: &Call) -> Value {
    let person = call.view.person();
    let profile = &person.profile;
    let offset = person.timeline.offset_at(call.view.now());
    let unit = match call.units {
        Units::Us => "en_US",
        Units::Uk => "en_GB",
        Units::Metric => "METRIC",
    };
    let age = call.view.today().ymd().0 - profile.birth_year;
    json!({ "user": {
        "age": age,
        "ambassador": false,
        "autoStrideEnabled": true,
        "avatar": "",
        "clockTimeDisplayFormat": "24hour",
        "corporate": false,
        "dateOfBirth": format!("{}-01-01", profile.birth_year),
        "displayName": profile.name.split(' ').next().unwrap_or_default(),
        "distanceUnit": unit,
        "encodedId": profile.fitbit_id,
        "fullName": profile.name,
        "gender": profile.gender,
        "height": call.units.length(profile.height_cm),
        "heightUnit": unit,
        "locale": "en_US",
        "memberSince": call.view.first_day().to_string(),
        "offsetFromUTCMillis": i64::from(offset) * 1000,
        "startDayOfWeek": "MONDAY",
        "strideLengthRunning": call.units.length((profile.height_cm * 5.2).round() / 10.0),
        "strideLengthWalking": call.units.length((profile.height_cm * 4.15).round() / 10.0),
        "temperatureUnit": unit,
        "timezone": person.timeline.home_zone(),
        "weight": call.units.weight(profile.weight_kg * 1000.0),
        "weightUnit": unit,
    } })
}
