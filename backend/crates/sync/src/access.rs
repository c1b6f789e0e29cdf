//! A working access token, refreshed once among all processes.

use pulsekeep_core::{
    EpochMs,
    account::{ConsentReason, LinkState},
};
use pulsekeep_provider::{Grant, OAuthError, Provider};
use pulsekeep_store::{LinkTokens, LinkedAccount, RefreshClaim};
use secrecy::SecretString;

use crate::{SyncEngine, SyncError, TokenKind, VaultError};

/// What came of asking for an access token.
#[derive(Debug)]
pub(crate) enum Access {
    /// Use it.
    Ready {
        /// The token.
        token: SecretString,
        /// The generation of the pair, to say which one did not work.
        generation: i64,
        /// Whether the refresh token before it is still kept, until this access token has worked.
        has_previous: bool,
    },
    /// Another worker refreshes right now; look again shortly.
    Busy,
    /// The provider's token endpoint could not be reached or is misconfigured.
    Unreachable(String),
    /// The person has to consent again.
    NeedsConsent(ConsentReason),
}

/// An access token is renewed when it has less than this left: longer than a request takes.
pub(crate) const MARGIN_MS: i64 = 90_000;
/// A refresh token with less than this left makes the account "expiring": Google's testing mode gives seven days, and
/// a warning on day five leaves two.
const EXPIRING_MS: i64 = 48 * 3_600_000;

impl SyncEngine {
    /// A working access token of `link`. `rejected` names the generation that the provider has just refused.
    pub(crate) async fn access(
        &self,
        link: &LinkedAccount,
        rejected: Option<i64>,
        owner: &str,
    ) -> Result<Access, SyncError> {
        let now = self.now();
        let is_good = |tokens: &LinkTokens| {
            tokens.access_expires_at > now.plus(MARGIN_MS) && rejected != Some(tokens.generation)
        };
        if let Some(tokens) = self.cache.tokens(link.id, self.trusted_since()).filter(is_good) {
            return self.open_access(link, &tokens);
        }
        let Some(tokens) = self.store.link_tokens(link.user_id, link.id).await? else {
            return Ok(Access::NeedsConsent(ConsentReason::NoRefreshToken));
        };
        self.cache.put_tokens(link.id, tokens.clone(), now);
        if is_good(&tokens) {
            return self.open_access(link, &tokens);
        }
        self.renew(link, tokens, owner).await
    }

    /// Refreshes a pair, unless somebody else does or has.
    pub(crate) async fn renew(
        &self,
        link: &LinkedAccount,
        tokens: LinkTokens,
        owner: &str,
    ) -> Result<Access, SyncError> {
        let Some(_refreshing) = self.cache.refreshing(link.id) else { return Ok(Access::Busy) };
        let key = (link.user_id, link.id);
        let now = self.now();
        let until = now.plus(self.policy.refresh_lease_ms());
        match self.store.claim_refresh(key, tokens.generation, owner, until, now).await? {
            RefreshClaim::Granted => self.refresh(link, tokens, owner).await,
            RefreshClaim::Newer(tokens) => {
                self.cache.put_tokens(link.id, tokens.clone(), now);
                self.open_access(link, &tokens)
            }
            RefreshClaim::Busy => Ok(Access::Busy),
        }
    }

    fn open_access(&self, link: &LinkedAccount, tokens: &LinkTokens) -> Result<Access, SyncError> {
        match self.vault.open(link.id, TokenKind::Access, &tokens.access) {
            Ok(token) => {
                let has_previous = tokens.previous_refresh.is_some();
                Ok(Access::Ready { token, generation: tokens.generation, has_previous })
            }
            Err(VaultError::UnknownKey) => Err(VaultError::UnknownKey.into()),
            Err(VaultError::Damaged) => Ok(Access::NeedsConsent(ConsentReason::VaultKey)),
        }
    }

