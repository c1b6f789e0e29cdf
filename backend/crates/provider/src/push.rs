//! What a provider tells us by webhook: whether a call is genuine, and what it says has changed. No notification carries
//! health data; it only names what may be asked for.

use std::fmt;

use async_trait::async_trait;
use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    time::{DayRange, next_day},
};
use reqwest::header::HeaderMap;
use secrecy::SecretString;

use crate::FetchFailure;

/// What has happened to the data that a notification names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushOperation {
    /// There are new or changed data.
    Upsert,
    /// Data were deleted; Google says so too when consent or account are gone.
    Delete,
    /// The person has taken the consent back, says Fitbit.
    Revoked,
}

impl PushOperation {
    /// The word in the database.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Upsert => "upsert",
            Self::Delete => "delete",
            Self::Revoked => "revoked",
        }
    }

    /// The operation of a stored word; an unknown one reads as [`PushOperation::Upsert`], which only fetches.
    #[must_use]
    pub fn parse(word: &str) -> Self {
        [Self::Delete, Self::Revoked].into_iter().find(|o| o.key() == word).unwrap_or(Self::Upsert)
    }
}

/// One thing that a webhook call says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The provider's id of the person.
    pub account: String,
    /// Google's data type or Fitbit's collection; empty for a revocation.
    pub subject: String,
    /// What happened.
    pub operation: PushOperation,
    /// The days that it names, with room for zones where it gives instants alone.
    pub days: Option<DayRange>,
}

/// Why a call is not taken for the provider's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum PushRefusal {
    /// No signature.
    Unsigned,
    /// A signature of other bytes or of another key.
    BadSignature,
    /// The secret in its `Authorization` is not ours.
    WrongSecret,
}

impl PushRefusal {
    /// The word in counts.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Unsigned => "unsigned",
            Self::BadSignature => "bad_signature",
            Self::WrongSecret => "wrong_secret",
        }
    }
}

/// What a webhook call is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Judgement {
    /// The provider tries whether the address is ours; `accepted` if it showed the secret, and must be told so.
    Verification {
        /// Whether the secret was there and right.
        accepted: bool,
    },
    /// It comes from the provider and says this.
    Genuine(Vec<Notification>),
    /// It comes from the provider and cannot be understood; what was wrong, without any of its values.
    Unreadable(String),
    /// It does not come from the provider.
    Refused(PushRefusal),
    /// Nobody can tell at present: the provider's public keys could not be had.
    Unavailable(String),
}

/// A provider's notifications, where they are set up.
#[async_trait]
pub trait Push: Send + Sync {
    /// Whether a verification code sent by GET is the one that we chose.
    fn is_verify_code(&self, code: &str) -> bool;

    /// What a POST is. Asks the provider for its public keys if the one that signed is not known, at most once a
    /// minute; otherwise it asks nobody.
    async fn judge(&self, headers: &HeaderMap, body: &[u8], now: EpochMs) -> Judgement;

    /// Fetches what judging needs before the first call comes, which then is answered the sooner.
    async fn prepare(&self, _now: EpochMs) {}

    /// Whether each account has to be subscribed by itself.
    fn is_by_account(&self) -> bool;

    /// Calls that subscribing an account with these `scopes` takes, or ending its subscriptions; more only where an earlier
    /// link has left its own.
    fn calls(&self, scopes: &[String]) -> u32;

    /// Subscribes the account of `access` to all that its `scopes` allow, under names that begin with `id`. An account
    /// that is subscribed already stays so. Adds the calls made to `calls`, whatever came of them.
    ///
    /// # Errors
    /// [`FetchFailure`].
    async fn subscribe(
        &self,
        access: &SecretString,
        id: &str,
        scopes: &[String],
        calls: &mut u32,
    ) -> Result<(), FetchFailure>;

    /// Ends the account's subscriptions. None to end is no error.
    ///
    /// # Errors
    /// [`FetchFailure`].
    async fn unsubscribe(
        &self,
        access: &SecretString,
        id: &str,
        scopes: &[String],
    ) -> Result<(), FetchFailure>;
}

impl fmt::Debug for dyn Push {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Push")
    }
}

/// The days from `first` to `last`, both included; `None` if they are the wrong way round.
pub(crate) fn days(first: Date, last: Date) -> Option<DayRange> {
    (first <= last).then(|| DayRange { start: first, end: next_day(last) })
}

/// The smallest range that holds both.
pub(crate) fn hull(a: DayRange, b: DayRange) -> DayRange {
    DayRange { start: a.start.min(b.start), end: a.end.max(b.end) }
}
