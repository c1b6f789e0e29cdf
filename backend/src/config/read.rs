//! From merged values to a checked [`Config`], collecting every problem on the way.

use std::net::SocketAddr;

use base64::{Engine as _, engine::general_purpose::STANDARD};
use figment::value::Value;
use pulsekeep_core::{account::ProviderKey, catalogue::Cadence};
use secrecy::SecretString;
use url::Url;

use super::{
    Config, ConfigError, DatabaseConfig, HttpConfig, LogConfig, Need, Problem, ProviderSection, Sources,
    SyncConfig, VaultConfig,
    keys::{KEYS, Kind, flatten, nearest, variable},
    sources::Merged,
};

pub(super) fn config(sources: &Sources, need: Need) -> Result<Config, ConfigError> {
    let mut reader = Reader { merged: sources.merge()?, problems: Vec::new() };
    reader.problems.append(&mut reader.merged.problems);
    reader.unknown_keys();
    let config = Config {
        http: reader.http(),
        database: reader.database(),
        vault: reader.vault(need == Need::Vault),
        providers: ProviderKey::ALL.into_iter().filter_map(|p| reader.provider(p)).collect(),
        sync: reader.sync(),
        export: super::export::read(&mut reader),
        log: reader.log(),
        clock: super::clock::read(&mut reader),
    };
    if reader.problems.is_empty() { Ok(config) } else { Err(ConfigError(reader.problems)) }
}

/// The name of the place that a key's value comes from.
pub(super) fn source_of(merged: &Merged, key: &str) -> String {
    let name = merged.figment.find_metadata(key).map_or("default", |m| m.name.as_ref());
    if name == "environment" { variable(key) } else { name.to_owned() }
}

pub(super) struct Reader {
    merged: Merged,
    problems: Vec<Problem>,
}

impl Reader {
    pub(super) fn problem(&mut self, key: &str, text: impl Into<String>) {
        let source = source_of(&self.merged, key);
        self.problems.push(Problem { key: key.to_owned(), source, text: text.into() });
    }

    fn unknown_keys(&mut self) {
        let unknown: Vec<String> = flatten(&self.merged.values)
            .into_iter()
            .map(|(key, _)| key)
            .filter(|key| !KEYS.contains_key(key))
            .collect();
        for key in unknown {
            let hint = nearest(&key).map_or_else(
                || "`pulsekeep config show` lists the keys".to_owned(),
                |near| format!("did you mean {near}?"),
            );
            self.problem(&key, format!("is not a key of Pulsekeep; {hint}"));
        }
    }

    /// The value of a key, of the kind that the default has.
    fn value(&mut self, key: &str) -> Option<Value> {
        let expected = KEYS[key];
        let value = self.merged.figment.find_value(key).ok()?;
        // A number is a fine text: client ids may consist of digits.
        if Kind::of(&value) == Some(expected) || (expected == Kind::Text && value.as_str().is_none()) {
            return Some(value);
        }
        self.problem(key, format!("must be {}", expected.in_words()));
        None
    }

    /// A text that may also be written true or false.
    pub(super) fn word(&mut self, key: &str) -> String {
        match self.value(key).as_ref().and_then(Value::to_bool) {
            Some(flag) => flag.to_string(),
            None => self.text(key),
        }
    }

    pub(super) fn text(&mut self, key: &str) -> String {
        match self.value(key) {
            Some(Value::String(_, text)) => text,
            Some(Value::Char(_, c)) => c.to_string(),
            Some(Value::Num(_, n)) => n.to_i128().map_or_else(String::new, |n| n.to_string()),
            Some(_) => {
                self.problem(key, "must be a text");
                String::new()
            }
            None => String::new(),
        }
    }

    pub(super) fn flag(&mut self, key: &str) -> bool {
        self.value(key).and_then(|v| v.to_bool()).unwrap_or_default()
    }

    pub(super) fn number(&mut self, key: &str, range: std::ops::RangeInclusive<u32>) -> u32 {
        let Some(value) = self.value(key) else { return *range.start() };
        match value.to_i128().and_then(|n| u32::try_from(n).ok()).filter(|n| range.contains(n)) {
            Some(n) => n,
            None => {
                self.problem(
                    key,
                    format!("must be a whole number from {} to {}", range.start(), range.end()),
                );
                *range.start()
            }
        }
    }

    fn list(&mut self, key: &str) -> Vec<String> {
        let Some(Value::Array(_, items)) = self.value(key) else { return Vec::new() };
        items.iter().filter_map(|item| item.as_str().map(str::to_owned)).collect()
    }

    pub(super) fn url(&mut self, key: &str, origin_only: bool) -> Url {
        let text = self.text(key);
        let sound = Url::parse(&text).ok().filter(|u| matches!(u.scheme(), "http" | "https") && u.has_host());
        let Some(url) = sound else {
            self.problem(key, "must be an address that starts with https:// or http://");
            return Url::parse("http://invalid.invalid").expect("a constant");
        };
        if origin_only && (url.path() != "/" || url.query().is_some() || url.fragment().is_some()) {
            self.problem(key, "must be scheme, host and port alone: take the path away");
        }
        url
    }

