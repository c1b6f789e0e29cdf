//! The command line as a person meets it: what it says, and how it ends.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::{
    io::Write as _,
    net::TcpListener,
    path::Path,
    process::{Command, Output, Stdio},
};

use pulsekeep_core::{EpochMs, Metric, account::ProviderKey};
use pulsekeep_store::{LinkTokens, ingest::Replace};
use pulsekeep_sync::{TokenKind, Vault};
use pulsekeep_testkit::{TestDatabase, build};
use serde_json::Value;

const KEY: &str = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY=";

/// The command in a folder of its own, with nothing of ours in its environment.
fn pulsekeep(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pulsekeep"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("PULSEKEEP_")) {
        command.env_remove(name);
    }
    let database = format!("sqlite://{}", folder.join("p.sqlite").display());
    command
        .current_dir(folder)
        .env("PULSEKEEP_DATABASE__URL", database)
        .env("PULSEKEEP_LOG__FILTER", "error");
    command.envs(env.iter().copied()).args(args);
    command
}

struct Ended {
    code: i32,
    out: String,
    err: String,
}

fn ended(output: Output) -> Ended {
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    Ended { code: output.status.code().unwrap(), out: text(output.stdout), err: text(output.stderr) }
}

fn run(folder: &Path, env: &[(&str, &str)], args: &[&str]) -> Ended {
    ended(pulsekeep(folder, env, args).output().unwrap())
}

fn add_admin(folder: &Path) -> Ended {
    let args =
        ["user", "add", "--email", "a@example.org", "--role", "admin", "--code", "a1", "--password-stdin"];
    let mut child = pulsekeep(folder, &[], &args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(b"a long password\n").unwrap();
    ended(child.wait_with_output().unwrap())
}

#[test]
fn from_an_empty_folder_to_a_token() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    let early = add_admin(at);
    assert_eq!(early.code, 1);
    assert!(early.err.contains("run `pulsekeep migrate` first"), "{}", early.err);
    assert_eq!(run(at, &[], &["migrate"]).code, 0);
    assert_eq!(run(at, &[], &["migrate"]).out, "The database is of this version.\n");
    let added = add_admin(at);
    assert_eq!(
        (added.code, added.out.as_str()),
        (0, "Added a@example.org (admin), code a1.\n"),
        "{}",
        added.err
    );
    let again = add_admin(at);
    assert_eq!(
        (again.code, again.err.as_str()),
        (1, "error: There is already somebody with this e-mail address.\n")
    );

    let token = run(
        at,
        &[],
        &["token", "create", "--user", "a1", "--name", "t", "--scope", "read:metrics", "--json"],
    );
    let token: Value = serde_json::from_str(&token.out).unwrap();
    assert!(token["token"].as_str().unwrap().starts_with("pk_"));
    let invited = run(at, &[], &["user", "invite", "--email", "b@example.org"]);
    assert!(invited.out.starts_with("http://127.0.0.1:8080/invitation/"), "{}", invited.out);

    let unknown = run(at, &[("PULSEKEEP_VAULT__KEY", KEY)], &["sync", "--user", "nobody"]);
    assert_eq!(unknown.code, 1);
    assert!(
        unknown.err.contains("there is nobody with the e-mail address or code \"nobody\""),
        "{}",
        unknown.err
    );
    let unlinked = run(at, &[("PULSEKEEP_VAULT__KEY", KEY)], &["sync", "--user", "a1", "--wait"]);
    assert_eq!(unlinked.code, 1);
    assert!(unlinked.err.contains("a1: no linked account"), "{}", unlinked.err);
    let reversed = ["sync", "--user", "a1", "--from", "2026-02-02", "--to", "2026-02-01"];
    let reversed = run(at, &[("PULSEKEEP_VAULT__KEY", KEY)], &reversed);
    assert!(reversed.code == 1 && reversed.err.contains("the range is reversed"), "{}", reversed.err);
}

