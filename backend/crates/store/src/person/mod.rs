//! Reads of one person's data. [`crate::Store::person`] is the only way to a [`Person`], and it asks who looks: not
//! yours is the same as not there.

mod analysis;
mod blocks;
mod cohort;
mod coverage;
mod daily;
mod exercise;
mod raw;
mod series;
mod sleep;
mod summary;
mod tally;
mod versions;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    account::Viewer,
    id::{DeviceId, LinkId, StreamId, UserId},
    timeline::OffsetTimeline,
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use crate::{
    LinkedAccount, Store, StoreError, User,
    entity::{device, stream},
    ingest::device::timeline_of,
};

pub use analysis::{DayValues, Profile};
pub(crate) use blocks::digest_of;
pub use blocks::{DaySummary, SampleRange, StoredDay, UnreadableDay};
pub use coverage::CoverageDay;
pub use daily::DailySeries;
pub use exercise::Exercise;
pub use raw::{RawBody, RawDocumentMeta};
pub use series::{SeriesBuckets, resolution_for};
pub use sleep::SleepSession;
pub use summary::PersonSummary;
pub use tally::DayTally;
pub(crate) use tally::count_again;
pub use versions::DayVersion;

/// One person's data, as somebody who may see it reads it.
#[derive(Debug, Clone)]
pub struct Person {
    store: Store,
    user: User,
    timeline: OffsetTimeline,
}

/// A device.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Device {
    /// Id.
    pub id: DeviceId,
    /// The linked account that names it.
    pub link_id: LinkId,
    /// Model.
    pub model: String,
    /// Whether it is worn.
    pub is_tracker: bool,
    /// Its last sync.
    pub last_sync_at: Option<EpochMs>,
    /// Battery in percent.
    pub battery_percent: Option<i32>,
}

impl Store {
    /// The person with this id, if `viewer` may see them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn person(&self, viewer: &Viewer, id: UserId) -> Result<Option<Person>, StoreError> {
        if !viewer.may_see(id) {
            return Ok(None);
        }
        let Some(user) = self.user(id).await? else { return Ok(None) };
        let timeline = timeline_of(self.reader(), id).await?;
        Ok(Some(Person { store: self.clone(), user, timeline }))
    }
}

impl Person {
    /// The user row.
    #[must_use]
    pub fn user(&self) -> &User {
        &self.user
    }

    /// The person's offsets over time.
    #[must_use]
    pub fn timeline(&self) -> &OffsetTimeline {
        &self.timeline
    }

    /// First instant of a civil day and of the one after it.
    #[must_use]
    pub fn day_bounds(&self, day: Date) -> (EpochMs, EpochMs) {
        self.timeline.day_bounds(day)
    }

    /// The person's civil day at `now`.
    #[must_use]
    pub fn today(&self, now: EpochMs) -> Date {
        self.timeline.day_at(now)
    }

    /// The person's linked accounts, oldest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn links(&self) -> Result<Vec<LinkedAccount>, StoreError> {
        self.store.links_of(self.user.id).await
    }

    /// The person's devices, the last seen first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn devices(&self) -> Result<Vec<Device>, StoreError> {
        let rows = device::Entity::find()
            .filter(device::Column::UserId.eq(self.user.id.0))
            .order_by_desc(device::Column::LastSyncAt)
            .all(self.store.reader())
            .await?;
        let device = |row: device::Model| Device {
            id: DeviceId(row.id),
            link_id: LinkId(row.link_id),
            model: row.model,
            is_tracker: row.is_tracker,
            last_sync_at: row.last_sync_at.map(EpochMs),
            battery_percent: row.battery_percent,
        };
        Ok(rows.into_iter().map(device).collect())
    }

    /// Whether a stream belongs to the person.
    ///
    /// # Errors
    /// The database's own.
    pub async fn has_stream(&self, id: StreamId) -> Result<bool, StoreError> {
        Ok(stream::Entity::find_by_id((self.user.id.0, id.0)).one(self.store.reader()).await?.is_some())
    }
}
