//! The daily look at tokens, and sealing them anew with another vault key.

use pulsekeep_core::{
    id::LinkId,
    time::{DAY_MS, HOUR_MS},
};
use pulsekeep_store::{LinkTokens, LinkedAccount, OwnedTokens};

use crate::{
    SyncEngine, SyncError, TokenKind, VaultError,
    access::{Access, MARGIN_MS, state_of},
};

/// A token is looked at so often. One that is not in use is refreshed then: a consent that was taken back shows, and
/// Google's refresh tokens, which die after six months without use, stay alive.
const CHECK_EVERY_MS: i64 = DAY_MS;
/// Accounts that were connected together are spread over so long.
const SPREAD_MS: i64 = 2 * HOUR_MS;
/// Accounts looked at in one call.
const AT_ONCE: u64 = 50;
/// Accounts whose tokens are sealed anew between two looks at the database.
const PAGE: u64 = 200;

/// What a look at tokens found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct TokenHealth {
    /// Accounts looked at.
    pub checked: usize,
    /// Those whose tokens were refreshed.
    pub refreshed: usize,
    /// Those whose consent ends within two days.
    pub expiring: usize,
    /// Those whose consent was lost.
    pub lost: usize,
    /// Those of which nothing was learnt; they are looked at again soon.
    pub unreachable: usize,
}

/// What came of sealing tokens anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Resealed {
    /// Accounts whose tokens are sealed with the current key now.
    pub resealed: usize,
    /// Accounts whose tokens were already.
    pub current: usize,
    /// Accounts that a worker has refreshed meanwhile, with its own key; look again.
    pub changed: usize,
    /// Accounts whose tokens no configured key opens: they keep what they have.
    pub unopened: usize,
}

impl SyncEngine {
    /// Looks at the tokens of accounts that nobody has looked at for a day: refreshes those whose access token has ended,
    /// and says which accounts end soon or need consent. A bounded number a call; the schedule calls it often.
    ///
    /// # Errors
    /// The store's and the vault's own.
    pub async fn check_tokens(&self, owner: &str) -> Result<TokenHealth, SyncError> {
        let before = self.now().plus(-CHECK_EVERY_MS);
        let mut health = TokenHealth::default();
        for link in self.store.links_to_check(before, SPREAD_MS, AT_ONCE).await? {
            self.check_token(&link, owner, &mut health).await?;
        }
        Ok(health)
    }

    async fn check_token(
        &self,
        link: &LinkedAccount,
        owner: &str,
        health: &mut TokenHealth,
    ) -> Result<(), SyncError> {
        let now = self.now();
        let (Some(_), Some(tokens)) =
            (self.provider(link.provider), self.store.link_tokens(link.user_id, link.id).await?)
        else {
            return Ok(());
        };
        health.checked += 1;
        let mut ends_at = tokens.refresh_expires_at;
        if tokens.access_expires_at <= now.plus(MARGIN_MS) {
            match self.renew(link, tokens, owner).await? {
                Access::Ready { .. } => health.refreshed += 1,
                Access::NeedsConsent(_) => {
                    health.lost += 1;
                    return Ok(());
                }
                Access::Busy | Access::Unreachable(_) => {
                    health.unreachable += 1;
                    return Ok(());
                }
            }
            ends_at = self.store.link_tokens(link.user_id, link.id).await?.and_then(|t| t.refresh_expires_at);
        }
        let state = state_of(ends_at, now);
        health.expiring += usize::from(state == pulsekeep_core::account::LinkState::Expiring);
        let tx = self.store.write().await?;
        tx.set_link_state(link.user_id, link.id, state, now).await?;
        tx.token_checked(link.user_id, link.id, now).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Seals all tokens anew that were sealed with an earlier vault key. Safe beside workers: a pair that has changed
    /// meanwhile is left alone, and counted.
    ///
    /// # Errors
    /// The store's own.
    pub async fn reseal_tokens(&self) -> Result<Resealed, SyncError> {
        let mut done = Resealed::default();
        let mut after = LinkId(i64::MIN);
        loop {
            let page = self.store.sealed_tokens(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(done) };
            after = last.link_id;
            for old in &page {
                match self.sealed_anew(old) {
                    Ok(None) => done.current += 1,
                    Ok(Some(new)) => {
                        let tx = self.store.write().await?;
                        let is_done = tx.reseal_tokens(old, &new).await?;
                        tx.commit().await?;
                        *(if is_done { &mut done.resealed } else { &mut done.changed }) += 1;
                    }
                    Err(error) => {
                        tracing::warn!(link = %old.link_id, %error, "the tokens of an account stay as they are");
                        done.unopened += 1;
                    }
                }
            }
        }
    }

    /// A pair sealed with the current key; `None` if it is already.
    fn sealed_anew(&self, old: &OwnedTokens) -> Result<Option<LinkTokens>, VaultError> {
        let all = || {
            std::iter::once(&old.tokens.access).chain(&old.tokens.refresh).chain(&old.tokens.previous_refresh)
        };
        if all().all(|sealed| self.vault.is_current(sealed)) {
            return Ok(None);
        }
        let anew = |kind, sealed: &Vec<u8>| {
            let token = self.vault.open(old.link_id, kind, sealed)?;
            Ok(self.vault.seal(old.link_id, kind, &token))
        };
        let refresh = |sealed: &Option<Vec<u8>>| {
            sealed.as_ref().map(|sealed| anew(TokenKind::Refresh, sealed)).transpose()
        };
        Ok(Some(LinkTokens {
            access: anew(TokenKind::Access, &old.tokens.access)?,
            refresh: refresh(&old.tokens.refresh)?,
            previous_refresh: refresh(&old.tokens.previous_refresh)?,
            ..old.tokens.clone()
        }))
    }
}
