//! A worker that is killed at any point loses and doubles nothing.

use std::{
    future::Future,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll},
};

use pulsekeep_core::{
    Clock,
    account::ProviderKey,
    job::{JobKind, JobState},
};
use pulsekeep_sync::SyncPolicy;
use pulsekeep_testkit::{TestDatabase, on_each_engine};

use crate::harness::{FITBIT, GOOGLE, World, assert_done, policy};

/// Ends a future after so many polls: wherever it waits then, it is dropped there.
struct Cut<F> {
    future: Pin<Box<F>>,
    polls: u32,
}

impl<F: Future> Future for Cut<F> {
    /// `None` if it was cut.
    type Output = Option<F::Output>;

    fn poll(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        if self.polls == 0 {
            return Poll::Ready(None);
        }
        self.polls -= 1;
        self.future.as_mut().poll(context).map(Some)
    }
}

/// A small generator, so that a run can be repeated by its seed.
struct Dice(u64);

impl Dice {
    fn below(&mut self, bound: u32) -> u32 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        u32::try_from((self.0 >> 33) % u64::from(bound)).unwrap()
    }
}

/// Columns that differ from run to run: ids, and times and owners of the work itself.
const OF_THE_RUN: [&str; 11] = [
    // Which endpoint told an offset first.
    "evidence",
    "user_id",
    "id",
    "stream_id",
    "link_id",
    "job_id",
    "raw_id",
    "window_seq",
    "checked_at",
    "fetched_at",
    "superseded_at",
];

/// What a backfill leaves behind.
async fn typed_tables(db: &TestDatabase) -> Vec<(&'static str, Vec<String>)> {
    let mut tables = Vec::new();
    for table in [
        "raw_document",
        "sample_block",
        "daily_value",
        "sleep_session",
        "day_choice",
        "coverage",
        "offset_span",
    ] {
        let mut rows = db.rows(table, &OF_THE_RUN).await;
        for row in rows.iter_mut().filter(|row| row.contains("endpoint=fitbit.exercise ")) {
            // The links in its answers name the simulator's port.
            row.truncate(row.find(" sha256=").unwrap());
        }
        rows.sort_unstable();
        tables.push((table, rows));
    }
    tables
}

/// Backfills two weeks; with a seed, by workers of which most are killed at their work.
async fn backfill(world: &World, provider: ProviderKey, person: &str, seed: Option<u64>) -> u32 {
    let linked = world.linked(provider, person).await;
    let days = world.ago(linked.user, 20, 7).await;
    let job = world.ask(&linked, JobKind::Backfill, Some(days)).await;
    let mut kills = 0;
    if let Some(seed) = seed {
        let mut dice = Dice(seed);
        while kills < 60 && !world.job(job).await.state.is_final() {
            let due = world.engine.due(50).await.unwrap();
            if due.is_empty() {
                let next = world.store().next_due_at().await.unwrap().unwrap();
                world.clock.set(next.max(world.clock.now().plus(1)));
                continue;
            }
            let window = due[dice.below(u32::try_from(due.len()).unwrap()) as usize].key;
            let engine = world.engine.clone();
            let owner = format!("worker-{kills}");
            let run = async move { engine.run_window(window, &owner).await };
            let cut = Cut { future: Box::pin(run), polls: 1 + dice.below(24) };
            kills += u32::from(tokio::spawn(cut).await.unwrap().is_none());
        }
    }
    world.drain().await;
    let job = world.job(job).await;
    assert_eq!(job.state, JobState::Done, "{job:?}");
    assert_done(&job);
    kills
}

async fn killed_again_and_again(db: Arc<TestDatabase>, provider: ProviderKey, person: &'static str) {
    let calm = World::start(db.beside().await).await;
    backfill(&calm, provider, person, None).await;
    let calm_tables = typed_tables(&calm.db).await;
    calm.db.remove().await;

    // More workers are lost at one window than ever by chance.
    let policy = SyncPolicy { max_lost_workers: i32::MAX, ..policy() };
    let world = World::with_policy(db.clone(), policy).await;
    let kills = backfill(&world, provider, person, Some(20_261_121)).await;
    assert!(kills >= 20, "only {kills} workers were killed");
    for ((table, killed), (_, calm)) in typed_tables(&db).await.iter().zip(&calm_tables) {
        assert!(!calm.is_empty() || *table == "offset_span", "{table} is empty");
        assert_eq!(killed.len(), calm.len(), "{table}");
        for (killed, calm) in killed.iter().zip(calm) {
            assert_eq!(without_address(killed), without_address(calm), "{table}");
        }
    }
}

/// A row without the body of an answer that names the simulator's address, which differs between two of them.
fn without_address(row: &str) -> &str {
    let names_it = row.contains("endpoint=fitbit.exercise ");
    row.split(" sha256=").next().filter(|_| names_it).unwrap_or(row)
}

on_each_engine! {
    async fn a_google_backfill_survives_kills_at_any_point(db) {
        killed_again_and_again(db, GOOGLE, "nora").await;
    }

    async fn a_fitbit_backfill_survives_kills_at_any_point(db) {
        killed_again_and_again(db, FITBIT, "ilse").await;
    }
}
