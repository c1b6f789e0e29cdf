//! Columns of samples: filled in the order of the answer, finished in the order of time.

use pulsekeep_core::{
    EpochMs, Metric,
    metric::Aggregation,
    observation::{Parsed, SampleBatch, SampleTimes, SampleValues},
};

use crate::json::Warnings;

/// Why `number` cannot be one of `metric`.
pub(crate) fn fault(metric: Metric, number: f64) -> Option<&'static str> {
    match number {
        n if n.is_nan() => Some("not_a_number"),
        n if !metric.is_valid(n) => Some("out_of_range"),
        _ => None,
    }
}

/// Samples with `N` values each.
#[derive(Debug)]
pub(crate) struct Columns<const N: usize> {
    at: Vec<i64>,
    values: [Vec<f64>; N],
    offsets: Vec<(usize, i32)>,
    rising: bool,
    falling: bool,
}

impl<const N: usize> Default for Columns<N> {
    fn default() -> Self {
        Self {
            at: Vec::new(),
            values: [const { Vec::new() }; N],
            offsets: Vec::new(),
            rising: true,
            falling: true,
        }
    }
}

impl<const N: usize> Columns<N> {
    /// Adds a sample. Without an offset, that of the sample before is taken to hold on.
    pub(crate) fn push(&mut self, at: i64, values: [f64; N], offset: Option<i32>) {
        if let Some(&last) = self.at.last() {
            self.rising &= last < at;
            self.falling &= at < last;
        }
        if let Some(offset) = offset
            && self.offsets.last().is_none_or(|&(_, last)| last != offset)
        {
            self.offsets.push((self.at.len(), offset));
        }
        self.at.push(at);
        for (column, value) in self.values.iter_mut().zip(values) {
            column.push(value);
        }
    }

    /// The columns in rising order of time without repeats. Repeated instants of a sum are added up; of others the
    /// last one stays, and `repeated` is called.
    pub(crate) fn finish(mut self, aggregation: Aggregation, mut repeated: impl FnMut()) -> Self {
        if self.rising {
            return self;
        }
        if self.falling {
            self.reverse();
            return self;
        }
        let mut order: Vec<usize> = (0..self.at.len()).collect();
        order.sort_by_key(|&i| self.at[i]);
        let mut sorted = Self::default();
        for i in order {
            let values = std::array::from_fn(|n| self.values[n][i]);
            if sorted.at.last() == Some(&self.at[i]) {
                for (column, value) in sorted.values.iter_mut().zip(values) {
                    let last = column.len() - 1;
                    match aggregation {
                        Aggregation::Sum => column[last] += value,
                        Aggregation::Mean | Aggregation::Last => column[last] = value,
                    }
                }
                if aggregation != Aggregation::Sum {
                    repeated();
                }
                continue;
            }
            sorted.push(self.at[i], values, self.offset_of(i));
        }
        sorted
    }

    /// Newest first, as Google lists points, into the order of time.
    fn reverse(&mut self) {
        let count = self.at.len();
        self.at.reverse();
        for column in &mut self.values {
            column.reverse();
        }
        let ends: Vec<usize> = self.offsets.iter().skip(1).map(|run| run.0).chain([count]).collect();
        let runs = self.offsets.iter().zip(ends).rev();
        self.offsets = runs.map(|(&(_, offset), end)| (count - end, offset)).collect();
        (self.rising, self.falling) = (true, false);
    }

    fn reserve(&mut self, samples: usize) {
        self.at.reserve_exact(samples);
        for column in &mut self.values {
            column.reserve_exact(samples);
        }
    }

    /// Gives back the room that was kept for more samples.
    fn shrink(&mut self) {
        self.at.shrink_to_fit();
        for column in &mut self.values {
            column.shrink_to_fit();
        }
    }

    /// Adds samples that are all later than those here and have offsets if these have.
    fn append(&mut self, later: Self) {
        let before = self.at.len();
        self.at.extend(later.at);
        for (column, more) in self.values.iter_mut().zip(later.values) {
            column.extend(more);
        }
        for (index, offset) in later.offsets {
            if self.offsets.last().is_none_or(|&(_, last)| last != offset) {
                self.offsets.push((before + index, offset));
            }
        }
    }

    fn offset_of(&self, index: usize) -> Option<i32> {
        match self.offsets.partition_point(|&(from, _)| from <= index) {
            0 => None,
            n => Some(self.offsets[n - 1].1),
        }
    }

    /// Moves every time by `ms`.
    pub(crate) fn shift(&mut self, ms: i64) {
        for at in &mut self.at {
            *at += ms;
        }
    }

    /// Whether there is no sample.
    pub(crate) fn is_empty(&self) -> bool {
        self.at.is_empty()
    }

    /// Whether every value is zero.
    pub(crate) fn all_zero(&self) -> bool {
        self.values.iter().flatten().all(|&v| v == 0.0)
    }

    fn instants(self) -> (SampleTimes, [Vec<f64>; N]) {
        let at = self.at.into_iter().map(EpochMs).collect();
        (SampleTimes::Instants { at, offsets: self.offsets }, self.values)
    }
}

