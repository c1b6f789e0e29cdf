//! Making and inviting people: the same rules for GraphQL and for the command line.

use pulsekeep_core::{EpochMs, account::Role, id::UserId, time::DAY_MS};
use pulsekeep_store::{AuditEvent, CreateUser, NewUser, Store, StoreError, User};
use secrecy::ExposeSecret as _;
use url::Url;

use crate::auth::NewSecret;

/// How long an invitation holds.
pub const INVITATION_MS: i64 = 7 * DAY_MS;

/// A person to be made.
#[derive(Debug, Clone)]
pub struct PersonInput {
    /// E-mail address.
    pub email: String,
    /// Name shown; the part of the address before the @ when left out.
    pub display_name: Option<String>,
    /// Role.
    pub role: Role,
    /// Code; made when left out.
    pub code: Option<String>,
    /// IANA time zone; UTC when left out.
    pub time_zone: Option<String>,
}

/// Why a person was not made.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// Not an e-mail address.
    #[error("This is not an e-mail address; write it as name@example.org.")]
    EmailInvalid,
    /// The address is in use.
    #[error("There is already somebody with this e-mail address.")]
    EmailTaken,
    /// Not a code.
    #[error("A code has 1 to 32 letters, digits, - and _.")]
    CodeInvalid,
    /// The code is in use.
    #[error("There is already somebody with this code; choose another.")]
    CodeTaken,
    /// No such time zone.
    #[error("There is no such time zone; write one as Europe/Paris.")]
    TimeZoneUnknown,
    /// Nothing to invite to.
    #[error("This person has signed up already; they can sign in.")]
    AlreadySignedUp,
}

/// An invitation, with the link to hand over.
#[derive(Debug, Clone)]
pub struct Invited {
    /// Who is invited.
    pub user: User,
    /// The link; it is not stored and cannot be shown again.
    pub url: Url,
    /// When it ends.
    pub expires_at: EpochMs,
}

/// Whether a text can be an e-mail address. Only the mail server knows whether it is one.
fn is_email(text: &str) -> bool {
    let Some((name, host)) = text.rsplit_once('@') else { return false };
    let plain = |c: char| !c.is_whitespace() && !c.is_control() && !"<>,;\"".contains(c);
    !name.is_empty()
        && text.len() <= 254
        && text.chars().all(plain)
        && host.contains('.')
        && host.split('.').all(|part| !part.is_empty())
}

fn is_code(text: &str) -> bool {
    (1..=32).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
}

fn checked(input: PersonInput) -> Result<NewUser, Refusal> {
    let email = input.email.trim().to_owned();
    if !is_email(&email) {
        return Err(Refusal::EmailInvalid);
    }
    if input.code.as_deref().is_some_and(|code| !is_code(code)) {
        return Err(Refusal::CodeInvalid);
    }
    let time_zone = input.time_zone.unwrap_or_else(|| "UTC".to_owned());
    if jiff::tz::TimeZone::get(&time_zone).is_err() {
        return Err(Refusal::TimeZoneUnknown);
    }
    let name = input.display_name.map(|name| name.trim().to_owned()).filter(|name| !name.is_empty());
    let display_name = name.unwrap_or_else(|| email.split('@').next().unwrap_or_default().to_owned());
    Ok(NewUser { email, display_name, code: input.code, role: input.role, time_zone })
}

/// Makes a person.
///
/// # Errors
/// The store's own; what a well-meaning caller can cause is a [`Refusal`].
pub async fn create(
    store: &Store,
    input: PersonInput,
    by: Option<UserId>,
    now: EpochMs,
) -> Result<Result<User, Refusal>, StoreError> {
    let new = match checked(input) {
        Ok(new) => new,
        Err(refusal) => return Ok(Err(refusal)),
    };
    let user = match store.create_user(new, now).await? {
        CreateUser::Created(user) => user,
        CreateUser::EmailTaken => return Ok(Err(Refusal::EmailTaken)),
        CreateUser::CodeTaken => return Ok(Err(Refusal::CodeTaken)),
    };
    store.audit(AuditEvent { actor: by, action: "user.create", subject: user.id.to_string() }, now).await?;
    Ok(Ok(user))
}

/// Invites a person, who is made first when there is nobody with the address. Earlier links of the person end.
///
/// # Errors
/// The store's own, or no random bytes; what a well-meaning caller can cause is a [`Refusal`].
pub async fn invite(
    store: &Store,
    public_url: &Url,
    input: PersonInput,
    by: Option<UserId>,
    now: EpochMs,
) -> anyhow::Result<Result<Invited, Refusal>> {
    let user = match store.user_by_email(&input.email).await? {
        Some(user) if user.password_hash.is_some() => return Ok(Err(Refusal::AlreadySignedUp)),
        Some(user) => user,
        None => match create(store, input, by, now).await? {
            Ok(user) => user,
            Err(refusal) => return Ok(Err(refusal)),
        },
    };
    let secret = NewSecret::invitation()?;
    let expires_at = now.plus(INVITATION_MS);
    store.create_invitation(user.id, &secret.hash, expires_at, by, now).await?;
    store.audit(AuditEvent { actor: by, action: "user.invite", subject: user.id.to_string() }, now).await?;
    let mut url = public_url.clone();
    url.set_path(&format!("/invitation/{}", secret.text.expose_secret()));
    Ok(Ok(Invited { user, url, expires_at }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_codes_are_looked_at() {
        for good in ["ann@example.org", "a.b+c@sub.example.org"] {
            assert!(is_email(good), "{good}");
        }
        for bad in
            ["ann", "@example.org", "ann@", "ann@localhost", "a b@example.org", "<a@example.org>", "a@b..c"]
        {
            assert!(!is_email(bad), "{bad}");
        }
        assert!(is_code("p-01_A") && !is_code("") && !is_code("a/b") && !is_code(&"x".repeat(33)));
    }
}
