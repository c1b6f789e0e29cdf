//! Active zone minutes within a day. Scripts that read real answers saw an array of days with `minutes`; models written
//! from the documents have `{"dataset": […]}` as for steps. Both are read.

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    catalogue::Endpoint,
    observation::Parsed,
    time::{MINUTE_MS, local_ms},
};
use serde::{
    Deserialize,
    de::{DeserializeSeed, MapAccess},
};

use super::{
    day::Value,
    fault,
    minute::{Head, day_of},
};
use crate::{
    ParseError,
    columns::{self, Columns, Times},
    json::{self, DayText, Num, Object, ReadObject, TimeOfDay, Warnings},
};

#[derive(Deserialize)]
#[serde(untagged)]
enum Detail {
    Days(Vec<Day>),
    Dataset { dataset: Option<Vec<Row>> },
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Day {
    date_time: Option<DayText>,
    minutes: Option<Vec<Row>>,
}

#[derive(Deserialize)]
struct Row {
    #[serde(alias = "minute")]
    time: Option<TimeOfDay>,
    value: Option<Value>,
}

struct Answer {
    key: &'static str,
    head: Option<Option<Date>>,
    detail: Option<Detail>,
}

impl<'de> Object<'de> for Answer {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key == self.key {
            self.head = Some(day_of(map.next_value::<Option<Vec<Head>>>()?));
        } else if key.strip_suffix("-intraday") == Some(self.key) {
            let detail: Option<Detail> = map.next_value()?;
            self.detail = Some(detail.unwrap_or(Detail::Days(Vec::new())));
        } else {
            return Ok(false);
        }
        Ok(true)
    }
}

fn add(columns: &mut Columns<1>, warnings: &mut Warnings, place: &str, day: Option<Date>, rows: &[Row]) {
    let metric = Metric::ActiveZoneMinutes;
    for (n, row) in rows.iter().enumerate() {
        let (Some(TimeOfDay(Some(time))), Some(day)) = (row.time, day) else {
            warnings.add("missing_time", || format!("{place}[{n}]"));
            continue;
        };
        let Some(Num(number)) = row.value.as_ref().and_then(|v| v.of(metric)) else {
            warnings.add("missing_value", || format!("{place}[{n}].value"));
            continue;
        };
        match fault(metric, number) {
            Some(code) => warnings.add(code, || format!("{place}[{n}].value")),
            None => columns.push(local_ms(day.at(0, 0, 0, 0)) + time, [number], None),
        }
    }
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    key: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut answer = Answer { key, head: None, detail: None };
    json::read(endpoint.key, body, |d| ReadObject(&mut answer).deserialize(d))?;
    let (mut columns, mut warnings) = (Columns::default(), Warnings::default());
    match (answer.detail, answer.head) {
        (Some(Detail::Days(days)), _) => {
            for (n, day) in days.iter().enumerate() {
                let place = format!("{key}-intraday[{n}].minutes");
                add(
                    &mut columns,
                    &mut warnings,
                    &place,
                    day.date_time.and_then(|d| d.0),
                    day.minutes.as_deref().unwrap_or_default(),
                );
            }
        }
        (Some(Detail::Dataset { dataset: None }), _) => {}
        (Some(Detail::Dataset { dataset: Some(dataset) }), head) => {
            if head.flatten().is_none() && !dataset.is_empty() {
                return Err(ParseError::NoDay);
            }
            let place = format!("{key}-intraday.dataset");
            add(&mut columns, &mut warnings, &place, head.flatten(), &dataset);
        }
        (None, Some(_)) => return Err(ParseError::NoDetail),
        (None, None) => {
            return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
        }
    }
    let metric = Metric::ActiveZoneMinutes;
    let batch = columns::single(metric, MINUTE_MS, Times::Local, columns, &mut warnings, key);
    Ok(Parsed { samples: batch.into_iter().collect(), warnings: warnings.finish(), ..Parsed::default() })
}
