//! What tokens alone cannot say: codes that wait, refresh tokens that were replaced, consents that were withdrawn.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde::{Deserialize, Serialize};

use super::scopes::Scopes;
use super::tokens::Claims;
use crate::faults::Provider;

/// How long an authorization code lives, milliseconds.
pub(crate) const CODE_LIFETIME_MS: i64 = 10 * 60 * 1000;
/// Google keeps this many refresh tokens of an account and client; older ones die silently.
const GOOGLE_LIVE_GRANTS: usize = 100;
/// Google forgets a refresh token that was not used for about six months, seconds.
const GOOGLE_UNUSED_SECONDS: i64 = 183 * 86_400;

/// A code that was handed to a browser.
#[derive(Clone, Debug)]
pub(crate) struct Code {
    pub(crate) provider: Provider,
    pub(crate) client_id: String,
    pub(crate) redirect_uri: String,
    pub(crate) challenge: Option<String>,
    pub(crate) person: String,
    pub(crate) scopes: Scopes,
    /// Epoch milliseconds.
    pub(crate) made: i64,
    /// Google: a refresh token is wanted (`access_type=offline`).
    pub(crate) offline: bool,
    pub(crate) used: bool,
}

/// Where the chain of refresh tokens of a grant stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Rotation {
    /// The newest generation.
    pub(crate) generation: u32,
    /// When it was made, epoch seconds.
    pub(crate) issued: i64,
    /// Whether one of its tokens has been used.
    pub(crate) used: bool,
}

/// The part that a state file keeps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct GrantState {
    last_grant: u64,
    /// Account key to the last grant that is withdrawn.
    revoked: BTreeMap<String, u64>,
    rotations: BTreeMap<u64, Rotation>,
    /// Google: account key to the scopes that were ever granted and not withdrawn.
    granted: BTreeMap<String, u32>,
    /// Account key to the grants with a refresh token, oldest first.
    refreshable: BTreeMap<String, Vec<u64>>,
    /// Grant to its last use, epoch seconds.
    used: BTreeMap<u64, i64>,
    /// Google: accounts that ever consented. A withdrawn consent gives no place back.
    #[serde(default)]
    ever: BTreeSet<String>,
}

/// All that is known of consents.
#[derive(Debug, Default)]
pub(crate) struct Grants {
    pub(crate) codes: HashMap<String, Code>,
    pub(crate) state: GrantState,
}

fn account(provider: Provider, client: u32, person: &str) -> String {
    format!("{provider:?}/{client:08x}/{person}")
}

fn account_of(claims: &Claims) -> String {
    account(claims.provider, claims.client, &claims.person)
}

/// What became of a refresh.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Turn {
    /// A new generation; made now.
    New(Rotation),
    /// The same request again: the answer of then.
    Same(Rotation),
    /// The token was used before.
    Spent,
}

impl Grants {
    /// A number for a new grant; numbers grow over restarts.
    pub(crate) fn next_grant(&mut self, now_ms: i64) -> u64 {
        let number = (self.state.last_grant + 1).max(u64::try_from(now_ms).unwrap_or(0));
        self.state.last_grant = number;
        number
    }

    /// Scopes that the account has granted this client before (Google's `include_granted_scopes`).
    pub(crate) fn granted(&self, provider: Provider, client: u32, person: &str) -> Option<Scopes> {
        self.state.granted.get(&account(provider, client, person)).copied().map(Scopes)
    }

    /// Gives a person a place among those who may use a client, if there is one left.
    pub(crate) fn admit(&mut self, provider: Provider, client: u32, person: &str, limit: u32) -> bool {
        let key = account(provider, client, person);
        let of_client = account(provider, client, "");
        let others = self.state.ever.iter().filter(|other| other.starts_with(&of_client)).count();
        self.state.ever.contains(&key) || ((others as u64) < u64::from(limit) && self.state.ever.insert(key))
    }

    /// Remembers a consent; `refreshable` if its answer carries a refresh token.
    pub(crate) fn remember(&mut self, claims: &Claims, refreshable: bool) {
        let key = account_of(claims);
        *self.state.granted.entry(key.clone()).or_default() |= claims.scopes.0;
        if refreshable {
            let live = self.state.refreshable.entry(key).or_default();
            if claims.provider == Provider::Fitbit {
                // one active refresh token per user and application
                live.clear();
            }
            live.push(claims.grant);
            if live.len() > GOOGLE_LIVE_GRANTS {
                live.remove(0);
            }
            self.state.used.insert(claims.grant, claims.issued);
        }
    }

    /// Withdraws the whole consent that a token belongs to.
    pub(crate) fn revoke(&mut self, claims: &Claims) {
        let key = account_of(claims);
        self.state.revoked.insert(key.clone(), self.state.last_grant.max(claims.grant));
        self.state.granted.remove(&key);
        self.state.refreshable.remove(&key);
    }

    pub(crate) fn is_revoked(&self, claims: &Claims) -> bool {
        self.state.revoked.get(&account_of(claims)).is_some_and(|last| claims.grant <= *last)
    }

    /// Whether a refresh token's grant is still among those that live (unknown after a restart: then it is).
    pub(crate) fn is_live(&self, claims: &Claims, now: i64) -> bool {
        let listed = self.state.refreshable.get(&account_of(claims));
        let newer_only = listed.is_some_and(|live| {
            !live.contains(&claims.grant) && live.first().is_some_and(|first| *first > claims.grant)
        });
        let unused = claims.provider == Provider::Google
            && self.state.used.get(&claims.grant).is_some_and(|used| now - used > GOOGLE_UNUSED_SECONDS);
        !newer_only && !unused
    }

    /// Turns the chain of a rotating refresh token.
    pub(crate) fn turn(&mut self, claims: &Claims, now: i64, same_answer: bool) -> Turn {
        let start = Rotation { generation: claims.generation, issued: now, used: true };
        let current = *self.state.rotations.entry(claims.grant).or_insert(start);
        self.state.used.insert(claims.grant, now);
        if claims.generation == current.generation {
            let next = Rotation { generation: current.generation + 1, issued: now, used: false };
            self.state.rotations.insert(claims.grant, next);
            Turn::New(next)
        } else if claims.generation + 1 == current.generation && !current.used && same_answer {
            Turn::Same(current)
        } else {
            Turn::Spent
        }
    }

    /// Notes the use of an access token: the refresh request that made it can no longer be repeated. True if that is news.
    pub(crate) fn used(&mut self, claims: &Claims) -> bool {
        match self.state.rotations.get_mut(&claims.grant) {
            Some(rotation) if rotation.generation == claims.generation && !rotation.used => {
                rotation.used = true;
                true
            }
            _ => false,
        }
    }

    /// Notes the use of a refresh token that does not rotate.
    pub(crate) fn touched(&mut self, claims: &Claims, now: i64) {
        self.state.used.insert(claims.grant, now);
    }

    /// Drops codes that have been dead for an hour.
    pub(crate) fn forget_old_codes(&mut self, now_ms: i64) {
        self.codes.retain(|_, code| now_ms - code.made < CODE_LIFETIME_MS + 3_600_000);
    }
}
