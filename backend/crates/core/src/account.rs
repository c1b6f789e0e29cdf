//! People, roles, providers and the state of a linked account.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

use crate::id::UserId;

/// An outside source of health data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ProviderKey {
    /// Google Health API v4: what a Fitbit user connects today.
    GoogleHealth,
    /// The legacy Fitbit Web API protocol.
    Fitbit,
}

impl ProviderKey {
    /// All providers.
    pub const ALL: [Self; 2] = [Self::GoogleHealth, Self::Fitbit];

    /// The key in URLs, configuration and the database.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::GoogleHealth => "google_health",
            Self::Fitbit => "fitbit",
        }
    }

    /// The name that people read.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::GoogleHealth => "Google Health",
            Self::Fitbit => "Fitbit",
        }
    }
}

/// A word was none of the known ones.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("unknown {what} \"{word}\"; known are: {known}")]
pub struct UnknownWord {
    /// What was looked for, for example `provider`.
    pub what: &'static str,
    /// The word as given.
    pub word: String,
    /// The known words, separated by commas.
    pub known: String,
}

impl UnknownWord {
    /// An error that lists what is known.
    pub fn new<'a>(what: &'static str, word: &str, known: impl IntoIterator<Item = &'a str>) -> Self {
        Self { what, word: word.to_owned(), known: known.into_iter().collect::<Vec<_>>().join(", ") }
    }
}

impl FromStr for ProviderKey {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|p| p.key() == word)
            .ok_or_else(|| UnknownWord::new("provider", word, Self::ALL.map(Self::key)))
    }
}

impl fmt::Display for ProviderKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

/// What a user may do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Role {
    /// Runs the system: sees all people.
    Admin,
    /// A person who sees their own data.
    Member,
}

impl Role {
    /// The word in the database and on the command line.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Admin => "admin",
            Self::Member => "member",
        }
    }
}

impl FromStr for Role {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        match word {
            "admin" => Ok(Self::Admin),
            "member" => Ok(Self::Member),
            _ => Err(UnknownWord::new("role", word, ["admin", "member"])),
        }
    }
}

/// What an API token may be used for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Scope {
    /// Read people's metrics.
    ReadMetrics,
    /// Ask for syncs and steer jobs.
    WriteSync,
    /// Ask for exports.
    WriteExport,
    /// Everything an admin may do.
    Admin,
}

impl Scope {
    /// All scopes.
    pub const ALL: [Self; 4] = [Self::ReadMetrics, Self::WriteSync, Self::WriteExport, Self::Admin];

    /// The word in the database, on the command line and in error texts.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::ReadMetrics => "read:metrics",
            Self::WriteSync => "write:sync",
            Self::WriteExport => "write:export",
            Self::Admin => "admin",
        }
    }
}

impl FromStr for Scope {
    type Err = UnknownWord;

    fn from_str(word: &str) -> Result<Self, UnknownWord> {
        Self::ALL
            .into_iter()
            .find(|s| s.key() == word)
            .ok_or_else(|| UnknownWord::new("scope", word, Self::ALL.map(Self::key)))
    }
}

/// Who asks: what they may do and whose data they may see.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Viewer {
    /// The user behind the request; `None` for the system itself.
    pub user: Option<UserId>,
    /// The user's role.
    pub role: Role,
    /// What the web session or API token may be used for.
    pub scopes: Vec<Scope>,
    /// Where a token is narrowed to named people: these and no others.
    pub people: Option<Vec<UserId>>,
}

impl Viewer {
    /// A signed-in user: every scope that the role allows.
    #[must_use]
    pub fn session(user: UserId, role: Role) -> Self {
        let scopes = Scope::ALL.into_iter().filter(|&s| role == Role::Admin || s != Scope::Admin).collect();
        Self { user: Some(user), role, scopes, people: None }
    }

    /// The system's own work: the command line, workers and the schedule.
    #[must_use]
    pub fn system() -> Self {
        Self { user: None, role: Role::Admin, scopes: Scope::ALL.to_vec(), people: None }
    }

    /// Whether the viewer holds `scope`; the admin scope holds all others.
    #[must_use]
    pub fn has(&self, scope: Scope) -> bool {
        self.scopes.contains(&scope) || self.scopes.contains(&Scope::Admin)
    }

    /// Whether the viewer acts as an admin.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        self.role == Role::Admin && self.people.is_none()
    }

    /// Whether the viewer may see the data of `person`: their own, or anybody's for an admin, within the people that
    /// a token is narrowed to.
    #[must_use]
    pub fn may_see(&self, person: UserId) -> bool {
        let by_role = self.role == Role::Admin || self.user == Some(person);
        by_role && self.people.as_ref().is_none_or(|people| people.contains(&person))
    }
}

/// Why a person has to consent again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ConsentReason {
    /// The provider no longer accepts the refresh token (expired, revoked elsewhere, or used twice).
    InvalidGrant,
    /// The provider gave no refresh token at consent.
    NoRefreshToken,
    /// The stored tokens could not be opened with the vault key.
    VaultKey,
    /// The provider says that the account is not linked to its health service.
    AccountNotLinked,
}

impl ConsentReason {
    /// The word in the database and in GraphQL.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::InvalidGrant => "invalid_grant",
            Self::NoRefreshToken => "no_refresh_token",
            Self::VaultKey => "vault_key",
            Self::AccountNotLinked => "account_not_linked",
        }
    }

    /// The reason of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        [Self::InvalidGrant, Self::NoRefreshToken, Self::VaultKey, Self::AccountNotLinked]
            .into_iter()
            .find(|r| r.key() == word)
    }
}

/// The state of a linked account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum LinkState {
    /// Tokens work.
    Active,
    /// Tokens work, but the refresh token dies soon (testing mode of a Google project: 7 days).
    Expiring,
    /// The person has to consent again.
    NeedsConsent(ConsentReason),
    /// Disconnected by the person or an admin.
    Revoked,
}

impl LinkState {
    /// The word in the database; the reason stands in a column of its own.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Expiring => "expiring",
            Self::NeedsConsent(_) => "needs_consent",
            Self::Revoked => "revoked",
        }
    }

    /// The state of stored words; an unknown one reads as [`LinkState::Revoked`], which fetches nothing.
    #[must_use]
    pub fn parse(word: &str, reason: Option<&str>) -> Self {
        match word {
            "active" => Self::Active,
            "expiring" => Self::Expiring,
            "needs_consent" => Self::NeedsConsent(
                reason.and_then(ConsentReason::parse).unwrap_or(ConsentReason::InvalidGrant),
            ),
            _ => Self::Revoked,
        }
    }

    /// Whether requests may be made for the account.
    #[must_use]
    pub fn may_fetch(self) -> bool {
        matches!(self, Self::Active | Self::Expiring)
    }
}

/// Whether the provider tells us when an account has new data.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushState {
    /// It does not, or nobody knows yet.
    None,
    /// It does: the account is subscribed, or something was told of it lately.
    Active,
    /// The account could not be subscribed; tried again daily.
    Failed,
}

impl PushState {
    /// The word in the database.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Active => "active",
            Self::Failed => "failed",
        }
    }

    /// The state of a stored word; an unknown one reads as [`PushState::None`], so that the account is asked often.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Active, Self::Failed].into_iter().find(|s| s.key() == word).unwrap_or(Self::None)
    }
}