/// How a batch's times are meant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Times {
    Instants,
    Local,
}

fn batch<const N: usize>(
    metric: Metric,
    interval_ms: i64,
    times: Times,
    columns: Columns<N>,
    values: impl FnOnce([Vec<f64>; N]) -> SampleValues,
) -> Option<SampleBatch> {
    if columns.at.is_empty() {
        return None;
    }
    let mut columns = columns;
    columns.shrink();
    let (times, columns) = match times {
        Times::Instants => columns.instants(),
        Times::Local => (SampleTimes::Local(columns.at), columns.values),
    };
    Some(SampleBatch { metric, interval_ms, times, values: values(columns) })
}

/// The batch of single values; `None` when there is none. A repeated reading is warned of at `place`.
pub(crate) fn single(
    metric: Metric,
    interval_ms: i64,
    times: Times,
    columns: Columns<1>,
    warnings: &mut Warnings,
    place: &str,
) -> Option<SampleBatch> {
    let columns =
        columns.finish(metric.spec().aggregation, || warnings.add("repeated_instant", || place.to_owned()));
    batch(metric, interval_ms, times, columns, |[values]| SampleValues::Single(values))
}

/// The batch of minima, means and maxima; `None` when there is none.
pub(crate) fn triple(
    metric: Metric,
    interval_ms: i64,
    columns: Columns<3>,
    warnings: &mut Warnings,
    place: &str,
) -> Option<SampleBatch> {
    let columns = columns.finish(Aggregation::Last, || warnings.add("repeated_instant", || place.to_owned()));
    let values = |[min, mean, max]: [Vec<f64>; 3]| SampleValues::MinMeanMax { min, mean, max };
    batch(metric, interval_ms, Times::Instants, columns, values)
}

/// Joins the pages of one answer, in their order: batches of a metric become one, with the same rules for repeated
/// instants as within a page; of a repeated day or session the later one stays.
#[must_use]
pub fn merge_pages(pages: Vec<Parsed>) -> Parsed {
    let mut warnings = Warnings::default();
    let mut merged = Parsed::default();
    let mut batches: Vec<SampleBatch> = Vec::new();
    for page in pages {
        merged.warnings.extend(page.warnings);
        merged.daily.extend(page.daily);
        merged.sleep.extend(page.sleep);
        merged.exercises.extend(page.exercises);
        merged.next_page = page.next_page;
        batches.extend(page.samples);
    }
    merged.daily.sort_by_key(|v| (v.metric, v.day));
    merged.daily.reverse();
    merged.daily.dedup_by_key(|v| (v.metric, v.day));
    merged.daily.reverse();
    keep_last(&mut merged.sleep, |s| &s.external_id);
    keep_last(&mut merged.exercises, |e| &e.external_id);
    while !batches.is_empty() {
        let head = kind(&batches[0]);
        let (same, rest) = batches.into_iter().partition(|b| kind(b) == head);
        batches = rest;
        merged.samples.extend(join(same, &mut warnings));
    }
    merged.warnings.extend(warnings.finish());
    merged
}

/// Of sessions with the same id the last one stays.
fn keep_last<T>(sessions: &mut Vec<T>, id: impl Fn(&T) -> &String) {
    let mut seen = std::collections::HashSet::new();
    sessions.reverse();
    sessions.retain(|session| seen.insert(id(session).clone()));
    sessions.reverse();
}

/// What two batches must have alike to be one.
fn kind(batch: &SampleBatch) -> (Metric, i64, bool, bool) {
    let local = matches!(batch.times, SampleTimes::Local(_));
    let triple = matches!(batch.values, SampleValues::MinMeanMax { .. });
    (batch.metric, batch.interval_ms, local, triple)
}

fn join(mut batches: Vec<SampleBatch>, warnings: &mut Warnings) -> Option<SampleBatch> {
    if batches.len() == 1 {
        return batches.pop();
    }
    let (metric, interval_ms, local, is_triple) = kind(batches.first()?);
    let times = if local { Times::Local } else { Times::Instants };
    // All of them have the same kind of values.
    if is_triple {
        let pages = batches.into_iter().filter_map(|batch| match batch.values {
            SampleValues::MinMeanMax { min, mean, max } => Some(columns_of(batch.times, [min, mean, max])),
            SampleValues::Single(_) => None,
        });
        triple(metric, interval_ms, in_row(pages.collect()), warnings, metric.key())
    } else {
        let pages = batches.into_iter().filter_map(|batch| match batch.values {
            SampleValues::Single(values) => Some(columns_of(batch.times, [values])),
            SampleValues::MinMeanMax { .. } => None,
        });
        single(metric, interval_ms, times, in_row(pages.collect()), warnings, metric.key())
    }
}

/// The columns of a batch; its times rise.
fn columns_of<const N: usize>(times: SampleTimes, values: [Vec<f64>; N]) -> Columns<N> {
    let (at, offsets) = match times {
        SampleTimes::Instants { at, offsets } => (at.into_iter().map(|t| t.0).collect(), offsets),
        SampleTimes::Local(at) => (at, Vec::new()),
    };
    let falling = at.len() < 2;
    Columns { at, values, offsets, rising: true, falling }
}

