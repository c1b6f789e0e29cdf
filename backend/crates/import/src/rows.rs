//! Rows of values out of CSV and JSON files, one after another: no file is held in memory.

use std::{borrow::Cow, collections::BTreeMap, fmt, io::Read};

use serde::de::{DeserializeSeed, Deserializer as _, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::{
    clock::{Clock, ClockReader},
    family::{Spec, Values},
    names::normal,
};

/// A row of a file.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Row<'a> {
    pub(crate) clock: Clock,
    /// In the catalogue's units, one for each column of the family.
    pub(crate) values: Values,
    /// Who recorded it; empty where the file does not say.
    pub(crate) source: &'a str,
    /// In a heart zone above fat burn, of which a minute counts twice.
    pub(crate) is_high_zone: bool,
}

/// Rows that were left out, by reason.
pub(crate) type Dropped = BTreeMap<&'static str, u64>;

/// What stands in a file of values: how many rows, and those left out.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub(crate) struct Tally {
    pub(crate) rows: u64,
    pub(crate) dropped: Dropped,
}

impl Tally {
    fn drop(&mut self, why: &'static str) {
        *self.dropped.entry(why).or_default() += 1;
    }
}

/// A number with a point, perhaps with commas between thousands. `NaN` and an empty text are none.
pub(crate) fn number(text: &str) -> Option<f64> {
    let text = text.trim();
    let plain: Cow<'_, str> = match text.contains(',') {
        false => Cow::Borrowed(text),
        true => {
            let whole = text.split('.').next().unwrap_or_default();
            let mut groups = whole.trim_start_matches('-').split(',');
            let first = groups.next().unwrap_or_default();
            if !(1..=3).contains(&first.len()) || groups.any(|group| group.len() != 3) {
                return None;
            }
            Cow::Owned(text.replace(',', ""))
        }
    };
    plain.parse().ok().filter(|value: &f64| value.is_finite())
}

/// The columns of a CSV file: where each value stands.
struct Layout {
    clock: usize,
    values: [Option<usize>; 3],
    source: Option<usize>,
    zone: Option<usize>,
}

impl Layout {
    fn of(spec: &Spec, header: &csv::StringRecord) -> Result<Self, String> {
        let names: Vec<String> = header.iter().map(normal).collect();
        let find = |wanted: &[&str]| names.iter().position(|name| wanted.contains(&name.as_str()));
        // A night is that of the day on which it ends.
        let clock = find(&["sleep_end"])
            .or_else(|| find(&["timestamp", "date_time", "datetime", "recorded_time", "date"]))
            .ok_or("it has no column with times")?;
        let mut values = [None; 3];
        for (slot, column) in values.iter_mut().zip(spec.columns) {
            *slot = find(column.names);
            if slot.is_none() && column.required {
                return Err(format!("it has no column \"{}\"", column.names[0].replace('_', " ")));
            }
        }
        let zone = find(&["heart_rate_zone", "heart_zone_id"]);
        Ok(Self { clock, values, source: find(&["data_source"]), zone })
    }
}

