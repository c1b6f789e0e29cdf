//! Connecting and disconnecting an account.

use std::time::Duration;

use pulsekeep_core::{
    Metric,
    account::{ConsentReason, LinkState, ProviderKey, Viewer},
    catalogue::endpoints_of,
    id::{LinkId, UserId},
    job::{FailureCode, JobKind, Priority},
    time::{DayRange, add_days, next_day},
};
use pulsekeep_provider::{AccountIdentity, FetchFailure, Grant, OAuthError, Provider};
use pulsekeep_store::{LinkOutcome, LinkedAccount, NewLink, WriteTx};
use secrecy::SecretString;
use url::Url;

use crate::{JobRequest, SyncEngine, SyncError, TokenKind};

/// What came of a consent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConnectOutcome {
    /// Linked; the first jobs are written.
    Linked(LinkedAccount),
    /// The person is linked to another account of this provider; the new grant was revoked.
    OtherAccount {
        /// The provider's id of the account that was expected.
        expected: String,
    },
    /// The account belongs to another person here. The new grant is forgotten and not revoked: providers revoke the
    /// whole consent of an account, and with it the other person's link.
    TakenByAnotherPerson,
    /// Nothing that could be read was granted; the new grant was revoked.
    NothingGranted,
    /// The provider gave no refresh token, so the account would stop working within the hour; the grant was revoked.
    NoRefreshToken,
}

/// How often the provider is asked whose account it is, while the person waits.
const IDENTITY_TRIES: u32 = 3;
/// Pause between two of these.
const IDENTITY_PAUSE: Duration = Duration::from_millis(300);

/// A consent that could not be completed.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The provider's token endpoint.
    #[error(transparent)]
    OAuth(#[from] OAuthError),
    /// The provider did not say whose account it is, asked several times. The new grant was left alone: revoking it could
    /// end a consent that works.
    #[error(
        "the provider did not say whose account it is, asked {IDENTITY_TRIES} times: {0}; connect again in a minute"
    )]
    Identity(FetchFailure),
    /// Ours.
    #[error(transparent)]
    Sync(#[from] SyncError),
}

impl From<pulsekeep_store::StoreError> for ConnectError {
    fn from(error: pulsekeep_store::StoreError) -> Self {
        Self::Sync(error.into())
    }
}

/// What came of disconnecting.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Disconnected {
    /// The account as it is now.
    pub link: LinkedAccount,
    /// Whether the provider confirmed the revocation.
    pub revoked_at_provider: bool,
}

impl SyncEngine {
    /// Completes a consent: exchanges the code, asks whose account it is, stores link and sealed tokens together, and
    /// writes the first jobs. Nothing is stored of a consent that is not accepted, and its grant is revoked,
    /// unless that could end another one that works.
    ///
    /// # Errors
    /// [`ConnectError`].
    pub async fn connect(
        &self,
        user: UserId,
        provider: ProviderKey,
        redirect: &Url,
        code: &SecretString,
        pkce_verifier: &SecretString,
    ) -> Result<ConnectOutcome, ConnectError> {
        let client = self.enabled(provider)?.clone();
        let grant = client.exchange(redirect, code, pkce_verifier).await?;
        let outcome = self.accept(user, &*client, &grant).await;
        if self.may_revoke(user, provider, &outcome).await? {
            // Best effort: the person can also take the consent back at the provider.
            let token = grant.refresh_token.as_ref().unwrap_or(&grant.access_token);
            if let Err(error) = client.revoke(token).await {
                tracing::warn!(provider = provider.key(), %error, "a refused consent could not be revoked");
            }
        }
        outcome
    }

    /// Whether a grant that led nowhere is to be revoked. Providers revoke the whole consent of an account, so that one is
    /// left alone which may be the consent of a link that works.
    async fn may_revoke(
        &self,
        user: UserId,
        provider: ProviderKey,
        outcome: &Result<ConnectOutcome, ConnectError>,
    ) -> Result<bool, SyncError> {
        Ok(match outcome {
            Ok(ConnectOutcome::Linked(_) | ConnectOutcome::TakenByAnotherPerson) => false,
            Ok(ConnectOutcome::OtherAccount { .. }) => true,
            Ok(ConnectOutcome::NothingGranted | ConnectOutcome::NoRefreshToken) => {
                let links = self.store.links_of(user).await?;
                !links.iter().any(|link| link.provider == provider && link.state.may_fetch())
            }
            Err(_) => false,
        })
    }

    async fn accept(
        &self,
        user: UserId,
        client: &dyn Provider,
        grant: &Grant,
    ) -> Result<ConnectOutcome, ConnectError> {
        let readable = endpoints_of(client.key()).any(|e| grant.scopes.iter().any(|s| s == e.scope));
        if !readable {
            return Ok(ConnectOutcome::NothingGranted);
        }
        if grant.refresh_token.is_none() {
            return Ok(ConnectOutcome::NoRefreshToken);
        }
        let identity = identity(client, grant).await.map_err(ConnectError::Identity)?;
        let now = self.now();
        let tx = self.store.write().await?;
        let new = NewLink {
            user_id: user,
            provider: client.key(),
            provider_user_id: identity.provider_user_id.clone(),
            legacy_user_id: identity.legacy_user_id.clone(),
            scopes: grant.scopes.clone(),
        };
        let link = match tx.put_link(new, now).await? {
            LinkOutcome::Linked(link) => link,
            LinkOutcome::OtherAccount { expected } => return Ok(ConnectOutcome::OtherAccount { expected }),
            LinkOutcome::TakenByAnotherPerson => return Ok(ConnectOutcome::TakenByAnotherPerson),
        };
        let mut tokens = self.sealed(&link, grant, None);
        if let Some(generation) = tx.token_generation(user, link.id).await? {
            tokens.generation = generation + 1;
        }
        tx.put_tokens(user, link.id, tokens).await?;
        tx.commit().await?;
        self.cache.forget(link.id);
        self.adopt_time_zone(user, &identity).await?;
        self.first_jobs(&link).await?;
        Ok(ConnectOutcome::Linked(link))
    }

