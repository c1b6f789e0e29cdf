//! Daily values of one answer.

use pulsekeep_core::observation::DailyValue;

use crate::json::Warnings;

/// Collects the daily values of an answer.
#[derive(Debug, Default)]
pub(crate) struct Days(Vec<DailyValue>);

impl Days {
    pub(crate) fn push(&mut self, value: DailyValue) {
        self.0.push(value);
    }

    /// The values by metric, in order of days. Of a day that comes twice the last value stays: two totals of a day are two versions
    /// of it and never add up.
    pub(crate) fn finish(self, warnings: &mut Warnings) -> Vec<DailyValue> {
        let mut values = self.0;
        values.sort_by_key(|v| (v.metric, v.day));
        let mut kept: Vec<DailyValue> = Vec::with_capacity(values.len());
        for value in values {
            match kept.last_mut() {
                Some(last) if (last.metric, last.day) == (value.metric, value.day) => {
                    warnings.add("repeated_day", || value.day.to_string());
                    *last = value;
                }
                _ => kept.push(value),
            }
        }
        kept
    }
}
