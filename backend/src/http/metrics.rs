//! `GET /metrics`: telemetry in the text format of Prometheus, for admins' API tokens, or without one on a listener of its
//! own. Counts alone: no health value, no name, no id.

use std::fmt::Write as _;

use axum::{
    Router,
    extract::{Request, State},
    response::{IntoResponse as _, Response},
    routing::get,
};
use http::{HeaderValue, StatusCode, header, request::Parts};
use pulsekeep_core::{Clock as _, SystemClock, account::Scope};
use pulsekeep_store::{StoreError, Telemetry};
use pulsekeep_sync::OutcomeCount;
use tokio::net::TcpListener;

use super::{App, Problem, RequestId, graphql::known_caller};
use crate::{services::Services, worker::DEAD_AFTER_MS};

/// Answers callers who hold the scope admin.
pub(super) async fn answer(State(app): State<App>, request: Request) -> Response {
    let (parts, _) = request.into_parts();
    match allowed(&app, &parts).await {
        Ok(()) => open(State(app), Request::from_parts(parts, axum::body::Body::empty())).await,
        Err(problem) => problem.answer(&RequestId::of(&parts.extensions)),
    }
}

async fn allowed(app: &App, parts: &Parts) -> Result<(), Problem> {
    let caller = known_caller(app, parts).await?;
    if caller.viewer.is_some_and(|viewer| viewer.is_admin() && viewer.has(Scope::Admin)) {
        return Ok(());
    }
    let text = "This needs an API token of an admin with the scope admin, or HTTP__METRICS_LISTEN";
    Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", text))
}

async fn open(State(app): State<App>, request: Request) -> Response {
    match text(&app.services).await {
        Ok(text) => {
            let mut response = text.into_response();
            let kind = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");
            response.headers_mut().insert(header::CONTENT_TYPE, kind);
            response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
            response
        }
        Err(error) => Problem::internal(&error).answer(&RequestId::of(request.extensions())),
    }
}

/// Serves telemetry to whoever reaches the listener, and nothing else.
pub async fn serve_open(app: App, listener: TcpListener) {
    let router = Router::new().route("/metrics", get(open)).with_state(app);
    if let Err(error) = axum::serve(listener, router).await {
        tracing::error!(%error, "telemetry is served no more");
    }
}

/// One family of measurements as they are now.
fn family(out: &mut String, name: &str, help: &str, values: impl IntoIterator<Item = (String, i64)>) {
    typed(out, ("gauge", name, help), values);
}

/// What came of this process's requests to providers: a counter, which begins with the process.
fn of_outcomes(out: &mut String, counts: &[OutcomeCount]) {
    let values = counts.iter().map(|(provider, asked, outcome, n)| {
        let labels = format!("provider=\"{provider}\",asked=\"{}\",outcome=\"{outcome}\"", asked.key());
        (labels, i64::try_from(*n).unwrap_or(i64::MAX))
    });
    let help = "Requests of this process to providers by what was asked for and what came of it.";
    typed(out, ("counter", "provider_requests_total", help), values);
}

fn typed(
    out: &mut String,
    (kind, name, help): (&str, &str, &str),
    values: impl IntoIterator<Item = (String, i64)>,
) {
    let _ = writeln!(out, "# HELP pulsekeep_{name} {help}\n# TYPE pulsekeep_{name} {kind}");
    for (labels, value) in values {
        let labels = if labels.is_empty() { labels } else { format!("{{{labels}}}") };
        let _ = writeln!(out, "pulsekeep_{name}{labels} {value}");
    }
}

fn alone(value: i64) -> [(String, i64); 1] {
    [(String::new(), value)]
}

