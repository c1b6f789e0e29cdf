//! Coverage: a failure is never recorded as an empty day, and never hides what was read.

use jiff::civil::{Date, date};
use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Viewer},
    catalogue::Grain,
    coverage::CoverageState,
    id::JobId,
    job::{FailureCode, JobState},
    time::DayRange,
};
use pulsekeep_store::{WindowKey, ingest::CoverageMark, person::CoverageDay};
use pulsekeep_testkit::{TestDatabase, build, now, on_each_engine};

use crate::{
    blocks::{Owner, owner},
    jobs::{self, Job},
};

const FIRST: Date = date(2026, 11, 1);

fn mark(state: CoverageState) -> CoverageMark {
    let code = (state == CoverageState::Failed).then_some(FailureCode::ProviderError);
    CoverageMark { day: FIRST, state, code, raw: None, wear_minutes: None }
}

async fn put(db: &TestDatabase, owner: &Owner, grain: Grain, seq: i32, state: CoverageState) {
    let tx = db.store().write().await.unwrap();
    let window = WindowKey { user: owner.user, job: JobId(1), seq };
    let what = (Metric::Steps, grain);
    tx.mark_coverage(owner.user, what, owner.stream, window, &[mark(state)], now()).await.unwrap();
    tx.commit().await.unwrap();
}

async fn read(db: &TestDatabase, owner: &Owner) -> Vec<CoverageDay> {
    let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
    let days = DayRange { start: FIRST, end: date(2026, 11, 8) };
    person.coverage(&[Metric::Steps, Metric::Sleep], days).await.unwrap()
}

on_each_engine! {
    async fn what_was_read_is_overwritten_by_what_is_read_and_by_nothing_else(db) {
        use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};
        let owner = owner(&db).await;
        let steps = [
            (Pending, Pending),
            (Failed, Failed),
            (Pending, Pending),
            (NotPermitted, NotPermitted),
            (Partial, Partial),
            (Failed, Partial),
            (Pending, Partial),
            (NotPermitted, Partial),
            (Complete, Complete),
            (Failed, Complete),
            (EmptyConfirmed, EmptyConfirmed),
            (Pending, EmptyConfirmed),
            (Complete, Complete),
        ];
        for (seq, (written, expected)) in (0..).zip(steps) {
            put(&db, &owner, Grain::Day, seq, written).await;
            let days = read(&db, &owner).await;
            assert_eq!(days.len(), 1);
            assert_eq!(days[0].state, expected, "step {seq}");
            let says_why = expected == Failed;
            assert_eq!(days[0].code, says_why.then_some(FailureCode::ProviderError), "step {seq}");
        }
    }

    async fn of_two_grains_the_one_with_more_to_say_is_shown(db) {
        let owner = owner(&db).await;
        put(&db, &owner, Grain::Day, 0, CoverageState::Complete).await;
        put(&db, &owner, Grain::Minute, 1, CoverageState::Failed).await;
        let days = read(&db, &owner).await;
        assert_eq!((days.len(), days[0].state), (1, CoverageState::Failed));
        put(&db, &owner, Grain::Minute, 2, CoverageState::EmptyConfirmed).await;
        assert_eq!(read(&db, &owner).await[0].state, CoverageState::Complete);
    }

    async fn a_stream_knows_its_days_by_grain_with_values_and_samples(db) {
        let owner = owner(&db).await;
        let known = async || {
            let days = DayRange::one(FIRST);
            db.store().known_days(owner.user, owner.stream, &[Metric::Steps], days).await.unwrap()
        };
        assert!(known().await.facts.is_empty());
        put(&db, &owner, Grain::Day, 0, CoverageState::Complete).await;
        put(&db, &owner, Grain::Minute, 1, CoverageState::Partial).await;
        let mut found: Vec<_> = known().await.facts.iter().map(|f| (f.grain, f.state)).collect();
        found.sort_by_key(|(grain, _)| *grain == Grain::Minute);
        assert_eq!(found, [(Grain::Day, CoverageState::Complete), (Grain::Minute, CoverageState::Partial)]);
    }

    async fn a_day_that_is_opened_again_is_asked_for_and_one_never_read_is_left(db) {
        let owner = owner(&db).await;
        put(&db, &owner, Grain::Day, 0, CoverageState::Complete).await;
        put(&db, &owner, Grain::Minute, 1, CoverageState::Pending).await;
        let tx = db.store().write().await.unwrap();
        let detail = (Metric::Steps, owner.stream);
        assert_eq!(tx.reopen_detail(owner.user, detail, &[FIRST], JobId(2)).await.unwrap(), 0);
        assert_eq!(tx.reopen_days(owner.user, owner.stream, &[FIRST]).await.unwrap(), 1);
        let known = tx.known_days(owner.user, owner.stream, &[Metric::Steps], DayRange::one(FIRST)).await.unwrap();
        let day = known.facts.iter().find(|fact| fact.grain == Grain::Day).unwrap();
        assert_eq!((day.state, day.checked_at), (CoverageState::Partial, None));
        tx.close_days(owner.user, (Metric::Steps, Grain::Day), owner.stream, &[(FIRST, false)]).await.unwrap();
        let known = tx.known_days(owner.user, owner.stream, &[Metric::Steps], DayRange::one(FIRST)).await.unwrap();
        let day = known.facts.iter().find(|fact| fact.grain == Grain::Day).unwrap();
        assert_eq!(day.state, CoverageState::EmptyConfirmed);
    }

    async fn days_that_were_never_asked_for_have_no_row(db) {
        let owner = owner(&db).await;
        assert_eq!(read(&db, &owner).await, []);
    }
}

