//! From a row to dated values: by which clock it goes, whether it can be one of the archive's, in which range it lies.

use std::collections::HashMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::Grain,
    time::{DAY_MS, MINUTE_MS, from_local_ms, local_ms},
    timeline::OffsetTimeline,
};

use crate::{
    clock::Clock,
    family::{Family, Naive, Spec, Zone},
    rows::Row,
};

/// Where a value belongs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placed {
    pub(crate) metric: Metric,
    pub(crate) day: Date,
    /// The instant of a sample; midnight as if in UTC for a daily value.
    pub(crate) at: i64,
    /// Seconds east of UTC.
    pub(crate) offset: i32,
    pub(crate) value: f64,
}

/// What is known of an archive's clocks.
#[derive(Debug, Clone)]
pub(crate) struct Facts {
    pub(crate) timeline: OffsetTimeline,
    pub(crate) zones: HashMap<Family, Zone>,
    pub(crate) exported_at: EpochMs,
    /// The friendly folder counts each active zone minute once.
    pub(crate) raw_zone_minutes: bool,
    /// Weights of the JSON files are kilograms, not pounds.
    pub(crate) weight_in_kilograms: bool,
}

/// Nobody had a device before.
const EARLIEST: i64 = 1_199_145_600_000; // 2008-01-01

/// Dates rows. It knows the last minute that it dated, since rows follow each other.
pub(crate) struct Lens<'f> {
    facts: &'f Facts,
    /// Minute of an instant, its offset and its day.
    instant: (i64, i32, Date),
    /// Minute of a wall clock and what it is behind UTC.
    local: (i64, i64),
    last_day: Date,
}

impl<'f> Lens<'f> {
    pub(crate) fn new(facts: &'f Facts) -> Self {
        let last_day =
            facts.exported_at.plus(DAY_MS).civil(facts.timeline.offset_at(facts.exported_at)).date();
        Self { facts, instant: (i64::MIN, 0, Date::MIN), local: (i64::MIN, 0), last_day }
    }

    fn offset_and_day(&mut self, at: i64) -> (i32, Date) {
        let minute = at.div_euclid(MINUTE_MS);
        if self.instant.0 != minute {
            let offset = self.facts.timeline.offset_at(EpochMs(at));
            self.instant = (minute, offset, EpochMs(at).civil(offset).date());
        }
        (self.instant.1, self.instant.2)
    }

    fn instant_of_local(&mut self, local: i64) -> i64 {
        let minute = local.div_euclid(MINUTE_MS);
        if self.local.0 != minute {
            self.local = (minute, local - self.facts.timeline.instant_of_local(local).0);
        }
        local - self.local.1
    }

    fn zone(&self, spec: &Spec) -> Zone {
        match spec.naive {
            Naive::Utc => Zone::Utc,
            Naive::Local => Zone::Local,
            Naive::Measured(assumed) => self.facts.zones.get(&spec.family).copied().unwrap_or(assumed),
        }
    }

    /// Instant, offset and day of a sample.
    fn sample(&mut self, spec: &Spec, clock: Clock) -> (i64, i32, Date) {
        let local = match clock {
            Clock::Naive(naive) if self.zone(spec) == Zone::Local => naive,
            Clock::Instant(at) | Clock::Naive(at) => {
                let (offset, day) = self.offset_and_day(at);
                return (at, offset, day);
            }
            // A reading whose time is not told.
            Clock::Day(day) => local_ms(day.at(0, 0, 0, 0)),
        };
        let at = self.instant_of_local(local);
        let offset = i32::try_from((local - at) / 1000).unwrap_or(0);
        (at, offset, EpochMs(at).civil(offset).date())
    }

    /// The day of a daily value: midnight in UTC is a label, any other instant lies in a day.
    fn day(&mut self, spec: &Spec, clock: Clock) -> Date {
        match clock {
            Clock::Day(day) => day,
            Clock::Naive(local) if self.zone(spec) == Zone::Local => from_local_ms(local).date(),
            Clock::Instant(at) | Clock::Naive(at) if at.rem_euclid(DAY_MS) == 0 => from_local_ms(at).date(),
            Clock::Instant(at) | Clock::Naive(at) => self.offset_and_day(at).1,
        }
    }

