//! What people ask of their data: profiles, baselines, totals, regularity, comparisons. Pure functions of values by
//! civil day, or of samples and the person's clock.
//!
//! Two rules hold everywhere. A day without data is left out and counted as such: missing is not zero. And an answer
//! that rests on too few days is none, together with how many it would take.

mod baseline;
mod calendar;
mod clock_hours;
mod compare;
mod profile;
mod regularity;
mod statistics;
mod zones;

pub use baseline::{Baseline, BaselineWindow, baseline};
pub use calendar::{Period, PeriodTotal, WeekStart, totals};
pub use clock_hours::ClockHours;
pub use compare::{Comparison, RangeFigures, compare, figures};
pub use profile::{Cell, HOURS, HourProfile, ProfileBuilder, WEEKDAYS, weekday_index};
pub use regularity::{FEWEST_DAYS, LONGEST_WAKE_MS, Regularity, SleepSpan, regularity};
pub use statistics::{mean, median, quantile, sum};
pub use zones::{ZoneFigures, ZoneSet, zone_figures};
