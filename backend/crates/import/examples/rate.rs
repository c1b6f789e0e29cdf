//! How fast an archive of heart rate is imported, and in how much memory: `rate [DAYS] [json]` makes an archive with a
//! reading every five seconds, imports it into a new SQLite file, and prints rates and the peak of resident memory.

#![expect(clippy::print_stdout, clippy::unwrap_used, reason = "a measurement that cannot be made says why")]

use std::{fmt::Write as _, fs::File, io::Write as _, time::Instant};

use pulsekeep_core::{EpochMs, ManualClock, account::Role, time::DAY_MS};
use pulsekeep_import::{Archive, Limits, Outcome, Takeout};
use pulsekeep_testkit::{TestDatabase, build, clock, now};
use zip::{ZipWriter, write::SimpleFileOptions};

/// The most resident memory that this process had.
fn peak_megabytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find(|line| line.starts_with("VmHWM")).unwrap_or_default();
    line.split_whitespace().nth(1).and_then(|kilobytes| kilobytes.parse::<u64>().ok()).unwrap_or(0) / 1024
}

/// A day of readings, a random walk between rest and effort.
fn day(start: EpochMs, is_json: bool, state: &mut u64) -> (String, u64) {
    let mut text = String::from(if is_json { "[" } else { "timestamp,beats per minute,data source\n" });
    let mut bpm = 70_i64;
    let mut rows = 0;
    for second in (0..DAY_MS / 1000).step_by(5) {
        *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        bpm = (bpm + i64::try_from(*state >> 61).unwrap() % 5 - 2).clamp(45, 180);
        let at = start.plus(second * 1000);
        if is_json {
            let clock = at.civil(0).strftime("%m/%d/%y %H:%M:%S");
            let comma = if rows == 0 { "" } else { "," };
            write!(text, "{comma}{{\"dateTime\":\"{clock}\",\"value\":{{\"bpm\":{bpm},\"confidence\":2}}}}")
                .unwrap();
        } else {
            writeln!(text, "{at},{bpm}.0,Charge 5").unwrap();
        }
        rows += 1;
    }
    text.push_str(if is_json { "]" } else { "" });
    (text, rows)
}

fn main() {
    let days: i64 = std::env::args().nth(1).and_then(|days| days.parse().ok()).unwrap_or(60);
    let is_json = std::env::args().nth(2).is_some_and(|word| word == "json");
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("archive.zip");
    let (mut rows, mut bytes, mut state) = (0, 0, 7);
    let mut zip = ZipWriter::new(File::create(&path).unwrap());
    let options = SimpleFileOptions::default().compression_level(Some(1));
    for number in (1..=days).rev() {
        let start = EpochMs((now().0 / DAY_MS - number) * DAY_MS);
        let (text, of_day) = day(start, is_json, &mut state);
        let date = start.civil(0).date();
        let name = if is_json { format!("heart_rate-{date}.json") } else { format!("heart_rate_{date}.csv") };
        zip.start_file(format!("Takeout/Fitbit/{name}"), options).unwrap();
        zip.write_all(text.as_bytes()).unwrap();
        (rows, bytes) = (rows + of_day, bytes + text.len());
    }
    zip.finish().unwrap();
    let made = peak_megabytes();
    println!(
        "{days} days, {rows} rows, {} MB unpacked; peak memory before the import {made} MB",
        bytes / 1_000_000
    );
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    runtime.block_on(async {
        let database = TestDatabase::sqlite().await;
        let user = build::person(database.store(), "rate", "Europe/Paris", Role::Member).await;
        let clock: ManualClock = clock();
        let begun = Instant::now();
        let archive = Archive::open(&[path], Limits::default()).unwrap();
        let takeout = Takeout::survey(database.store(), user, archive, None, now()).await.unwrap();
        let surveyed = begun.elapsed().as_secs_f64();
        let outcome = takeout.write(database.store(), &clock, |_| ()).await.unwrap();
        let Outcome::Written(written) = outcome else { panic!("the archive is new") };
        let seconds = begun.elapsed().as_secs_f64();
        #[expect(clippy::cast_precision_loss, reason = "a rate")]
        let rate = written.rows as f64 / seconds;
        println!(
            "surveyed in {surveyed:.1} s, written after {seconds:.1} s: {} samples, {rate:.0} samples/s, peak memory {} MB",
            written.rows,
            peak_megabytes()
        );
    });
}
