//! People and operators, and the audit trail of what admins do.

use pulsekeep_core::{EpochMs, account::Role, id::UserId};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::{Expr, Func, LikeExpr},
};

use crate::{
    Store, StoreError,
    database::plus,
    entity::{app_user, audit_event},
};

/// A person or an operator.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct User {
    /// Id.
    pub id: UserId,
    /// E-mail address, in lower case.
    pub email: String,
    /// Name shown.
    pub display_name: String,
    /// Unique code of letters, digits, `_` and `-`, for the command line, searches and exports.
    pub code: String,
    /// Role.
    pub role: Role,
    /// IANA time zone of the profile.
    pub time_zone: String,
    /// Argon2id hash; `None` until the person has signed up.
    pub password_hash: Option<String>,
    /// Web sessions of an earlier epoch are void.
    pub session_epoch: i64,
    /// When the user was made.
    pub created_at: EpochMs,
}

/// A user to be made.
#[derive(Debug, Clone)]
pub struct NewUser {
    /// E-mail address; stored in lower case.
    pub email: String,
    /// Name shown.
    pub display_name: String,
    /// Code, or `None` to have one made.
    pub code: Option<String>,
    /// Role.
    pub role: Role,
    /// IANA time zone.
    pub time_zone: String,
}

/// What came of making a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CreateUser {
    /// Made.
    Created(User),
    /// The address is in use.
    EmailTaken,
    /// The code is in use.
    CodeTaken,
}

/// Which users, in the order of their ids.
#[derive(Debug, Clone, Default)]
pub struct UserFilter {
    /// Part of the name, address or code, in any case.
    pub search: Option<String>,
    /// Those after this one.
    pub after: Option<UserId>,
    /// At most so many.
    pub limit: u64,
}

/// Something an admin did, or an export.
#[derive(Debug, Clone)]
pub struct AuditEvent {
    /// Who; `None` for the command line and the system.
    pub actor: Option<UserId>,
    /// What, for example `user.create`.
    pub action: &'static str,
    /// To what: an id, never an address or a value.
    pub subject: String,
}

impl From<app_user::Model> for User {
    fn from(row: app_user::Model) -> Self {
        Self {
            id: UserId(row.id),
            email: row.email,
            display_name: row.display_name,
            code: row.code,
            // A role of a later version is the lesser one.
            role: row.role.parse().unwrap_or(Role::Member),
            time_zone: row.time_zone,
            password_hash: row.password_hash,
            session_epoch: row.session_epoch,
            created_at: EpochMs(row.created_at),
        }
    }
}

impl Store {
    /// Makes a user.
    ///
    /// # Errors
    /// The database's own; a taken address or code is an outcome.
    pub async fn create_user(&self, new: NewUser, now: EpochMs) -> Result<CreateUser, StoreError> {
        let email = new.email.trim().to_lowercase();
        match self.insert_user(new, now).await {
            // Somebody else was faster, on PostgreSQL.
            Err(StoreError::Conflict) if self.user_by_email(&email).await?.is_some() => {
                Ok(CreateUser::EmailTaken)
            }
            Err(StoreError::Conflict) => Ok(CreateUser::CodeTaken),
            outcome => outcome,
        }
    }

    async fn insert_user(&self, new: NewUser, now: EpochMs) -> Result<CreateUser, StoreError> {
        let tx = self.write().await?;
        let id = tx.next_id(now);
        let email = new.email.trim().to_lowercase();
        let code = new.code.unwrap_or_else(|| format!("p{}", &UserId(id).to_string()[9..]));
        let taken = |column: app_user::Column, value: &str| {
            app_user::Entity::find().filter(column.eq(value.to_owned())).one(tx.db())
        };
        if taken(app_user::Column::Email, &email).await?.is_some() {
            return Ok(CreateUser::EmailTaken);
        }
        if taken(app_user::Column::Code, &code).await?.is_some() {
            return Ok(CreateUser::CodeTaken);
        }
        let row = app_user::Model {
            id,
            email,
            display_name: new.display_name,
            code,
            role: new.role.key().to_owned(),
            time_zone: new.time_zone,
            password_hash: None,
            session_epoch: 0,
            created_at: now.0,
        };
        app_user::Entity::insert(app_user::ActiveModel::from(row.clone()))
            .exec_without_returning(tx.db())
            .await?;
        tx.commit().await?;
        Ok(CreateUser::Created(row.into()))
    }

    /// The user with this id.
    ///
    /// # Errors
    /// The database's own.
    pub async fn user(&self, id: UserId) -> Result<Option<User>, StoreError> {
        Ok(app_user::Entity::find_by_id(id.0).one(self.reader()).await?.map(User::from))
    }