    fn http(&mut self) -> HttpConfig {
        let listen = self.text("http.listen").parse::<SocketAddr>().unwrap_or_else(|_| {
            self.problem("http.listen", "must be an address and a port, for example 127.0.0.1:8080");
            SocketAddr::from(([127, 0, 0, 1], 0))
        });
        let metrics = self.text("http.metrics_listen");
        let metrics_listen = metrics.parse::<SocketAddr>().ok();
        if metrics_listen.is_none() && !metrics.is_empty() {
            self.problem(
                "http.metrics_listen",
                "must be an address and a port, for example 127.0.0.1:9464, or empty",
            );
        }
        let has_public_url = !self.text("http.public_url").is_empty();
        HttpConfig {
            listen,
            metrics_listen,
            public_url: has_public_url.then(|| self.url("http.public_url", true)),
            web_root: self.text("http.web_root").into(),
            playground_root: self.text("http.playground_root").into(),
            session_days: self.number("http.session_days", 1..=365),
            trust_forwarded_for: self.flag("http.trust_forwarded_for"),
            parquet_limit_mb: self.number("http.parquet_limit_mb", 1..=1_000_000),
        }
    }

    fn database(&mut self) -> DatabaseConfig {
        let url = self.text("database.url");
        let known = ["sqlite://", "postgres://", "postgresql://"];
        if !known.iter().any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty())) {
            self.problem(
                "database.url",
                "must be sqlite://path/to/file or postgres://user:password@host:5432/name",
            );
        }
        DatabaseConfig { url: url.into(), readers: self.number("database.readers", 1..=64) }
    }

    fn vault(&mut self, needed: bool) -> Option<VaultConfig> {
        let text = self.text("vault.key");
        let previous: Vec<[u8; 32]> = self
            .list("vault.previous_keys")
            .iter()
            .filter_map(|text| self.vault_key("vault.previous_keys", text))
            .collect();
        if text.is_empty() {
            if needed {
                self.problem(
                    "vault.key",
                    "is missing; make one with `openssl rand -base64 32` and set PULSEKEEP_VAULT__KEY or \
                     PULSEKEEP_VAULT__KEY_FILE",
                );
            }
            return None;
        }
        self.vault_key("vault.key", &text).map(|key| VaultConfig { key, previous })
    }

    pub(super) fn vault_key(&mut self, name: &str, text: &str) -> Option<[u8; 32]> {
        let key = STANDARD.decode(text.trim()).ok().and_then(|bytes| <[u8; 32]>::try_from(bytes).ok());
        if key.is_none() {
            self.problem(
                name,
                "must be 32 bytes in base64 (44 characters), as `openssl rand -base64 32` makes them",
            );
        }
        key
    }

    fn provider(&mut self, provider: ProviderKey) -> Option<ProviderSection> {
        let key = |name: &str| format!("providers.{provider}.{name}");
        let enabled = self.flag(&key("enabled"));
        let mut section = ProviderSection {
            provider,
            client_id: self.text(&key("client_id")),
            client_secret: SecretString::from(self.text(&key("client_secret"))),
            authorize_url: self.url(&key("authorize_url"), false),
            token_url: self.url(&key("token_url"), false),
            revoke_url: self.url(&key("revoke_url"), false),
            api_url: self.url(&key("api_url"), false),
            routes: self.flag(&key("routes")),
            push: None,
        };
        if enabled && section.client_id.is_empty() {
            self.problem(
                &key("client_id"),
                format!("is missing; enter the OAuth client of {}, or disable the provider", provider.name()),
            );
        }
        // A Fitbit client may be a public one, which has no secret.
        if enabled
            && provider == ProviderKey::GoogleHealth
            && secrecy::ExposeSecret::expose_secret(&section.client_secret).is_empty()
        {
            self.problem(&key("client_secret"), "is missing; enter the secret of the OAuth client");
        }
        if enabled {
            section.push = super::push::read(self, provider, &section.client_secret);
        }
        enabled.then_some(section)
    }

    fn sync(&mut self) -> SyncConfig {
        SyncConfig {
            interval_minutes: self.number("sync.interval_minutes", 1..=1440),
            interval_with_push_minutes: self.number("sync.interval_with_push_minutes", 1..=1440),
            jitter_percent: self.number("sync.jitter_percent", 0..=50),
            deep_interval_days: self.number("sync.deep_interval_days", 1..=365),
            keep_superseded_days: self.number("sync.keep_superseded_days", 1..=3650),
            keep_jobs_days: self.number("sync.keep_jobs_days", 1..=3650),
            push_wait_seconds: self.number("sync.push_wait_seconds", 0..=3600),
            first_backfill_days: self.number("sync.first_backfill_days", 0..=3650),
            close_after_days: self.number("sync.close_after_days", 1..=365),
            lease_seconds: self.number("sync.lease_seconds", 1..=864_000),
            parallel: self.number("sync.parallel", 1..=64),
            heart_rate: self.cadence(),
            google_per_minute: self.number("sync.google_per_minute", 1..=100_000),
            google_app_per_minute: self.number("sync.google_app_per_minute", 1..=10_000_000),
            fitbit_per_hour: self.number("sync.fitbit_per_hour", 1..=1_000_000),
            reserve_percent: self.number("sync.reserve_percent", 0..=90),
        }
    }

    fn cadence(&mut self) -> Cadence {
        let word = self.text("sync.heart_rate");
        word.parse().unwrap_or_else(|_| {
            self.problem("sync.heart_rate", "must be minute or native");
            Cadence::Minute
        })
    }

    fn log(&mut self) -> LogConfig {
        let filter = self.text("log.filter");
        if tracing_subscriber::EnvFilter::try_new(&filter).is_err() {
            self.problem(
                "log.filter",
                "must be a level such as info, or levels by module: info,pulsekeep=debug",
            );
        }
        let format = self.text("log.format");
        if !matches!(format.as_str(), "text" | "json") {
            self.problem("log.format", "must be text or json");
        }
        LogConfig { filter, json: format == "json" }
    }
}
