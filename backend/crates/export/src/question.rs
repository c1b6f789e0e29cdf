//! What is asked for.

use std::{fmt, str::FromStr};

use pulsekeep_core::{
    Metric,
    account::{UnknownWord, Viewer},
    metric::MetricKind,
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days},
};
use pulsekeep_store::{
    Store, User,
    person::{Person, SampleRange},
};
use sha2::{Digest, Sha256};

use crate::{ExportError, Shape, Table};

/// Days that one question spans at most: a hundred years.
pub const MOST_DAYS: i64 = 36_525;
/// Changes whenever the same samples give other bytes.
const FORMAT: u32 = 1;
/// Days whose versions are read at once.
const VERSIONS_AT_ONCE: i64 = 400;

/// How fine the rows are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resolution {
    /// A row a sample, as stored.
    Raw,
    /// A row for each stretch of so many milliseconds, shorter than a day, by the samples' own clock.
    Stretch(i64),
    /// A row a civil day.
    Day,
}

/// The words of all resolutions.
const WORDS: [(&str, Resolution); 12] = [
    ("raw", Resolution::Raw),
    ("1m", Resolution::Stretch(MINUTE_MS)),
    ("2m", Resolution::Stretch(2 * MINUTE_MS)),
    ("5m", Resolution::Stretch(5 * MINUTE_MS)),
    ("10m", Resolution::Stretch(10 * MINUTE_MS)),
    ("15m", Resolution::Stretch(15 * MINUTE_MS)),
    ("30m", Resolution::Stretch(30 * MINUTE_MS)),
    ("1h", Resolution::Stretch(HOUR_MS)),
    ("3h", Resolution::Stretch(3 * HOUR_MS)),
    ("6h", Resolution::Stretch(6 * HOUR_MS)),
    ("12h", Resolution::Stretch(12 * HOUR_MS)),
    ("1d", Resolution::Day),
];

impl FromStr for Resolution {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        let known = WORDS.iter().find(|(name, _)| *name == word).map(|(_, resolution)| *resolution);
        known.ok_or_else(|| UnknownWord::new("resolution", word, WORDS.iter().map(|(name, _)| *name)))
    }
}

impl fmt::Display for Resolution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let word = WORDS.iter().find(|(_, resolution)| resolution == self).map_or("raw", |(name, _)| *name);
        f.write_str(word)
    }
}

/// How the rows of one metric are made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rows {
    Samples,
    Stretches(i64),
    Days,
}

/// Whose samples, of which metrics and when.
#[derive(Debug, Clone)]
pub struct SeriesQuestion {
    /// Who asks: only what they may see is read.
    pub viewer: Viewer,
    /// Whose, in the order of the answer.
    pub people: Vec<User>,
    /// Of which metrics, in the order of the answer.
    pub metrics: Vec<Metric>,
    /// When. Instants only where every row has one: not with days.
    pub range: SampleRange,
    /// How fine.
    pub resolution: Resolution,
}

impl SeriesQuestion {
    /// The columns of the answer.
    #[must_use]
    pub fn table(&self) -> Table {
        let shape = if self.resolution == Resolution::Raw { Shape::Samples } else { Shape::Levels };
        Table::new(shape, self.people.iter().map(|user| user.code.clone()), &self.metrics)
    }

    /// The first metric whose rows are days.
    #[must_use]
    pub fn first_daily(&self) -> Option<Metric> {
        self.metrics.iter().copied().find(|&metric| self.rows(metric) == Rows::Days)
    }

    pub(crate) fn rows(&self, metric: Metric) -> Rows {
        match (metric.spec().kind, self.resolution) {
            (MetricKind::Daily | MetricKind::Session, _) | (_, Resolution::Day) => Rows::Days,
            (_, Resolution::Raw) => Rows::Samples,
            (_, Resolution::Stretch(ms)) => Rows::Stretches(ms),
        }
    }

    /// The days of the question for which the person can have something of the metric.
    pub(crate) fn days_within(&self, reach: Option<DayRange>) -> DayRange {
        let asked = self.range.days();
        let Some(reach) = reach else { return DayRange { end: asked.start, ..asked } };
        let (start, end) = (asked.start.max(reach.start), asked.end.min(reach.end));
        DayRange { start, end: end.max(start) }
    }

    pub(crate) async fn person(&self, store: &Store, index: usize) -> Result<Option<Person>, ExportError> {
        let Some(user) = self.people.get(index) else { return Ok(None) };
        match store.person(&self.viewer, user.id).await? {
            Some(person) => Ok(Some(person)),
            None => Err(ExportError::Gone),
        }
    }

    /// A digest in hexadecimal over the question and the versions of all that its answer is made of. No block is
    /// decoded for it.
    ///
    /// # Errors
    /// The store's own; a person who has gone.
    pub async fn version(&self, store: &Store) -> Result<String, ExportError> {
        let mut hash = Sha256::new();
        hash.update(format!("{FORMAT} {} {} {:?}", env!("CARGO_PKG_VERSION"), self.resolution, self.range));
        for (index, user) in self.people.iter().enumerate() {
            let Some(person) = self.person(store, index).await? else { break };
            hash.update(format!("\n{} {}", user.id, user.code));
            let reach = person.reach().await?;
            for &metric in &self.metrics {
                hash.update(format!("\n{metric} "));
                let days = self.days_within(reach.get(&metric).copied());
                self.hash_metric(&person, metric, days, &mut hash).await?;
            }
        }
        Ok(hash.finalize().iter().take(16).map(|byte| format!("{byte:02x}")).collect())
    }

    async fn hash_metric(
        &self,
        person: &Person,
        metric: Metric,
        days: DayRange,
        hash: &mut Sha256,
    ) -> Result<(), ExportError> {
        let mut start = days.start;
        while start < days.end {
            let piece = DayRange { start, end: add_days(start, VERSIONS_AT_ONCE).min(days.end) };
            if metric.has_samples() {
                person.hash_versions(metric, self.range, piece, hash).await?;
            }
            if self.rows(metric) == Rows::Days {
                let daily = person.daily(&[metric], piece, None).await?.remove(0);
                for (day, value) in daily.days.iter().zip(&daily.values) {
                    let Some(value) = value else { continue };
                    // The day begins by the person's clock, which may be learnt later.
                    let begins = person.day_bounds(*day).0.0;
                    hash.update(format!("{day} {begins} {:016x} ", value.to_bits()));
                }
            }
            start = piece.end;
        }
        Ok(())
    }

    /// Whether a range is too short to have a sample of anything on purpose.
    #[must_use]
    pub fn is_sub_second(range: SampleRange) -> bool {
        matches!(range, SampleRange::Instants(from, to) if to.0 - from.0 < 1000)
    }

    /// Days that the range spans, at least one.
    #[must_use]
    pub fn span_days(range: SampleRange) -> i64 {
        match range {
            SampleRange::Days(days) => days.len(),
            SampleRange::Instants(from, to) => (to.0.saturating_sub(from.0)) / DAY_MS + 1,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_and_resolutions_are_one_to_one() {
        for (word, resolution) in WORDS {
            assert_eq!(word.parse::<Resolution>().unwrap(), resolution);
            assert_eq!(resolution.to_string(), word);
        }
        let error = "7m".parse::<Resolution>().unwrap_err().to_string();
        assert!(error.contains("5m") && error.contains("raw"), "{error}");
    }
}
