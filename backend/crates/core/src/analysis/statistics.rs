//! Plain statistics of values that are there.

/// The value below which the share `p` (0 to 1) of the values lies, between neighbours in proportion: type 7 of
/// R. J. Hyndman and Y. Fan, "Sample Quantiles in Statistical Packages", The American Statistician 50 (1996) 361–365,
/// which R, NumPy and spreadsheets use. `sorted` rises. `None` of no values.
#[must_use]
pub fn quantile(sorted: &[f64], p: f64) -> Option<f64> {
    let last = sorted.len().checked_sub(1)?;
    #[expect(clippy::cast_precision_loss, reason = "a number of days")]
    let at = p.clamp(0.0, 1.0) * last as f64;
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and `last`")]
    let (low, high) = (at.floor() as usize, at.ceil() as usize);
    let share = at - at.floor();
    Some(sorted[low] + (sorted[high] - sorted[low]) * share)
}

/// The middle value, or the mean of the two in the middle. `None` of no values.
#[must_use]
pub fn median(values: &[f64]) -> Option<f64> {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    quantile(&sorted, 0.5)
}

/// Sum of the values. `None` of no values: nothing is not zero.
#[must_use]
pub fn sum(values: &[f64]) -> Option<f64> {
    (!values.is_empty()).then(|| values.iter().sum())
}

/// Arithmetic mean of the values. `None` of no values.
#[must_use]
pub fn mean(values: &[f64]) -> Option<f64> {
    #[expect(clippy::cast_precision_loss, reason = "a number of days")]
    sum(values).map(|sum| sum / values.len() as f64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quantiles_lie_between_neighbours_in_proportion() {
        let values = [1.0, 2.0, 3.0, 4.0];
        // As `numpy.quantile([1, 2, 3, 4], [0, .1, .5, .9, 1])` gives them.
        for (p, wanted) in [(0.0, 1.0), (0.1, 1.3), (0.5, 2.5), (0.9, 3.7), (1.0, 4.0)] {
            assert!((quantile(&values, p).unwrap() - wanted).abs() < 1e-12, "{p}");
        }
        assert_eq!(quantile(&[], 0.5), None);
        assert_eq!((median(&[3.0, 1.0]), median(&[])), (Some(2.0), None));
        assert_eq!((sum(&[]), sum(&[0.0]), mean(&[0.0, 3.0])), (None, Some(0.0), Some(1.5)));
    }

    proptest! {
        #[test]
        fn a_quantile_lies_among_the_values_and_rises(
            mut values in prop::collection::vec(-1e6..1e6f64, 1..80),
            p in 0.0..1.0f64,
            q in 0.0..1.0f64,
        ) {
            values.sort_by(f64::total_cmp);
            let (low, high) = (quantile(&values, p.min(q)).unwrap(), quantile(&values, p.max(q)).unwrap());
            prop_assert!(low <= high + 1e-9);
            prop_assert!(values[0] <= low && high <= values[values.len() - 1]);
        }
    }
}