#[test]
fn every_problem_of_the_configuration_is_told_before_anything_starts() {
    let folder = tempfile::tempdir().unwrap();
    let env = [
        ("PULSEKEEP_VAULT__KEY", "too short"),
        ("PULSEKEEP_HTTP__LISTEN", "here"),
        ("PULSEKEEP_HTTP__PUBLC_URL", "https://x.example"),
    ];
    let serve = run(folder.path(), &env, &["serve"]);
    assert_eq!(serve.code, 2);
    assert!(serve.err.starts_with("The configuration has 3 problems:"), "{}", serve.err);
    for part in [
        "vault.key (PULSEKEEP_VAULT__KEY)",
        "http.listen (PULSEKEEP_HTTP__LISTEN)",
        "did you mean http.public_url?",
    ] {
        assert!(serve.err.contains(part), "{}", serve.err);
    }
    assert!(!folder.path().join("p.sqlite").exists(), "nothing was started");
    let shown = run(folder.path(), &env, &["config", "show"]);
    assert_eq!(shown.code, 2, "what is shown is not sound");
    assert!(
        shown.out.contains("http.listen = \"here\"") && !shown.out.contains("too short"),
        "{}",
        shown.out
    );
}

#[test]
fn a_port_that_is_taken_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let serve = run(folder.path(), &[("PULSEKEEP_VAULT__KEY", KEY)], &["serve", "--listen", &address]);
    assert_eq!(serve.code, 1);
    assert!(
        serve.err.contains(&format!("port {} is taken", taken.local_addr().unwrap().port())),
        "{}",
        serve.err
    );
}

#[test]
fn databases_out_of_reach_are_told() {
    let folder = tempfile::tempdir().unwrap();
    for (url, words) in [
        ("sqlite:///proc/pulsekeep/p.sqlite", "cannot be written"),
        ("postgres://nobody@127.0.0.1:9/none", "cannot be reached"),
    ] {
        let migrate = run(folder.path(), &[("PULSEKEEP_DATABASE__URL", url)], &["migrate"]);
        assert_eq!(migrate.code, 1, "{url}");
        assert!(migrate.err.contains(words), "{url}: {}", migrate.err);
    }
}

#[test]
fn a_vault_key_that_opens_nothing_is_told() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let database = runtime.block_on(async {
        let database = TestDatabase::sqlite().await;
        let ann = build::member(database.store(), "ann").await;
        let link = build::link(database.store(), ann.id, ProviderKey::Fitbit, "7ABC").await;
        let other = Vault::new(b"a key that is not the one below!", &[]);
        let access = other.seal(link.id, TokenKind::Access, &"a token".into());
        let tx = database.store().write().await.unwrap();
        tx.put_tokens(ann.id, link.id, LinkTokens { access, ..build::tokens(2) }).await.unwrap();
        tx.commit().await.unwrap();
        database
    });
    let env = [("PULSEKEEP_VAULT__KEY", KEY), ("PULSEKEEP_DATABASE__URL", database.url())];
    let sync = run(database.folder(), &env, &["sync", "--user", "ann"]);
    assert_eq!(sync.code, 1);
    assert!(sync.err.contains("another vault key; set VAULT__KEY"), "{}", sync.err);
    let doctor = run(database.folder(), &env, &["doctor", "--json"]);
    assert_eq!(doctor.code, 1);
    let findings: Value = serde_json::from_str(&doctor.out).unwrap();
    let of = |what: &str| {
        findings.as_array().unwrap().iter().find(|f| f["what"] == what).unwrap()["verdict"].clone()
    };
    assert_eq!((of("tables"), of("vault")), ("ok".into(), "fault".into()), "{}", doctor.out);
}

#[test]
fn the_doctor_names_days_that_cannot_be_read_and_what_mends_them() {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    let database = runtime.block_on(async {
        let database = TestDatabase::sqlite().await;
        let ann = build::member(database.store(), "ann").await;
        let link = build::link(database.store(), ann.id, ProviderKey::Fitbit, "7ABC").await;
        let (stream, _) = build::stream(database.store(), ann.id, link.id, ProviderKey::Fitbit).await;
        let samples = build::minutes(Metric::Steps, pulsekeep_testkit::now(), 60, 0, 1.0);
        let window = Replace::Instants(EpochMs(0), EpochMs(i64::MAX));
        let tx = database.store().write().await.unwrap();
        tx.replace_samples(ann.id, stream, &samples, window).await.unwrap();
        tx.commit().await.unwrap();
        database
    });
    let env = [("PULSEKEEP_VAULT__KEY", KEY), ("PULSEKEEP_DATABASE__URL", database.url())];
    let samples = || {
        let doctor = run(database.folder(), &env, &["doctor", "--json"]);
        let findings: Value = serde_json::from_str(&doctor.out).unwrap();
        findings.as_array().unwrap().iter().find(|f| f["what"] == "samples").unwrap().clone()
    };
    assert_eq!(
        (&samples()["verdict"], &samples()["text"]),
        (&"ok".into(), &"1 blocks, all of which can be read".into())
    );
    runtime.block_on(database.execute("UPDATE sample_block SET body = x'09'"));
    let found = samples();
    assert_eq!(found["verdict"], "fault");
    let text = found["text"].as_str().unwrap();
    assert!(text.contains("ann, steps, 2026-11-21: block format 9 is of a later version"), "{text}");
    assert!(
        text.contains("reparse --user ann --metric steps --from 2026-11-21 --to 2026-11-21 --wait"),
        "{text}"
    );
}

