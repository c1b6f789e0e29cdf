//! Batches: one request over many people, what it comes to, and how it is steered.

use pulsekeep_core::{
    Metric,
    account::{Role, Viewer},
    id::UserId,
    job::{FailureCode, JobKind, JobState, Priority},
    time::DayRange,
};
use pulsekeep_store::{BatchProgress, GapsOf, JobFilter, SyncBatch, SyncJob};
use pulsekeep_sync::{BatchOutcome, BatchRequest, JobAction, RequestOutcome};
use pulsekeep_testkit::{build, on_each_engine};

use crate::harness::{FITBIT, GOOGLE, Linked, World};

struct Cohort {
    world: World,
    nora: Linked,
    ilse: Linked,
    ada: UserId,
    days: DayRange,
}

impl Cohort {
    async fn new(db: std::sync::Arc<pulsekeep_testkit::TestDatabase>) -> Self {
        let world = World::start(db).await;
        let (nora, ilse) = (world.linked(GOOGLE, "nora").await, world.linked(FITBIT, "ilse").await);
        let ada = build::member(world.store(), "ada").await.id;
        let days = world.ago(nora.user, 12, 8).await;
        Self { world, nora, ilse, ada, days }
    }

    fn request(&self) -> BatchRequest {
        BatchRequest {
            people: vec![self.nora.user, self.ada, self.ilse.user],
            kind: JobKind::Backfill,
            metrics: vec![Metric::Steps, Metric::RestingHeartRate],
            days: self.days,
            priority: Priority::Low,
            created_by: None,
        }
    }

    async fn ask(&self, at_once: usize) -> BatchOutcome {
        self.world.engine.request_batch(&self.request(), at_once).await.unwrap()
    }

    async fn read(&self, outcome: &BatchOutcome) -> (SyncBatch, BatchProgress) {
        let id = outcome.batch.unwrap();
        let store = self.world.store();
        (store.batch(id).await.unwrap().unwrap(), store.batch_progress(id).await.unwrap())
    }

    async fn jobs(&self, outcome: &BatchOutcome) -> Vec<SyncJob> {
        let filter = JobFilter { batch: outcome.batch, limit: 99, ..JobFilter::default() };
        self.world.store().jobs(&Viewer::system(), &filter).await.unwrap()
    }
}

