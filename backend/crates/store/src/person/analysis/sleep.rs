//! Sleep regularity.

use pulsekeep_core::{
    analysis::{Regularity, SleepSpan, regularity},
    observation::{SleepLevel, SleepStage},
    time::{DayRange, add_days},
};

use crate::{
    StoreError,
    person::{Person, SleepSession},
};

/// Days before and after a range whose sleep tells of the time at its ends: a sleep of the day before, and the time
/// awake after it.
const AROUND: i64 = 2;

impl Person {
    /// The Sleep Regularity Index of some civil days, from the first instant of the first to the last of the last.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] naming the day of a session that does not decode; the database's own.
    pub async fn sleep_regularity(&self, days: DayRange) -> Result<Regularity, StoreError> {
        let around = DayRange { start: add_days(days.start, -AROUND), end: add_days(days.end, AROUND) };
        let sessions = self.sleep(around).await?;
        let spans: Vec<SleepSpan> = sessions.iter().map(span).collect();
        let (from, to) = (self.day_bounds(days.start).0, self.day_bounds(days.end).0);
        Ok(regularity(&spans, from, to))
    }
}

fn span(session: &SleepSession) -> SleepSpan {
    let is_sleep = |stage: &&SleepStage| {
        matches!(stage.level, SleepLevel::Light | SleepLevel::Deep | SleepLevel::Rem | SleepLevel::Asleep)
    };
    let mut asleep: Vec<(i64, i64)> =
        session.stages.iter().filter(is_sleep).map(|stage| (stage.start, stage.end)).collect();
    for awake in &session.short_awakenings {
        asleep = asleep.into_iter().flat_map(|sleep| without(sleep, (awake.start, awake.end))).collect();
    }
    SleepSpan { start: session.start, end: session.end, is_main: session.is_main, asleep }
}

/// What is left of a half-open stretch when another is taken out of it.
fn without((start, end): (i64, i64), (from, to): (i64, i64)) -> impl Iterator<Item = (i64, i64)> {
    let parts =
        if to <= from { [(start, end), (end, end)] } else { [(start, end.min(from)), (start.max(to), end)] };
    parts.into_iter().filter(|(start, end)| start < end)
}

#[cfg(test)]
mod tests {
    use super::without;

    #[test]
    fn an_awakening_is_cut_out() {
        let cut = |awake| without((10, 20), awake).collect::<Vec<_>>();
        assert_eq!(cut((12, 14)), [(10, 12), (14, 20)]);
        assert_eq!(cut((0, 12)), [(12, 20)]);
        assert_eq!(cut((20, 30)), [(10, 20)]);
        assert_eq!(cut((5, 25)), []);
        assert_eq!(cut((15, 15)), [(10, 20)]);
    }
}
