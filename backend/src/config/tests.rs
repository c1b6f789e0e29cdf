use std::{collections::BTreeMap, io::Write as _};

use pulsekeep_core::EpochMs;

use super::{Config, ConfigError, Need, Sources};

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

fn env(pairs: &[(&str, &str)]) -> Sources {
    let env = pairs.iter().map(|(k, v)| ((*k).to_owned(), (*v).to_owned())).collect();
    Sources { file: None, env, flags: BTreeMap::new() }
}

fn problems(sources: &Sources) -> Vec<String> {
    match Config::load(sources, Need::Vault) {
        Ok(_) => Vec::new(),
        Err(ConfigError(problems)) => problems.iter().map(ToString::to_string).collect(),
    }
}

#[test]
fn defaults_need_nothing_but_a_vault_key() {
    assert_eq!(problems(&env(&[("PULSEKEEP_VAULT__KEY", KEY)])), [] as [&str; 0]);
    let without = problems(&env(&[]));
    assert_eq!(without.len(), 1);
    assert!(without[0].starts_with("vault.key (default): is missing; make one with"), "{without:?}");
    assert!(Config::load(&env(&[]), Need::Database).is_ok(), "commands without tokens need no key");
}

#[test]
fn every_problem_is_told_at_once_by_key_and_source() {
    let found = problems(&env(&[
        ("PULSEKEEP_HTTP__LISTEN", "8080"),
        ("PULSEKEEP_HTTP__PUBLIC_URL", "https://pulse.example.org/app"),
        ("PULSEKEEP_HTTP__SESSION_DAYS", "many"),
        ("PULSEKEEP_DATABASE__URL", "mysql://here"),
        ("PULSEKEEP_DATABASE__READERS", "0"),
        ("PULSEKEEP_VAULT__KEY", "c2hvcnQ="),
        ("PULSEKEEP_PROVIDERS__FITBIT__ENABLED", "true"),
        ("PULSEKEEP_PROVIDERS__FITBIT__API_URL", "api.fitbit.com"),
        ("PULSEKEEP_LOG__FORMAT", "xml"),
        ("PULSEKEEP_HTTP__LISTN", "x"),
    ]));
    let keys: Vec<&str> = found.iter().map(|p| p.split(' ').next().unwrap()).collect();
    let mut expected = vec![
        "http.session_days",
        "http.listn",
        "http.listen",
        "http.public_url",
        "database.url",
        "database.readers",
        "vault.key",
        "providers.fitbit.api_url",
        "providers.fitbit.client_id",
        "log.format",
    ];
    let mut keys = keys;
    keys.sort_unstable();
    expected.sort_unstable();
    assert_eq!(keys, expected);
    assert!(found.iter().any(|p| p.contains("did you mean http.listen?")), "{found:?}");
    assert!(found.iter().any(|p| p.contains("(PULSEKEEP_DATABASE__READERS)")), "{found:?}");
    assert!(!found.iter().any(|p| p.contains("c2hvcnQ")), "no secret in a problem");
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_defaults() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "[http]\nlisten = \"127.0.0.1:1\"\nsession_days = 3").unwrap();
    let mut sources = env(&[("PULSEKEEP_HTTP__LISTEN", "127.0.0.1:2"), ("PULSEKEEP_VAULT__KEY", KEY)]);
    sources.file = Some(file.path().to_owned());
    let config = Config::load(&sources, Need::Vault).unwrap();
    assert_eq!(config.http.listen.port(), 2);
    assert_eq!(config.http.session_days, 3);
    assert_eq!(config.sync.interval_minutes, 15);
    let shown = Config::show(&sources).unwrap();
    let of = |key: &str| shown.iter().find(|k| k.key == key).unwrap().clone();
    assert_eq!(of("http.listen").source, "PULSEKEEP_HTTP__LISTEN");
    assert_eq!(of("http.session_days").source, file.path().display().to_string());
    assert_eq!(of("sync.parallel").source, "default");
    assert_eq!(of("vault.key").value, "\"(set)\"");
}

#[test]
fn secrets_may_come_from_files_and_are_never_printed() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "{KEY}").unwrap();
    let path = file.path().display().to_string();
    let sources = env(&[
        ("PULSEKEEP_VAULT__KEY_FILE", &path),
        ("PULSEKEEP_DATABASE__URL", "postgres://pulse:hunter2@db/pulse"),
    ]);
    let config = Config::load(&sources, Need::Vault).unwrap();
    assert_eq!(&config.vault.as_ref().unwrap().key, b"0123456789abcdef0123456789abcdef");
    let everything = format!("{config:?} {:?}", Config::show(&sources).unwrap());
    assert!(!everything.contains("hunter2") && !everything.contains(KEY), "{everything}");
    let missing = problems(&env(&[("PULSEKEEP_VAULT__KEY_FILE", "/nowhere/key")]));
    assert!(missing[0].contains("vault.key (PULSEKEEP_VAULT__KEY_FILE): cannot read"), "{missing:?}");
}

#[test]
fn a_client_id_of_digits_is_a_text_in_the_file_and_in_the_environment() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "[providers.fitbit]\nenabled = true\nclient_id = 123\nclient_secret = \"s\"").unwrap();
    let mut sources = env(&[]);
    sources.file = Some(file.path().to_owned());
    assert_eq!(Config::load(&sources, Need::Database).unwrap().providers[0].client_id, "123");
    sources.env.insert("PULSEKEEP_PROVIDERS__FITBIT__CLIENT_ID".to_owned(), "456".to_owned());
    assert_eq!(Config::load(&sources, Need::Database).unwrap().providers[0].client_id, "456");
}