/// A database in which ann has a Google account that may give her sleep.
fn with_ann() -> TestDatabase {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = TestDatabase::sqlite().await;
        build::member(database.store(), "bob").await;
        let ann = build::member(database.store(), "ann").await;
        let link = build::link(database.store(), ann.id, ProviderKey::GoogleHealth, "7ABC").await;
        let vault = Vault::new(b"0123456789abcdef0123456789abcdef", &[]);
        let access = vault.seal(link.id, TokenKind::Access, &"a token".into());
        let refresh = Some(vault.seal(link.id, TokenKind::Refresh, &"another".into()));
        let tokens = LinkTokens { access, refresh, ..build::tokens(2) };
        let tx = database.store().write().await.unwrap();
        tx.put_tokens(ann.id, link.id, tokens).await.unwrap();
        tx.commit().await.unwrap();
        database
    })
}

#[test]
fn a_backfill_is_planned_before_it_is_written_and_says_who_works() {
    let database = with_ann();
    let env = [
        ("PULSEKEEP_VAULT__KEY", KEY),
        ("PULSEKEEP_DATABASE__URL", database.url()),
        ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__ENABLED", "true"),
        ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__CLIENT_ID", "id"),
        ("PULSEKEEP_PROVIDERS__GOOGLE_HEALTH__CLIENT_SECRET", "secret"),
    ];
    let here = |args: &[&str]| run(database.folder(), &env, args);
    let range = ["--from", "2026-01-01", "--to", "2026-03-31"];
    let with = |first: &[&'static str]| [first, &range[..]].concat();

    let plan =
        here(&with(&["backfill", "--all", "--plan", "--json", "--metric", "sleep", "--metric", "steps"]));
    let seen: Value = serde_json::from_str(&plan.out).unwrap_or_else(|_| panic!("{}{}", plan.out, plan.err));
    assert_eq!((plan.code, &seen["people"], &seen["metrics"][0]["metric"]), (0, &1.into(), &"sleep".into()));
    let problems = seen["problems"].as_array().unwrap();
    assert!(
        problems.iter().any(|p| p.as_str().unwrap().contains("not allowed to give steps")),
        "{problems:?}"
    );
    assert!(problems.iter().any(|p| p.as_str().unwrap().contains("bob: no linked account")), "{problems:?}");
    let plain = here(&with(&["backfill", "--user", "ann", "--plan", "--metric", "sleep"]));
    assert!(
        plain.out.contains("together") && plain.out.contains("It takes less than a minute"),
        "{}",
        plain.out
    );

    let written = here(&with(&["backfill", "--all", "--metric", "sleep"]));
    assert_eq!(written.code, 0, "{}", written.err);
    assert!(written.out.contains(" planned: 0 of "), "{}", written.out);
    assert!(written.err.contains("no worker is running"), "{}", written.err);
    assert!(written.err.contains("bob: no linked account"), "{}", written.err);

    let nothing = here(&with(&["reparse", "--user", "ann"]));
    assert!(
        nothing.code == 1 && nothing.err.contains("no answer of a provider is stored"),
        "{}",
        nothing.err
    );
    let early = here(&["backfill", "--user", "ann", "--from", "2001-01-01", "--to", "2001-02-01"]);
    assert!(early.code == 1 && early.err.contains("before the first device"), "{}", early.err);
    let unknown = here(&with(&["backfill", "--user", "ann", "--metric", "hart_rate"]));
    assert!(unknown.code == 2 && unknown.err.contains("heart_rate"), "{}", unknown.err);

    let rotated = here(&["vault", "rotate", "--json"]);
    let counts: Value = serde_json::from_str(&rotated.out).unwrap_or_else(|_| panic!("{}", rotated.err));
    assert_eq!((rotated.code, &counts["unopened"]), (0, &0.into()));
    let often = [
        env.as_slice(),
        &[("PULSEKEEP_SYNC__INTERVAL_MINUTES", "1"), ("PULSEKEEP_SYNC__GOOGLE_PER_MINUTE", "2")],
    ]
    .concat();
    let doctor = run(database.folder(), &often, &["doctor", "--json"]);
    let findings: Value = serde_json::from_str(&doctor.out).unwrap();
    let of = |what: &str| findings.as_array().unwrap().iter().find(|f| f["what"] == what).unwrap().clone();
    assert_eq!(of("workers")["verdict"], "warning");
    assert!(
        of("policy")["text"].as_str().unwrap().contains("sync.interval_minutes = 1 cannot be met"),
        "{}",
        doctor.out
    );
}

#[test]
fn the_schema_is_compared_line_by_line() {
    let folder = tempfile::tempdir().unwrap();
    let printed = run(folder.path(), &[], &["schema"]);
    let file = folder.path().join("schema.graphql");
    std::fs::write(&file, &printed.out).unwrap();
    let check = |path: &Path| run(folder.path(), &[], &["schema", "--check", path.to_str().unwrap()]);
    assert_eq!(check(&file).code, 0);
    std::fs::write(&file, printed.out.replace("  displayName: String!\n", "")).unwrap();
    let differs = check(&file);
    assert_eq!(differs.code, 1);
    assert!(
        differs.err.contains("+ displayName: String!") && differs.err.contains("cargo xtask generate"),
        "{}",
        differs.err
    );
    let missing = check(Path::new("none.graphql"));
    assert!(missing.code == 1 && missing.err.contains("cannot read none.graphql"), "{}", missing.err);
}

/// A database in which ann has minutes of steps.
fn with_steps() -> TestDatabase {
    let database = with_ann();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let ann = database.store().user_by_email_or_code("ann").await.unwrap().unwrap();
        let link = database.store().links_of(ann.id).await.unwrap().remove(0);
        let (stream, precedence) = build::stream(database.store(), ann.id, link.id, link.provider).await;
        let samples = build::minutes(Metric::Steps, pulsekeep_testkit::now(), 60, 0, 1.0);
        let window = Replace::Instants(EpochMs(0), EpochMs(i64::MAX));
        let tx = database.store().write().await.unwrap();
        let days = tx.replace_samples(ann.id, stream, &samples, window).await.unwrap();
        tx.choose_stream(ann.id, Metric::Steps, &days, (stream, precedence)).await.unwrap();
        tx.commit().await.unwrap();
    });
    database
}

