//! Sign-in, sign-out, sign-up, profile.

use async_graphql::{Context, Enum, Object, SimpleObject};
use pulsekeep_store::User;

use super::{
    context::RequestContext as _,
    errors::{ApiError, Reply},
    invitation,
    scalars::{TimeZone, is_time_zone},
    user::UserNode,
    viewer::ViewerNode,
};
use crate::{auth::PasswordError, http::Credential};

/// Longest name shown.
pub(super) const LONGEST_NAME: usize = 120;

/// What came of a sign-in.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum SignInStatus {
    /// The web session is signed in.
    SignedIn,
    /// E-mail address or password are wrong.
    Wrong,
    /// Too many tries; wait.
    Throttled,
}

/// What came of a sign-in.
#[derive(SimpleObject)]
pub(super) struct SignInPayload {
    status: SignInStatus,
    message: Option<String>,
    viewer: Option<ViewerNode>,
}

/// What came of a sign-up.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum AcceptInvitationStatus {
    /// The person has signed up, and the web session is signed in.
    Accepted,
    /// The web session holds no invitation that is good.
    Invalid,
    /// The password cannot be taken.
    PasswordTooShort,
}

/// What came of a sign-up.
#[derive(SimpleObject)]
pub(super) struct AcceptInvitationPayload {
    status: AcceptInvitationStatus,
    message: Option<String>,
    viewer: Option<ViewerNode>,
}

/// What came of a change of profile.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum UpdateProfileStatus {
    /// Changed.
    Updated,
    /// There is no such time zone.
    TimeZoneUnknown,
    /// The name is empty or too long.
    NameEmpty,
}

/// What came of a change of profile.
#[derive(SimpleObject)]
pub(super) struct UpdateProfilePayload {
    status: UpdateProfileStatus,
    message: Option<String>,
    user: Option<UserNode>,
}

/// Mutations on one's own account.
#[derive(Default)]
pub(super) struct AccountMutation;

#[Object]
impl AccountMutation {
    /// Starts a web session; the only mutation, with acceptInvitation, that needs none.
    #[graphql(complexity = "100 + child_complexity")]
    async fn sign_in(&self, ctx: &Context<'_>, email: String, password: String) -> Reply<SignInPayload> {
        let (services, caller) = (ctx.services()?, ctx.caller()?);
        refuse_tokens(&caller.credential)?;
        if let Err(minutes) = services.throttle.begin(&email, caller.address) {
            let message = format!("Too many tries. Wait {minutes} minutes, then try again.");
            return Ok(SignInPayload::failed(SignInStatus::Throttled, message));
        }
        let user = services.store.user_by_email(&email).await?;
        let stored = user.as_ref().and_then(|user| user.password_hash.clone());
        let matches = services.passwords.matches(password.into(), stored).await;
        let Some(user) = user.filter(|_| matches) else {
            let message = "E-mail address or password are wrong.".to_owned();
            return Ok(SignInPayload::failed(SignInStatus::Wrong, message));
        };
        services.throttle.succeeded(&email, caller.address);
        caller.session.sign_in(&user, services.clock.now()).await?;
        let viewer = Some(ViewerNode::signed_in(user));
        Ok(SignInPayload { status: SignInStatus::SignedIn, message: None, viewer })
    }

    /// Ends the web session.
    async fn sign_out(&self, ctx: &Context<'_>) -> Reply<bool> {
        let caller = ctx.caller()?;
        refuse_tokens(&caller.credential)?;
        caller.session.sign_out().await?;
        Ok(true)
    }

