//! Coverage: a failure is never recorded as an empty day, and never hides what was read.

use jiff::civil::{Date, date};
use pulsekeep_core::{
    Metric, account::Viewer, catalogue::Grain, coverage::CoverageState, id::JobId, job::FailureCode,
    time::DayRange,
};
use pulsekeep_store::{WindowKey, ingest::CoverageMark, person::CoverageDay};
use pulsekeep_testkit::{TestDatabase, now, on_each_engine};

use crate::blocks::{Owner, owner};

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