#[test]
fn an_export_is_written_here_or_left_to_a_worker() {
    let database = with_steps();
    let root = database.folder().join("out");
    let url = [("PULSEKEEP_DATABASE__URL", database.url())];
    let nowhere = run(database.folder(), &url, &["export", "--all"]);
    assert!(nowhere.code == 1 && nowhere.err.contains("set EXPORT__SINK=directory"), "{}", nowhere.err);
    let place = root.display().to_string();
    let env = [
        ("PULSEKEEP_VAULT__KEY", KEY),
        ("PULSEKEEP_DATABASE__URL", database.url()),
        ("PULSEKEEP_EXPORT__SINK", "directory"),
        ("PULSEKEEP_EXPORT__DIRECTORY", place.as_str()),
    ];
    let here = |args: &[&str]| run(database.folder(), &env, args);
    let hidden = here(&["export", "--all", "--deidentified"]);
    assert!(hidden.code == 1 && hidden.err.contains("EXPORT__PSEUDONYM_KEY"), "{}", hidden.err);
    let done = here(&["export", "--user", "ann", "--format", "csv", "--wait", "--json"]);
    let job: Value = serde_json::from_str(&done.out).unwrap_or_else(|_| panic!("{}{}", done.out, done.err));
    assert_eq!((done.code, &job["state"], &job["objectsWritten"]), (0, &"done".into(), &2.into()), "{job}");
    let csv = std::fs::read_to_string(root.join("users/ann/steps/steps_2026-11-21.csv")).unwrap();
    assert_eq!(csv.lines().count(), 61);

    let left = here(&["export", "--all"]);
    assert!(left.out.contains(" planned: "), "{}", left.out);
    assert!(left.err.contains("no worker is running"), "{}", left.err);
    let mut worker = pulsekeep(database.folder(), &env, &["worker"]).stderr(Stdio::null()).spawn().unwrap();
    let parquet = root.join("dataset/metric=steps/user=ann/month=2026-11/part-0.parquet");
    let begun = std::time::Instant::now();
    while !parquet.exists() && begun.elapsed().as_secs() < 60 {
        std::thread::sleep(std::time::Duration::from_millis(50));
    }
    assert!(parquet.exists(), "the worker does what was left to it");
    // Of the jobs for one place one runs at a time: this one waits for the worker's.
    let last = here(&["export", "--all", "--wait"]);
    worker.kill().unwrap();
    worker.wait().unwrap();
    assert!(last.code == 0 && last.out.contains(" 0 objects changed, 0 written"), "{}{}", last.out, last.err);
    assert!(!root.join("in-progress.json").exists());
}

