//! People, accounts and budgets by their ids, many in one query: lists show one of each beside every row.

use std::collections::{BTreeMap, HashMap};

use jiff::tz::TimeZone;
use pulsekeep_core::{
    EpochMs,
    account::Viewer,
    id::{LinkId, UserId},
    timeline::{OffsetSpan, OffsetTimeline},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder};

use super::Person;
use crate::{
    BudgetScope, BudgetState, LinkedAccount, Store, StoreError, User,
    entity::{app_user, linked_account, offset_span, rate_budget},
};

impl Store {
    /// The people of these ids whom `viewer` may see, in no order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn people_by_id(&self, viewer: &Viewer, ids: &[UserId]) -> Result<Vec<Person>, StoreError> {
        let ids: Vec<i64> = ids.iter().filter(|id| viewer.may_see(**id)).map(|id| id.0).collect();
        let users = app_user::Entity::find()
            .filter(app_user::Column::Id.is_in(ids.iter().copied()))
            .all(self.reader())
            .await?;
        let spans = offset_span::Entity::find()
            .filter(offset_span::Column::UserId.is_in(ids))
            .order_by_asc(offset_span::Column::UserId)
            .order_by_asc(offset_span::Column::FromMs)
            .all(self.reader())
            .await?;
        let mut offsets: BTreeMap<i64, Vec<OffsetSpan>> = BTreeMap::new();
        for row in spans {
            let span =
                OffsetSpan { from: EpochMs(row.from_ms), to: EpochMs(row.to_ms), offset: row.offset_seconds };
            offsets.entry(row.user_id).or_default().push(span);
        }
        let person = |row: app_user::Model| {
            let zone = TimeZone::get(&row.time_zone).unwrap_or(TimeZone::UTC);
            let timeline = OffsetTimeline::new(zone, offsets.remove(&row.id).unwrap_or_default());
            Person { store: self.clone(), user: User::from(row), timeline }
        };
        Ok(users.into_iter().map(person).collect())
    }

    /// The linked accounts of these ids, in no order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn links_by_id(&self, ids: &[LinkId]) -> Result<Vec<LinkedAccount>, StoreError> {
        let query = linked_account::Entity::find()
            .filter(linked_account::Column::Id.is_in(ids.iter().map(|id| id.0)));
        query.all(self.reader()).await?.into_iter().map(LinkedAccount::try_from).collect()
    }

    /// The budgets of these linked accounts; one that was never used is not among them.
    ///
    /// # Errors
    /// The database's own.
    pub async fn link_budgets(&self, ids: &[LinkId]) -> Result<HashMap<LinkId, BudgetState>, StoreError> {
        let keys: HashMap<String, LinkId> =
            ids.iter().map(|id| (BudgetScope::Link(*id).key(), *id)).collect();
        let rows = rate_budget::Entity::find()
            .filter(rate_budget::Column::Scope.is_in(keys.keys().cloned()))
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().filter_map(|row| Some((*keys.get(&row.scope)?, row.into()))).collect())
    }
}
