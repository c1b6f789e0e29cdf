//! Replacing samples: those inside the fetched window give way, those outside stay.

use std::{
    collections::{BTreeMap, BTreeSet},
    ops::Range,
};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    id::{StreamId, UserId},
    metric::Aggregation,
    time::DayRange,
    timeline::OffsetTimeline,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::OnConflict};

use crate::{
    StoreError, WriteTx,
    block::{self, Block, FORMAT, levels::levels_of, runs_of},
    convert::{day_of, day_text},
    entity::sample_block,
    person::digest_of,
};

/// What a window replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Replace {
    /// Whole civil days: the provider was asked by civil time.
    Days(DayRange),
    /// A half-open range of instants.
    Instants(EpochMs, EpochMs),
}

/// What a fetch covers: its window, and the instants of its samples. A sample that was dated by another offset before
/// lies in another day; it is the same sample all the same.
struct Window<'a> {
    replace: Replace,
    block: &'a Block,
    /// The parts of the block that count, in order.
    parts: Vec<Range<usize>>,
}

impl Window<'_> {
    /// The first and the last instant of the samples.
    fn bounds(&self) -> Option<(i64, i64)> {
        let (first, last) = (self.parts.first()?, self.parts.last()?);
        Some((self.block.at[first.start], self.block.at[last.end - 1]))
    }

    /// Whether there is a sample at this instant.
    fn holds(&self, at: i64) -> bool {
        let Ok(index) = self.block.at.binary_search(&at) else { return false };
        let part = self.parts.partition_point(|part| part.end <= index);
        self.parts.get(part).is_some_and(|part| part.start <= index)
    }
}

/// Samples with instants and offsets resolved.
#[derive(Debug, Clone, PartialEq)]
pub struct ResolvedSamples {
    /// The metric.
    pub metric: Metric,
    /// The samples; each goes to the civil day of its own offset.
    pub block: Block,
}

impl WriteTx {
    /// Replaces the samples of a stream in a window. Returns the days that have samples now, among those touched.
    /// Nothing is written where the content is the same. Of a day that holds minima, means and maxima outside the
    /// window and gets single values in it, or the other way round, the new ones alone stay.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a stored block that has to be merged cannot be read; the database's own.
    pub async fn replace_samples(
        &self,
        user: UserId,
        stream: StreamId,
        samples: &ResolvedSamples,
        replace: Replace,
    ) -> Result<Vec<Date>, StoreError> {
        let mut fresh = split_by_day(&samples.block);
        // An endpoint may answer with a little more than it was asked for; that belongs to another window.
        match replace {
            Replace::Days(range) => fresh.retain(|day, _| range.contains(*day)),
            Replace::Instants(start, end) => {
                let inside = samples.block.within(start.0, end.0);
                fresh.retain(|_, parts| {
                    parts.retain_mut(|part| {
                        *part = part.start.max(inside.start)..part.end.min(inside.end);
                        part.start < part.end
                    });
                    !parts.is_empty()
                });
            }
        }
        let window = Window { replace, block: &samples.block, parts: in_order(&fresh) };
        let stored = self.touched_blocks(user, samples.metric, stream, &window, fresh.keys()).await?;
        let days: BTreeSet<Date> = fresh.keys().chain(stored.keys()).copied().collect();
        let mut with_samples = Vec::new();
        let mut changes = Changes::default();
        for day in days {
            let outside = match stored.get(&day) {
                Some(row) => outside_of(row, day, &window)?,
                None => None,
            };
            let next = match (outside, fresh.get(&day).map(|parts| samples.block.taken_parts(parts))) {
                // A day has one kind of values: where the cadence was changed meanwhile, the newer window's.
                (Some(kept), Some(new)) => kept.merged(&new).unwrap_or(new),
                (None, Some(new)) => new,
                (Some(kept), None) => kept,
                (None, None) => Block::empty(),
            };
            if !next.is_empty() {
                with_samples.push(day);
            }
            changes.put_block((user, samples.metric, stream, day), &next, stored.get(&day));
        }
        self.write_blocks(user, (samples.metric, stream), changes).await?;
        Ok(with_samples)
    }

