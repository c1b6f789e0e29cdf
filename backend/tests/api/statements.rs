//! How many statements each page's operations take: no more for twenty people than for two.

use std::sync::Arc;

use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Role},
    job::{JobKind, Priority},
    time::DayRange,
};
use pulsekeep_store::{NewJob, NewWindow, User, ingest::Replace};
use pulsekeep_testkit::{Statements, TestDatabase, build, on_each_engine};
use serde_json::{Value, json};

use crate::harness::{Client, World};

/// The reading operations of the web app's pages, with the most statements that each may take. Session, user and token
/// of the caller are counted.
const OPERATIONS: &[(&str, &str, usize)] = &[
    ("viewer", "CurrentViewer", 4),
    ("people", "People", 14),
    ("accounts", "Accounts", 7),
    ("sync_accounts", "SyncAccounts", 9),
    ("sync_accounts", "OwnSyncAccounts", 9),
    ("dashboard", "Dashboard", 26),
    ("day_series", "DaySeries", 14),
    ("range_series", "RangeSeries", 8),
    ("coverage", "CohortCoverage", 9),
    ("coverage", "PersonCoverage", 9),
    ("coverage_cell", "CoverageCell", 9),
    ("patterns", "Patterns", 20),
    ("jobs", "SyncJobs", 9),
    ("raw_documents", "RawDocuments", 6),
    ("tokens", "ApiTokens", 5),
];

fn operations(file: &str) -> String {
    let path = format!("{}/../frontend/graphql/{file}.graphql", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// Every reading operation there is, so that a new page is counted too.
fn all_queries() -> Vec<String> {
    let folder = format!("{}/../frontend/graphql", env!("CARGO_MANIFEST_DIR"));
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let names = text.lines().filter_map(|line| line.strip_prefix("query "));
        found.extend(names.map(|rest| rest.split(['(', ' ', '{']).next().unwrap().to_owned()));
    }
    found
}

/// Operations on one thing alone, and those whose nodes are the same as of one that is counted.
const OF_ONE: &[&str] = &[
    "BackfillEstimate",
    "BatchJobs",
    "SyncBatches",
    "JobGaps",
    "BatchGaps",
    "OneSyncJob",
    "PendingInvitation",
    "RawBody",
];

/// A person with an account, a day of steps and a job.
async fn someone(world: &World, name: &str) -> User {
    let user = build::member(&world.store, name).await;
    let link = build::link(&world.store, user.id, ProviderKey::GoogleHealth, name).await;
    let (stream, precedence) = build::stream(&world.store, user.id, link.id, ProviderKey::GoogleHealth).await;
    let day = world.now().civil(0).date();
    let start = pulsekeep_core::EpochMs(world.now().0.div_euclid(86_400_000) * 86_400_000);
    let mut tx = world.store.write().await.unwrap();
    let samples = build::minutes(Metric::Steps, start, 60, 0, 3.0);
    let days =
        tx.replace_samples(user.id, stream, &samples, Replace::Days(DayRange::one(day))).await.unwrap();
    tx.choose_stream(user.id, Metric::Steps, &days, (stream, precedence)).await.unwrap();
    let job = NewJob {
        user_id: user.id,
        link_id: link.id,
        kind: JobKind::Backfill,
        priority: Priority::Low,
        metrics: vec![Metric::Steps],
        days: DayRange::one(day),
        requests_expected: 1,
        requests_at_most: 1,
        batch: None,
        created_by: None,
        windows: vec![NewWindow { endpoint: "google.steps.minute", days: DayRange::one(day), held: false }],
    };
    tx.create_job(job, world.now()).await.unwrap();
    tx.commit().await.unwrap();
    user
}

struct Counted {
    world: World,
    statements: Statements,
    admin: Client,
    first: User,
}

impl Counted {
    async fn new(db: Arc<TestDatabase>) -> Self {
        let (world, statements) = World::watched(db).await;
        let root = world.person("root", Role::Admin).await;
        let admin = world.signed_in(&root).await;
        let first = someone(&world, "p0").await;
        someone(&world, "p1").await;
        Self { world, statements, admin, first }
    }

    fn variables(&self) -> Value {
        let day = self.world.now().civil(0).date().to_string();
        let from = self.world.now().plus(-86_400_000);
        json!({
            "id": self.first.id.to_string(), "first": 50, "days": 28, "from": day, "to": day, "date": day, "metric": "STEPS",
            "historyFrom": day, "coverageFrom": day, "metrics": ["STEPS", "SLEEP", "HEART_RATE", "EXERCISE"],
            "hourly": "STEPS", "by": "WEEK", "compared": ["STEPS", "SLEEP"],
            "a": { "from": day, "to": day }, "b": { "from": day, "to": day },
            "rates": 500, "amounts": 100, "readings": 100, "instantFrom": from.to_string(), "instantTo": self.world.now().to_string(),
        })
    }

    /// The statements of an operation.
    async fn of(&mut self, file: &str, name: &str) -> Vec<String> {
        let query = operations(file);
        let mut variables = self.variables();
        if query.contains("$from: DateTime!") {
            variables["from"] = variables["instantFrom"].clone();
            variables["to"] = variables["instantTo"].clone();
        }
        let body = json!({ "query": query, "variables": variables, "operationName": name });
        let _ = self.statements.take();
        let answer = self.admin.post_json(&body).await;
        assert!(answer["errors"].is_null() && !answer["data"].is_null(), "{name}: {answer}");
        self.statements.take()
    }
}

on_each_engine! {
    async fn pages_take_as_many_statements_for_twenty_people_as_for_two(db) {
        let mut counted = Counted::new(db).await;
        let mut few = Vec::new();
        for (file, name, most) in OPERATIONS {
            let statements = counted.of(file, name).await;
            assert!(statements.len() <= *most, "{name}: {} statements, not {most}:\n{}", statements.len(), statements.join("\n"));
            assert!(!statements.is_empty(), "{name}: the statements are seen");
            few.push(statements.len());
        }
        for n in 2..20 {
            someone(&counted.world, &format!("p{n}")).await;
        }
        for ((file, name, _), before) in OPERATIONS.iter().zip(few) {
            let statements = counted.of(file, name).await;
            assert_eq!(statements.len(), before, "{name}:\n{}", statements.join("\n"));
        }
    }

    async fn the_home_page_of_an_admin_opens_no_blob(db) {
        let mut counted = Counted::new(db).await;
        let statements = counted.of("people", "People").await;
        assert!(statements.iter().any(|sql| sql.contains("sample_block")), "days without a daily value have samples");
        for sql in statements {
            let columns = sql.split(" FROM ").next().unwrap().replace("COUNT(*)", "");
            for blob in ["body", "levels", "stages", "sealed"] {
                assert!(!columns.contains(blob), "{sql}");
            }
            assert!(!sql.contains("b.body") && !sql.contains("b.levels") && !columns.contains('*'), "{sql}");
        }
    }
}

#[test]
fn every_reading_operation_is_counted() {
    for name in all_queries() {
        let known =
            OPERATIONS.iter().any(|(_, counted, _)| *counted == name) || OF_ONE.contains(&name.as_str());
        assert!(known, "{name} is not counted: add it to OPERATIONS");
    }
}
