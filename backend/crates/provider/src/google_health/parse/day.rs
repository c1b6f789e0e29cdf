//! Daily records: resting heart rate, heart rate variability, skin temperature.

use pulsekeep_core::{
    Metric,
    catalogue::Endpoint,
    observation::{DailyValue, Parsed},
};
use serde::{
    Deserialize,
    de::{MapAccess, SeqAccess},
};

use super::page;
use crate::{
    ParseError,
    days::Days,
    json::{Array, CivilDate, Num, Object, ReadObject, Warnings},
};

/// The one member of each record that we keep. Of temperatures that is the absolute one; the difference to the baseline
/// is another metric, which Google does not give.
#[derive(Deserialize)]
struct Value {
    date: Option<CivilDate>,
    #[serde(
        rename = "beatsPerMinute",
        alias = "averageHeartRateVariabilityMilliseconds",
        alias = "nightlyTemperatureCelsius"
    )]
    value: Option<Num>,
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
    days: Days,
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
        let Some(day) = value.date.and_then(CivilDate::day) else {
            return self.warn("missing_time", index, ".date");
        };
        // A record may lack the value that we want and have others.
        let Some(Num(number)) = value.value else { return };
        if number.is_nan() {
            return self.warn("not_a_number", index, "");
        }
        if !self.metric.is_valid(number) {
            return self.warn("out_of_range", index, "");
        }
        self.days.push(DailyValue { metric: self.metric, day, value: number });
    }
}

pub(super) fn parse(
    endpoint: &'static Endpoint,
    metric: Metric,
    member: &'static str,
    body: &[u8],
) -> Result<Parsed, ParseError> {
    let mut rows = Rows { metric, member, days: Days::default(), warnings: Warnings::default() };
    let next_page = page::read(endpoint.key, "dataPoints", body, &mut rows)?;
    let Rows { days, mut warnings, .. } = rows;
    let daily = days.finish(&mut warnings);
    Ok(Parsed { daily, next_page, warnings: warnings.finish(), ..Parsed::default() })
}