/// Reads a file of values. The error says why the file cannot be used, and names no value.
pub(crate) fn read(
    spec: &Spec,
    reader: &mut dyn Read,
    each: &mut dyn FnMut(&Row<'_>),
) -> Result<Tally, String> {
    if spec.extension == "json" { read_json(spec, reader, each) } else { read_csv(spec, reader, each) }
}

fn io_text(error: &csv::Error) -> String {
    match error.kind() {
        csv::ErrorKind::Io(error) => error.to_string(),
        _ => "it is no CSV file in UTF-8".to_owned(),
    }
}

fn read_csv(spec: &Spec, reader: &mut dyn Read, each: &mut dyn FnMut(&Row<'_>)) -> Result<Tally, String> {
    let mut found = Tally::default();
    let mut csv = csv::ReaderBuilder::new().flexible(true).buffer_capacity(1 << 16).from_reader(reader);
    let header = csv.headers().map_err(|error| io_text(&error))?.clone();
    // Data that are not there have files all the same.
    if header.is_empty() || header.len() == 1 && normal(&header[0]) == "no_data" {
        return Ok(found);
    }
    let layout = Layout::of(spec, &header)?;
    let mut clocks = ClockReader::default();
    let mut record = csv::ByteRecord::new();
    let mut source = String::new();
    let text = |record: &csv::ByteRecord, at: usize| {
        record.get(at).and_then(|cell| std::str::from_utf8(cell).ok()).map(str::to_owned)
    };
    while csv.read_byte_record(&mut record).map_err(|error| io_text(&error))? {
        found.rows += 1;
        let cell = |at: usize| record.get(at).and_then(|cell| std::str::from_utf8(cell).ok());
        let Some(clock) = cell(layout.clock).and_then(|text| clocks.read(text)) else {
            found.drop("time");
            continue;
        };
        let mut values = Values::default();
        let mut is_broken = false;
        for (index, (at, column)) in layout.values.iter().zip(spec.columns).enumerate() {
            let Some(text) = at.and_then(cell).map(str::trim) else { continue };
            let read = number(text);
            is_broken |= read.is_none() && !text.is_empty() && !text.eq_ignore_ascii_case("nan");
            values[index] = read.and_then(column.convert);
        }
        if is_broken {
            found.drop("number");
            continue;
        }
        (spec.finish)(&mut values);
        if values.iter().all(Option::is_none) {
            found.drop("no value");
            continue;
        }
        if let Some(cell) = layout.source.and_then(|at| record.get(at))
            && cell != source.as_bytes()
        {
            source = layout.source.and_then(|at| text(&record, at)).unwrap_or_default();
        }
        let zone = layout.zone.and_then(cell).unwrap_or_default();
        let is_high_zone = matches!(normal(zone).as_str(), "cardio" | "peak" | "vigorous");
        each(&Row { clock, values, source: &source, is_high_zone });
    }
    Ok(found)
}

fn read_json(spec: &Spec, reader: &mut dyn Read, each: &mut dyn FnMut(&Row<'_>)) -> Result<Tally, String> {
    let buffered = std::io::BufReader::with_capacity(1 << 16, reader);
    let mut found = Tally::default();
    let mut deserializer = serde_json::Deserializer::from_reader(buffered);
    let rows = Rows { spec, found: &mut found, each, clocks: ClockReader::default() };
    deserializer.deserialize_any(rows).and_then(|()| deserializer.end()).map_err(|error| {
        if error.is_io() {
            std::io::Error::from(error).to_string()
        } else {
            format!("it is not the JSON that was expected (line {}, column {})", error.line(), error.column())
        }
    })?;
    Ok(found)
}

struct Rows<'a> {
    spec: &'a Spec,
    found: &'a mut Tally,
    each: &'a mut dyn FnMut(&Row<'_>),
    clocks: ClockReader,
}

impl<'de> Visitor<'de> for Rows<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of rows")
    }

    fn visit_seq<A: SeqAccess<'de>>(mut self, mut seq: A) -> Result<(), A::Error> {
        let mut clock = String::new();
        loop {
            clock.clear();
            let mut values = Values::default();
            let mut is_broken = false;
            let row = RowSeed {
                spec: self.spec,
                clock: &mut clock,
                values: &mut values,
                is_broken: &mut is_broken,
            };
            if seq.next_element_seed(row)?.is_none() {
                return Ok(());
            }
            self.found.rows += 1;
            let Some(clock) = self.clocks.read(&clock) else {
                self.found.drop("time");
                continue;
            };
            if is_broken {
                self.found.drop("number");
                continue;
            }
            (self.spec.finish)(&mut values);
            if values.iter().all(Option::is_none) {
                self.found.drop("no value");
                continue;
            }
            (self.each)(&Row { clock, values, source: "", is_high_zone: false });
        }
    }
}

/// One row: `dateTime`, or `date` and `time`, and the values, beside them or within `value`.
struct RowSeed<'a> {
    spec: &'a Spec,
    clock: &'a mut String,
    values: &'a mut Values,
    is_broken: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for RowSeed<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_map(self)
    }
}

/// A key or a text, taken as it is.
struct Text<'a>(&'a mut String);

impl<'de> DeserializeSeed<'de> for Text<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Text<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a text")
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.push_str(text);
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

