//! An access token that has run out while two processes have a hundred windows of its account: it is renewed once.

use jiff::civil::Date;
use pulsekeep_core::{
    Metric,
    job::{JobKind, JobState, Priority, WindowState},
    time::{DayRange, add_days},
};
use pulsekeep_simulator::Simulator;
use pulsekeep_sync::{JobRequest, RequestOutcome};
use pulsekeep_testkit::on_postgres;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::harness::{Worker, engine, person_with_backfill, simulator, until};

const WINDOWS: i64 = 100;

/// What the simulator counted of refreshes.
async fn refreshes(simulator: &Simulator) -> Value {
    let mut stream = TcpStream::connect(simulator.addr()).await.unwrap();
    let request = b"GET /control/usage HTTP/1.1\r\nhost: simulator\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200"), "{head}");
    serde_json::from_str::<Value>(body).unwrap()["refreshes"].clone()
}

#[test]
fn a_hundred_windows_of_two_processes_renew_an_expired_token_once() {
    on_postgres("a_hundred_windows_of_two_processes_renew_an_expired_token_once", |db| async move {
        let simulator = simulator().await;
        let (user, backfill, _) = person_with_backfill(db.store(), &simulator).await;
        let engine = engine(db.store(), &simulator);
        engine.cancel(&pulsekeep_core::account::Viewer::system(), backfill).await.unwrap();
        // A window for each day, none of which waits for another.
        let end: Date = add_days(engine.today(user).await.unwrap(), -3);
        let request = JobRequest {
            user_id: user,
            link: None,
            kind: JobKind::Incremental,
            metrics: vec![Metric::BasalCalories],
            days: Some(DayRange { start: add_days(end, -WINDOWS), end }),
            priority: Priority::High,
            created_by: None,
            batch: None,
        };
        let RequestOutcome::Accepted(jobs) = engine.request(&request).await.unwrap() else {
            panic!("refused")
        };
        let windows = db.store().windows(user, jobs[0]).await.unwrap();
        let due = windows.iter().filter(|window| window.state == WindowState::Due).count();
        assert_eq!(i64::try_from(due).unwrap(), WINDOWS, "all of them are due at once");
        assert_eq!(refreshes(&simulator).await, json!([]));
        db.execute("UPDATE link_token SET access_expires_at = 0").await;

        let workers = [Worker::start(db.url(), &simulator), Worker::start(db.url(), &simulator)];
        let done = until(db.store(), jobs[0], |_| false).await;
        assert_eq!((done.state, i64::from(done.windows_done)), (JobState::Done, WINDOWS), "{:?}", done.codes);
        let took_part = db.texts("SELECT DISTINCT name FROM worker_beat").await.len();
        assert_eq!(took_part, 2, "both processes were there");
        for worker in workers {
            worker.kill();
        }
        let counted = refreshes(&simulator).await;
        let counts = counted.as_array().unwrap();
        assert_eq!(counts.len(), 1, "{counted}");
        let n = |what: &str| counts[0][what].as_u64().unwrap();
        assert_eq!((n("given"), n("repeated"), n("refused")), (1, 0, 0), "{counted}");
        assert_eq!(
            (done.retries, i64::from(done.requests_done)),
            (0, WINDOWS),
            "no request was made with the old token"
        );
    });
}