/// What is kept of a person's days, and what the coverage says when it is counted now: the same.
async fn kept_as_counted(db: &TestDatabase, owner: &Owner) -> Vec<(Date, [u16; 6])> {
    use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};
    let person = db.store().person(&Viewer::system(), owner.user).await.unwrap().unwrap();
    let people = [std::sync::Arc::new(person)];
    let days = DayRange { start: date(2026, 10, 1), end: date(2026, 12, 1) };
    let tallies = async |metrics: &[Metric]| {
        let mut found = db.store().coverage_tallies(&people, metrics, days).await.unwrap();
        let days = found.remove(&owner.user).unwrap_or_default().into_iter();
        let states = [Complete, EmptyConfirmed, Partial, Pending, NotPermitted, Failed];
        days.map(|(day, tally)| (day, states.map(|state| tally.count(state)))).collect::<Vec<_>>()
    };
    let all: Vec<Metric> = Metric::all().collect();
    // Nobody marks body fat here.
    let some: Vec<Metric> = Metric::all().filter(|metric| *metric != Metric::BodyFat).collect();
    let kept = tallies(&all).await;
    assert_eq!(kept, tallies(&some).await);
    kept
}

on_each_engine! {
    async fn the_counts_of_a_day_follow_its_coverage(db) {
        use CoverageState::{Complete, EmptyConfirmed, Failed, NotPermitted, Partial, Pending};
        let owner = owner(&db).await;
        assert_eq!(kept_as_counted(&db, &owner).await, []);
        let second = build::link(db.store(), owner.user, ProviderKey::Fitbit, "f-1").await;
        let (other, precedence) = build::stream(db.store(), owner.user, second.id, ProviderKey::Fitbit).await;
        let days = [FIRST, date(2026, 11, 2), date(2026, 11, 20)];
        let both = [owner.stream, other];
        let metrics = [Metric::Steps, Metric::HeartRate, Metric::Sleep];
        let states = [Pending, Complete, Failed, Partial, EmptyConfirmed, NotPermitted, Complete];
        let mut nth = 0;
        for metric in metrics {
            for grain in [Grain::Day, Grain::Minute] {
                for stream in both {
                    let tx = db.store().write().await.unwrap();
                    let window = WindowKey { user: owner.user, job: JobId(1), seq: nth };
                    for day in days {
                        nth += 1;
                        let marked = CoverageMark { day, ..mark(states[nth as usize % states.len()]) };
                        let what = (metric, grain);
                        tx.mark_coverage(owner.user, what, stream, window, &[marked], now()).await.unwrap();
                    }
                    tx.commit().await.unwrap();
                    kept_as_counted(&db, &owner).await;
                }
            }
        }
        assert_eq!(kept_as_counted(&db, &owner).await.len(), 3);

        let tx = db.store().write().await.unwrap();
        for grain in [Grain::Day, Grain::Minute] {
            let window = WindowKey { user: owner.user, job: JobId(1), seq: nth + 1 };
            let read = days.map(|day| CoverageMark { day, ..mark(Complete) });
            tx.mark_coverage(owner.user, (Metric::Steps, grain), other, window, &read, now()).await.unwrap();
        }
        tx.choose_stream(owner.user, Metric::Steps, &days, (other, precedence)).await.unwrap();
        tx.choose_stream(owner.user, Metric::Sleep, &days[..1], (owner.stream, owner.precedence)).await.unwrap();
        tx.commit().await.unwrap();
        let chosen = kept_as_counted(&db, &owner).await;

        let tx = db.store().write().await.unwrap();
        assert!(tx.reopen_days(owner.user, other, &days).await.unwrap() > 0);
        tx.commit().await.unwrap();
        let opened = kept_as_counted(&db, &owner).await;
        assert_ne!(opened, chosen);

        let tx = db.store().write().await.unwrap();
        let closed = days.map(|day| (day, true));
        tx.close_days(owner.user, (Metric::Steps, Grain::Day), other, &closed).await.unwrap();
        tx.close_days(owner.user, (Metric::Steps, Grain::Minute), other, &closed).await.unwrap();
        tx.commit().await.unwrap();
        assert_ne!(kept_as_counted(&db, &owner).await, opened);

        let tx = db.store().write().await.unwrap();
        let restated = [(FIRST, false)];
        tx.restate_days(owner.user, (Metric::Steps, Grain::Day), other, &restated).await.unwrap();
        tx.restate_days(owner.user, (Metric::Steps, Grain::Minute), other, &restated).await.unwrap();
        tx.commit().await.unwrap();
        kept_as_counted(&db, &owner).await;
    }

    async fn days_that_wait_for_a_job_are_counted_again_when_it_ends(db) {
        let Job { user, link, id: job } = jobs::job(&db, 1).await;
        let (stream, precedence) = build::stream(db.store(), user, link, ProviderKey::GoogleHealth).await;
        let owner = Owner { user, stream, precedence };
        let wait = async || {
            let tx = db.store().write().await.unwrap();
            let window = WindowKey { user, job, seq: 0 };
            let days = [FIRST, date(2026, 11, 30)].map(|day| CoverageMark { day, ..mark(CoverageState::Pending) });
            tx.mark_coverage(user, (Metric::Steps, Grain::Day), stream, window, &days, now()).await.unwrap();
            tx.commit().await.unwrap();
            kept_as_counted(&db, &owner).await
        };
        assert_eq!(wait().await.len(), 2);
        let mut tx = db.store().write().await.unwrap();
        tx.fail_link(user, link, FailureCode::ProviderError, now()).await.unwrap();
        tx.commit().await.unwrap();
        let failed = [0, 0, 0, 0, 0, 1];
        assert_eq!(kept_as_counted(&db, &owner).await, [(FIRST, failed), (date(2026, 11, 30), failed)]);

        assert_eq!(wait().await.len(), 2);
        let mut tx = db.store().write().await.unwrap();
        tx.set_job_state(user, job, JobState::Cancelled, now()).await.unwrap();
        tx.commit().await.unwrap();
        assert_eq!(kept_as_counted(&db, &owner).await, []);
    }
}
