//! Making and inviting people, for admins.

use async_graphql::{Context, Enum, InputObject, Object, SimpleObject};
use pulsekeep_core::account;

use super::{
    context::RequestContext as _,
    enums::Role,
    errors::{ApiError, Reply},
    scalars::{DateTime, TimeZone},
    user::UserNode,
};
use crate::people::{self, PersonInput, Refusal};

/// A person to be made.
#[derive(InputObject)]
pub(super) struct CreateUserInput {
    email: String,
    /// The part of the address before the @ when left out.
    display_name: Option<String>,
    #[graphql(default_with = "Role::Member")]
    role: Role,
    /// 1 to 32 letters, digits, - and _; made when left out.
    code: Option<String>,
    /// UTC when left out; learnt from the data later.
    time_zone: Option<TimeZone>,
}

/// A person to be invited; somebody with the address who has not signed up gets a new link.
#[derive(InputObject)]
pub(super) struct InviteUserInput {
    email: String,
    display_name: Option<String>,
    code: Option<String>,
}

/// What came of making a person.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum CreateUserStatus {
    /// Made.
    Created,
    /// The address is in use.
    EmailTaken,
    /// The code is in use.
    CodeTaken,
    /// Not an e-mail address.
    EmailInvalid,
    /// Not a code.
    CodeInvalid,
    /// No such time zone.
    TimeZoneUnknown,
}

/// What came of making a person.
#[derive(SimpleObject)]
pub(super) struct CreateUserPayload {
    status: CreateUserStatus,
    message: Option<String>,
    user: Option<UserNode>,
}

/// What came of inviting a person.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum InviteUserStatus {
    /// Invited.
    Invited,
    /// Not an e-mail address.
    EmailInvalid,
    /// The code is in use.
    CodeTaken,
    /// Not a code.
    CodeInvalid,
    /// The person can sign in.
    AlreadySignedUp,
}

/// What came of inviting a person.
#[derive(SimpleObject)]
pub(super) struct InviteUserPayload {
    status: InviteUserStatus,
    message: Option<String>,
    user: Option<UserNode>,
    /// The link to hand over; shown once.
    url: Option<String>,
    expires_at: Option<DateTime>,
}

impl From<Refusal> for CreateUserPayload {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::EmailInvalid => CreateUserStatus::EmailInvalid,
            Refusal::EmailTaken | Refusal::AlreadySignedUp => CreateUserStatus::EmailTaken,
            Refusal::CodeInvalid => CreateUserStatus::CodeInvalid,
            Refusal::CodeTaken => CreateUserStatus::CodeTaken,
            Refusal::TimeZoneUnknown => CreateUserStatus::TimeZoneUnknown,
        };
        Self { status, message: Some(refusal.to_string()), user: None }
    }
}

impl From<Refusal> for InviteUserPayload {
    fn from(refusal: Refusal) -> Self {
        let status = match refusal {
            Refusal::CodeInvalid => InviteUserStatus::CodeInvalid,
            Refusal::CodeTaken => InviteUserStatus::CodeTaken,
            Refusal::AlreadySignedUp | Refusal::EmailTaken => InviteUserStatus::AlreadySignedUp,
            Refusal::EmailInvalid | Refusal::TimeZoneUnknown => InviteUserStatus::EmailInvalid,
        };
        Self { status, message: Some(refusal.to_string()), user: None, url: None, expires_at: None }
    }
}

/// Mutations on people.
#[derive(Default)]
pub(super) struct PeopleMutation;

#[Object]
impl PeopleMutation {
    /// Makes a person or an operator, who has no password until they follow an invitation. For admins.
    async fn create_user(&self, ctx: &Context<'_>, input: CreateUserInput) -> Reply<CreateUserPayload> {
        let admin = ctx.admin()?;
        let person = PersonInput {
            email: input.email,
            display_name: input.display_name,
            role: input.role.into(),
            code: input.code,
            time_zone: input.time_zone.map(|zone| zone.0),
        };
        Ok(match people::create(&ctx.services()?.store, person, admin.user, ctx.now()?).await? {
            Ok(user) => CreateUserPayload {
                status: CreateUserStatus::Created,
                message: None,
                user: Some(UserNode(user)),
            },
            Err(refusal) => refusal.into(),
        })
    }

    /// Invites a person: gives a link for sign-up and consent, good once and for 7 days. For admins.
    async fn invite_user(&self, ctx: &Context<'_>, input: InviteUserInput) -> Reply<InviteUserPayload> {
        let admin = ctx.admin()?;
        let person = PersonInput {
            email: input.email,
            display_name: input.display_name,
            role: account::Role::Member,
            code: input.code,
            time_zone: None,
        };
        let services = ctx.services()?;
        let invited =
            people::invite(&services.store, &services.public_url, person, admin.user, ctx.now()?).await;
        Ok(match invited.map_err(|error| ApiError::internal(&error))? {
            Ok(invited) => InviteUserPayload {
                status: InviteUserStatus::Invited,
                message: None,
                user: Some(UserNode(invited.user)),
                url: Some(invited.url.into()),
                expires_at: Some(DateTime(invited.expires_at)),
            },
            Err(refusal) => refusal.into(),
        })
    }
}
