//! Replacing samples: those inside the fetched window give way, those outside stay.

use std::collections::{BTreeMap, BTreeSet};

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
struct Window {
    replace: Replace,
    instants: Vec<i64>,
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
            Replace::Instants(start, end) => fresh.retain(|_, block| {
                let inside: Vec<usize> =
                    (0..block.len()).filter(|&i| (start.0..end.0).contains(&block.at[i])).collect();
                if inside.len() < block.len() {
                    *block = block.taken(&inside);
                }
                !block.is_empty()
            }),
        }
        let mut instants: Vec<i64> = fresh.values().flat_map(|block| &block.at).copied().collect();
        instants.sort_unstable();
        let window = Window { replace, instants };
        let stored = self.touched_blocks(user, samples.metric, stream, &window, fresh.keys()).await?;
        let days: BTreeSet<Date> = fresh.keys().chain(stored.keys()).copied().collect();
        let mut with_samples = Vec::new();
        for day in days {
            let outside = match stored.get(&day) {
                // What is replaced as a whole is not read, since it may be what cannot be read: so `reparse` mends it.
                Some(row) if is_whole(row, day, &window) => Some(Block::empty()),
                Some(row) => Some(outside_of(&read_block(row)?, &window)),
                None => None,
            };
            let next = match (outside, fresh.remove(&day)) {
                // A day has one kind of values: where the cadence was changed meanwhile, the newer window's.
                (Some(kept), Some(new)) if !kept.is_empty() => kept.merged(&new).unwrap_or(new),
                (_, Some(new)) => new,
                (Some(kept), None) => kept,
                (None, None) => continue,
            };
            if !next.is_empty() {
                with_samples.push(day);
            }
            self.put_block(user, samples.metric, stream, day, &next, stored.get(&day)).await?;
        }
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
        window: &Window,
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
        let again = window.instants.first().zip(window.instants.last()).map(|(a, b)| overlapping(*a, *b));
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

    async fn put_block(
        &self,
        user: UserId,
        metric: Metric,
        stream: StreamId,
        day: Date,
        block: &Block,
        stored: Option<&sample_block::Model>,
    ) -> Result<(), StoreError> {
        use sample_block::Column as C;
        let key = (user.0, metric.code(), stream.0, day_text(day));
        let Some(summary) = block.summary() else {
            if stored.is_some() {
                sample_block::Entity::delete_by_id(key).exec(self.db()).await?;
            }
            return Ok(());
        };
        let body = block::encode(block);
        if stored.is_some_and(|row| row.body == body) {
            return Ok(());
        }
        let last = block.len() - 1;
        let row = sample_block::Model {
            user_id: key.0,
            metric: key.1,
            stream_id: key.2,
            day: key.3,
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
        };
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
        sample_block::Entity::insert(sample_block::ActiveModel::from(row))
            .on_conflict(on_conflict)
            .exec_without_returning(self.db())
            .await?;
        Ok(())
    }
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

/// Whether the window replaces every sample that the row speaks of.
fn is_whole(row: &sample_block::Model, day: Date, window: &Window) -> bool {
    match window.replace {
        Replace::Days(range) => range.contains(day),
        Replace::Instants(start, end) => row.first_ms >= start.0 && row.last_ms < end.0,
    }
}

/// The part of a stored block that the window does not replace.
fn outside_of(stored: &Block, window: &Window) -> Block {
    let is_inside = |i: usize| match window.replace {
        Replace::Days(range) => range.contains(day_of_sample(stored, i)),
        Replace::Instants(start, end) => (start.0..end.0).contains(&stored.at[i]),
    };
    let comes_again = |i: usize| window.instants.binary_search(&stored.at[i]).is_ok();
    let kept: Vec<usize> = (0..stored.len()).filter(|&i| !is_inside(i) && !comes_again(i)).collect();
    stored.taken(&kept)
}

fn day_of_sample(block: &Block, index: usize) -> Date {
    EpochMs(block.at[index]).civil(block.offset_at(index)).date()
}

/// Each sample to the civil day of its own offset.
fn split_by_day(block: &Block) -> BTreeMap<Date, Block> {
    let mut days: BTreeMap<Date, Vec<usize>> = BTreeMap::new();
    for i in 0..block.len() {
        days.entry(day_of_sample(block, i)).or_default().push(i);
    }
    days.into_iter().map(|(day, indices)| (day, block.taken(&indices))).collect()
}