#[test]
fn problems_of_the_place_for_exports_are_told_together() {
    let folder = tempfile::tempdir().unwrap();
    let env = [
        ("PULSEKEEP_VAULT__KEY", KEY),
        ("PULSEKEEP_EXPORT__SINK", "s3"),
        ("PULSEKEEP_EXPORT__NIGHTLY_AT", "25:00"),
        ("PULSEKEEP_EXPORT__PSEUDONYM_KEY", "short"),
        ("PULSEKEEP_EXPORT__S3__PREFIX", "/a"),
        ("PULSEKEEP_EXPORT__S3__CHECKSUMS", "md5"),
        ("PULSEKEEP_EXPORT__S3__FORCE_PATH_STYLE", "maybe"),
    ];
    let told = run(folder.path(), &env, &["export", "--all"]);
    assert_eq!(told.code, 2, "{}", told.err);
    for words in [
        "export.s3.bucket",
        "export.nightly_at",
        "must be a time of day",
        "export.pseudonym_key",
        "export.s3.prefix",
        "must be always, when_required or auto",
        "must be true, false or auto",
    ] {
        assert!(told.err.contains(words), "{words}: {}", told.err);
    }
    let env = [
        ("PULSEKEEP_VAULT__KEY", KEY),
        ("PULSEKEEP_EXPORT__PSEUDONYM_KEY", KEY),
        ("PULSEKEEP_EXPORT__S3__FORCE_PATH_STYLE", "true"),
    ];
    let shown = run(folder.path(), &env, &["config", "show"]);
    assert!(shown.code == 0 && !shown.out.contains(KEY), "{}{}", shown.out, shown.err);
}

#[test]
fn an_archive_is_planned_written_and_known_again() {
    let folder = tempfile::tempdir().unwrap();
    let at = folder.path();
    assert_eq!(run(at, &[], &["migrate"]).code, 0);
    assert_eq!(add_admin(at).code, 0);
    let people = std::sync::Arc::new(pulsekeep_simulator::people::People::load().unwrap());
    let nora = people.find("nora").unwrap().clone();
    let second = pulsekeep_testkit::now().0 / 1000;
    let view = pulsekeep_simulator::people::View::new(people, nora, second, Vec::new());
    let days = (view.today().plus(-4), view.today().plus(-3));
    let recipe = pulsekeep_simulator::archive::Recipe::default();
    let files = pulsekeep_simulator::archive::files(&view, days, &recipe);
    let packing = pulsekeep_simulator::archive::Packing::Zip;
    let packed = pulsekeep_simulator::archive::pack(&files, packing, 1, second).unwrap();
    let name = packed[0].0.as_str();
    std::fs::write(at.join(name), &packed[0].1).unwrap();

    let nobody = run(at, &[], &["import", "takeout", name, "--user", "nobody"]);
    assert!(nobody.code == 1 && nobody.err.contains("there is nobody"), "{}", nobody.err);
    let plan = run(at, &[], &["import", "takeout", name, "--user", "a1", "--plan", "--json"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    let plan: Value = serde_json::from_str(&plan.out).unwrap();
    assert_eq!(plan["timeZone"], "Europe/Stockholm");
    let steps =
        plan["metrics"].as_array().unwrap().iter().find(|metric| metric["metric"] == "steps").unwrap();
    assert_eq!((steps["days"].as_u64(), steps["synced"].as_u64()), (Some(2), Some(0)));
    let written = run(at, &[], &["import", "takeout", name, "--user", "a1"]);
    assert_eq!(written.code, 0, "{}", written.err);
    assert!(written.out.contains("windows written."), "{}", written.out);
    let again = run(at, &[], &["import", "takeout", name, "--user", "a1"]);
    assert!(again.out.contains("was imported before"), "{}", again.out);
    let text = run(at, &[], &["import", "takeout", "p.sqlite", "--user", "a1"]);
    assert!(text.code == 1 && text.err.contains("neither a zip file nor a tar.gz"), "{}", text.err);
}
