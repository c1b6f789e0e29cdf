//! Detail within a day: `{"<key>": [{"dateTime": "…"}], "<key>-intraday": {"dataset": [{"time": "…", "value": …}]}}`.
//!
//! Heart rate comes by the minute, unworn ones left out, or as readings every 1 to 15 seconds. Steps, distance and
//! calories have all 1,440 minutes of a day. Active zone minutes: scripts that read real answers saw an array of days
//! with `minutes`, models written from the documents have the dataset; both are read.

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    catalogue::Endpoint,
    observation::Parsed,
    time::{MINUTE_MS, local_ms},
};
use serde::{
    Deserialize,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};

use super::{in_catalogue_unit, nested::Days, value::Value};
use crate::{
    ParseError,
    columns::{self, Columns, Times, fault},
    json::{self, Array, DayText, Num, Object, ReadArray, ReadEither, ReadObject, TimeOfDay, Warnings},
};

/// The head: the day of the answer.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Head {
    date_time: Option<DayText>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(alias = "minute")]
    time: Option<TimeOfDay>,
    value: Option<Value>,
}

struct Detail {
    metric: Metric,
    key: &'static str,
    day: Option<Date>,
    found: bool,
    head_found: bool,
    columns: Columns<1>,
    interval: Option<Num>,
    is_seconds: bool,
    warnings: Warnings,
    /// The form with days inside.
    days: Days,
}

impl<'de> Object<'de> for Detail {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key == self.key {
            self.head_found = true;
            let heads = map.next_value::<Option<Vec<Head>>>()?;
            self.day = heads.into_iter().flatten().find_map(|head| head.date_time?.0);
        } else if key.strip_suffix("-intraday") == Some(self.key) {
            self.found = true;
            map.next_value_seed(ReadEither(&mut Intraday(self)))?;
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

/// The member with the detail: an object with a dataset, or an array of days.
struct Intraday<'d>(&'d mut Detail);

impl<'de> Object<'de> for Intraday<'_> {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        match key {
            "dataset" => map.next_value_seed(ReadArray(self.0))?,
            "datasetInterval" => self.0.interval = map.next_value()?,
            "datasetType" => {
                self.0.is_seconds = map.next_value::<Option<String>>()?.as_deref() == Some("second")
            }
            _ => return Ok(false),
        }
        Ok(true)
    }
}

impl<'de> Array<'de> for Intraday<'_> {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        self.0.days.element(index, seq)
    }
}

impl<'de> Array<'de> for Detail {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(row) = seq.next_element::<Row>()? else { return Ok(false) };
        self.add(index, &row);
        Ok(true)
    }
}

impl Detail {
    fn add(&mut self, index: usize, row: &Row) {
        let key = self.key;
        let place = |member: &str| format!("{key}-intraday.dataset[{index}].{member}");
        let Some(TimeOfDay(Some(time))) = row.time else {
            return self.warnings.add("missing_time", || place("time"));
        };
        let Some(Num(number)) = row.value.as_ref().and_then(|v| v.of(self.metric)) else {
            return self.warnings.add("missing_value", || place("value"));
        };
        let value = in_catalogue_unit(self.metric, number);
        match fault(self.metric, value) {
            Some(code) => self.warnings.add(code, || place("value")),
            None => self.columns.push(time, [value], None),
        }
    }

    /// Seconds are the times of readings, not the length of what they stand for.
    fn interval_ms(&self) -> i64 {
        if self.is_seconds {
            return 0;
        }
        self.interval.and_then(Num::whole).filter(|n| (1..=1440).contains(n)).unwrap_or(1) * MINUTE_MS
    }
}

/// Sets the columns onto `day`. An answer for a day without any data has zeros and no day: then there is nothing.
fn on_day(mut columns: Columns<1>, day: Option<Date>) -> Result<Columns<1>, ParseError> {
    match day {
        Some(day) => {
            columns.shift(local_ms(day.at(0, 0, 0, 0)));
            Ok(columns)
        }
        None if columns.all_zero() => Ok(Columns::default()),
        None => Err(ParseError::NoDay),
    }
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    metric: Metric,
    key: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut detail = Detail {
        metric,
        key,
        day: None,
        found: false,
        head_found: false,
        columns: Columns::default(),
        interval: None,
        is_seconds: false,
        warnings: Warnings::default(),
        days: Days::new(metric, key),
    };
    json::read(endpoint.key, body, |d| ReadObject(&mut detail).deserialize(d))?;
    if !detail.found {
        return Err(if detail.head_found {
            ParseError::NoDetail
        } else {
            ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 }
        });
    }
    let interval_ms = detail.interval_ms();
    let Detail { day, columns, mut warnings, days, .. } = detail;
    let mut columns = on_day(columns, day)?;
    if columns.is_empty() {
        (columns, warnings) = days.finish();
    }
    let batch = columns::single(metric, interval_ms, Times::Local, columns, &mut warnings, key);
    Ok(Parsed { samples: batch.into_iter().collect(), warnings: warnings.finish(), ..Parsed::default() })
}
