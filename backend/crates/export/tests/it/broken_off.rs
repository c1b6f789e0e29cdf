//! An export that is killed between any two of its steps, and the one that follows.

use std::{collections::BTreeMap, sync::Arc};

use jiff::civil::date;
use pulsekeep_core::{Metric, job::ExportState, time::DayRange};
use pulsekeep_export::Target;
use pulsekeep_store::Store;
use pulsekeep_testkit::{TestDatabase, build, on_each_engine, on_sqlite};

use crate::{
    memory::Memory,
    world::{Owner, World, ann, assert_finished, everything, listed, november, owner, sha256},
};

type Files = BTreeMap<String, Vec<u8>>;

/// Changes a day, adds one, empties one.
async fn change(store: &Store, ann: &Owner, bob: &Owner) {
    ann.minutes(store, Metric::Steps, november(2), &[4.0, 5.0, 8.0]).await;
    ann.minutes(store, Metric::Steps, november(4), &[1.0]).await;
    ann.put(store, &build::samples(Metric::Steps, &[]), DayRange::one(date(2026, 10, 31))).await;
    bob.minutes(store, Metric::Steps, november(1), &[9.0]).await;
}

/// As it was before.
async fn change_back(store: &Store, ann: &Owner, bob: &Owner) {
    ann.minutes(store, Metric::Steps, november(2), &[4.0, 5.0, 6.5]).await;
    ann.put(store, &build::samples(Metric::Steps, &[]), DayRange::one(november(4))).await;
    ann.minutes(store, Metric::Steps, date(2026, 10, 31), &[5.0, 0.0, 7.0]).await;
    bob.minutes(store, Metric::Steps, november(1), &[8.0]).await;
}

async fn people(store: &Store) -> (Owner, Owner) {
    let (ann, bob) = (ann(store).await, owner(store, "bob").await);
    bob.minutes(store, Metric::Steps, november(1), &[8.0]).await;
    (ann, bob)
}

/// The objects without what stands beside them.
fn objects(files: &Files) -> Files {
    files
        .iter()
        .filter(|(key, _)| !key.ends_with(".json"))
        .map(|(key, bytes)| (key.clone(), bytes.clone()))
        .collect()
}

/// What a first export of the data as it is would write.
async fn fresh(store: &Store) -> Files {
    let sink = Memory::new();
    World::new(store, Target::Made(sink.clone())).export_all().await;
    objects(&sink.files())
}

/// Every object that the manifest lists is there and whole, as it was or as it will be.
fn assert_whole(files: &Files, old: &Files, new: &Files, at: &str) {
    for key in listed(files).keys() {
        let bytes = files.get(key).unwrap_or_else(|| panic!("{at}: {key} is missing"));
        let known = [old.get(key), new.get(key)].into_iter().flatten().any(|known| known == bytes);
        assert!(known, "{at}: {key} is neither old nor new");
    }
    let describes = |files: &Files, objects: &Files| {
        listed(files)
            .iter()
            .all(|(key, object)| objects.get(key).is_some_and(|bytes| object["sha256"] == sha256(bytes)))
    };
    assert!(describes(files, old) || describes(files, new), "{at}: the manifest describes one generation");
    let untrue = listed(files).iter().any(|(key, object)| object["sha256"] != sha256(&files[key]));
    assert!(!untrue || files.contains_key("in-progress.json"), "{at}: what is not as listed is announced");
}

/// Kills an export after each number of steps, and goes on from what is left then.
async fn killed_anywhere(db: &TestDatabase, is_done: bool) {
    let store = db.store();
    let (ann, bob) = people(store).await;
    let first = Memory::new();
    World::new(store, Target::Made(first.clone())).export_all().await;
    let old = objects(&first.files());
    change(store, &ann, &bob).await;
    let new = fresh(store).await;
    let mut steps = 1;
    loop {
        change(store, &ann, &bob).await;
        let sink = Memory::with(first.files(), steps, is_done);
        let job = World::new(store, Target::Made(sink.clone())).export(&everything()).await;
        if !sink.is_gone() {
            assert_eq!(job.state, ExportState::Done);
            break;
        }
        let at = format!("killed at step {steps}");
        assert_eq!(job.state, ExportState::Waiting, "{at}");
        let left = sink.files();
        assert_whole(&left, &old, &new, &at);

        // Killed once more a little later, and then not any more.
        let again = Memory::with(left.clone(), 6, is_done);
        World::new(store, Target::Made(again.clone())).export(&everything()).await;
        assert_whole(&again.files(), &old, &new, &at);
        let last = Memory::with(again.files(), -1, false);
        let world = World::new(store, Target::Made(last.clone()));
        world.clock.advance(50_000);
        world.export_all().await;
        assert_finished(&last.files());
        assert_eq!(objects(&last.files()), new, "{at}");

        // The data is as before by the time of the next export.
        change_back(store, &ann, &bob).await;
        let back = Memory::with(left, -1, false);
        let world = World::new(store, Target::Made(back.clone()));
        world.clock.advance(90_000);
        world.export_all().await;
        assert_finished(&back.files());
        assert_eq!(objects(&back.files()), old, "{at}, and the data as before");
        steps += 1;
    }
    assert!(steps > 20, "{steps} steps");
}

