//! Offsets of IANA zones, as the browser knows them.

use js_sys::{Array, Date, Function, Intl, Object, Reflect};
use wasm_bindgen::{JsCast, JsValue};

use super::clock;
use crate::view_model::civil::{DAY, Day, HOUR, MINUTE};
use crate::view_model::zone::Zone;

/// Writes instants such that the offset can be read from the end: `11/21/2026, GMT+01:00`.
fn offset_writer(zone: &str) -> Option<Function> {
    let options = Object::new();
    Reflect::set(&options, &"timeZone".into(), &zone.into()).ok()?;
    Reflect::set(&options, &"timeZoneName".into(), &"longOffset".into()).ok()?;
    let locales = Array::of1(&"en-US".into());
    // Called through Reflect: the constructor throws for a zone that the browser does not know.
    let constructor: Function =
        Reflect::get(&Reflect::get(&js_sys::global(), &"Intl".into()).ok()?, &"DateTimeFormat".into())
            .ok()?
            .dyn_into()
            .ok()?;
    let writer = Reflect::construct(&constructor, &Array::of2(&locales, &options)).ok()?;
    Some(writer.unchecked_into::<Intl::DateTimeFormat>().format())
}

fn read_offset(text: &str) -> Option<i32> {
    let (_, offset) = text.rsplit_once("GMT")?;
    if offset.is_empty() {
        return Some(0);
    }
    let sign = if offset.starts_with(['-', '\u{2212}']) { -1 } else { 1 };
    let digits = offset.trim_start_matches(['+', '-', '\u{2212}']);
    let mut fields = digits.split(':').map(|field| field.parse::<i32>().unwrap_or(0));
    let (h, m, s) = (fields.next()?, fields.next().unwrap_or(0), fields.next().unwrap_or(0));
    Some(sign * (h * 3_600 + m * 60 + s))
}

/// Offsets of a zone between two instants; UTC for a zone that the browser does not know.
#[must_use]
pub fn probe(zone: &str, from: i64, to: i64) -> Zone {
    let Some(writer) = offset_writer(zone) else { return Zone::fixed(0) };
    Zone::probe(from, to, |ms| {
        let date = Date::new(&JsValue::from_f64(ms as f64));
        let text = writer.call1(&JsValue::UNDEFINED, &date).ok().and_then(|text| text.as_string());
        text.and_then(|text| read_offset(&text)).unwrap_or(0)
    })
}

/// The zone around a day, with some days to spare.
#[must_use]
pub fn around(zone: &str, from: Day, to: Day) -> Zone {
    probe(zone, (i64::from(from.0) - 2) * DAY, (i64::from(to.0) + 3) * DAY)
}

/// The zone of the last year up to now.
#[must_use]
pub fn recent(zone: &str) -> Zone {
    let now = clock::now();
    probe(zone, now - 366 * DAY, now + DAY)
}

/// The civil day that it is in a zone.
#[must_use]
pub fn today(zone: &str) -> Day {
    let now = clock::now();
    probe(zone, now - HOUR, now + MINUTE).local(now).day
}

/// The browser's own zone.
#[must_use]
pub fn of_browser() -> String {
    let options = Intl::DateTimeFormat::new(&Array::new(), &Object::new()).resolved_options();
    let zone = Reflect::get(&options, &"timeZone".into()).ok().and_then(|zone| zone.as_string());
    zone.unwrap_or_else(|| "UTC".to_owned())
}

/// The zones that the browser knows, to offer; empty where it does not say.
#[must_use]
pub fn known() -> Vec<String> {
    let list = || {
        let intl = Reflect::get(&js_sys::global(), &"Intl".into()).ok()?;
        let ask: Function = Reflect::get(&intl, &"supportedValuesOf".into()).ok()?.dyn_into().ok()?;
        let zones: Array = ask.call1(&intl, &"timeZone".into()).ok()?.dyn_into().ok()?;
        Some(zones.iter().filter_map(|zone| zone.as_string()).collect())
    };
    list().unwrap_or_default()
}
