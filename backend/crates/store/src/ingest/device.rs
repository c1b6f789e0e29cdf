//! Devices of a linked account, and the offsets that a person's points carry.

use jiff::tz::TimeZone;
use pulsekeep_core::{
    EpochMs,
    id::{LinkId, UserId},
    observation::DeviceRecord,
    timeline::{OffsetSpan, OffsetTimeline},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, sea_query::OnConflict};

use crate::{
    Store, StoreError, WriteTx,
    entity::{app_user, device, offset_span},
};

impl WriteTx {
    /// Replaces the devices of a linked account. `last_sync` gives each device's last sync as an instant.
    ///
    /// # Errors
    /// The database's own.
    pub async fn replace_devices(
        &self,
        user: UserId,
        link: LinkId,
        devices: &[(DeviceRecord, Option<EpochMs>)],
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use device::Column as C;
        let stored = device::Entity::find()
            .filter(C::UserId.eq(user.0))
            .filter(C::LinkId.eq(link.0))
            .all(self.db())
            .await?;
        for gone in
            stored.iter().filter(|old| !devices.iter().any(|(new, _)| new.external_id == old.external_id))
        {
            device::Entity::delete_by_id((gone.user_id, gone.id)).exec(self.db()).await?;
        }
        for (record, last_sync) in devices {
            let known = stored.iter().find(|old| old.external_id == record.external_id);
            let row = device::Model {
                user_id: user.0,
                id: known.map_or_else(|| self.next_id(now), |old| old.id),
                link_id: link.0,
                external_id: record.external_id.clone(),
                model: record.model.clone(),
                is_tracker: record.is_tracker,
                last_sync_at: last_sync.map(|at| at.0),
                battery_percent: record.battery_percent,
            };
            if known == Some(&row) {
                continue;
            }
            device::Entity::insert(device::ActiveModel::from(row))
                .on_conflict(
                    OnConflict::columns([C::UserId, C::LinkId, C::ExternalId])
                        .update_columns([C::Model, C::IsTracker, C::LastSyncAt, C::BatteryPercent])
                        .to_owned(),
                )
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }

    /// The last sync of the account's trackers, the latest of them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn last_device_sync(&self, user: UserId, link: LinkId) -> Result<Option<EpochMs>, StoreError> {
        last_device_sync(self.db(), user, link).await
    }

    /// A person's offset timeline as known inside this transaction.
    ///
    /// # Errors
    /// The database's own.
    pub async fn timeline(&self, user: UserId) -> Result<OffsetTimeline, StoreError> {
        timeline_of(self.db(), user).await
    }

    /// Stores what a timeline has learnt since it was read.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_timeline(
        &self,
        user: UserId,
        timeline: &OffsetTimeline,
        evidence: &str,
    ) -> Result<(), StoreError> {
        let stored = offsets_of(self.db(), user).await?;
        for gone in stored.iter().filter(|span| !timeline.spans().contains(span)) {
            offset_span::Entity::delete_by_id((user.0, gone.from.0)).exec(self.db()).await?;
        }
        for span in timeline.spans().iter().filter(|span| !stored.contains(span)) {
            let row = offset_span::Model {
                user_id: user.0,
                from_ms: span.from.0,
                to_ms: span.to.0,
                offset_seconds: span.offset,
                evidence: evidence.to_owned(),
            };
            offset_span::Entity::insert(offset_span::ActiveModel::from(row))
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }
}

impl Store {
    /// The last sync of the account's trackers, the latest of them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn last_device_sync(&self, user: UserId, link: LinkId) -> Result<Option<EpochMs>, StoreError> {
        last_device_sync(self.reader(), user, link).await
    }

    /// A person's offset timeline.
    ///
    /// # Errors
    /// The database's own.
    pub async fn timeline(&self, user: UserId) -> Result<OffsetTimeline, StoreError> {
        timeline_of(self.reader(), user).await
    }
}

/// A person's timeline: the profile's zone and the offsets learnt.
pub(crate) async fn timeline_of(
    db: &impl sea_orm::ConnectionTrait,
    user: UserId,
) -> Result<OffsetTimeline, StoreError> {
    let row = app_user::Entity::find_by_id(user.0).one(db).await?;
    let zone = row.and_then(|row| TimeZone::get(&row.time_zone).ok()).unwrap_or(TimeZone::UTC);
    Ok(OffsetTimeline::new(zone, offsets_of(db, user).await?))
}

/// The evidence of a person's offsets, in order of time.
async fn offsets_of(db: &impl sea_orm::ConnectionTrait, user: UserId) -> Result<Vec<OffsetSpan>, StoreError> {
    let rows = offset_span::Entity::find()
        .filter(offset_span::Column::UserId.eq(user.0))
        .order_by_asc(offset_span::Column::FromMs)
        .all(db)
        .await?;
    let span = |row: offset_span::Model| OffsetSpan {
        from: EpochMs(row.from_ms),
        to: EpochMs(row.to_ms),
        offset: row.offset_seconds,
    };
    Ok(rows.into_iter().map(span).collect())
}

async fn last_device_sync(
    db: &impl sea_orm::ConnectionTrait,
    user: UserId,
    link: LinkId,
) -> Result<Option<EpochMs>, StoreError> {
    use device::Column as C;
    let row = device::Entity::find()
        .filter(C::UserId.eq(user.0))
        .filter(C::LinkId.eq(link.0))
        .filter(C::IsTracker.eq(true))
        .filter(C::LastSyncAt.is_not_null())
        .order_by_desc(C::LastSyncAt)
        .one(db)
        .await?;
    Ok(row.and_then(|row| row.last_sync_at).map(EpochMs))
}