#[test]
fn a_broken_or_missing_file_is_told() {
    let mut file = tempfile::NamedTempFile::new().unwrap();
    writeln!(file, "[http\nlisten = 3").unwrap();
    let mut sources = env(&[]);
    sources.file = Some(file.path().to_owned());
    assert!(problems(&sources)[0].contains("is not valid TOML"));
    sources.file = Some("/nowhere/pulsekeep.toml".into());
    assert!(problems(&sources)[0].contains("cannot be read"));
}

#[test]
fn a_server_on_all_addresses_is_shown_as_loopback() {
    let config = Config::load(&env(&[]), Need::Database).unwrap();
    let url = config.http.public_url_at("0.0.0.0:9000".parse().unwrap());
    assert_eq!(url.as_str(), "http://127.0.0.1:9000/");
}

#[test]
fn one_underscore_too_few_is_told_and_other_variables_are_left_alone() {
    let found = problems(&env(&[
        ("PULSEKEEP_VAULT__KEY", KEY),
        ("PULSEKEEP_HTTP_LISTEN", "127.0.0.1:1"),
        ("PULSEKEEP_BIN", "elsewhere"),
        ("PULSEKEEP_CONFIG", "x.toml"),
    ]));
    assert_eq!(
        found,
        [
            "http.listen (PULSEKEEP_HTTP_LISTEN): sections are parted by two underscores; write PULSEKEEP_HTTP__LISTEN"
        ]
    );
}

#[test]
fn a_simulated_clock_is_whole_or_refused() {
    let whole = [
        ("PULSEKEEP_CLOCK__BASE", "2026-01-01T00:00:00Z"),
        ("PULSEKEEP_CLOCK__ORIGIN", "2026-06-01T00:00:00Z"),
        ("PULSEKEEP_CLOCK__RATE", "300"),
    ];
    assert!(Config::load(&env(&[]), Need::Database).unwrap().clock.is_none());
    let clock = Config::load(&env(&whole), Need::Database).unwrap().clock.unwrap();
    let at = |text: &str| EpochMs::from(text.parse::<jiff::Timestamp>().unwrap());
    assert_eq!(clock.at(at("2026-01-01T00:00:02Z")), at("2026-06-01T00:10:00Z"));
    for left_out in 0..whole.len() {
        let half: Vec<_> =
            whole.iter().copied().enumerate().filter(|(n, _)| *n != left_out).map(|(_, v)| v).collect();
        let mut found = problems(&env(&half));
        found.retain(|problem| problem.starts_with("clock."));
        assert_eq!(found.len(), 1, "{found:?}");
        assert!(found[0].contains("needs base, origin and rate"), "{found:?}");
    }
    let wrong = [("PULSEKEEP_CLOCK__BASE", "now"), whole[1], whole[2]];
    assert!(problems(&env(&wrong)).iter().any(|problem| problem.contains("must be an instant")));
    let future = [("PULSEKEEP_CLOCK__BASE", "9000-01-01T00:00:00Z"), whole[1], whole[2]];
    assert!(problems(&env(&future)).iter().any(|problem| problem.contains("future")));
}

#[test]
fn a_webhook_is_set_up_whole_or_refused() {
    let google = |more: &[(&str, &str)]| {
        let mut pairs = vec![
            ("PULSEKEEP_VAULT__KEY", KEY),
            ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__ENABLED", "true"),
            ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__CLIENT_ID", "id"),
            ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__CLIENT_SECRET", "secret"),
        ];
        pairs.extend_from_slice(more);
        env(&pairs)
    };
    let push = |sources: &Sources| Config::load(sources, Need::Vault).unwrap().providers[0].push.clone();
    assert!(push(&google(&[])).is_none());
    let secret = ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__WEBHOOK_SECRET", "Bearer sixteen characters");
    // A key of its own, although it ends like the file of a secret.
    let file = ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__SERVICE_ACCOUNT_FILE", "/nowhere/account.json");
    let Some(super::PushSection::GoogleHealth { service_account_file, project_number, .. }) =
        push(&google(&[secret, file]))
    else {
        panic!("it is set up");
    };
    assert_eq!(service_account_file, Some("/nowhere/account.json".into()));
    assert_eq!(project_number, None);
    let shown = Config::show(&google(&[secret])).unwrap();
    let shown = shown.iter().find(|k| k.key == "providers.google_health.webhook_secret").unwrap();
    assert_eq!(shown.value, "\"(set)\"");
    let found = problems(&google(&[
        ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__WEBHOOK_SECRET", "short"),
        ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__PROJECT_NUMBER", "my-project"),
        ("PULSEKEEP_PROVIDERS__FITBIT__ENABLED", "true"),
        ("PULSEKEEP_PROVIDERS__FITBIT__CLIENT_ID", "23ABCD"),
        ("PULSEKEEP_PROVIDERS__FITBIT__WEBHOOK_VERIFY_CODE", "code"),
    ]));
    let named =
        ["google_health.project_number", "google_health.webhook_secret", "fitbit.webhook_verify_code"];
    assert_eq!(found.len(), 3, "{found:?}");
    assert!(named.iter().all(|key| found.iter().any(|problem| problem.contains(key))), "{found:?}");
}
