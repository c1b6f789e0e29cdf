//! What providers have told by webhook: notices that wait for a job, and counts of calls.

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    account::{LinkState, ProviderKey, PushState},
    id::{LinkId, UserId},
    time::{DayRange, HOUR_MS},
};
use sea_orm::{
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, OnConflict},
};

use crate::{
    LinkedAccount, Store, StoreError, WriteTx,
    convert::{day_text, range_of},
    entity::{linked_account, push_count, push_notice},
};

/// The sign of life of an account's notifications is written down this often.
const SEEN_EVERY_MS: i64 = HOUR_MS;

/// Something that a provider has told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewNotice {
    /// The provider's id of the person.
    pub account: String,
    /// Google's data type or Fitbit's collection.
    pub subject: String,
    /// What happened.
    pub operation: &'static str,
    /// Which days it names.
    pub days: Option<DayRange>,
}

impl NewNotice {
    fn key(&self) -> (&str, &str, &str, Option<(Date, Date)>) {
        (&self.account, &self.subject, self.operation, self.days.map(|days| (days.start, days.end)))
    }
}

/// What became of something told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum NoticeOutcome {
    /// It waits for a job.
    Stored,
    /// The same waits already.
    Repeated,
    /// Nobody here has that account.
    UnknownAccount,
    /// The account may not be asked at present.
    IdleAccount,
}

/// A notice that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushNotice {
    /// Id.
    pub id: i64,
    /// Whose.
    pub user_id: UserId,
    /// Of which account.
    pub link_id: LinkId,
    /// Google's data type or Fitbit's collection.
    pub subject: String,
    /// What happened.
    pub operation: String,
    /// Which days it names.
    pub days: Option<DayRange>,
    /// When it came.
    pub received_at: EpochMs,
}

/// How many webhook calls came to the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushCount {
    /// Provider.
    pub provider: ProviderKey,
    /// What came of them.
    pub outcome: String,
    /// UTC day.
    pub day: Date,
    /// How many.
    pub calls: i64,
}

impl TryFrom<push_notice::Model> for PushNotice {
    type Error = StoreError;

    fn try_from(row: push_notice::Model) -> Result<Self, StoreError> {
        let days = row.from_day.as_deref().zip(row.to_day.as_deref());
        Ok(Self {
            id: row.id,
            user_id: UserId(row.user_id),
            link_id: LinkId(row.link_id),
            subject: row.subject,
            operation: row.operation,
            days: days.map(|(from, to)| range_of(from, to)).transpose()?,
            received_at: EpochMs(row.received_at),
        })
    }
}

impl Store {
    /// Notices whose time has come, oldest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn due_notices(&self, now: EpochMs, limit: u64) -> Result<Vec<PushNotice>, StoreError> {
        let query = push_notice::Entity::find()
            .filter(push_notice::Column::DueAt.lte(now.0))
            .order_by_asc(push_notice::Column::DueAt)
            .limit(limit);
        query.all(self.reader()).await?.into_iter().map(PushNotice::try_from).collect()
    }

    /// Counts of webhook calls since a UTC day, newest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn push_counts(&self, since: Date) -> Result<Vec<PushCount>, StoreError> {
        let query = push_count::Entity::find()
            .filter(push_count::Column::Day.gte(day_text(since)))
            .order_by_desc(push_count::Column::Day)
            .order_by_asc(push_count::Column::Provider)
            .order_by_asc(push_count::Column::Outcome);
        let rows = query.all(self.reader()).await?;
        let counted = |row: push_count::Model| {
            Ok(PushCount {
                provider: row.provider.parse().map_err(|_| StoreError::Damaged {
                    day: row.day.clone(),
                    what: "a count of an unknown provider".to_owned(),
                })?,
                outcome: row.outcome,
                day: crate::convert::day_of(&row.day)?,
                calls: row.calls,
            })
        };
        rows.into_iter().map(counted).collect()
    }

    /// Accounts of `provider` that may be asked and whose subscription was last seen to work, or to fail, before
    /// `before`, or never.
    ///
    /// # Errors
    /// The database's own.
    pub async fn stale_subscriptions(
        &self,
        provider: ProviderKey,
        before: EpochMs,
        limit: u64,
    ) -> Result<Vec<LinkedAccount>, StoreError> {
        use linked_account::Column as C;
        let stale = Condition::any().add(C::SubscriptionAt.is_null()).add(C::SubscriptionAt.lt(before.0));
        let query = linked_account::Entity::find()
            .filter(C::Provider.eq(provider.key()))
            .filter(C::State.is_in(["active", "expiring"]))
            .filter(stale)
            .order_by_asc(C::Id)
            .limit(limit);
        query.all(self.reader()).await?.into_iter().map(LinkedAccount::try_from).collect()
    }

    /// Ends the belief in notifications of accounts of `provider` that were not heard of since `before`.
    ///
    /// # Errors
    /// The database's own.
    pub async fn forget_silent_push(
        &self,
        provider: ProviderKey,
        before: EpochMs,
    ) -> Result<u64, StoreError> {
        use linked_account::Column as C;
        let tx = self.write().await?;
        let ended = linked_account::Entity::update_many()
            .col_expr(C::Subscription, Expr::value(PushState::None.key()))
            .filter(C::Provider.eq(provider.key()))
            .filter(C::Subscription.eq(PushState::Active.key()))
            .filter(C::SubscriptionAt.lt(before.0))
            .exec(tx.db())
            .await?;
        tx.commit().await?;
        Ok(ended.rows_affected)
    }
}

