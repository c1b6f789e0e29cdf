//! What is usual for a person: median and 10–90 % band of the days before.

use super::statistics::quantile;

/// Days that a baseline looks back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum BaselineWindow {
    /// A week.
    Days7,
    /// A month.
    Days30,
    /// Two months.
    Days60,
}

impl BaselineWindow {
    /// All windows, the shortest first.
    pub const ALL: [Self; 3] = [Self::Days7, Self::Days30, Self::Days60];

    /// The window of so many days.
    #[must_use]
    pub fn of_days(days: i64) -> Option<Self> {
        Self::ALL.into_iter().find(|window| i64::try_from(window.days()) == Ok(days))
    }

    /// How many days.
    #[must_use]
    pub fn days(self) -> usize {
        match self {
            Self::Days7 => 7,
            Self::Days30 => 30,
            Self::Days60 => 60,
        }
    }

    /// Days with data below which nothing is called usual: 4 of 7, 10 of 30, 14 of 60.
    #[must_use]
    pub fn fewest(self) -> usize {
        match self {
            Self::Days7 => 4,
            Self::Days30 => 10,
            Self::Days60 => 14,
        }
    }
}

/// What was usual before each of some days, in columns.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Baseline {
    /// Medians.
    pub median: Vec<Option<f64>>,
    /// 10 % quantiles.
    pub low: Vec<Option<f64>>,
    /// 90 % quantiles.
    pub high: Vec<Option<f64>>,
    /// Days with data that each rests on.
    pub days: Vec<usize>,
}

/// The baseline of each day of `history` from index `window.days()` on: median, 10 % and 90 % quantile (type 7, see
/// [`quantile`]) of the values of the `window.days()` days before it, the day itself not among them. `history` holds a
/// value per civil day without a hole in the calendar; `None` is no data. A day before which fewer than
/// [`BaselineWindow::fewest`] days have data has no baseline.
#[must_use]
pub fn baseline(history: &[Option<f64>], window: BaselineWindow) -> Baseline {
    let length = window.days();
    let mut answer = Baseline::default();
    // The window's values, sorted: a day comes in, another goes.
    let mut sorted: Vec<f64> = Vec::with_capacity(length);
    let place = |sorted: &[f64], value: f64| sorted.partition_point(|v| v.total_cmp(&value).is_lt());
    for day in 0..history.len() {
        if day >= length {
            let known = sorted.len() >= window.fewest();
            let at = |p| if known { quantile(&sorted, p) } else { None };
            answer.median.push(at(0.5));
            answer.low.push(at(0.1));
            answer.high.push(at(0.9));
            answer.days.push(sorted.len());
            if let Some(gone) = history[day - length] {
                sorted.remove(place(&sorted, gone));
            }
        }
        if let Some(value) = history[day] {
            sorted.insert(place(&sorted, value), value);
        }
    }
    answer
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_day_is_not_part_of_its_own_baseline_and_missing_is_not_zero() {
        let mut history = vec![None; 7];
        history[0] = Some(1.0);
        history[2] = Some(2.0);
        history[4] = Some(3.0);
        history.extend([Some(99.0), Some(0.0)]);
        let few = baseline(&history, BaselineWindow::Days7);
        assert_eq!((few.median, few.days), (vec![None, None], vec![3, 3]));
        history[6] = Some(4.0);
        let found = baseline(&history, BaselineWindow::Days7);
        assert_eq!(found.median, [Some(2.5), Some(3.5)]);
        assert_eq!(found.days, [4, 4]);
        assert!((found.low[0].unwrap() - 1.3).abs() < 1e-12 && (found.high[0].unwrap() - 3.7).abs() < 1e-12);
    }

    fn histories() -> impl Strategy<Value = Vec<Option<f64>>> {
        let value = prop_oneof![Just(None), Just(Some(0.0)), (-50i32..50).prop_map(|v| Some(f64::from(v)))];
        prop::collection::vec(value, 0..200)
    }

    proptest! {
        #[test]
        fn a_moving_window_gives_what_each_window_by_itself_gives(history in histories(), which in 0usize..3) {
            let window = BaselineWindow::ALL[which];
            let found = baseline(&history, window);
            prop_assert_eq!(found.median.len(), history.len().saturating_sub(window.days()));
            for (i, day) in (window.days()..history.len()).enumerate() {
                let mut before: Vec<f64> = history[day - window.days()..day].iter().copied().flatten().collect();
                before.sort_by(f64::total_cmp);
                prop_assert_eq!(found.days[i], before.len());
                let wanted = |p| if before.len() >= window.fewest() { quantile(&before, p) } else { None };
                prop_assert_eq!(found.median[i], wanted(0.5));
                prop_assert_eq!(found.low[i], wanted(0.1));
                prop_assert_eq!(found.high[i], wanted(0.9));
            }
        }
    }

    #[test]
    fn windows_are_told_by_their_days() {
        assert_eq!(
            [7, 30, 60, 14].map(BaselineWindow::of_days),
            [Some(BaselineWindow::Days7), Some(BaselineWindow::Days30), Some(BaselineWindow::Days60), None]
        );
    }
}
