use axum::{Json, extract::State, response::IntoResponse};
use http::StatusCode;
use pulsekeep_core::{Clock as _, SystemClock};
use pulsekeep_store::StoreError;
use serde_json::{Value, json};

use super::App;
use crate::worker::DEAD_AFTER_MS;

/// The process answers.
pub(super) async fn live() -> Json<Value> {
    Json(json!({ "status": "ok" }))
}

/// The process can do its work: the database answers. Beside it, how many worker processes live and how many seconds
/// ago the last of them was seen (null for none): without one, pages are served and nothing is fetched.
pub(super) async fn ready(State(app): State<App>) -> impl IntoResponse {
    match look(&app).await {
        Ok(workers) => {
            (StatusCode::OK, Json(json!({ "status": "ok", "database": "ok", "workers": workers })))
        }
        Err(error) => {
            tracing::warn!(%error, "not ready");
            let body = json!({ "status": "unavailable", "database": "unreachable" });
            (StatusCode::SERVICE_UNAVAILABLE, Json(body))
        }
    }
}

async fn look(app: &App) -> Result<Value, StoreError> {
    let store = &app.services.store;
    store.ping().await?;
    // Processes live by the machine's clock, whatever time is simulated.
    let now = SystemClock.now();
    let workers = store.workers(now.plus(-DEAD_AFTER_MS)).await?;
    let age_s = workers.first().map(|worker| (now.0 - worker.seen_at.0).max(0) / 1000);
    Ok(json!({ "alive": workers.len(), "secondsSinceSeen": age_s }))
}
