//! Two ranges of days beside each other.

use super::statistics::{mean, median, sum};

/// One metric over one range.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RangeFigures {
    /// Days asked for.
    pub asked: usize,
    /// Days with data; the others count nowhere.
    pub days: usize,
    /// Sum; `None` without data, and of metrics that do not add up.
    pub total: Option<f64>,
    /// Mean of the days with data.
    pub mean: Option<f64>,
    /// Median of the days with data.
    pub median: Option<f64>,
}

/// One metric over two ranges, `a` being the one that is looked at and `b` what it is compared with.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Comparison {
    /// The range that is looked at.
    pub a: RangeFigures,
    /// What it is compared with.
    pub b: RangeFigures,
    /// Mean of `a` less mean of `b`: a day against a day, so that ranges may differ in length. `None` where either is.
    pub difference: Option<f64>,
    /// The difference as a share of `b`'s mean; `None` where that is zero or negative, as of relative temperatures.
    pub change: Option<f64>,
}

/// The figures of a range. `values` holds a value per day; `None` is no data.
#[must_use]
pub fn figures(values: &[Option<f64>], adds_up: bool) -> RangeFigures {
    let there: Vec<f64> = values.iter().copied().flatten().collect();
    RangeFigures {
        asked: values.len(),
        days: there.len(),
        total: if adds_up { sum(&there) } else { None },
        mean: mean(&there),
        median: median(&there),
    }
}

/// Compares two ranges of one metric.
#[must_use]
pub fn compare(a: &[Option<f64>], b: &[Option<f64>], adds_up: bool) -> Comparison {
    let (a, b) = (figures(a, adds_up), figures(b, adds_up));
    let difference = a.mean.zip(b.mean).map(|(a, b)| a - b);
    let change = difference.zip(b.mean.filter(|mean| *mean > 0.0)).map(|(by, mean)| by / mean);
    Comparison { a, b, difference, change }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn days_are_compared_with_days_and_missing_ones_with_nothing() {
        let found = compare(&[Some(6.0), None, Some(0.0)], &[Some(2.0)], true);
        assert_eq!((found.a.asked, found.a.days, found.a.total), (3, 2, Some(6.0)));
        assert_eq!((found.a.mean, found.a.median), (Some(3.0), Some(3.0)));
        assert_eq!((found.difference, found.change), (Some(1.0), Some(0.5)));
        let nothing = compare(&[None], &[Some(2.0)], true);
        assert_eq!((nothing.a.total, nothing.difference), (None, None));
        let from_zero = compare(&[Some(5.0)], &[Some(0.0)], false);
        assert_eq!((from_zero.difference, from_zero.change, from_zero.a.total), (Some(5.0), None, None));
    }

    proptest! {
        #[test]
        fn a_range_against_itself_differs_by_nothing_and_turned_round_the_sign_turns(
            a in prop::collection::vec(prop::option::of(0i32..1000), 0..40),
            b in prop::collection::vec(prop::option::of(0i32..1000), 0..40),
        ) {
            let values = |v: &[Option<i32>]| v.iter().map(|v| v.map(f64::from)).collect::<Vec<_>>();
            let (a, b) = (values(&a), values(&b));
            let same = compare(&a, &a, true);
            prop_assert!(same.difference.is_none_or(|d| d == 0.0));
            let (there, back) = (compare(&a, &b, true), compare(&b, &a, true));
            prop_assert_eq!(there.difference.map(|d| -d), back.difference);
            prop_assert_eq!(there.a.days, a.iter().flatten().count());
        }
    }
}
