//! The web session: who is signed in, the invitation in hand, and OAuth state under way. Nothing else is kept in it,
//! since parallel requests overwrite each other's changes.

use pulsekeep_core::{
    EpochMs,
    account::ProviderKey,
    id::{InvitationId, UserId},
    time::DAY_MS,
};
use pulsekeep_store::User;
use serde::{Deserialize, Serialize};
use tower_sessions::{Session, session::Error};

/// `WebSessions` of the store reads this key, to end all of a user's sessions.
const USER: &str = "user_id";
const EPOCH: &str = "epoch";
const INVITATION: &str = "invitation_id";
const RENEWED: &str = "renewed_at";

/// What the callback needs of the consent that was begun.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PendingConsent {
    /// The state that went to the provider.
    pub state: String,
    /// The PKCE verifier.
    pub verifier: String,
    /// For whom.
    pub user_id: i64,
    /// When, in epoch milliseconds.
    pub begun_at: i64,
}

/// Who is signed in, as the web session has it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SignedIn {
    /// The user.
    pub user: UserId,
    /// The user's session epoch at sign-in.
    pub epoch: i64,
}

/// A web session, in our words.
#[derive(Debug, Clone)]
pub struct WebSession(pub Session);

impl WebSession {
    /// Who is signed in.
    ///
    /// # Errors
    /// The store's own.
    pub async fn signed_in(&self) -> Result<Option<SignedIn>, Error> {
        let user: Option<i64> = self.0.get(USER).await?;
        let epoch: Option<i64> = self.0.get(EPOCH).await?;
        Ok(user.zip(epoch).map(|(user, epoch)| SignedIn { user: UserId(user), epoch }))
    }

    /// Signs `user` in under a new session id; whatever the session held before is dropped.
    ///
    /// # Errors
    /// The store's own.
    pub async fn sign_in(&self, user: &User, now: EpochMs) -> Result<(), Error> {
        self.0.clear().await;
        self.0.cycle_id().await?;
        self.0.insert(USER, user.id.0).await?;
        self.0.insert(EPOCH, user.session_epoch).await?;
        self.0.insert(RENEWED, now.0).await
    }

    /// Ends the session.
    ///
    /// # Errors
    /// The store's own.
    pub async fn sign_out(&self) -> Result<(), Error> {
        self.0.flush().await
    }

    /// Moves the end of a session in use, at most once a day.
    ///
    /// # Errors
    /// The store's own.
    pub async fn renew(&self, now: EpochMs) -> Result<(), Error> {
        let renewed: i64 = self.0.get(RENEWED).await?.unwrap_or_default();
        if now.0 - renewed >= DAY_MS {
            self.0.insert(RENEWED, now.0).await?;
        }
        Ok(())
    }

    /// Reads the session again from the store.
    ///
    /// # Errors
    /// The store's own.
    pub async fn reload(&self) -> Result<(), Error> {
        self.0.load().await
    }

    /// The invitation in hand.
    ///
    /// # Errors
    /// The store's own.
    pub async fn invitation(&self) -> Result<Option<InvitationId>, Error> {
        Ok(self.0.get::<i64>(INVITATION).await?.map(InvitationId))
    }

    /// Takes an invitation in hand, under a new session id and signed out.
    ///
    /// # Errors
    /// The store's own.
    pub async fn take_invitation(&self, id: InvitationId) -> Result<(), Error> {
        self.0.clear().await;
        self.0.cycle_id().await?;
        self.0.insert(INVITATION, id.0).await
    }

    /// Notes a consent that begins. A second one for the same provider replaces the first.
    ///
    /// # Errors
    /// The store's own.
    pub async fn begin_consent(&self, provider: ProviderKey, pending: &PendingConsent) -> Result<(), Error> {
        self.0.insert(&consent_key(provider), pending).await
    }

    /// Takes the consent under way out of the session, at once, so that no callback is used twice.
    ///
    /// # Errors
    /// The store's own.
    pub async fn end_consent(&self, provider: ProviderKey) -> Result<Option<PendingConsent>, Error> {
        let pending = self.0.remove(&consent_key(provider)).await?;
        if pending.is_some() {
            self.0.save().await?;
        }
        Ok(pending)
    }
}

fn consent_key(provider: ProviderKey) -> String {
    format!("consent_{provider}")
}
