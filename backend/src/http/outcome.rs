//! How a consent can fail, as the word that the web app's page explains.

use pulsekeep_core::job::FailureCode;
use pulsekeep_provider::OAuthError;
use pulsekeep_sync::{ConnectError, ConnectOutcome};

use super::problem::Problem;

/// Why a provider was not connected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The person said no.
    Denied,
    /// The callback's state is not the one that was sent.
    StateMismatch,
    /// The web session that began the consent is not there, or another person is signed in.
    SessionLost,
    /// The person is linked to another account of the provider.
    OtherAccount {
        /// The account that was expected.
        expected: String,
    },
    /// The account belongs to another person here.
    Taken,
    /// Scopes without which nothing can be read were not granted.
    MissingScope,
    /// The code was used, too old or for another verifier.
    InvalidGrant,
    /// The provider found our request wrong.
    InvalidRequest,
    /// The redirect address is not registered with the provider.
    RedirectMismatch,
    /// The provider gave access for an hour only.
    NoRefreshToken,
    /// The provider has no health data for the account.
    AccountNotLinked,
    /// No answer.
    ProviderUnreachable,
    /// An answer that does not help.
    ProviderError,
    /// No provider has this name.
    UnknownProvider,
    /// The provider is not enabled here.
    Disabled,
}

impl Failure {
    /// The word in the address of the page.
    pub(super) fn reason(&self) -> &'static str {
        match self {
            Self::Denied => "denied",
            Self::StateMismatch => "state_mismatch",
            Self::SessionLost => "session_lost",
            Self::OtherAccount { .. } => "other_account",
            Self::Taken => "taken",
            Self::MissingScope => "missing_scope",
            Self::InvalidGrant => "invalid_grant",
            Self::InvalidRequest => "invalid_request",
            Self::RedirectMismatch => "redirect_mismatch",
            Self::NoRefreshToken => "no_refresh_token",
            Self::AccountNotLinked => "account_not_linked",
            Self::ProviderUnreachable => "provider_unreachable",
            Self::ProviderError => "provider_error",
            Self::UnknownProvider => "unknown_provider",
            Self::Disabled => "disabled",
        }
    }

    /// The provider's own word in a callback (RFC 6749, 4.1.2.1).
    pub(super) fn of_authorize_error(word: &str) -> Self {
        match word {
            "access_denied" => Self::Denied,
            "redirect_uri_mismatch" => Self::RedirectMismatch,
            "invalid_scope" => Self::MissingScope,
            "invalid_grant" => Self::InvalidGrant,
            "temporarily_unavailable" => Self::ProviderUnreachable,
            "server_error" => Self::ProviderError,
            _ => Self::InvalidRequest,
        }
    }

    /// What the engine made of the consent: nothing when it is linked.
    ///
    /// # Errors
    /// A problem of ours, which is no failure of the consent.
    pub(super) fn of_outcome(
        outcome: Result<ConnectOutcome, ConnectError>,
    ) -> Result<Result<(), Self>, Problem> {
        let failure = match outcome {
            Ok(ConnectOutcome::Linked(_)) => return Ok(Ok(())),
            Ok(ConnectOutcome::OtherAccount { expected }) => Self::OtherAccount { expected },
            Ok(ConnectOutcome::TakenByAnotherPerson) => Self::Taken,
            Ok(ConnectOutcome::NothingGranted) => Self::MissingScope,
            Ok(ConnectOutcome::NoRefreshToken) => Self::NoRefreshToken,
            Err(ConnectError::Sync(error)) => return Err(Problem::internal(&error)),
            Err(error) => {
                tracing::warn!(%error, "a consent could not be completed");
                Self::of_error(&error)
            }
        };
        Ok(Err(failure))
    }

    fn of_error(error: &ConnectError) -> Self {
        match error {
            ConnectError::OAuth(OAuthError::NeedsConsent { .. }) => Self::InvalidGrant,
            ConnectError::OAuth(OAuthError::Refused { error, .. }) if error == "redirect_uri_mismatch" => {
                Self::RedirectMismatch
            }
            ConnectError::OAuth(OAuthError::Refused { .. }) => Self::InvalidRequest,
            ConnectError::OAuth(OAuthError::Unreachable(_)) => Self::ProviderUnreachable,
            ConnectError::OAuth(OAuthError::BadAnswer(_)) | ConnectError::Sync(_) => Self::ProviderError,
            ConnectError::Identity(failure) => match failure.code {
                FailureCode::ProviderUnreachable | FailureCode::RateLimited => Self::ProviderUnreachable,
                FailureCode::MissingScope => Self::MissingScope,
                FailureCode::AccountNotLinked => Self::AccountNotLinked,
                _ => Self::ProviderError,
            },
        }
    }
}