impl WriteTx {
    /// Stores what `provider` has told, to be taken up at `due_at`; one outcome for each, in their order. That an
    /// account was heard of is noted as well, once an hour.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_notices(
        &self,
        provider: ProviderKey,
        told: &[NewNotice],
        due_at: EpochMs,
        now: EpochMs,
    ) -> Result<Vec<NoticeOutcome>, StoreError> {
        let mut accounts: Vec<&str> = told.iter().map(|notice| notice.account.as_str()).collect();
        accounts.sort_unstable();
        accounts.dedup();
        let links = linked_account::Entity::find()
            .filter(linked_account::Column::Provider.eq(provider.key()))
            .filter(linked_account::Column::ProviderUserId.is_in(accounts))
            .all(self.db())
            .await?;
        let mut outcomes = vec![NoticeOutcome::UnknownAccount; told.len()];
        // In one order, so that two calls that tell the same do not wait for each other.
        let mut order: Vec<usize> = (0..told.len()).collect();
        order.sort_by_key(|&at| told[at].key());
        for at in order {
            let Some(link) = links.iter().find(|l| l.provider_user_id == told[at].account) else { continue };
            outcomes[at] = if LinkState::parse(&link.state, link.reason.as_deref()).may_fetch() {
                self.put_notice(link, &told[at], due_at, now).await?
            } else {
                NoticeOutcome::IdleAccount
            };
        }
        for link in &links {
            if link.subscription_at.is_none_or(|at| now.0 - at >= SEEN_EVERY_MS)
                || link.subscription != PushState::Active.key()
            {
                self.set_push_state(UserId(link.user_id), LinkId(link.id), PushState::Active, now).await?;
            }
        }
        Ok(outcomes)
    }

    async fn put_notice(
        &self,
        link: &linked_account::Model,
        new: &NewNotice,
        due_at: EpochMs,
        now: EpochMs,
    ) -> Result<NoticeOutcome, StoreError> {
        let days = new.days.map(|days| (day_text(days.start), day_text(days.end)));
        let (from_day, to_day) = days.unzip();
        let row = push_notice::Model {
            user_id: link.user_id,
            id: self.next_id(now),
            link_id: link.id,
            subject: new.subject.clone(),
            operation: new.operation.to_owned(),
            from_day,
            to_day,
            received_at: now.0,
            due_at: due_at.0,
        };
        let inserted = push_notice::Entity::insert(push_notice::ActiveModel::from(row))
            .on_conflict(OnConflict::new().do_nothing().to_owned())
            .exec_without_returning(self.db())
            .await?;
        Ok(if inserted == 0 { NoticeOutcome::Repeated } else { NoticeOutcome::Stored })
    }

    /// Takes notices away, for a job that this transaction writes; `false` when somebody else has taken one of them:
    /// then this transaction must not be committed.
    ///
    /// # Errors
    /// The database's own.
    pub async fn take_notices(&self, user: UserId, ids: &[i64]) -> Result<bool, StoreError> {
        if ids.is_empty() {
            return Ok(true);
        }
        let taken = push_notice::Entity::delete_many()
            .filter(push_notice::Column::UserId.eq(user.0))
            .filter(push_notice::Column::Id.is_in(ids.iter().copied()))
            .exec(self.db())
            .await?;
        Ok(taken.rows_affected == ids.len() as u64)
    }

    /// Leaves notices for later.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_off_notices(
        &self,
        user: UserId,
        ids: &[i64],
        due_at: EpochMs,
    ) -> Result<(), StoreError> {
        push_notice::Entity::update_many()
            .col_expr(push_notice::Column::DueAt, Expr::value(due_at.0))
            .filter(push_notice::Column::UserId.eq(user.0))
            .filter(push_notice::Column::Id.is_in(ids.iter().copied()))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Notes whether an account's notifications come.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_push_state(
        &self,
        user: UserId,
        link: LinkId,
        state: PushState,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use linked_account::Column as C;
        linked_account::Entity::update_many()
            .col_expr(C::Subscription, Expr::value(state.key()))
            .col_expr(C::SubscriptionAt, Expr::value(now.0))
            .filter(C::UserId.eq(user.0))
            .filter(C::Id.eq(link.0))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Adds to the count of webhook calls of a UTC day that came to the same.
    ///
    /// # Errors
    /// The database's own.
    pub async fn count_push(
        &self,
        provider: ProviderKey,
        outcome: &str,
        day: Date,
        calls: i64,
    ) -> Result<(), StoreError> {
        use push_count::Column as C;
        let row = push_count::Model {
            provider: provider.key().to_owned(),
            outcome: outcome.to_owned(),
            day: day_text(day),
            calls,
        };
        let add = Expr::col((push_count::Entity, C::Calls)).add(calls);
        push_count::Entity::insert(push_count::ActiveModel::from(row))
            .on_conflict(
                OnConflict::columns([C::Provider, C::Outcome, C::Day]).value(C::Calls, add).to_owned(),
            )
            .exec_without_returning(self.db())
            .await?;
        Ok(())
    }
}
