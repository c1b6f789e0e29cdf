//! Sentences that say what to do.

use pulsekeep_core::{
    account::{ConsentReason, LinkState},
    job::{FailureCode, JobState},
};
use pulsekeep_store::{LinkedAccount, SyncJob};

/// What a person can do about the state of a linked account; `None` when nothing is to be done.
pub(super) fn on_link(link: &LinkedAccount, missing_scopes: &[String]) -> Option<String> {
    let provider = link.provider.name();
    match link.state {
        LinkState::Active if missing_scopes.is_empty() => None,
        LinkState::Active => Some(format!(
            "Some permissions were not granted. Connect {provider} again and leave every box ticked to get the \
             metrics that are missing."
        )),
        LinkState::Expiring => Some(format!(
            "The consent ends soon. Connect {provider} again. If this happens every 7 days, the Google project is in \
             testing mode: publish it."
        )),
        LinkState::NeedsConsent(reason) => Some(on_consent(reason, provider)),
        LinkState::Revoked => {
            Some(format!("Disconnected: nothing is fetched. Connect {provider} again to go on."))
        }
    }
}

fn on_consent(reason: ConsentReason, provider: &str) -> String {
    match reason {
        ConsentReason::InvalidGrant => format!(
            "{provider} no longer accepts the consent: it has ended or was withdrawn. Connect {provider} again."
        ),
        ConsentReason::NoRefreshToken => format!(
            "{provider} gave access for an hour only. Remove Pulsekeep from the account's list of connected apps, \
             then connect {provider} again."
        ),
        ConsentReason::VaultKey => format!(
            "The stored tokens cannot be opened with the present vault key. Give back the earlier key as \
             VAULT__PREVIOUS_KEYS, or connect {provider} again."
        ),
        ConsentReason::AccountNotLinked => format!(
            "{provider} holds no health data for this account. Set up the device in the provider's app with the same \
             account, then connect {provider} again."
        ),
    }
}

/// Why a job waits, failed or has gaps; `None` when it simply goes on.
pub(super) fn on_job(job: &SyncJob) -> Option<String> {
    match job.state {
        JobState::Paused => Some("Paused by a person; resume it to go on.".to_owned()),
        JobState::Cancelled => Some("Cancelled by a person.".to_owned()),
        JobState::Waiting | JobState::Failed | JobState::DoneWithGaps => {
            let sentences: Vec<&str> = job.codes.iter().map(|&code| on_failure(code)).collect();
            (!sentences.is_empty()).then(|| sentences.join(" "))
        }
        JobState::Planned | JobState::Running | JobState::Done => None,
    }
}

pub(super) fn on_failure(code: FailureCode) -> &'static str {
    match code {
        FailureCode::RateLimited => {
            "The provider's request limit is used up; it goes on by itself when it is renewed."
        }
        FailureCode::TokenBusy => "Another worker renews the account's access; it goes on in a moment.",
        FailureCode::ProviderUnreachable => "The provider could not be reached; it is tried again by itself.",
        FailureCode::ProviderError => {
            "The provider answered with an error of its own; it is tried again by itself."
        }
        FailureCode::BadAnswer => "An answer broke off or was not valid; it is tried again by itself.",
        FailureCode::NeedsConsent => "The person has to connect the account again.",
        FailureCode::MissingScope => {
            "A permission was not granted; connect the account again and leave every box ticked."
        }
        FailureCode::AccountNotLinked => "The provider holds no health data for this account.",
        FailureCode::RequestRefused => "The provider refused a request as wrong; the server's log has more.",
        FailureCode::Gone => {
            "The provider has turned this interface off; connect a provider that is still there."
        }
        FailureCode::Disconnected => "The account was disconnected.",
        FailureCode::RawIncomplete => {
            "The stored answers of these days are not whole; sync the days again instead."
        }
        FailureCode::Internal => "Something failed in Pulsekeep; the server's log has more.",
        FailureCode::ProcessingFailed => {
            "This version of Pulsekeep breaks on the answer of these days; install the next one, then read the days again \
             from the stored answers (reparse), or retry."
        }
    }
}