    /// A person who never chose a time zone takes the provider's.
    async fn adopt_time_zone(&self, user: UserId, identity: &AccountIdentity) -> Result<(), SyncError> {
        let unset = self.store.user(user).await?.is_some_and(|u| u.time_zone == "UTC");
        let zone = identity.time_zone.as_deref().filter(|zone| jiff::tz::TimeZone::get(zone).is_ok());
        if let Some(zone) = zone.filter(|_| unset) {
            self.store.update_profile(user, None, Some(zone)).await?;
        }
        Ok(())
    }

    async fn first_jobs(&self, link: &LinkedAccount) -> Result<(), SyncError> {
        let today = self.today(link.user_id).await?;
        let mut requests = vec![(JobKind::Incremental, Priority::High, None)];
        let days = self.policy.first_backfill_days;
        if days > 0 {
            let range = DayRange { start: add_days(today, 1 - days), end: next_day(today) };
            requests.push((JobKind::Backfill, Priority::Low, Some(range)));
        }
        for (kind, priority, days) in requests {
            let request = JobRequest {
                user_id: link.user_id,
                link: Some(link.id),
                kind,
                metrics: Metric::all().collect(),
                days,
                priority,
                created_by: Some(link.user_id),
                batch: None,
            };
            self.request(&request).await?;
        }
        Ok(())
    }

    /// Disconnects an account: revokes at the provider, forgets the tokens, keeps the history. `None` when the viewer
    /// may not see it or it is not there.
    ///
    /// # Errors
    /// The store's own. A provider that does not answer is no error: the tokens are forgotten all the same.
    pub async fn disconnect(&self, viewer: &Viewer, id: LinkId) -> Result<Option<Disconnected>, SyncError> {
        let Some(mut link) = self.store.link(id).await?.filter(|link| viewer.may_see(link.user_id)) else {
            return Ok(None);
        };
        if let Err(error) = self.unsubscribe(&link, "disconnect").await {
            tracing::warn!(link = %link.id, %error, "a subscription could not be ended");
        }
        let revoked_at_provider = self.revoke(&link).await?;
        let now = self.now();
        let mut tx = self.store.write().await?;
        tx.delete_tokens(link.user_id, id).await?;
        tx.set_link_state(link.user_id, id, LinkState::Revoked, now).await?;
        tx.fail_link(link.user_id, id, FailureCode::Disconnected, now).await?;
        tx.commit().await?;
        self.cache.forget(id);
        link.state = LinkState::Revoked;
        Ok(Some(Disconnected { link, revoked_at_provider }))
    }

    async fn revoke(&self, link: &LinkedAccount) -> Result<bool, SyncError> {
        let Some(tokens) = self.store.link_tokens(link.user_id, link.id).await? else { return Ok(false) };
        let Some(client) = self.provider(link.provider) else { return Ok(false) };
        let sealed = match &tokens.refresh {
            Some(refresh) => self.vault.open(link.id, TokenKind::Refresh, refresh),
            None => self.vault.open(link.id, TokenKind::Access, &tokens.access),
        };
        let Ok(token) = sealed else { return Ok(false) };
        match client.revoke(&token).await {
            Ok(()) => Ok(true),
            Err(error) => {
                tracing::warn!(link = %link.id, %error, "the provider did not confirm the revocation");
                Ok(false)
            }
        }
    }

    /// Marks an account as in need of consent and gives up its windows.
    pub(crate) async fn lose_consent(
        &self,
        tx: &mut WriteTx,
        link: &LinkedAccount,
        reason: ConsentReason,
    ) -> Result<(), SyncError> {
        let now = self.now();
        let code = lost_code(reason);
        tx.set_link_state(link.user_id, link.id, LinkState::NeedsConsent(reason), now).await?;
        tx.fail_link(link.user_id, link.id, code, now).await?;
        Ok(())
    }
}

/// What windows say that end because an account needs the person.
pub(crate) fn lost_code(reason: ConsentReason) -> FailureCode {
    match reason {
        ConsentReason::AccountNotLinked => FailureCode::AccountNotLinked,
        _ => FailureCode::NeedsConsent,
    }
}

/// Whose account it is. Fitbit's token says the id; its profile, which adds the time zone, needs a scope of its own.
async fn identity(client: &dyn Provider, grant: &Grant) -> Result<AccountIdentity, FetchFailure> {
    let mut tries = 1;
    loop {
        let failure = match client.account(&grant.access_token).await {
            Ok(identity) => return Ok(identity),
            Err(failure) => failure,
        };
        if failure.code.is_passing() && tries < IDENTITY_TRIES {
            tries += 1;
            tokio::time::sleep(IDENTITY_PAUSE).await;
            continue;
        }
        return match &grant.provider_user_id {
            Some(id) => Ok(AccountIdentity {
                provider_user_id: id.clone(),
                legacy_user_id: None,
                time_zone: None,
                display_name: None,
            }),
            None => Err(failure),
        };
    }
}