impl<'de> Visitor<'de> for RowSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a row")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut key = String::new();
        let mut time = String::new();
        while map.next_key_seed(Text(&mut key))?.is_some() {
            match key.as_str() {
                "dateTime" | "date" => {
                    self.clock.clear();
                    map.next_value_seed(Text(self.clock))?;
                }
                "time" => map.next_value_seed(Text(&mut time))?,
                "value" => {
                    let of = ValueSeed {
                        spec: self.spec,
                        only: None,
                        values: self.values,
                        is_broken: self.is_broken,
                    };
                    map.next_value_seed(of)?;
                }
                other => member(self.spec, other, &mut map, self.values, self.is_broken)?,
            }
            key.clear();
        }
        if !time.is_empty() {
            self.clock.push(' ');
            self.clock.push_str(&time);
        }
        Ok(())
    }
}

/// A member that is a column, a nest of columns, or nothing to us.
fn member<'de, A: MapAccess<'de>>(
    spec: &Spec,
    key: &str,
    map: &mut A,
    values: &mut Values,
    is_broken: &mut bool,
) -> Result<(), A::Error> {
    if key == "valuesInZones" {
        return map.next_value_seed(ValueSeed { spec, only: None, values, is_broken });
    }
    let is_named = |name: &&str| *name == key || *name == normal(key);
    match spec.columns.iter().position(|column| column.names.iter().any(is_named)) {
        Some(index) => map.next_value_seed(ValueSeed { spec, only: Some(index), values, is_broken }),
        None => map.next_value::<IgnoredAny>().map(|_| ()),
    }
}

/// A value: a number, a number as a text, or an object with several.
struct ValueSeed<'a> {
    spec: &'a Spec,
    /// The column; without one, the first, or those that an object names.
    only: Option<usize>,
    values: &'a mut Values,
    is_broken: &'a mut bool,
}

impl<'de> DeserializeSeed<'de> for ValueSeed<'_> {
    type Value = ();

    fn deserialize<D: serde::Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl ValueSeed<'_> {
    fn put(&mut self, value: f64) {
        let index = self.only.unwrap_or(0);
        self.values[index] = (self.spec.columns[index].convert)(value);
    }
}