async fn text(services: &Services) -> Result<String, StoreError> {
    let store = &services.store;
    let now = services.clock.now();
    let mut out = of_telemetry(&store.telemetry(now).await?);
    let lag = store.schedule_lag_ms(now).await? / 1000;
    family(
        &mut out,
        "schedule_lag_seconds",
        "How long the account that waits longest is overdue.",
        alone(lag),
    );
    // Processes live by the machine's clock, whatever time is simulated.
    let workers = store.workers(SystemClock.now().plus(-DEAD_AFTER_MS)).await?;
    let count = i64::try_from(workers.len()).unwrap_or(i64::MAX);
    family(&mut out, "workers", "Worker processes seen within the last minute.", alone(count));
    let today = now.civil(0).date();
    let pushes =
        store.push_counts(today).await?.into_iter().map(|count| {
            (format!("provider=\"{}\",outcome=\"{}\"", count.provider, count.outcome), count.calls)
        });
    family(&mut out, "webhook_calls_today", "Webhook calls of the present UTC day.", pushes);
    of_outcomes(&mut out, &services.engine.outcomes());
    if let Some(bytes) = resident_bytes() {
        family(&mut out, "resident_memory_bytes", "Resident memory of this process.", alone(bytes));
    }
    Ok(out)
}

fn of_telemetry(seen: &Telemetry) -> String {
    let mut out = String::new();
    let jobs = seen.jobs.iter().map(|([kind, state], n)| (format!("kind=\"{kind}\",state=\"{state}\""), *n));
    family(&mut out, "sync_jobs", "Sync jobs that are kept.", jobs);
    let windows = seen.windows.iter().map(|([state], n)| (format!("state=\"{state}\""), *n));
    family(&mut out, "sync_windows", "Windows that were not read yet.", windows);
    family(&mut out, "budget_waits", "Windows that wait for a request limit.", alone(seen.budget_waits));
    let requests = seen.requests.iter().flat_map(|(provider, planned, again)| {
        let labels = |outcome| format!("provider=\"{provider}\",outcome=\"{outcome}\"");
        [(labels("planned"), *planned), (labels("retry"), *again)]
    });
    family(&mut out, "sync_requests", "Requests of the jobs that are kept.", requests);
    let accounts = seen
        .accounts
        .iter()
        .map(|([provider, state], n)| (format!("provider=\"{provider}\",state=\"{state}\""), *n));
    family(&mut out, "linked_accounts", "Linked accounts by the state of their tokens.", accounts);
    family(
        &mut out,
        "unwritten_batches",
        "Batches whose jobs are not all written.",
        alone(seen.unwritten_batches),
    );
    family(&mut out, "webhook_notices", "Notices that wait for a job.", alone(seen.notices));
    out
}

/// Resident memory, where the system tells it as Linux does.
fn resident_bytes() -> Option<i64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse::<i64>().ok().map(|kib| kib * 1024)
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::account::ProviderKey;
    use pulsekeep_sync::Asked;

    use super::*;

    #[test]
    fn requests_are_counters_by_outcome() {
        let mut text = String::new();
        of_outcomes(&mut text, &[(ProviderKey::Fitbit, Asked::Data, "rate_limited", 2)]);
        assert!(text.contains("# TYPE pulsekeep_provider_requests_total counter\n"), "{text}");
        let line = "pulsekeep_provider_requests_total{provider=\"fitbit\",asked=\"data\",outcome=\"rate_limited\"} 2\n";
        assert!(text.contains(line), "{text}");
    }

    #[test]
    fn families_are_written_as_prometheus_reads_them() {
        let seen = Telemetry {
            jobs: vec![(["backfill".to_owned(), "done".to_owned()], 3)],
            requests: vec![("fitbit".to_owned(), 120, 2)],
            ..Telemetry::default()
        };
        let text = of_telemetry(&seen);
        assert!(text.contains("# TYPE pulsekeep_sync_jobs gauge\n"));
        assert!(text.contains("pulsekeep_sync_jobs{kind=\"backfill\",state=\"done\"} 3\n"), "{text}");
        assert!(text.contains("pulsekeep_sync_requests{provider=\"fitbit\",outcome=\"retry\"} 2\n"));
        assert!(text.contains("pulsekeep_budget_waits 0\n"));
    }
}
