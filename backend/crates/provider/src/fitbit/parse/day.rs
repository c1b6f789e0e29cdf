//! Daily series: `{"<key>": [{"dateTime": "…", "value": …}]}`, and the same without a key.

use pulsekeep_core::{
    catalogue::Endpoint,
    observation::{DailyValue, Parsed},
};
use serde::{
    Deserialize,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};

use super::{in_catalogue_unit, value::Value};
use crate::{
    ParseError,
    columns::fault,
    days::Days,
    json::{self, Array, DayText, Num, Object, ReadArray, ReadEither, ReadObject, Warnings},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    date_time: Option<DayText>,
    value: Option<Value>,
}

struct Series {
    endpoint: &'static Endpoint,
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
        self.add(index, row.date_time, row.value.as_ref());
        Ok(true)
    }
}

impl Series {
    fn new(endpoint: &'static Endpoint, key: &'static str) -> Self {
        Self { endpoint, key, days: Days::default(), warnings: Warnings::default(), found: false }
    }

    fn add(&mut self, index: usize, day: Option<DayText>, value: Option<&Value>) {
        let key = self.key;
        let Some(DayText(Some(day))) = day else {
            return self.warnings.add("missing_time", || format!("{key}[{index}].dateTime"));
        };
        for &metric in self.endpoint.metrics {
            // A day whose own member is left out has no value: no resting heart rate on a day without the watch.
            let Some(Num(number)) = value.and_then(|v| v.of(metric)) else { continue };
            let value = in_catalogue_unit(metric, number);
            match fault(metric, value) {
                Some(code) => self.warnings.add(code, || format!("{key}[{index}].value")),
                None => self.days.push(DailyValue { metric, day, value }),
            }
        }
    }

    fn finish(self) -> Parsed {
        let Self { days, mut warnings, .. } = self;
        let daily = days.finish(&mut warnings);
        Parsed { daily, warnings: warnings.finish(), ..Parsed::default() }
    }
}

/// The series of `key`, with all metrics of the endpoint.
pub(super) fn series(
    endpoint: &'static Endpoint,
    key: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut series = Series::new(endpoint, key);
    json::read(endpoint.key, body, |d| ReadObject(&mut series).deserialize(d))?;
    if !series.found {
        return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
    }
    Ok(series.finish())
}

/// `SpO2` has no key: by range it is a bare array of days, by date one day (recorded). Without data nobody has recorded
/// it: `[]` and `{}` are taken alike.
#[derive(Default)]
struct Bare {
    day: Option<DayText>,
    value: Option<Value>,
    known: bool,
    unknown: bool,
}

/// The bare form: an array goes to the series, an object is a day.
struct Either<'s>(&'s mut Series, Bare);

impl<'de> Object<'de> for Either<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "dateTime" => self.1.day = map.next_value()?,
            "value" => self.1.value = map.next_value()?,
            _ => {
                self.1.unknown = true;
                return Ok(false);
            }
        }
        self.1.known = true;
        Ok(true)
    }
}

impl<'de> Array<'de> for Either<'_> {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        self.0.element(index, seq)
    }
}

/// The series without a key.
pub(super) fn bare(
    endpoint: &'static Endpoint,
    name: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut series = Series::new(endpoint, name);
    let mut either = Either(&mut series, Bare::default());
    json::read(endpoint.key, body, |d| ReadEither(&mut either).deserialize(d))?;
    let bare = either.1;
    if bare.known {
        series.add(0, bare.day, bare.value.as_ref());
    } else if bare.unknown {
        return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
    }
    Ok(series.finish())
}