impl<'de> Visitor<'de> for ValueSeed<'_> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_f64<E>(mut self, value: f64) -> Result<(), E> {
        self.put(value);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a count")]
    fn visit_u64<E>(mut self, value: u64) -> Result<(), E> {
        self.put(value as f64);
        Ok(())
    }

    #[expect(clippy::cast_precision_loss, reason = "a count")]
    fn visit_i64<E>(mut self, value: i64) -> Result<(), E> {
        self.put(value as f64);
        Ok(())
    }

    fn visit_str<E>(mut self, text: &str) -> Result<(), E> {
        match number(text) {
            Some(value) => self.put(value),
            None => *self.is_broken |= !text.trim().is_empty() && !text.eq_ignore_ascii_case("nan"),
        }
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        *self.is_broken = true;
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        *self.is_broken = true;
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        let mut key = String::new();
        while map.next_key_seed(Text(&mut key))?.is_some() {
            member(self.spec, &key, &mut map, self.values, self.is_broken)?;
            key.clear();
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::family::Family;

    type Seen = Vec<(Clock, Values, String)>;

    fn all(family: Family, text: &str) -> Result<(Seen, Dropped), String> {
        let mut rows = Vec::new();
        let mut bytes = text.as_bytes();
        let found = read(family.spec(), &mut bytes, &mut |row| {
            rows.push((row.clock, row.values, row.source.to_owned()));
        })?;
        Ok((rows, found.dropped))
    }

    fn main_values(family: Family, text: &str) -> Vec<Option<f64>> {
        all(family, text).unwrap().0.into_iter().map(|row| row.1[0]).collect()
    }

    #[test]
    fn numbers_with_commas_between_thousands_are_read_and_other_commas_are_not() {
        assert_eq!(number("1,234"), Some(1234.0));
        assert_eq!(number("-1,234,567.5"), Some(-1_234_567.5));
        for text in ["12,5", "1,23", "1234,567", "NaN", "", "inf", "no data"] {
            assert_eq!(number(text), None, "{text}");
        }
    }

    #[test]
    fn a_csv_file_is_read_by_its_header() {
        let text = "\u{feff}timestamp,data source,extra,steps\n2026-01-02T03:04:00Z,Charge 5,x,\"1,012\"\n\
                    2026-01-02T03:05:00Z,MobileTrack,,7\n,Charge 5,,3\n2026-01-02T03:06:00Z,Charge 5,,\n\
                    2026-01-02T03:07:00Z,Charge 5,,\"12,5\"\n";
        let (rows, dropped) = all(Family::StepsCsv, text).unwrap();
        let seen: Vec<_> = rows.iter().map(|row| (row.1[0], row.2.as_str())).collect();
        assert_eq!(seen, [(Some(1012.0), "Charge 5"), (Some(7.0), "MobileTrack")]);
        assert_eq!(dropped, [("no value", 1), ("number", 1), ("time", 1)].into());
    }

    #[test]
    fn files_without_data_are_no_fault() {
        assert_eq!(all(Family::StepsCsv, "").unwrap().0, []);
        assert_eq!(all(Family::StepsCsv, "timestamp,steps\n").unwrap().0, []);
        assert_eq!(all(Family::OxygenCsv, "no data\n").unwrap().0, []);
        assert_eq!(all(Family::StepsJson, "[]").unwrap().0, []);
    }

    #[test]
    fn a_file_without_its_columns_is_rejected_by_name() {
        let error = all(Family::StepsCsv, "timestamp,paces\n2026-01-02T03:04:00Z,9\n").unwrap_err();
        assert_eq!(error, "it has no column \"steps\"");
        assert!(all(Family::StepsJson, "{\"a\": 1}").unwrap_err().starts_with("it is not the JSON"));
        assert!(
            all(Family::StepsJson, "[{\"dateTime\": \"01/02/26")
                .unwrap_err()
                .starts_with("it is not the JSON")
        );
    }

    #[test]
    fn json_values_are_texts_numbers_or_nested() {
        let steps = r#"[{"dateTime" : "01/02/26 03:04:00", "value" : "12"}, {"dateTime":"01/02/26 03:05:00","value":0}]"#;
        assert_eq!(main_values(Family::StepsJson, steps), [Some(12.0), Some(0.0)]);
        let heart = r#"[{"dateTime":"01/02/26 03:04:05","value":{"bpm":61,"confidence":0}}]"#;
        assert_eq!(main_values(Family::HeartRateJson, heart), [Some(61.0)]);
        let resting = r#"[{"dateTime":"01/02/26 00:00:00","value":{"date":null,"value":0.0,"error":0.0}},
                          {"dateTime":"01/03/26 00:00:00","value":{"date":"01/03/26","value":55.4,"error":6.8}}]"#;
        assert_eq!(main_values(Family::RestingJson, resting), [Some(55.4)]);
        let zones = r#"[{"dateTime":"01/02/26 00:00:00","value":{"valuesInZones":{"BELOW_DEFAULT_ZONE_1":1000.0,
                        "IN_DEFAULT_ZONE_1":30.0,"IN_DEFAULT_ZONE_2":4.0,"IN_DEFAULT_ZONE_3":0.0}}}]"#;
        assert_eq!(all(Family::HeartZonesJson, zones).unwrap().0[0].1, [Some(30.0), Some(4.0), Some(0.0)]);
        let weight = r#"[{"logId":1,"weight":100.0,"bmi":22.1,"fat":20.0,"date":"01/02/26","time":"07:10:00","source":"Aria"}]"#;
        let (rows, _) = all(Family::WeightJson, weight).unwrap();
        assert_eq!(rows[0].1, [Some(45.359_237), Some(20.0), None]);
        assert!(matches!(rows[0].0, Clock::Naive(_)));
        let vo2 = r#"[{"dateTime":"01/02/26 00:00:00","value":{"demographicVO2Max":44.1,"filteredDemographicVO2Max":43.9}}]"#;
        assert_eq!(main_values(Family::DemographicVo2Json, vo2), [Some(43.9)]);
    }

    #[test]
    fn block_text_in_cells_and_nights_without_a_baseline_are_read() {
        let text = "type,sleep_start,sleep_end,temperature_samples,nightly_temperature,baseline_relative_sample_sum,note\n\
                    SKIN,2026-01-01T23:00,2026-01-02T07:00,400,33.9,NaN,\"[\n  a, b\n]\"\n\
                    SKIN,2026-01-02T23:00,2026-01-03T07:00,400,34.1,-80,\n";
        let (rows, _) = all(Family::ComputedTemperature, text).unwrap();
        assert_eq!(rows[0].1, [Some(33.9), None, None]);
        assert_eq!(rows[1].1, [Some(34.1), Some(-0.2), None]);
    }
}
