//! Opening and migrating, and what is said when that fails.

use pulsekeep_store::{Engine, Store, StoreError, StoreOptions};
use pulsekeep_testkit::{build, on_each_engine, on_sqlite};

async fn refusal(url: &str) -> StoreError {
    Store::open(&StoreOptions { url: url.to_owned(), connections: 2 }).await.unwrap_err()
}

on_each_engine! {
    async fn migrating_twice_changes_nothing(db) {
        let store = db.store();
        build::member(store, "ada").await;
        assert_eq!(store.pending_migrations().await.unwrap(), 0);
        store.migrate().await.unwrap();
        db.another().await.migrate().await.unwrap();
        assert_eq!(db.count("app_user").await, 1);
        assert_eq!(db.count("change_counter").await, 1);
    }

    async fn the_engine_answers_and_says_its_version(db) {
        db.store().ping().await.unwrap();
        let version = db.store().engine_version().await.unwrap();
        let name = match db.engine() { Engine::Sqlite => "SQLite 3.", Engine::Postgres => "PostgreSQL " };
        assert!(version.starts_with(name), "{version}");
    }
}

#[test]
fn an_address_that_is_none_is_explained() {
    on_sqlite(async |_| {
        for url in ["mysql://localhost/x", "/var/lib/pulsekeep.sqlite", "", "sqlite::memory:"] {
            let error = refusal(url).await;
            assert!(matches!(error, StoreError::Address(_)), "{url}: {error}");
            assert!(error.to_string().contains("Write sqlite://"), "{error}");
        }
    });
}

#[test]
fn a_server_that_is_not_there_is_unreachable() {
    on_sqlite(async |_| {
        // A port that was free a moment ago.
        let port = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let error = refusal(&format!("postgres://nobody:secret@127.0.0.1:{port}/x")).await;
        assert!(matches!(error, StoreError::Unreachable(_)), "{error}");
        let text = error.to_string();
        assert!(text.contains("DATABASE__URL") && !text.contains("secret"), "{text}");
    });
}

#[test]
fn a_folder_that_cannot_be_made_or_written_is_named_with_what_to_check() {
    on_sqlite(async |db: std::sync::Arc<pulsekeep_testkit::TestDatabase>| {
        let folder = db.folder();
        std::fs::write(folder.join("file"), "").unwrap();
        let below_a_file = format!("sqlite://{}/file/deeper/x.sqlite", folder.display());
        let a_folder = format!("sqlite://{}", folder.display());
        for url in [below_a_file.as_str(), a_folder.as_str(), "sqlite:///proc/x/y.sqlite"] {
            let error = refusal(url).await;
            assert!(matches!(error, StoreError::ReadOnly(_)), "{url}: {error:?}");
            assert!(error.to_string().contains("permissions"), "{error}");
        }
    });
}

#[test]
fn a_file_that_is_no_database_is_not_called_a_server_out_of_reach() {
    on_sqlite(async |db: std::sync::Arc<pulsekeep_testkit::TestDatabase>| {
        let path = db.folder().join("notes.txt");
        std::fs::write(&path, "these are notes and no database at all, and they are long enough").unwrap();
        let text = refusal(&format!("sqlite://{}", path.display())).await.to_string();
        assert!(text.contains("not an SQLite database"), "{text}");
        assert!(!text.contains("server is running"), "{text}");
    });
}

#[test]
fn a_read_only_file_is_said_to_be_one_when_it_is_written() {
    on_sqlite(async |db: std::sync::Arc<pulsekeep_testkit::TestDatabase>| {
        let url = format!("{}?mode=ro", db.url());
        let error = match Store::open(&StoreOptions { url, connections: 1 }).await {
            Err(error) => error,
            Ok(store) => store.set_password(pulsekeep_core::id::UserId(1), "x").await.unwrap_err(),
        };
        assert!(matches!(error, StoreError::ReadOnly(_)), "{error:?}");
    });
}

/// Takes as long as the busy timeout of a writer.
#[test]
fn a_database_that_another_holds_is_locked_and_works_again_afterwards() {
    on_sqlite(async |db: std::sync::Arc<pulsekeep_testkit::TestDatabase>| {
        let other = db.another().await;
        let held = other.write().await.unwrap();
        let error = db.store().write().await.unwrap_err();
        assert!(matches!(error, StoreError::Locked), "{error:?}");
        assert!(error.to_string().contains("stop the other Pulsekeep"), "{error}");
        drop(held);
        build::member(db.store(), "ada").await;
    });
}