    /// Sign-up with the invitation that the web session holds.
    #[graphql(complexity = "100 + child_complexity")]
    async fn accept_invitation(
        &self,
        ctx: &Context<'_>,
        display_name: String,
        password: String,
        time_zone: Option<TimeZone>,
    ) -> Reply<AcceptInvitationPayload> {
        refuse_tokens(&ctx.caller()?.credential)?;
        let Some((user, _)) = invitation::invited(ctx).await? else {
            let message =
                "The invitation is used, over or unknown: ask for a new link, or sign in.".to_owned();
            return Ok(AcceptInvitationPayload::failed(AcceptInvitationStatus::Invalid, message));
        };
        let services = ctx.services()?;
        let hash = match services.passwords.hash(password.into()).await {
            Ok(hash) => hash,
            Err(error @ PasswordError::Hashing) => return Err(ApiError::internal(&error)),
            Err(error) => {
                let status = AcceptInvitationStatus::PasswordTooShort;
                return Ok(AcceptInvitationPayload::failed(status, error.to_string()));
            }
        };
        let viewer = Some(ViewerNode::signed_in(sign_up(ctx, &user, &hash, &display_name, time_zone).await?));
        Ok(AcceptInvitationPayload { status: AcceptInvitationStatus::Accepted, message: None, viewer })
    }

    /// Changes one's own name or time zone.
    async fn update_profile(
        &self,
        ctx: &Context<'_>,
        display_name: Option<String>,
        time_zone: Option<TimeZone>,
    ) -> Reply<UpdateProfilePayload> {
        let caller = ctx.caller()?;
        let user = caller.user.as_ref().ok_or_else(ApiError::unauthenticated)?;
        if !matches!(caller.credential, Credential::Session(_)) {
            return Err(ApiError::forbidden("A profile is changed in a web session, not by an API token"));
        }
        let name = display_name.as_deref().map(str::trim);
        if name.is_some_and(|name| !is_name(name)) {
            let message = format!("Enter a name of 1 to {LONGEST_NAME} characters.");
            return Ok(UpdateProfilePayload::failed(UpdateProfileStatus::NameEmpty, message));
        }
        if time_zone.as_ref().is_some_and(|zone| !is_time_zone(&zone.0)) {
            let message = "There is no such time zone; write one as Europe/Paris.".to_owned();
            return Ok(UpdateProfilePayload::failed(UpdateProfileStatus::TimeZoneUnknown, message));
        }
        let store = &ctx.services()?.store;
        store.update_profile(user.id, name, time_zone.as_ref().map(|zone| zone.0.as_str())).await?;
        let user = store.user(user.id).await?.map(UserNode);
        Ok(UpdateProfilePayload { status: UpdateProfileStatus::Updated, message: None, user })
    }
}

/// Web sessions are for browsers; a token has its own rights.
fn refuse_tokens(credential: &Credential) -> Reply<()> {
    match credential {
        Credential::Token(_) => {
            Err(ApiError::forbidden("Web sessions are not for API tokens; send no token here"))
        }
        _ => Ok(()),
    }
}

/// Whether a text can be a name shown.
pub(super) fn is_name(name: &str) -> bool {
    !name.is_empty() && name.chars().count() <= LONGEST_NAME && !name.chars().any(char::is_control)
}

async fn sign_up(
    ctx: &Context<'_>,
    user: &User,
    hash: &str,
    name: &str,
    zone: Option<TimeZone>,
) -> Reply<User> {
    let services = ctx.services()?;
    services.store.set_password(user.id, hash).await?;
    // What does not fit is left as the admin wrote it; the person can change it in the settings.
    let name = Some(name.trim()).filter(|name| is_name(name));
    let zone = zone.map(|zone| zone.0).filter(|zone| is_time_zone(zone));
    services.store.update_profile(user.id, name, zone.as_deref()).await?;
    let user = services.store.user(user.id).await?.ok_or_else(ApiError::unauthenticated)?;
    ctx.caller()?.session.sign_in(&user, services.clock.now()).await?;
    Ok(user)
}

impl SignInPayload {
    fn failed(status: SignInStatus, message: String) -> Self {
        Self { status, message: Some(message), viewer: None }
    }
}

impl AcceptInvitationPayload {
    fn failed(status: AcceptInvitationStatus, message: String) -> Self {
        Self { status, message: Some(message), viewer: None }
    }
}

impl UpdateProfilePayload {
    fn failed(status: UpdateProfileStatus, message: String) -> Self {
        Self { status, message: Some(message), user: None }
    }
}
