//! Streams and the choice among them.

use std::collections::BTreeSet;

use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    id::{LinkId, StreamId, UserId},
};
use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, EntityTrait, ExprTrait, QueryFilter,
    sea_query::{Expr, OnConflict},
};

use jiff::civil::Date;

use crate::{
    StoreError, WriteTx,
    convert::day_text,
    entity::{day_choice, stream},
    tx::each_day,
};

/// The provider's own merged stream.
const MERGED: &str = "merged";

/// Which stream is chosen for a day: the lower goes first. Google merged, Fitbit merged, then imports.
fn precedence(provider: ProviderKey) -> i16 {
    match provider {
        ProviderKey::GoogleHealth => 10,
        ProviderKey::Fitbit => 20,
    }
}

impl WriteTx {
    /// The merged stream of a linked account, made when it is missing.
    ///
    /// # Errors
    /// The database's own.
    pub async fn merged_stream(
        &self,
        user: UserId,
        link: LinkId,
        provider: ProviderKey,
        now: EpochMs,
    ) -> Result<(StreamId, i16), StoreError> {
        if let Some(found) = find_merged(self.db(), user, link).await? {
            return Ok(found);
        }
        // Of two that would make it, the second finds it.
        self.lock_person(user.0).await?;
        if let Some(found) = find_merged(self.db(), user, link).await? {
            return Ok(found);
        }
        let row = stream::Model {
            user_id: user.0,
            id: self.next_id(now),
            link_id: Some(link.0),
            label: MERGED.to_owned(),
            precedence: precedence(provider),
        };
        let made = (StreamId(row.id), row.precedence);
        stream::Entity::insert(stream::ActiveModel::from(row)).exec_without_returning(self.db()).await?;
        Ok(made)
    }

    /// Chooses `stream` for these days of a metric, unless a stream of lower precedence number is chosen already.
    ///
    /// # Errors
    /// The database's own.
    pub async fn choose_stream(
        &self,
        user: UserId,
        metric: Metric,
        days: &[Date],
        (stream, precedence): (StreamId, i16),
    ) -> Result<(), StoreError> {
        use day_choice::Column as C;
        let days: BTreeSet<Date> = days.iter().copied().collect();
        self.recount_days(user, each_day(days.iter().copied()));
        let rows = days.into_iter().map(|day| day_choice::ActiveModel {
            user_id: ActiveValue::Set(user.0),
            metric: ActiveValue::Set(metric.code()),
            day: ActiveValue::Set(day_text(day)),
            stream_id: ActiveValue::Set(stream.0),
            precedence: ActiveValue::Set(precedence),
        });
        let rows: Vec<_> = rows.collect();
        for chunk in rows.chunks(200) {
            let on_conflict = OnConflict::columns([C::UserId, C::Metric, C::Day])
                .update_columns([C::StreamId, C::Precedence])
                .action_and_where(Expr::col((day_choice::Entity, C::Precedence)).gt(precedence))
                .to_owned();
            day_choice::Entity::insert_many(chunk.to_vec())
                .on_conflict(on_conflict)
                .exec_without_returning(self.db())
                .await?;
        }
        Ok(())
    }
}

/// The merged stream of a linked account and its precedence.
pub(super) async fn find_merged(
    db: &impl ConnectionTrait,
    user: UserId,
    link: LinkId,
) -> Result<Option<(StreamId, i16)>, StoreError> {
    let found = stream::Entity::find()
        .filter(stream::Column::UserId.eq(user.0))
        .filter(stream::Column::LinkId.eq(link.0))
        .filter(stream::Column::Label.eq(MERGED))
        .one(db)
        .await?;
    Ok(found.map(|row| (StreamId(row.id), row.precedence)))
}
