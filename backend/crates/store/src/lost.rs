//! Windows whose workers were lost at them.

use pulsekeep_core::{
    EpochMs,
    job::{FailureCode, WindowState},
};
use sea_orm::{ColumnTrait, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr};

use crate::{StoreError, WindowKey, WriteTx, entity::sync_window, window::this};

impl WriteTx {
    /// Puts a window off that was taken over, and remembers that its worker was lost: windows that were lost together
    /// come back apart, so that the one which kills its worker takes fewer others along. It costs no attempt.
    ///
    /// # Errors
    /// The database's own.
    pub async fn put_lost_window_off(
        &mut self,
        key: WindowKey,
        owner: &str,
        at: EpochMs,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as C;
        sync_window::Entity::update_many()
            .col_expr(C::State, Expr::value(WindowState::Due.key()))
            .col_expr(C::Code, Expr::value(FailureCode::Internal.key()))
            .col_expr(C::NextRunAt, Expr::value(at.0))
            .col_expr(C::LeaseOwner, Expr::value(Option::<String>::None))
            .col_expr(C::LeaseUntil, Expr::value(Option::<i64>::None))
            .col_expr(C::Attempt, Expr::col(C::Attempt).sub(1))
            .filter(this(key))
            .filter(C::State.eq(WindowState::Running.key()))
            .filter(C::LeaseOwner.eq(owner))
            .exec(self.db())
            .await?;
        self.recount_job(key.user, key.job, now);
        Ok(())
    }
}
