//! Daily series: `{"<key>": [{"dateTime": "…", "value": …}]}`.

use pulsekeep_core::{
    Metric,
    catalogue::Endpoint,
    observation::{DailyValue, Parsed},
};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};

use super::{fault, in_catalogue_unit};
use crate::{
    ParseError,
    days::Days,
    json::{self, Array, DayText, Num, Object, ReadArray, ReadObject, Warnings},
};

/// A day's value: a number (mostly in a string), or an object of which one member is ours.
#[derive(Debug, Default)]
pub(super) struct Value {
    number: Option<Num>,
    inner: Inner,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub(super) struct Inner {
    active_zone_minutes: Option<Num>,
    fat_burn_active_zone_minutes: Option<Num>,
    cardio_active_zone_minutes: Option<Num>,
    peak_active_zone_minutes: Option<Num>,
    resting_heart_rate: Option<Num>,
    daily_rmssd: Option<Num>,
    nightly_relative: Option<Num>,
}

impl Inner {
    /// Active zone minutes: the total, else the sum of the zones that are there.
    pub(super) fn zone_minutes(&self) -> Option<Num> {
        let zones = [
            self.fat_burn_active_zone_minutes,
            self.cardio_active_zone_minutes,
            self.peak_active_zone_minutes,
        ];
        self.active_zone_minutes.or_else(|| {
            zones.iter().flatten().next()?;
            Some(Num(zones.iter().flatten().map(|n| n.0).sum()))
        })
    }
}

impl Value {
    /// The number of `metric`, if the value has it.
    pub(super) fn of(&self, metric: Metric) -> Option<Num> {
        match metric {
            Metric::ActiveZoneMinutes => self.inner.zone_minutes().or(self.number),
            Metric::RestingHeartRate => self.inner.resting_heart_rate,
            Metric::HeartRateVariability => self.inner.daily_rmssd,
            Metric::SkinTemperatureRelative => self.inner.nightly_relative,
            _ => self.number,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Either {
            Inner(Inner),
            Number(Num),
        }
        Ok(match Option::<Either>::deserialize(deserializer)? {
            Some(Either::Inner(inner)) => Self { number: None, inner },
            Some(Either::Number(number)) => Self { number: Some(number), inner: Inner::default() },
            None => Self::default(),
        })
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    date_time: Option<DayText>,
    value: Option<Value>,
}

struct Series {
    metric: Metric,
    key: &'static str,
    days: Days,
    warnings: Warnings,
    found: bool,
}

impl<'de> Object<'de> for Series {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key != self.key {
            return Ok(false);
        }
        self.found = true;
        map.next_value_seed(ReadArray(self))?;
        Ok(true)
    }
}

impl<'de> Array<'de> for Series {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(row) = seq.next_element::<Row>()? else { return Ok(false) };
        self.add(index, &row);
        Ok(true)
    }
}

impl Series {
    fn add(&mut self, index: usize, row: &Row) {
        let key = self.key;
        let Some(DayText(Some(day))) = row.date_time else {
            return self.warnings.add("missing_time", || format!("{key}[{index}].dateTime"));
        };
        // A day whose own member is left out has no value: no resting heart rate on a day without the watch.
        let Some(Num(number)) = row.value.as_ref().and_then(|v| v.of(self.metric)) else { return };
        let value = in_catalogue_unit(self.metric, number);
        match fault(self.metric, value) {
            Some(code) => self.warnings.add(code, || format!("{key}[{index}].value")),
            None => self.days.push(DailyValue { metric: self.metric, day, value }),
        }
    }
}

pub(super) fn series(
    endpoint: &'static Endpoint,
    metric: Metric,
    key: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut series =
        Series { metric, key, days: Days::default(), warnings: Warnings::default(), found: false };
    json::read(endpoint.key, body, |d| ReadObject(&mut series).deserialize(d))?;
    if !series.found {
        return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
    }
    let Series { days, mut warnings, .. } = series;
    let daily = days.finish(&mut warnings);
    Ok(Parsed { daily, warnings: warnings.finish(), ..Parsed::default() })
}
