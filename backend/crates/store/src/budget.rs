//! Rate budgets, shared by all workers through the database.

use std::collections::HashMap;

use pulsekeep_core::{EpochMs, account::ProviderKey, id::LinkId};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::OnConflict};

use crate::{Store, StoreError, WriteTx, entity::rate_budget};

/// Whose budget. Several are locked in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum BudgetScope {
    /// One linked account.
    Link(LinkId),
    /// All accounts of a provider together.
    App(ProviderKey),
}

impl BudgetScope {
    fn key(self) -> String {
        match self {
            Self::Link(link) => link.to_string(),
            Self::App(provider) => format!("app:{provider}"),
        }
    }
}

/// How much of a budget is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BudgetState {
    /// When the current period began.
    pub period_start: EpochMs,
    /// Requests of it that were leased to processes, or used by other clients.
    pub used: i32,
    /// Those of them that were leased so near its end that the provider may count them in the next period.
    pub carried: i32,
    /// Requests that a period allows as the provider says; 0 where it does not.
    pub limit: i32,
    /// Nothing may be asked before this instant.
    pub blocked_until: Option<EpochMs>,
}

impl From<rate_budget::Model> for BudgetState {
    fn from(row: rate_budget::Model) -> Self {
        Self {
            period_start: EpochMs(row.period_start),
            used: row.used,
            carried: row.carried,
            limit: row.request_limit,
            blocked_until: row.blocked_until.map(EpochMs),
        }
    }
}

fn row_of(scope: BudgetScope, state: BudgetState) -> rate_budget::Model {
    rate_budget::Model {
        scope: scope.key(),
        period_start: state.period_start.0,
        used: state.used,
        carried: state.carried,
        request_limit: state.limit,
        blocked_until: state.blocked_until.map(|b| b.0),
    }
}

impl Store {
    /// The state of a budget; a fresh one where nothing was taken yet.
    ///
    /// # Errors
    /// The database's own.
    pub async fn budget(&self, scope: BudgetScope) -> Result<BudgetState, StoreError> {
        let row = rate_budget::Entity::find_by_id(scope.key()).one(self.reader()).await?;
        Ok(row.map(BudgetState::from).unwrap_or_default())
    }

    /// The states of the budgets of linked accounts; a fresh one where nothing was taken yet.
    ///
    /// # Errors
    /// The database's own.
    pub async fn link_budgets(&self, links: &[LinkId]) -> Result<HashMap<LinkId, BudgetState>, StoreError> {
        let by_key: HashMap<String, LinkId> =
            links.iter().map(|&link| (BudgetScope::Link(link).key(), link)).collect();
        let query =
            rate_budget::Entity::find().filter(rate_budget::Column::Scope.is_in(by_key.keys().cloned()));
        let mut states: HashMap<LinkId, BudgetState> =
            links.iter().map(|&link| (link, BudgetState::default())).collect();
        for row in query.all(self.reader()).await? {
            if let Some(&link) = by_key.get(&row.scope) {
                states.insert(link, row.into());
            }
        }
        Ok(states)
    }
}

impl WriteTx {
    /// The state of a budget, read within the transaction that will change it.
    ///
    /// # Errors
    /// The database's own.
    pub async fn budget(&self, scope: BudgetScope) -> Result<BudgetState, StoreError> {
        let query = rate_budget::Entity::find_by_id(scope.key());
        if self.engine() == crate::Engine::Sqlite {
            return Ok(query.one(self.db()).await?.map(BudgetState::from).unwrap_or_default());
        }
        let locked = query.lock_exclusive();
        if let Some(row) = locked.clone().one(self.db()).await? {
            return Ok(row.into());
        }
        // A row that is not there cannot be locked, and two first leases would count as one.
        let fresh = row_of(scope, BudgetState::default());
        rate_budget::Entity::insert(rate_budget::ActiveModel::from(fresh))
            .on_conflict(OnConflict::column(rate_budget::Column::Scope).do_nothing().to_owned())
            .exec_without_returning(self.db())
            .await?;
        Ok(locked.one(self.db()).await?.map(BudgetState::from).unwrap_or_default())
    }

    /// Stores the state of a budget.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_budget(&self, scope: BudgetScope, state: BudgetState) -> Result<(), StoreError> {
        use rate_budget::Column as C;
        let row = row_of(scope, state);
        rate_budget::Entity::insert(rate_budget::ActiveModel::from(row))
            .on_conflict(
                OnConflict::column(C::Scope)
                    .update_columns([C::PeriodStart, C::Used, C::Carried, C::RequestLimit, C::BlockedUntil])
                    .to_owned(),
            )
            .exec_without_returning(self.db())
            .await?;
        Ok(())
    }
}