    /// Dates samples that carry no offset of their own again, after the person's timeline has changed in `changed`
    /// (half-open); those whose civil day is another one now move to its block. Returns the days that they are in.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when a stored block cannot be read; the database's own.
    pub async fn rekey_samples(
        &self,
        user: UserId,
        (stream, metric): (StreamId, Metric),
        changed: (EpochMs, EpochMs),
        timeline: &OffsetTimeline,
    ) -> Result<Vec<Date>, StoreError> {
        use sample_block::Column as C;
        let rows = sample_block::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::Metric.eq(metric.code()))
            .filter(C::StreamId.eq(stream.0))
            .filter(C::FirstMs.lt(changed.1.0))
            .filter(C::LastMs.gte(changed.0.0))
            .all(self.db())
            .await?;
        let mut days = BTreeSet::new();
        for row in rows {
            let mut block = read_block(&row)?;
            // Readings at an instant carry offsets of their own.
            if block.interval_ms == 0 {
                continue;
            }
            let offsets = runs_of(block.at.iter().map(|&at| timeline.offset_at(EpochMs(at))));
            if offsets == block.offsets {
                continue;
            }
            block.offsets = offsets;
            let inside = Replace::Instants(EpochMs(row.first_ms), EpochMs(row.last_ms + 1));
            // Blocks of neighbouring days may interleave (travel): only this block's own instants move.
            let others = self.others_within(&row).await?;
            let block = match others {
                Some(others) => others.merged(&block).unwrap_or(block),
                None => block,
            };
            days.extend(
                self.replace_samples(user, stream, &ResolvedSamples { metric, block }, inside).await?,
            );
        }
        Ok(days.into_iter().collect())
    }

    /// The samples of other days that lie between the first and the last of a block.
    async fn others_within(&self, row: &sample_block::Model) -> Result<Option<Block>, StoreError> {
        use sample_block::Column as C;
        let rows = sample_block::Entity::find()
            .filter(C::UserId.eq(row.user_id))
            .filter(C::Metric.eq(row.metric))
            .filter(C::StreamId.eq(row.stream_id))
            .filter(C::Day.ne(row.day.clone()))
            .filter(C::FirstMs.lte(row.last_ms))
            .filter(C::LastMs.gte(row.first_ms))
            .all(self.db())
            .await?;
        let mut found: Option<Block> = None;
        for row_of_other in rows {
            let block = read_block(&row_of_other)?;
            let inside: Vec<usize> =
                (0..block.len()).filter(|&i| (row.first_ms..=row.last_ms).contains(&block.at[i])).collect();
            let block = block.taken(&inside);
            found = Some(match found {
                Some(known) => known.merged(&block).unwrap_or(known),
                None => block,
            });
        }
        Ok(found)
    }

    async fn touched_blocks(
        &self,
        user: UserId,
        metric: Metric,
        stream: StreamId,
        window: &Window<'_>,
        fresh: impl Iterator<Item = &Date>,
    ) -> Result<BTreeMap<Date, sample_block::Model>, StoreError> {
        use sample_block::Column as C;
        let overlapping =
            |first: i64, last: i64| Condition::all().add(C::FirstMs.lte(last)).add(C::LastMs.gte(first));
        let inside = match window.replace {
            Replace::Days(range) => {
                Condition::all().add(C::Day.gte(day_text(range.start))).add(C::Day.lt(day_text(range.end)))
            }
            Replace::Instants(start, end) => overlapping(start.0, end.0 - 1),
        };
        let again = window.bounds().map(|(first, last)| overlapping(first, last));
        let rows = sample_block::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::Metric.eq(metric.code()))
            .filter(C::StreamId.eq(stream.0))
            .filter(
                Condition::any()
                    .add(inside)
                    .add_option(again)
                    .add(C::Day.is_in(fresh.map(|&day| day_text(day)))),
            )
            .all(self.db())
            .await?;
        rows.into_iter().map(|row| Ok((day_of(&row.day)?, row))).collect()
    }

    /// Writes what has changed, some days in one statement.
    async fn write_blocks(
        &self,
        user: UserId,
        (metric, stream): (Metric, StreamId),
        changes: Changes,
    ) -> Result<(), StoreError> {
        use sample_block::Column as C;
        for days in changes.gone.chunks(CHUNK) {
            sample_block::Entity::delete_many()
                .filter(C::UserId.eq(user.0))
                .filter(C::Metric.eq(metric.code()))
                .filter(C::StreamId.eq(stream.0))
                .filter(C::Day.is_in(days.iter().cloned()))
                .exec(self.db())
                .await?;
        }
        let mut rows = changes.rows.into_iter().map(sample_block::ActiveModel::from).peekable();
        while rows.peek().is_some() {
            let on_conflict = OnConflict::columns([C::UserId, C::Metric, C::StreamId, C::Day])
                .update_columns([
                    C::Format,
                    C::IntervalMs,
                    C::Samples,
                    C::ValueMin,
                    C::ValueMax,
                    C::ValueSum,
                    C::FirstMs,
                    C::LastMs,
                    C::FirstOffset,
                    C::LastOffset,
                    C::Body,
                    C::Levels,
                    C::Digest,
                ])
                .to_owned();
            sample_block::Entity::insert_many(rows.by_ref().take(CHUNK))
                .on_conflict(on_conflict)
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }
}

