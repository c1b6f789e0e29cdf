//! How many statements a window takes: they must not grow with its days or samples.

use pulsekeep_core::{Metric, job::JobKind};
use pulsekeep_sync::RequestOutcome;
use pulsekeep_testkit::on_each_engine;

use crate::harness::{GOOGLE, World};

/// Statements of a window of whatever kind and length: claim, budget, the answer, its rows, coverage, the job.
const USUAL: usize = 35;
/// The first of an account also asks for its devices and finds its stream missing; one that teaches the person's offsets
/// dates other samples again.
const MOST: usize = 55;

on_each_engine! {
    async fn a_window_takes_few_statements_however_many_days_it_has(db) {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "nora").await;
        let (engine, statements) = world.watched_engine().await;
        let mut taken = Vec::new();
        // The second time everything is as it was, and so are the statements.
        for _ in 0..2 {
            let days = world.ago(linked.user, 120, 1).await;
            let mut request = world.request(&linked, JobKind::Backfill, Some(days));
            request.metrics = vec![Metric::Steps, Metric::HeartRate];
            let RequestOutcome::Accepted(_) = engine.request(&request).await.unwrap() else { panic!("refused") };
            loop {
                let due = engine.due(10).await.unwrap();
                if due.is_empty() {
                    break;
                }
                for window in due {
                    let _ = statements.take();
                    engine.run_window(window.key, "test").await.unwrap();
                    taken.push(statements.take().len());
                }
            }
        }
        assert!(taken.len() > 15, "windows of both metrics, twice: {taken:?}");
        assert!(taken.iter().all(|statements| (5..=MOST).contains(statements)), "{taken:?}");
        taken.sort_unstable();
        assert!(taken[taken.len() * 3 / 4] <= USUAL, "{taken:?}");
    }
}
