//! Detail of several days: `[{"dateTime": "…", "minutes": [{"minute": "…", "value": …}]}]`, with or without a key.
//!
//! Variability has it under `hrv`, oxygen saturation bare, or as one object for one day (recorded). There a minute has its
//! date, which before midnight is not that of the night it belongs to; active zone minutes have a clock time alone.

use jiff::civil::Date;
use pulsekeep_core::{Metric, catalogue::Endpoint, observation::Parsed, time::local_ms};
use serde::{
    Deserialize,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};

use super::{in_catalogue_unit, value::Value};
use crate::{
    ParseError,
    columns::{self, Columns, Times, fault},
    json::{self, Array, Clock, DayText, Num, Object, ReadArray, ReadEither, ReadObject, Warnings},
};

#[derive(Deserialize)]
struct Row {
    #[serde(rename = "minute", alias = "time")]
    clock: Option<Clock>,
    value: Option<Value>,
}

/// Reads the days into columns of wall-clock readings.
pub(super) struct Days {
    metric: Metric,
    key: &'static str,
    columns: Columns<1>,
    warnings: Warnings,
}

impl Days {
    pub(super) fn new(metric: Metric, key: &'static str) -> Self {
        Self { metric, key, columns: Columns::default(), warnings: Warnings::default() }
    }

    pub(super) fn finish(self) -> (Columns<1>, Warnings) {
        (self.columns, self.warnings)
    }
}

impl<'de> Array<'de> for Days {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let mut day = Day { days: self, index, date: None, clocks: Vec::new() };
        if seq.next_element_seed(ReadObject(&mut day))?.is_none() {
            return Ok(false);
        }
        day.date_clocks();
        Ok(true)
    }
}

/// One day. Its date may stand behind its minutes.
struct Day<'d> {
    days: &'d mut Days,
    index: usize,
    date: Option<Date>,
    /// Readings without a date of their own.
    clocks: Vec<(i64, f64)>,
}

impl Day<'_> {
    fn date_clocks(&mut self) {
        if self.clocks.is_empty() {
            return;
        }
        let (key, index) = (self.days.key, self.index);
        let Some(date) = self.date else {
            return self.days.warnings.add("missing_time", || format!("{key}[{index}].dateTime"));
        };
        let midnight = local_ms(date.at(0, 0, 0, 0));
        for (time, value) in self.clocks.drain(..) {
            self.days.columns.push(midnight + time, [value], None);
        }
    }
}

impl<'de> Object<'de> for Day<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "dateTime" => self.date = map.next_value::<Option<DayText>>()?.and_then(|day| day.0),
            "minutes" => map.next_value_seed(ReadArray(self))?,
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Array<'de> for Day<'_> {
    fn element<A: SeqAccess<'de>>(&mut self, n: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(row) = seq.next_element::<Row>()? else { return Ok(false) };
        let Days { metric, key, columns, warnings } = &mut *self.days;
        let index = self.index;
        let place = |member: &str| format!("{key}[{index}].minutes[{n}].{member}");
        let Some(Num(number)) = row.value.as_ref().and_then(|v| v.of(*metric)) else {
            warnings.add("missing_value", || place("value"));
            return Ok(true);
        };
        let value = in_catalogue_unit(*metric, number);
        if let Some(code) = fault(*metric, value) {
            warnings.add(code, || place("value"));
            return Ok(true);
        }
        match row.clock {
            Some(Clock::Local(at)) => columns.push(at, [value], None),
            Some(Clock::OfDay(time)) => self.clocks.push((time, value)),
            Some(Clock::Unreadable) | None => warnings.add("missing_time", || place("minute")),
        }
        Ok(true)
    }
}

/// The whole answer: the days under a key, or bare, or one day.
struct Answer<'d, 'k> {
    day: Day<'d>,
    key: Option<&'k str>,
    found: bool,
    unknown: bool,
}

impl<'de> Object<'de> for Answer<'_, '_> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        let taken = match self.key {
            Some(wanted) if wanted == key => {
                map.next_value_seed(ReadArray(self.day.days))?;
                true
            }
            Some(_) => false,
            None => self.day.member(key, map)?,
        };
        self.found |= taken;
        self.unknown |= !taken;
        Ok(taken)
    }
}

impl<'de> Array<'de> for Answer<'_, '_> {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        if self.key.is_some() {
            return Err(serde::de::Error::custom("an array where an object is due"));
        }
        self.day.days.element(index, seq)
    }
}

/// Readings of nights. `key` is the member that holds the days; without one they stand bare, and `{}` is no day.
pub(super) fn parse(
    endpoint: &'static Endpoint,
    metric: Metric,
    key: Option<&'static str>,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let name = key.unwrap_or("");
    let mut days = Days::new(metric, name);
    let day = Day { days: &mut days, index: 0, date: None, clocks: Vec::new() };
    let mut answer = Answer { day, key, found: false, unknown: false };
    json::read(endpoint.key, body, |d| ReadEither(&mut answer).deserialize(d))?;
    answer.day.date_clocks();
    if !answer.found && (answer.unknown || key.is_some()) {
        return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
    }
    let (columns, mut warnings) = days.finish();
    let batch = columns::single(metric, 0, Times::Local, columns, &mut warnings, name);
    Ok(Parsed { samples: batch.into_iter().collect(), warnings: warnings.finish(), ..Parsed::default() })
}