    /// Dates the values of a row. The error says why a row is none of this archive's.
    pub(crate) fn place(
        &mut self,
        spec: &Spec,
        row: &Row<'_>,
        mut put: impl FnMut(Placed),
    ) -> Result<(), &'static str> {
        let (at, offset, day) = match spec.grain {
            Grain::Day => {
                let day = self.day(spec, row.clock);
                (local_ms(day.at(0, 0, 0, 0)), 0, day)
            }
            Grain::Minute | Grain::Session => self.sample(spec, row.clock),
        };
        if at < EARLIEST {
            return Err("before there were devices");
        }
        if day > self.last_day || spec.grain == Grain::Minute && at > self.facts.exported_at.0 + DAY_MS {
            return Err("after the export");
        }
        let mut is_outside = false;
        for (column, value) in spec.columns.iter().zip(row.values) {
            let Some(value) = value else { continue };
            let value = self.weighed(spec.family, column.metric, value, row.is_high_zone);
            match column.metric.is_valid(value) {
                true => put(Placed { metric: column.metric, day, at, offset, value }),
                false => is_outside = true,
            }
        }
        if is_outside { Err("beyond what a body can do") } else { Ok(()) }
    }

    fn weighed(&self, family: Family, metric: Metric, value: f64, is_high_zone: bool) -> f64 {
        match family {
            Family::ZoneMinutesFolder if self.facts.raw_zone_minutes && is_high_zone => value * 2.0,
            Family::WeightJson if self.facts.weight_in_kilograms && metric == Metric::Weight => {
                // The table took it for pounds.
                value / 0.453_592_37
            }
            _ => value,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::{civil::date, tz::TimeZone};

    use super::*;

    fn facts() -> Facts {
        Facts {
            timeline: OffsetTimeline::of_zone(TimeZone::get("Asia/Tokyo").unwrap()),
            zones: HashMap::new(),
            exported_at: EpochMs(local_ms(date(2026, 3, 10).at(12, 0, 0, 0))),
            raw_zone_minutes: false,
            weight_in_kilograms: false,
        }
    }

    fn place(family: Family, clock: Clock, value: f64) -> Result<Vec<Placed>, &'static str> {
        let facts = facts();
        let row = Row { clock, values: [Some(value), None, None], source: "", is_high_zone: false };
        let mut placed = Vec::new();
        Lens::new(&facts).place(family.spec(), &row, |value| placed.push(value)).map(|()| placed)
    }

    fn ms(day: i8, hour: i8) -> i64 {
        local_ms(date(2026, 3, day).at(hour, 0, 0, 0))
    }

    #[test]
    fn each_kind_goes_by_its_own_clock() {
        let evening = place(Family::StepsCsv, Clock::Instant(ms(1, 20)), 7.0).unwrap()[0];
        assert_eq!((evening.day, evening.offset, evening.at), (date(2026, 3, 2), 32_400, ms(1, 20)));
        let assumed_utc = place(Family::StepsJson, Clock::Naive(ms(1, 20)), 7.0).unwrap()[0];
        assert_eq!((assumed_utc.day, assumed_utc.at), (date(2026, 3, 2), ms(1, 20)));
        let assumed_local = place(Family::CaloriesJson, Clock::Naive(ms(1, 20)), 7.0).unwrap()[0];
        assert_eq!((assumed_local.day, assumed_local.at), (date(2026, 3, 1), ms(1, 11)));
    }

    #[test]
    fn stamps_of_days_are_labels_unless_they_are_instants() {
        let day = |clock| place(Family::DailyRestingCsv, clock, 60.0).unwrap()[0].day;
        assert_eq!(day(Clock::Instant(ms(2, 0))), date(2026, 3, 2));
        assert_eq!(day(Clock::Instant(ms(1, 15))), date(2026, 3, 2), "local midnight written in UTC");
        assert_eq!(day(Clock::Naive(ms(2, 0))), date(2026, 3, 2));
        assert_eq!(day(Clock::Day(date(2026, 3, 2))), date(2026, 3, 2));
    }

    #[test]
    fn padding_and_faults_are_left_out_by_name() {
        assert_eq!(place(Family::StepsCsv, Clock::Instant(ms(12, 0)), 7.0), Err("after the export"));
        assert_eq!(place(Family::SedentaryJson, Clock::Naive(ms(13, 0)), 1440.0), Err("after the export"));
        assert_eq!(place(Family::StepsCsv, Clock::Instant(0), 7.0), Err("before there were devices"));
        let heart = place(Family::HeartRateCsv, Clock::Instant(ms(1, 0)), 600.0);
        assert_eq!(heart, Err("beyond what a body can do"));
    }
}
