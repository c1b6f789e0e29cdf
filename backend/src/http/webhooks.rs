//! `/webhooks/{provider}`: what a provider tells. A call is judged and stored, nothing else: the work comes later.
//!
//! Answers: Fitbit verifies by GET (204 for the right code, else 404) and gets 404 for a bad signature; Google verifies
//! by POST (201 with the secret, 401 without) and gets 401 for what is not its own. 204 is a call that was taken, even
//! where nothing follows from it; 503 one that the provider should repeat.

use std::{
    collections::BTreeMap,
    str::FromStr as _,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use axum::extract::{Path, Query, Request, State};
use http::{HeaderMap, StatusCode};
use jiff::{civil::Date, tz::Offset};
use pulsekeep_core::{Clock, account::ProviderKey};
use pulsekeep_provider::{Judgement, Notification, Provider};
use pulsekeep_store::{Store, StoreError};
use serde::Deserialize;

use super::{App, BODY_LIMIT};

/// Counts are written this long after the first of them: calls of strangers must not make the database work.
const WRITE_AFTER: Duration = Duration::from_secs(1);

/// What Fitbit sends to verify the address.
#[derive(Debug, Deserialize)]
pub(super) struct VerifyQuery {
    #[serde(default)]
    verify: String,
}

/// `GET`: Fitbit's verification.
pub(super) async fn verify(
    State(app): State<App>,
    Path(provider): Path<String>,
    Query(query): Query<VerifyQuery>,
) -> StatusCode {
    let Some((key, provider)) = enabled(&app, &provider) else { return StatusCode::NOT_FOUND };
    let fits = provider.push().is_some_and(|push| push.is_verify_code(&query.verify));
    app.push_counts.add(key, if fits { "verified" } else { "not_verified" }, 1);
    if fits { StatusCode::NO_CONTENT } else { StatusCode::NOT_FOUND }
}

/// `POST`: notifications, and Google's verification.
pub(super) async fn receive(
    State(app): State<App>,
    Path(provider): Path<String>,
    request: Request,
) -> StatusCode {
    let Some((key, provider)) = enabled(&app, &provider) else { return StatusCode::NOT_FOUND };
    let (parts, body) = request.into_parts();
    let Ok(body) = axum::body::to_bytes(body, BODY_LIMIT).await else {
        app.push_counts.add(key, "too_large", 1);
        return StatusCode::PAYLOAD_TOO_LARGE;
    };
    judge(&app, key, &*provider, &parts.headers, &body).await
}

/// The provider, if its webhook is set up.
fn enabled(app: &App, word: &str) -> Option<(ProviderKey, Arc<dyn Provider>)> {
    let key = ProviderKey::from_str(word).ok()?;
    let provider = app.services.engine.provider(key)?;
    provider.push().is_some().then(|| (key, provider.clone()))
}

async fn judge(
    app: &App,
    key: ProviderKey,
    provider: &dyn Provider,
    headers: &HeaderMap,
    body: &[u8],
) -> StatusCode {
    let Some(push) = provider.push() else { return StatusCode::NOT_FOUND };
    let (outcome, status) = match push.judge(headers, body, app.services.clock.now()).await {
        Judgement::Verification { accepted: true } => ("verified", StatusCode::CREATED),
        Judgement::Verification { accepted: false } => ("not_verified", StatusCode::UNAUTHORIZED),
        Judgement::Genuine(told) => return store(app, key, &told).await,
        Judgement::Unreadable(what) => {
            // Repeating it would not make it readable; the schedule's syncs find what it told.
            tracing::warn!(provider = key.key(), what, "a genuine notification could not be understood");
            ("unreadable", StatusCode::NO_CONTENT)
        }
        Judgement::Refused(why) => (why.key(), refused(key)),
        Judgement::Unavailable(why) => {
            tracing::warn!(provider = key.key(), why, "a notification could not be checked");
            ("no_keys", StatusCode::SERVICE_UNAVAILABLE)
        }
    };
    app.push_counts.add(key, outcome, 1);
    status
}

fn refused(key: ProviderKey) -> StatusCode {
    match key {
        ProviderKey::GoogleHealth => StatusCode::UNAUTHORIZED,
        ProviderKey::Fitbit => StatusCode::NOT_FOUND,
    }
}

async fn store(app: &App, key: ProviderKey, told: &[Notification]) -> StatusCode {
    match app.services.engine.note(key, told).await {
        Ok(outcomes) => {
            for outcome in outcomes {
                app.push_counts.add(key, outcome.key(), 1);
            }
            StatusCode::NO_CONTENT
        }
        Err(error) => {
            tracing::error!(provider = key.key(), %error, "a notification could not be stored");
            app.push_counts.add(key, "not_stored", 1);
            StatusCode::SERVICE_UNAVAILABLE
        }
    }
}

type Pending = BTreeMap<(ProviderKey, &'static str, Date), i64>;

/// Counts of calls that are not in the database yet. Clones share them.
#[derive(Clone)]
pub struct PushCounts {
    store: Store,
    clock: Arc<dyn Clock>,
    pending: Arc<Mutex<Pending>>,
    is_waiting: Arc<AtomicBool>,
}

impl PushCounts {
    /// Counts for `store`, whose days are those of `clock` in UTC.
    #[must_use]
    pub fn new(store: Store, clock: Arc<dyn Clock>) -> Self {
        Self { store, clock, pending: Arc::default(), is_waiting: Arc::default() }
    }

    fn add(&self, provider: ProviderKey, outcome: &'static str, calls: i64) {
        let day = Offset::UTC.to_datetime(self.clock.now().timestamp()).date();
        self.merge([((provider, outcome, day), calls)].into());
        if !self.is_waiting.swap(true, Ordering::SeqCst) {
            let counts = self.clone();
            tokio::spawn(async move {
                tokio::time::sleep(WRITE_AFTER).await;
                if let Err(error) = counts.write().await {
                    tracing::warn!(%error, "counts of webhook calls could not be written; they wait");
                }
            });
        }
    }

    fn merge(&self, counts: Pending) {
        let mut pending = self.pending.lock().unwrap_or_else(PoisonError::into_inner);
        for (what, calls) in counts {
            *pending.entry(what).or_default() += calls;
        }
    }

    /// Writes what has been counted.
    ///
    /// # Errors
    /// The store's own; the counts wait for the next time then.
    pub async fn write(&self) -> Result<(), StoreError> {
        self.is_waiting.store(false, Ordering::SeqCst);
        let counts = std::mem::take(&mut *self.pending.lock().unwrap_or_else(PoisonError::into_inner));
        if counts.is_empty() {
            return Ok(());
        }
        let written = self.write_down(&counts).await;
        if written.is_err() {
            self.merge(counts);
        }
        written
    }

    async fn write_down(&self, counts: &Pending) -> Result<(), StoreError> {
        let tx = self.store.write().await?;
        for (&(provider, outcome, day), &calls) in counts {
            tx.count_push(provider, outcome, day, calls).await?;
        }
        tx.commit().await
    }
}