/// The pages of an answer behind one another. As a rule each is wholly before or after the others, and then they are put
/// in the order of time as they are; page after page is given up on the way, so that nothing is held twice.
fn in_row<const N: usize>(mut pages: Vec<Columns<N>>) -> Columns<N> {
    let knows = |page: &Columns<N>| page.offsets.first().is_some_and(|run| run.0 == 0);
    let alike = pages.iter().all(knows) || pages.iter().all(|page| page.offsets.is_empty());
    let mut order: Vec<(i64, i64)> =
        pages.iter().filter_map(|page| Some((*page.at.first()?, *page.at.last()?))).collect();
    order.sort_unstable();
    let mut row = Columns::default();
    row.reserve(pages.iter().map(|page| page.at.len()).sum());
    if alike && order.windows(2).all(|pair| pair[0].1 < pair[1].0) {
        pages.sort_by_key(|page| page.at.first().copied());
        for page in pages {
            row.append(page);
        }
        row.falling = row.at.len() < 2;
        return row;
    }
    for page in pages {
        let mut runs = page.offsets.iter().peekable();
        for (i, &at) in page.at.iter().enumerate() {
            let offset = runs.next_if(|&&(from, _)| from == i).map(|&(_, offset)| offset);
            row.push(at, std::array::from_fn(|n| page.values[n][i]), offset);
        }
    }
    row
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::observation::DailyValue;

    use super::*;

    fn steps(times: &[i64], values: &[f64], offsets: Vec<(usize, i32)>) -> Parsed {
        let at = times.iter().map(|&t| EpochMs(t)).collect();
        let times = SampleTimes::Instants { at, offsets };
        let values = SampleValues::Single(values.to_vec());
        let samples = vec![SampleBatch { metric: Metric::Steps, interval_ms: 60_000, times, values }];
        Parsed { samples, ..Parsed::default() }
    }

    #[test]
    fn unsorted_samples_are_sorted_with_their_offsets() {
        let mut columns = Columns::default();
        columns.push(300, [3.0], Some(3600));
        columns.push(200, [2.0], Some(3600));
        columns.push(100, [1.0], Some(7200));
        let columns = columns.finish(Aggregation::Sum, || panic!("nothing is repeated"));
        assert_eq!(columns.at, [100, 200, 300]);
        assert_eq!(columns.values, [vec![1.0, 2.0, 3.0]]);
        assert_eq!(columns.offsets, [(0, 7200), (1, 3600)]);
    }

    #[test]
    fn newest_first_is_turned_round_with_its_offsets() {
        let points = [(50, None), (40, Some(3600)), (30, None), (20, Some(7200)), (10, None)];
        let (mut falling, mut sorted) = (Columns::default(), Columns::default());
        for (at, offset) in points {
            falling.push(at, [at as f64], offset);
            sorted.push(at, [at as f64], offset);
        }
        // A sample that is not in order has the others sorted, which gives the same.
        sorted.push(60, [60.0], None);
        let falling = falling.finish(Aggregation::Last, || panic!("nothing is repeated"));
        let sorted = sorted.finish(Aggregation::Last, || panic!("nothing is repeated"));
        assert_eq!(falling.at, [10, 20, 30, 40, 50]);
        assert_eq!(falling.values, [vec![10.0, 20.0, 30.0, 40.0, 50.0]]);
        assert_eq!(falling.offsets, [(0, 7200), (2, 3600)]);
        assert_eq!(sorted.offsets, [(0, 7200), (2, 3600), (5, 7200)]);
    }

    #[test]
    fn pages_newest_first_are_put_in_the_order_of_time() {
        let newest = steps(&[500, 600], &[5.0, 6.0], vec![(0, 3600)]);
        let middle = steps(&[300, 400], &[3.0, 4.0], vec![(0, 3600), (1, 7200)]);
        let oldest = steps(&[100], &[1.0], vec![(0, 3600)]);
        let merged = merge_pages(vec![newest, middle, oldest]);
        let values = [1.0, 3.0, 4.0, 5.0, 6.0];
        let offsets = vec![(0, 3600), (2, 7200), (3, 3600)];
        assert_eq!(merged, steps(&[100, 300, 400, 500, 600], &values, offsets));
    }

    #[test]
    fn pages_are_joined_and_a_split_minute_is_added_up() {
        let first = steps(&[100, 200], &[1.0, 2.0], vec![(0, 3600)]);
        let second = steps(&[200, 300], &[5.0, 3.0], vec![(0, 3600), (1, 7200)]);
        let merged = merge_pages(vec![first, second]);
        assert_eq!(merged, steps(&[100, 200, 300], &[1.0, 7.0, 3.0], vec![(0, 3600), (2, 7200)]));
    }

    #[test]
    fn of_a_day_on_two_pages_the_later_stays() {
        let day = jiff::civil::date(2026, 8, 6);
        let page = |value| Parsed {
            daily: vec![DailyValue { metric: Metric::RestingHeartRate, day, value }],
            ..Parsed::default()
        };
        assert_eq!(merge_pages(vec![page(50.0), page(51.0)]).daily, page(51.0).daily);
    }
}