    async fn refresh(
        &self,
        link: &LinkedAccount,
        tokens: LinkTokens,
        owner: &str,
    ) -> Result<Access, SyncError> {
        let provider = self.enabled(link.provider)?.clone();
        let outcome = match self.ask_refresh(link, &tokens, &*provider).await {
            Ok(outcome) => outcome,
            Err(error) => {
                // A worker with the right vault key need not wait for the lease to end.
                let tx = self.store.write().await?;
                tx.release_refresh(link.id, owner).await?;
                tx.commit().await?;
                return Err(error);
            }
        };
        let mut tx = self.store.write().await?;
        if tx.token_generation(link.user_id, link.id).await? != Some(tokens.generation) {
            // A new consent, a disconnect or a slower worker's refresh came in between: what we asked with is history.
            drop(tx);
            return Ok(match self.store.link_tokens(link.user_id, link.id).await? {
                Some(newer) => self.open_access(link, &newer)?,
                None => Access::NeedsConsent(ConsentReason::NoRefreshToken),
            });
        }
        let mut fresh = None;
        let access = match outcome {
            Ok((grant, used)) => {
                // The pair is durable before its first use: a rotated refresh token exists nowhere else.
                let next = self.sealed(link, &grant, Some((&tokens, used)));
                let access = Access::Ready {
                    token: grant.access_token,
                    generation: next.generation,
                    has_previous: next.previous_refresh.is_some(),
                };
                let (user, now) = (link.user_id, self.now());
                tx.set_link_state(user, link.id, state_of(next.refresh_expires_at, now), now).await?;
                tx.token_checked(user, link.id, now).await?;
                tx.put_tokens(user, link.id, next.clone()).await?;
                tx.wake_for_token(user, link.id, now).await?;
                fresh = Some(next);
                access
            }
            Err(OAuthError::NeedsConsent { .. }) => {
                self.lose_consent(&mut tx, link, ConsentReason::InvalidGrant).await?;
                tx.release_refresh(link.id, owner).await?;
                Access::NeedsConsent(ConsentReason::InvalidGrant)
            }
            Err(error) => {
                tx.release_refresh(link.id, owner).await?;
                Access::Unreachable(error.to_string())
            }
        };
        tx.commit().await?;
        self.cache.forget(link.id);
        if let Some(fresh) = fresh {
            self.cache.put_tokens(link.id, fresh, self.now());
        }
        Ok(access)
    }

    /// Asks with the current refresh token; if that is dead, once more with the one before it: a crash between the
    /// provider's answer and our commit leaves us with either.
    async fn ask_refresh(
        &self,
        link: &LinkedAccount,
        tokens: &LinkTokens,
        provider: &dyn Provider,
    ) -> Result<Result<(Grant, Vec<u8>), OAuthError>, SyncError> {
        let mut last = OAuthError::NeedsConsent { error: ConsentReason::NoRefreshToken.key().to_owned() };
        for sealed in tokens.refresh.iter().chain(&tokens.previous_refresh) {
            let token = match self.vault.open(link.id, TokenKind::Refresh, sealed) {
                Ok(token) => token,
                Err(VaultError::UnknownKey) => return Err(VaultError::UnknownKey.into()),
                Err(VaultError::Damaged) => continue,
            };
            let answer = provider.refresh(&token).await;
            self.outcomes.count_token(link.provider, answer.as_ref().err());
            match answer {
                Ok(grant) => return Ok(Ok((grant, sealed.clone()))),
                Err(error @ OAuthError::NeedsConsent { .. }) => last = error,
                Err(error) => return Ok(Err(error)),
            }
        }
        Ok(Err(last))
    }

    /// The sealed form of a grant. `before` is the pair it replaces and the sealed refresh token that was used.
    pub(crate) fn sealed(
        &self,
        link: &LinkedAccount,
        grant: &Grant,
        before: Option<(&LinkTokens, Vec<u8>)>,
    ) -> LinkTokens {
        let now = self.now();
        let access = self.vault.seal(link.id, TokenKind::Access, &grant.access_token);
        let new_refresh =
            grant.refresh_token.as_ref().map(|t| self.vault.seal(link.id, TokenKind::Refresh, t));
        let generation = before.as_ref().map_or(1, |(tokens, _)| tokens.generation + 1);
        let told_expiry = grant.refresh_expires_in_s.map(|s| now.plus(s * 1000));
        let (refresh, previous_refresh, refresh_expires_at) = match (new_refresh, before) {
            (Some(new), before) => (Some(new), before.map(|(_, used)| used), told_expiry),
            // Google keeps the refresh token; its end, once told, stays.
            (None, Some((tokens, used))) => (Some(used), None, told_expiry.or(tokens.refresh_expires_at)),
            (None, None) => (None, None, told_expiry),
        };
        LinkTokens {
            access,
            access_expires_at: now.plus(grant.expires_in_s * 1000),
            refresh,
            refresh_expires_at,
            previous_refresh,
            generation,
        }
    }
}

/// The state of an account whose tokens work.
pub(crate) fn state_of(refresh_expires_at: Option<EpochMs>, now: EpochMs) -> LinkState {
    match refresh_expires_at {
        Some(end) if end.0 - now.0 < EXPIRING_MS => LinkState::Expiring,
        _ => LinkState::Active,
    }
}