on_each_engine! {
    async fn a_batch_is_written_bit_by_bit_and_adds_up_its_jobs(db) {
        let cohort = Cohort::new(db).await;
        let world = &cohort.world;
        let outcome = cohort.ask(1).await;
        assert_eq!(outcome.refused, [(cohort.ada, RequestOutcome::NotLinked)]);
        assert_eq!((outcome.jobs.len(), outcome.left), (1, 1));
        let (batch, progress) = cohort.read(&outcome).await;
        assert_eq!((batch.people.len(), batch.people_seen, batch.written_at), (2, 1, None));
        assert_eq!((progress.jobs(), progress.people, progress.state(&batch)), (1, 1, JobState::Planned));

        assert_eq!(world.engine.write_batches(10).await.unwrap(), 1);
        assert_eq!(world.engine.write_batches(10).await.unwrap(), 0, "it is written");
        let (batch, progress) = cohort.read(&outcome).await;
        assert!(batch.written_at.is_some());
        let jobs = cohort.jobs(&outcome).await;
        assert_eq!(jobs.iter().map(|job| job.batch).collect::<Vec<_>>(), [outcome.batch; 2]);
        let sum = |of: fn(&SyncJob) -> i32| i64::from(jobs.iter().map(of).sum::<i32>());
        assert_eq!(progress.requests_expected, sum(|job| job.requests_expected));
        assert_eq!(progress.windows_total, sum(|job| job.windows_total));
        let eta = world.engine.batch_eta_s(&batch, &progress).unwrap();
        let mut longest = 0;
        for job in &jobs {
            longest = longest.max(world.engine.job_eta_s(job).await.unwrap().unwrap());
        }
        assert_eq!(eta, longest);

        world.drain().await;
        let (batch, progress) = cohort.read(&outcome).await;
        assert_eq!((progress.state(&batch), progress.count(&[JobState::Done])), (JobState::Done, 2));
        assert_eq!(progress.windows_done, progress.windows_total);
        assert!(progress.requests_done > 0);
        assert_eq!(world.engine.batch_eta_s(&batch, &progress), None, "nothing moves any more");
        assert_eq!(world.store().gaps(GapsOf::Batch(batch.id), 200).await.unwrap(), []);
    }

    async fn a_batch_whose_writer_died_is_finished_by_another_and_nothing_is_doubled(db) {
        let cohort = Cohort::new(db).await;
        let world = &cohort.world;
        let outcome = cohort.ask(usize::MAX).await;
        // As a process leaves it that died after the first job: the lease runs, nothing is noted.
        let now = world.engine.now();
        let until = now.plus(30_000).0;
        world.db.execute(&format!("UPDATE sync_batch SET written_at = NULL, people_seen = 0, writer_until = {until}")).await;
        let lost = cohort.jobs(&outcome).await.into_iter().find(|job| job.user_id == cohort.ilse.user).unwrap();
        world.db.execute(&format!("DELETE FROM sync_job WHERE id = {}", lost.id.0)).await;
        let other = world.another_engine().await;
        assert_eq!(other.write_batches(10).await.unwrap(), 0, "its writer may still live");
        world.clock.advance(31_000);
        assert_eq!(other.write_batches(10).await.unwrap(), 2);
        let mut links: Vec<_> = cohort.jobs(&outcome).await.iter().map(|job| job.link_id).collect();
        links.sort_unstable();
        let mut expected = [cohort.nora.link, cohort.ilse.link];
        expected.sort_unstable();
        assert_eq!(links, expected);
    }

    async fn a_batch_is_paused_resumed_hurried_and_cancelled_as_one(db) {
        let cohort = Cohort::new(db).await;
        let engine = &cohort.world.engine;
        let outcome = cohort.ask(1).await;
        let id = outcome.batch.unwrap();
        let (admin, member) = (Viewer::system(), Viewer::session(cohort.nora.user, Role::Member));
        assert_eq!(engine.pause_batch(&member, id).await.unwrap(), JobAction::NotFound);
        assert_eq!(engine.pause_batch(&admin, id).await.unwrap(), JobAction::Accepted);
        assert_eq!(engine.write_batches(10).await.unwrap(), 0, "what is paused is not written either");
        cohort.world.drain().await;
        let (batch, progress) = cohort.read(&outcome).await;
        assert_eq!((progress.state(&batch), progress.requests_done), (JobState::Paused, 0));
        assert_eq!(engine.resume_batch(&admin, id).await.unwrap(), JobAction::Accepted);
        assert!(matches!(engine.retry_batch(&admin, id).await.unwrap(), JobAction::NotPossible(_)));
        assert_eq!(engine.set_batch_priority(&admin, id, Priority::High).await.unwrap(), JobAction::Accepted);
        assert_eq!(engine.write_batches(10).await.unwrap(), 1);
        assert!(cohort.jobs(&outcome).await.iter().all(|job| job.priority == Priority::High), "later ones too");
        assert_eq!(engine.cancel_batch(&admin, id).await.unwrap(), JobAction::Accepted);
        let (batch, progress) = cohort.read(&outcome).await;
        assert_eq!(progress.state(&batch), JobState::Cancelled);
        assert!(matches!(engine.cancel_batch(&admin, id).await.unwrap(), JobAction::NotPossible(_)));
        assert!(matches!(engine.pause_batch(&admin, id).await.unwrap(), JobAction::NotPossible(_)));
    }

    async fn gaps_tell_which_days_of_which_metrics_of_whom(db) {
        let cohort = Cohort::new(db).await;
        let world = &cohort.world;
        let outcome = cohort.ask(usize::MAX).await;
        world.engine.disconnect(&Viewer::system(), cohort.ilse.link).await.unwrap();
        world.drain().await;
        let (batch, progress) = cohort.read(&outcome).await;
        assert_eq!(progress.state(&batch), JobState::DoneWithGaps);
        assert_eq!(progress.codes, [FailureCode::Disconnected]);
        let gaps = world.store().gaps(GapsOf::Batch(batch.id), 200).await.unwrap();
        assert!(gaps.iter().all(|gap| gap.user == cohort.ilse.user && gap.user_name == "ilse"));
        for metric in [Metric::Steps, Metric::RestingHeartRate] {
            let days: Vec<_> = gaps.iter().filter(|gap| gap.metric == metric).map(|gap| gap.days).collect();
            assert!(cohort.days.days().all(|day| days.iter().any(|gap| gap.contains(day))), "{metric}: {days:?}");
        }
        assert!(gaps.iter().all(|gap| [Metric::Steps, Metric::RestingHeartRate].contains(&gap.metric)));
        assert_eq!(world.store().gaps(GapsOf::Batch(batch.id), 1).await.unwrap().len(), 1);
        assert!(matches!(
            world.engine.retry_batch(&Viewer::system(), batch.id).await.unwrap(),
            JobAction::NotPossible(why) if why.contains("connect")
        ));
    }
}