#[test]
fn killed_before_any_step() {
    on_sqlite(|db: Arc<TestDatabase>| async move { killed_anywhere(&db, false).await });
}

#[test]
fn killed_after_any_step() {
    on_sqlite(|db: Arc<TestDatabase>| async move { killed_anywhere(&db, true).await });
}

on_each_engine! {
    async fn what_was_written_before_the_kill_is_not_written_again(db) {
        let store = db.store();
        people(store).await;
        let whole = Memory::new();
        World::new(store, Target::Made(whole.clone())).export_all().await;
        let all = whole.take_puts().len();
        // Far enough for the first person, not for the second.
        let sink = Memory::with(BTreeMap::new(), i64::try_from(all).unwrap(), false);
        World::new(store, Target::Made(sink.clone())).export(&everything()).await;
        assert!(sink.is_gone() && !sink.files().contains_key("manifest.json"));
        let on = Memory::with(sink.files(), -1, false);
        let world = World::new(store, Target::Made(on.clone()));
        world.clock.advance(5_000);
        world.export_all().await;
        assert_finished(&on.files());
        let again: Vec<String> = on.take_puts().into_iter().filter(|key| key.contains("ann")).collect();
        assert_eq!(again, Vec::<String>::new(), "ann's objects lay there whole");
        assert_eq!(objects(&on.files()), objects(&whole.files()));
    }

    async fn a_narrow_export_mends_what_a_broken_one_has_touched(db) {
        let store = db.store();
        let (ann, bob) = people(store).await;
        let first = Memory::new();
        World::new(store, Target::Made(first.clone())).export_all().await;
        change(store, &ann, &bob).await;
        let sink = Memory::with(first.files(), 9, true);
        World::new(store, Target::Made(sink.clone())).export(&everything()).await;
        assert!(sink.is_gone());
        let on = Memory::with(sink.files(), -1, false);
        let world = World::new(store, Target::Made(on.clone()));
        world.clock.advance(5_000);
        let narrow = pulsekeep_store::NewExport { people: Some(vec![bob.user.id]), metrics: vec![Metric::Sleep], ..everything() };
        assert_eq!(world.export(&narrow).await.state, ExportState::Done);
        assert_finished(&on.files());
    }

    async fn somebody_who_is_not_there_any_more_takes_their_objects_along(db) {
        let store = db.store();
        let (_, bob) = people(store).await;
        let sink = Memory::new();
        let world = World::new(store, Target::Made(sink.clone()));
        world.export_all().await;
        assert!(sink.files().keys().any(|key| key.contains("bob")));
        let tables = db.texts(match db.engine() {
            pulsekeep_store::Engine::Sqlite => "SELECT m.name FROM sqlite_master m JOIN pragma_table_info(m.name) c ON c.name = 'user_id' WHERE m.type = 'table'",
            pulsekeep_store::Engine::Postgres => "SELECT CAST(table_name AS TEXT) FROM information_schema.columns WHERE column_name = 'user_id' AND table_schema = 'public'",
        }).await;
        for table in tables {
            db.execute(&format!("DELETE FROM {table} WHERE user_id = {}", bob.user.id.0)).await;
        }
        db.execute(&format!("DELETE FROM app_user WHERE id = {}", bob.user.id.0)).await;
        world.export_all().await;
        assert!(!sink.files().keys().any(|key| key.contains("bob")));
        assert_finished(&sink.files());
    }
}
