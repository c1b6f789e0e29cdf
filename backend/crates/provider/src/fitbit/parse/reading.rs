//! Logs of single readings at a wall-clock time: weight, body fat, core temperature.
//!
//! Recorded: `{"weight":[{"bmi":22.86,"date":"2023-05-31","fat":18,"logId":1685577599000,"source":"API",
//! "time":"23:59:59","weight":70}]}` (kilograms, since nothing else is asked for) and
//! `{"tempCore":[{"dateTime":"2020-06-18T10:00:00","value":37.5}]}`. `logId` is the wall clock as if it were UTC.

use pulsekeep_core::{Metric, catalogue::Endpoint, observation::Parsed, time::local_ms};
use serde::{
    Deserialize,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};

use crate::{
    ParseError,
    columns::{self, Columns, Times, fault},
    json::{self, Array, DayText, LocalTime, Num, Object, ReadArray, ReadObject, TimeOfDay, Warnings},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Row {
    date: Option<DayText>,
    time: Option<TimeOfDay>,
    date_time: Option<LocalTime>,
    weight: Option<Num>,
    fat: Option<Num>,
    value: Option<Num>,
}

impl Row {
    fn at(&self) -> Option<i64> {
        if let Some(LocalTime(Some(at))) = self.date_time {
            return Some(at);
        }
        Some(local_ms(self.date?.0?.at(0, 0, 0, 0)) + self.time?.0?)
    }

    fn number(&self, metric: Metric) -> Option<Num> {
        match metric {
            Metric::Weight => self.weight,
            Metric::BodyFat => self.fat,
            _ => self.value,
        }
    }
}

struct Log {
    metric: Metric,
    key: &'static str,
    columns: Columns<1>,
    warnings: Warnings,
    found: bool,
}

impl<'de> Object<'de> for Log {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key != self.key {
            return Ok(false);
        }
        self.found = true;
        map.next_value_seed(ReadArray(self))?;
        Ok(true)
    }
}

impl<'de> Array<'de> for Log {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(row) = seq.next_element::<Row>()? else { return Ok(false) };
        let key = self.key;
        let Some(at) = row.at() else {
            self.warnings.add("missing_time", || format!("{key}[{index}]"));
            return Ok(true);
        };
        match row.number(self.metric) {
            None => self.warnings.add("missing_value", || format!("{key}[{index}]")),
            Some(Num(value)) => match fault(self.metric, value) {
                Some(code) => self.warnings.add(code, || format!("{key}[{index}]")),
                None => self.columns.push(at, [value], None),
            },
        }
        Ok(true)
    }
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    metric: Metric,
    key: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut log =
        Log { metric, key, columns: Columns::default(), warnings: Warnings::default(), found: false };
    json::read(endpoint.key, body, |d| ReadObject(&mut log).deserialize(d))?;
    if !log.found {
        return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
    }
    let Log { columns, mut warnings, .. } = log;
    let batch = columns::single(metric, 0, Times::Local, columns, &mut warnings, key);
    Ok(Parsed { samples: batch.into_iter().collect(), warnings: warnings.finish(), ..Parsed::default() })
}