/// Rows of one statement: far below the 32,766 values that SQLite takes in one.
const CHUNK: usize = 200;

/// Which blocks a window changes.
#[derive(Default)]
struct Changes {
    rows: Vec<sample_block::Model>,
    gone: Vec<String>,
}

impl Changes {
    /// Notes a day's block, unless the same is stored.
    fn put_block(
        &mut self,
        (user, metric, stream, day): (UserId, Metric, StreamId, Date),
        block: &Block,
        stored: Option<&sample_block::Model>,
    ) {
        let Some(summary) = block.summary() else {
            self.gone.extend(stored.map(|row| row.day.clone()));
            return;
        };
        let body = block::encode(block);
        if stored.is_some_and(|row| is_same(row, block, &body)) {
            return;
        }
        let last = block.len() - 1;
        self.rows.push(sample_block::Model {
            user_id: user.0,
            metric: metric.code(),
            stream_id: stream.0,
            day: day_text(day),
            format: FORMAT,
            interval_ms: block.interval_ms,
            samples: i32::try_from(block.len()).unwrap_or(i32::MAX),
            value_min: summary.min,
            value_max: summary.max,
            value_sum: summary.sum,
            first_ms: block.at[0],
            last_ms: block.at[last],
            first_offset: block.offset_at(0),
            last_offset: block.offset_at(last),
            levels: stored_levels(metric, block),
            digest: Some(digest_of(&body)),
            body,
        });
    }
}

/// Whether a stored block has the content of `block`, whose bytes are `body`. Another version of the codec may have given
/// it other bytes.
fn is_same(row: &sample_block::Model, block: &Block, body: &[u8]) -> bool {
    row.body == body || block::decode(&row.body).is_ok_and(|stored| stored == *block)
}

/// The coarser levels that are kept beside a block; `None` where it is no dearer to decode the block.
fn stored_levels(metric: Metric, block: &Block) -> Option<Vec<u8>> {
    let levels = levels_of(block, metric.spec().aggregation != Aggregation::Sum);
    Some(levels).filter(|levels| !levels.is_empty())
}

pub(crate) fn read_block(row: &sample_block::Model) -> Result<Block, StoreError> {
    block::decode(&row.body)
        .map_err(|error| StoreError::Damaged { day: row.day.clone(), what: error.to_string() })
}

/// The part of a day's stored block that the window does not replace; `None` when nothing is left.
fn outside_of(
    row: &sample_block::Model,
    day: Date,
    window: &Window<'_>,
) -> Result<Option<Block>, StoreError> {
    // A block holds the samples of its own day: one that lies in the window as a whole need not be read.
    let is_replaced = match window.replace {
        Replace::Days(range) => range.contains(day),
        Replace::Instants(start, end) => start.0 <= row.first_ms && row.last_ms < end.0,
    };
    if is_replaced {
        return Ok(None);
    }
    let stored = read_block(row)?;
    let is_inside = |at: i64| match window.replace {
        Replace::Days(_) => false,
        Replace::Instants(start, end) => (start.0..end.0).contains(&at),
    };
    let stays = |i: &usize| !is_inside(stored.at[*i]) && !window.holds(stored.at[*i]);
    let kept: Vec<usize> = (0..stored.len()).filter(stays).collect();
    let block = if kept.len() == stored.len() { stored } else { stored.taken(&kept) };
    Ok((!block.is_empty()).then_some(block))
}

/// Each sample to the civil day of its own offset. A day is one part of the block, or several when a journey has torn
/// it.
fn split_by_day(block: &Block) -> BTreeMap<Date, Vec<Range<usize>>> {
    let mut days: BTreeMap<Date, Vec<Range<usize>>> = BTreeMap::new();
    for (day, part) in block.days() {
        days.entry(day).or_default().push(part);
    }
    days
}

/// The parts of all days in the order of time.
fn in_order(days: &BTreeMap<Date, Vec<Range<usize>>>) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = days.values().flatten().cloned().collect();
    parts.sort_unstable_by_key(|part| part.start);
    parts
}
