//! The same archive again, a newer one, one that broke off, and days that a sync has told.

use pulsekeep_core::{Metric, account::ProviderKey, time::MINUTE_MS};
use pulsekeep_import::Outcome;
use pulsekeep_simulator::archive::{Packing, Recipe, pack};
use pulsekeep_store::ingest::Replace;
use pulsekeep_testkit::{DATA_TABLES, build, clock, now, on_each_engine};

use crate::setup::{ago, daily, files, import, parts_of, range, reader, survey, user, view, write_parts};

fn recipe() -> Recipe {
    Recipe { legacy: false, friendly: false, ..Recipe::default() }
}

on_each_engine! {
    async fn the_same_archive_again_writes_nothing(db) {
        let (store, view) = (db.store(), view("nora"));
        let parts = parts_of(&files(&view, ago(&view, 3, 1), &recipe()), Packing::Zip, 2);
        let user = user(store, &view).await;
        let Outcome::Written(first) = import(store, &user, &parts).await else { panic!("it is new") };
        db.watch_writes(&DATA_TABLES).await;
        assert_eq!(import(store, &user, &parts).await, Outcome::Known(first.import));
        assert!(survey(store, &user, &parts).await.unwrap().plan().is_imported);
        // The same content in parts of other names and order is the same archive.
        let mut turned = crate::setup::Parts { paths: parts.paths.clone(), folder: parts.folder };
        turned.paths.reverse();
        assert_eq!(import(store, &user, &turned).await, Outcome::Known(first.import));
        assert!(db.writes().await.is_empty());
    }

    async fn a_newer_archive_changes_only_what_is_new(db) {
        let (store, view) = (db.store(), view("nora"));
        let user = user(store, &view).await;
        let older = files(&view, ago(&view, 5, 2), &recipe());
        let packed = pack(&older, Packing::Zip, 1, now().0 / 1000 - 86_400).unwrap();
        import(store, &user, &write_parts(&packed)).await;
        let days = range(ago(&view, 5, 1));
        let before = daily(store, &user, Metric::Steps, days).await;
        assert_eq!(before.iter().flatten().count(), 4);
        db.watch_writes(&["sample_block"]).await;
        let newer = parts_of(&files(&view, ago(&view, 4, 1), &recipe()), Packing::Zip, 1);
        import(store, &user, &newer).await;
        let after = daily(store, &user, Metric::Steps, days).await;
        assert_eq!(after[..4], before[..4], "days that the newer one does not hold stay");
        assert!(after[4].is_some());
        // One block a metric for the new day, and those that the cut of the older one had torn.
        let written = db.writes().await["sample_block"];
        assert!(written <= 14, "{written} blocks");
        // The older one again, but packed otherwise: what the newer has told stays.
        let again = pack(&older, Packing::TarGz, 1, now().0 / 1000 - 86_400).unwrap();
        let Outcome::Written(again) = import(store, &user, &write_parts(&again)).await else { panic!("other bytes") };
        assert!(again.kept_days > 0);
        assert_eq!(daily(store, &user, Metric::Steps, days).await, after);
    }

    async fn an_import_that_broke_off_goes_on(db) {
        let (store, view) = (db.store(), view("nora"));
        let days = ago(&view, 3, 1);
        let parts = parts_of(&files(&view, days, &recipe()), Packing::Zip, 1);
        let user = user(store, &view).await;
        let takeout = survey(store, &user, &parts).await.unwrap();
        let total = takeout.plan().windows;
        let (stop, stopped) = tokio::sync::oneshot::channel::<()>();
        let mut stop = Some(stop);
        let own_clock = clock();
        let run = takeout.write(store, &own_clock, |progress| {
            if progress.done == 3 {
                drop(stop.take());
            }
        });
        // The future is dropped in the middle of its work, as a killed process drops everything.
        tokio::select! {
            biased;
            _ = stopped => {}
            _ = run => panic!("it has more than three windows"),
        }
        let done: usize = store.imports(user.id, 1).await.unwrap()[0].windows_done.try_into().unwrap();
        assert!((3..total).contains(&done), "{done} of {total}");
        let Outcome::Written(rest) = import(store, &user, &parts).await else { panic!("it was not done") };
        assert_eq!((rest.resumed, rest.windows), (done, total - done));
        let whole = db.beside().await;
        let other = crate::setup::user(whole.store(), &view).await;
        import(whole.store(), &other, &parts).await;
        for table in ["sample_block", "daily_value"] {
            let without = ["user_id", "stream_id"];
            assert_eq!(db.rows(table, &without).await, whole.rows(table, &without).await, "{table}");
        }
        whole.remove().await;
    }

    async fn synced_days_are_shown_and_the_import_lies_behind_them(db) {
        let (store, view) = (db.store(), view("nora"));
        let days = ago(&view, 3, 1);
        let user = user(store, &view).await;
        let link = build::link(store, user.id, ProviderKey::GoogleHealth, "account").await;
        let stream = build::stream(store, user.id, link.id, ProviderKey::GoogleHealth).await;
        let day = range(days).start;
        let noon = pulsekeep_testkit::at(&format!("{day}T12:00:00Z"));
        let synced = build::minutes(Metric::Steps, noon, 10, 3600, 7.0);
        let tx = store.write().await.unwrap();
        let one = pulsekeep_core::time::DayRange::one(day);
        tx.replace_samples(user.id, stream.0, &synced, Replace::Days(one)).await.unwrap();
        tx.choose_stream(user.id, Metric::Steps, &[day], stream).await.unwrap();
        tx.commit().await.unwrap();
        let parts = parts_of(&files(&view, days, &recipe()), Packing::Zip, 1);
        let takeout = survey(store, &user, &parts).await.unwrap();
        let steps = takeout.plan().metrics.iter().find(|metric| metric.metric == "steps").unwrap();
        assert_eq!(steps.synced, 1);
        import(store, &user, &parts).await;
        let shown = daily(store, &user, Metric::Steps, range(days)).await;
        assert_eq!(shown[0], Some(70.0), "neither the import's nor both together");
        assert!(shown[1].is_some());
        let series = reader(store, &user).await.coverage(&[Metric::Steps], range(days)).await.unwrap();
        assert_eq!(series.len(), 2, "of the synced day its own stream tells: {series:?}");
        assert_eq!(MINUTE_MS, 60_000);
    }
}
