//! Points over intervals of a minute: steps, distance, active zone minutes.

use pulsekeep_core::{Metric, catalogue::Endpoint, observation::Parsed, time::MINUTE_MS};
use serde::{
    Deserialize,
    de::{MapAccess, SeqAccess},
};

use super::{in_catalogue_unit, page};
use crate::{
    ParseError,
    columns::{self, Columns, Times},
    json::{Array, Instant, Num, Object, Offset, ReadObject, Warnings},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Value {
    interval: Option<Interval>,
    #[serde(alias = "millimeters", alias = "activeZoneMinutes")]
    count: Option<Num>,
    /// Google's own examples have this spelling, for distances in sessions.
    #[serde(alias = "distanceMillimiters")]
    millimiters: Option<Num>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Interval {
    start_time: Option<Instant>,
    end_time: Option<Instant>,
    start_utc_offset: Option<Offset>,
}

struct Point {
    member: &'static str,
    value: Option<Value>,
}

impl<'de> Object<'de> for Point {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key != self.member {
            return Ok(false);
        }
        self.value = map.next_value()?;
        Ok(true)
    }
}

struct Rows {
    metric: Metric,
    member: &'static str,
    columns: Columns<1>,
    odd_lengths: usize,
    warnings: Warnings,
}

impl<'de> Array<'de> for Rows {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let mut point = Point { member: self.member, value: None };
        if seq.next_element_seed(ReadObject(&mut point))?.is_none() {
            return Ok(false);
        }
        self.add(index, point.value);
        Ok(true)
    }
}

impl Rows {
    fn warn(&mut self, code: &'static str, index: usize, what: &str) {
        let member = self.member;
        self.warnings.add(code, || format!("dataPoints[{index}].{member}{what}"));
    }

    fn add(&mut self, index: usize, value: Option<Value>) {
        let Some(value) = value else { return self.warn("missing_member", index, "") };
        let Some(interval) = value.interval else { return self.warn("missing_time", index, ".interval") };
        let Some(Instant(Some(start))) = interval.start_time else {
            return self.warn("missing_time", index, ".interval.startTime");
        };
        if let Some(Instant(Some(end))) = interval.end_time
            && end - start != MINUTE_MS
        {
            // The whole value stands at its start: it is still the day's, though not the minute's.
            self.odd_lengths += 1;
            if self.odd_lengths == 1 {
                self.warn("interval_length", index, ".interval");
            }
        }
        // proto3 leaves zeros out: an interval without a value is a true zero.
        let number = value.count.or(value.millimiters).map_or(0.0, |n| n.0);
        let number = in_catalogue_unit(self.metric, number);
        if number.is_nan() {
            return self.warn("not_a_number", index, "");
        }
        if !self.metric.is_valid(number) {
            return self.warn("out_of_range", index, "");
        }
        self.columns.push(start, [number], interval.start_utc_offset.and_then(|o| o.0));
    }
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    metric: Metric,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut rows =
        Rows { metric, member, columns: Columns::default(), odd_lengths: 0, warnings: Warnings::default() };
    let next_page = page::read(endpoint.key, "dataPoints", body, &mut rows)?;
    let Rows { columns, mut warnings, .. } = rows;
    let batch = columns::single(metric, MINUTE_MS, Times::Instants, columns, &mut warnings, "dataPoints");
    Ok(Parsed {
        samples: batch.into_iter().collect(),
        next_page,
        warnings: warnings.finish(),
        ..Parsed::default()
    })
}
