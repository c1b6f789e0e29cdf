//! The HTTP server: router, sessions, GraphQL, OAuth connect routes, the web app's files.

mod assets;
mod caller;
pub mod connect;
mod data;
mod graphql;
mod health;
mod metrics;
mod observe;
mod origin;
mod outcome;
mod playground;
mod problem;
mod security;
mod series;
mod session;
mod webhooks;
mod ws;

use std::{net::SocketAddr, path::PathBuf, sync::Arc, time::Duration};

use axum::{
    Router,
    extract::DefaultBodyLimit,
    middleware,
    routing::{get, post},
};
use tokio::net::TcpListener;
use tower_sessions::{Expiry, SessionManagerLayer, cookie::SameSite};

pub use caller::{Caller, Credential, TokenRefused};
pub use metrics::serve_open as serve_metrics;
pub use observe::RequestId;
pub use problem::Problem;
pub use session::WebSession;
pub use webhooks::PushCounts;

use crate::{
    graphql::{self as schema, PulsekeepSchema},
    services::Services,
};

/// Largest body of any request.
const BODY_LIMIT: usize = 64 * 1024;
/// How long requests in flight may go on after the server was told to stop.
const DRAIN: Duration = Duration::from_secs(10);

/// What the router needs beside the services.
#[derive(Debug, Clone)]
pub struct HttpOptions {
    /// Folder of the built web app.
    pub web_root: PathBuf,
    /// Folder of the built playground.
    pub playground_root: PathBuf,
    /// Days after its last use at which a web session ends.
    pub session_days: u32,
    /// Whether the last entry of `X-Forwarded-For` is the caller's address.
    pub trust_forwarded_for: bool,
    /// Bytes that a Parquet file of `/data/v1/series` has at most.
    pub parquet_limit: u64,
    /// How often an open web socket looks whether its web session or token has ended.
    pub recheck_every: Duration,
}

impl From<&crate::config::HttpConfig> for HttpOptions {
    fn from(config: &crate::config::HttpConfig) -> Self {
        Self {
            web_root: config.web_root.clone(),
            playground_root: config.playground_root.clone(),
            session_days: config.session_days,
            trust_forwarded_for: config.trust_forwarded_for,
            parquet_limit: u64::from(config.parquet_limit_mb) << 20,
            recheck_every: Duration::from_secs(10),
        }
    }
}

/// The state of all routes.
#[derive(Clone)]
pub struct App {
    /// Store, sync engine, clock and the rest.
    pub services: Arc<Services>,
    /// The GraphQL schema.
    pub schema: PulsekeepSchema,
    /// Options.
    pub options: Arc<HttpOptions>,
    /// Counts of webhook calls.
    pub push_counts: PushCounts,
    series: series::SeriesState,
}

impl App {
    /// The state for `services`.
    #[must_use]
    pub fn new(services: Services, options: HttpOptions) -> Self {
        let push_counts = PushCounts::new(services.store.clone(), services.clock.clone());
        let services = Arc::new(services);
        let schema = schema::build(Some(services.clone()));
        Self {
            schema,
            services,
            options: Arc::new(options),
            push_counts,
            series: series::SeriesState::default(),
        }
    }
}

/// All routes.
pub fn router(app: App) -> Router {
    let sessions = SessionManagerLayer::new(pulsekeep_store::WebSessions::new(
        app.services.store.clone(),
        app.services.clock.clone(),
    ))
    .with_name("pulsekeep_session")
    // Strict would keep the cookie from the provider's redirect back to us.
    .with_same_site(SameSite::Lax)
    .with_http_only(true)
    .with_secure(app.services.public_url.scheme() == "https")
    .with_expiry(Expiry::OnInactivity(time::Duration::days(i64::from(app.options.session_days))));

    let with_session = Router::new()
        .route("/graphql", post(graphql::answer))
        .route("/graphql/ws", get(ws::upgrade))
        .route("/connect/{provider}", get(connect::begin))
        .route("/connect/{provider}/callback", get(connect::callback))
        .route("/invitation/{token}", get(connect::redeem))
        .route("/playground", get(playground::index))
        .route("/playground/{*path}", get(playground::file))
        .route("/data/v1/raw/{id}", get(data::raw))
        .route("/data/v1/series", get(series::answer))
        .route("/metrics", get(metrics::answer))
        .layer(sessions);
    Router::new()
        .merge(with_session)
        .route("/webhooks/{provider}", get(webhooks::verify).post(webhooks::receive))
        .route("/health/live", get(health::live))
        .route("/health/ready", get(health::ready))
        .fallback(assets::web_app)
        .method_not_allowed_fallback(problem::method_not_allowed)
        .layer(DefaultBodyLimit::max(BODY_LIMIT))
        .layer(middleware::from_fn(security::headers))
        .layer(middleware::from_fn(observe::observe))
        .with_state(app)
}

/// Serves until `stop` is done; then requests in flight may finish.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: App,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let counts = app.push_counts.clone();
    let router = router(app).into_make_service_with_connect_info::<SocketAddr>();
    let (told, mut hears) = tokio::sync::watch::channel(false);
    let stop = async move {
        stop.await;
        let _ = told.send(true);
    };
    let server = axum::serve(listener, router).with_graceful_shutdown(stop);
    // Open web sockets would keep the server for ever: it waits a while, not longer.
    let too_late = async move {
        let _ = hears.wait_for(|stopped| *stopped).await;
        tokio::time::sleep(DRAIN).await;
    };
    let result = tokio::select! {
        result = server => result,
        () = too_late => Ok(()),
    };
    if let Err(error) = counts.write().await {
        tracing::warn!(%error, "the last counts of webhook calls were lost");
    }
    result
}