    /// The user with this e-mail address, in any case.
    ///
    /// # Errors
    /// The database's own.
    pub async fn user_by_email(&self, email: &str) -> Result<Option<User>, StoreError> {
        let email = email.trim().to_lowercase();
        let query = app_user::Entity::find().filter(app_user::Column::Email.eq(email));
        Ok(query.one(self.reader()).await?.map(User::from))
    }

    /// The user with this e-mail address or code.
    ///
    /// # Errors
    /// The database's own.
    pub async fn user_by_email_or_code(&self, word: &str) -> Result<Option<User>, StoreError> {
        if let Some(user) = self.user_by_email(word).await? {
            return Ok(Some(user));
        }
        let query = app_user::Entity::find().filter(app_user::Column::Code.eq(word));
        Ok(query.one(self.reader()).await?.map(User::from))
    }

    /// The users with these codes or ids, in no order; those that are not there are left out.
    ///
    /// # Errors
    /// The database's own.
    pub async fn users_named(&self, codes: &[String], ids: &[UserId]) -> Result<Vec<User>, StoreError> {
        use app_user::Column as C;
        let named = Condition::any()
            .add(C::Code.is_in(codes.iter().cloned()))
            .add(C::Id.is_in(ids.iter().map(|id| id.0)));
        let rows = app_user::Entity::find().filter(named).all(self.reader()).await?;
        Ok(rows.into_iter().map(User::from).collect())
    }

    /// Users in the order of their ids.
    ///
    /// # Errors
    /// The database's own.
    pub async fn users(&self, filter: &UserFilter) -> Result<Vec<User>, StoreError> {
        let mut query = app_user::Entity::find().order_by_asc(app_user::Column::Id).limit(filter.limit);
        if let Some(after) = filter.after {
            query = query.filter(app_user::Column::Id.gt(after.0));
        }
        if let Some(search) = filter.search.as_deref().map(str::trim).filter(|s| !s.is_empty()) {
            let mut pattern = "%".to_owned();
            for letter in search.to_lowercase().chars() {
                if matches!(letter, '%' | '_' | '\\') {
                    pattern.push('\\');
                }
                pattern.push(letter);
            }
            pattern.push('%');
            let like = |column: app_user::Column| {
                Expr::expr(Func::lower(Expr::col(column))).like(LikeExpr::new(&*pattern).escape('\\'))
            };
            query = query.filter(
                Condition::any()
                    .add(like(app_user::Column::Email))
                    .add(like(app_user::Column::DisplayName))
                    .add(like(app_user::Column::Code)),
            );
        }
        Ok(query.all(self.reader()).await?.into_iter().map(User::from).collect())
    }

    /// How many users there are.
    ///
    /// # Errors
    /// The database's own.
    pub async fn has_users(&self) -> Result<bool, StoreError> {
        Ok(app_user::Entity::find().limit(1).one(self.reader()).await?.is_some())
    }

    /// Stores a new password hash and voids the user's web sessions.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_password(&self, id: UserId, hash: &str) -> Result<(), StoreError> {
        let tx = self.write().await?;
        app_user::Entity::update_many()
            .col_expr(app_user::Column::PasswordHash, Expr::value(hash))
            .col_expr(app_user::Column::SessionEpoch, plus(app_user::Column::SessionEpoch, 1))
            .filter(app_user::Column::Id.eq(id.0))
            .exec(tx.db())
            .await?;
        tx.commit().await
    }

    /// Changes the name shown and the profile's time zone.
    ///
    /// # Errors
    /// The database's own.
    pub async fn update_profile(
        &self,
        id: UserId,
        display_name: Option<&str>,
        time_zone: Option<&str>,
    ) -> Result<(), StoreError> {
        let tx = self.write().await?;
        let mut row = app_user::ActiveModel { id: Set(id.0), ..Default::default() };
        if let Some(name) = display_name {
            row.display_name = Set(name.to_owned());
        }
        if let Some(zone) = time_zone {
            row.time_zone = Set(zone.to_owned());
        }
        if display_name.is_some() || time_zone.is_some() {
            app_user::Entity::update(row).exec(tx.db()).await?;
        }
        tx.commit().await
    }

    /// Writes an audit event.
    ///
    /// # Errors
    /// The database's own.
    pub async fn audit(&self, event: AuditEvent, now: EpochMs) -> Result<(), StoreError> {
        let tx = self.write().await?;
        let row = audit_event::Model {
            id: tx.next_id(now),
            at_ms: now.0,
            actor: event.actor.map(|u| u.0),
            action: event.action.to_owned(),
            subject: event.subject,
        };
        audit_event::Entity::insert(audit_event::ActiveModel::from(row))
            .exec_without_returning(tx.db())
            .await?;
        tx.commit().await
    }
}
