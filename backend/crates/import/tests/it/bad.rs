//! Bad input: the file is named, the rest goes on, nothing is half written.

use pulsekeep_core::Metric;
use pulsekeep_import::{Archive, ImportError, Limits, Outcome, Takeout};
use pulsekeep_simulator::archive::{File, Packing, Recipe, pack};
use pulsekeep_testkit::{now, on_sqlite};

use crate::setup::{Parts, ago, daily, files, import, parts_of, range, survey, user, view, write_parts};

fn recipe() -> Recipe {
    Recipe { legacy: false, friendly: false, noise: false, ..Recipe::default() }
}

fn good() -> Vec<File> {
    let view = view("nora");
    files(&view, ago(&view, 2, 1), &recipe())
}

fn problems(parts: &Parts, limits: Limits) -> Vec<(String, String)> {
    let parts = parts.paths.clone();
    let (sender, receiver) = std::sync::mpsc::channel();
    on_sqlite(move |db| async move {
        let view = view("nora");
        let user = user(db.store(), &view).await;
        let archive = Archive::open(&parts, limits).unwrap();
        let takeout = Takeout::survey(db.store(), user.clone(), archive, None, now()).await.unwrap();
        let told = takeout.plan().problems.iter().map(|problem| (problem.file.clone(), problem.why.clone()));
        sender.send(told.collect::<Vec<_>>()).unwrap();
        // Whatever is wrong with a file, the others are imported.
        takeout.write(db.store(), &pulsekeep_testkit::clock(), |_| ()).await.unwrap();
        let steps = daily(db.store(), &user, Metric::Steps, range(ago(&view, 2, 1))).await;
        assert!(steps.iter().any(Option::is_some));
    });
    receiver.recv().unwrap()
}

fn opened(parts: &Parts) -> ImportError {
    Archive::open(&parts.paths, Limits::default()).unwrap_err()
}

/// Replaces bytes of a packed part.
fn changed(mut packed: Vec<File>, part: usize, change: impl FnOnce(&mut Vec<u8>)) -> Parts {
    change(&mut packed[part].1);
    write_parts(&packed)
}

fn packed(files: &[File], packing: Packing, parts: usize) -> Vec<File> {
    pack(files, packing, parts, now().0 / 1000).unwrap()
}

#[test]
fn a_part_that_is_cut_off_is_named_and_the_others_are_read() {
    for (packing, name) in [(Packing::Zip, "002.zip"), (Packing::TarGz, "002.tgz")] {
        let parts = changed(packed(&good(), packing, 2), 1, |bytes| bytes.truncate(bytes.len() * 2 / 3));
        let told = problems(&parts, Limits::default());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(told[0].0.ends_with(name) && told[0].1.contains("cut off"), "{told:?}");
    }
}

#[test]
fn when_no_part_can_be_read_nothing_begins() {
    let cut = changed(packed(&good(), Packing::Zip, 1), 0, |bytes| bytes.truncate(1000));
    assert!(matches!(opened(&cut), ImportError::NoArchive(why) if why.contains("cut off")));
    let text = write_parts(&[("takeout.zip".to_owned(), b"<html>sign in</html>".to_vec())]);
    assert!(matches!(opened(&text), ImportError::NoArchive(why) if why.contains("neither")));
    let gone = Parts { paths: vec!["/nowhere/takeout.zip".into()], folder: tempfile::tempdir().unwrap() };
    assert!(matches!(opened(&gone), ImportError::Io { file, .. } if file == "takeout.zip"));
}

/// Sets the flag of encryption of the entry with this name, in both of its heads.
fn lock(bytes: &mut [u8], name: &str) {
    let marks: [(&[u8], usize, usize); 2] = [(b"PK\x03\x04", 6, 30), (b"PK\x01\x02", 8, 46)];
    for (mark, flag, head) in marks {
        for at in 0..bytes.len() - head {
            let is_own = bytes[at..].starts_with(mark) && bytes[at + head..].starts_with(name.as_bytes());
            if is_own {
                bytes[at + flag] |= 1;
            }
        }
    }
}

#[test]
fn a_file_with_a_password_or_a_wrong_sum_is_named() {
    let files = good();
    let heart = files.iter().find(|file| file.0.contains("heart_rate_2")).unwrap().0.clone();
    let locked = changed(packed(&files, Packing::Zip, 1), 0, |bytes| lock(bytes, &heart));
    let told = problems(&locked, Limits::default());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("password"), "{told:?}");
    let bent = changed(packed(&files, Packing::Zip, 1), 0, |bytes| {
        // The sum in the directory: the content no longer fits.
        let at = (0..bytes.len() - 46).rev().find(|at| {
            bytes[*at..].starts_with(b"PK\x01\x02") && bytes[at + 46..].starts_with(heart.as_bytes())
        });
        bytes[at.unwrap() + 16] ^= 0xff;
    });
    let told = problems(&bent, Limits::default());
    assert_eq!(told.len(), 1, "{told:?}");
}

#[test]
fn bombs_and_endless_lines_are_stopped() {
    let folder = "Takeout/Fitbit/Physical Activity_GoogleData";
    let mut files = good();
    files.push((format!("{folder}/floors_2026-11-01.csv"), vec![b'0'; 80 << 20]));
    let told = problems(&parts_of(&files, Packing::Zip, 1), Limits::default());
    assert_eq!(
        told,
        [("floors_2026-11-01.csv".to_owned(), "it inflates to more than is allowed".to_owned())]
    );
    let mut files = good();
    files.push((format!("{folder}/floors_2026-11-01.csv"), vec![b'0'; 8 << 20]));
    for packing in [Packing::Zip, Packing::TarGz] {
        let told = problems(&parts_of(&files, packing, 1), Limits::default());
        assert_eq!(told, [("floors_2026-11-01.csv".to_owned(), "it has a line without end".to_owned())]);
    }
    let small = Limits { file_bytes: 4 << 20, ..Limits::default() };
    let told = problems(&parts_of(&files, Packing::TarGz, 1), small);
    assert_eq!(
        told,
        [("floors_2026-11-01.csv".to_owned(), "it inflates to more than is allowed".to_owned())]
    );
}

#[test]
fn giant_files_without_health_data_are_passed_over_by_name() {
    let mut files = good();
    let name = "Takeout/Fitbit/Health Fitness Data_GoogleData/UserActivityProbabilities_2026-11-01.csv";
    files.push((name.to_owned(), vec![b'0'; 80 << 20]));
    assert_eq!(problems(&parts_of(&files, Packing::Zip, 1), Limits::default()), []);
}

#[test]
fn hostile_names_are_refused() {
    let mut zip = packed(&good(), Packing::Zip, 1);
    let content = b"timestamp,floors\n2026-11-20T10:00:00Z,9\n";
    // The writers of archives refuse such names: a harmless one of the same length is made hostile.
    let mut extra = good();
    extra.push(("Takeout/aa/bb/floors_2026-11-01.csv".to_owned(), content.to_vec()));
    zip[0].1 = packed(&extra, Packing::Zip, 1)[0].1.clone();
    let parts = changed(zip, 0, |bytes| {
        let (from, to) = (b"Takeout/aa/bb/floors".as_slice(), b"Takeout/../../floors".as_slice());
        for at in 0..bytes.len() - from.len() {
            if bytes[at..].starts_with(from) {
                bytes[at..at + to.len()].copy_from_slice(to);
            }
        }
    });
    let told = problems(&parts, Limits::default());
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(told[0].1.contains("refused"), "{told:?}");
}

#[test]
fn another_product_another_person_and_another_export_are_told_apart() {
    let fit = vec![(
        "Takeout/Fit/Daily activity metrics/2026-11-01.csv".to_owned(),
        b"Start time,Steps\n".to_vec(),
    )];
    assert!(matches!(opened(&parts_of(&fit, Packing::Zip, 1)), ImportError::WrongProduct("Google Fit")));
    let photos = vec![("Takeout/Photos/cat.jpg".to_owned(), b"cat".to_vec())];
    assert!(matches!(opened(&parts_of(&photos, Packing::Zip, 1)), ImportError::NothingKnown(1)));
    let profile = |name: &str| format!("id,full_name,timezone\n1,{name},Europe/Paris\n").into_bytes();
    let mut mixed = good();
    mixed.push(("Takeout/Fitbit/Your Profile/Profile.csv".to_owned(), profile("a")));
    mixed.push(("Takeout/Google Health/Your Profile/Profile.csv".to_owned(), profile("b")));
    for packing in [Packing::Zip, Packing::TarGz] {
        assert!(matches!(opened(&parts_of(&mixed, packing, 1)), ImportError::MixedPeople(2)));
    }
    let (mut first, second) =
        (packed(&good(), Packing::Zip, 1), pack(&good(), Packing::Zip, 1, 1_790_000_000).unwrap());
    first.extend(second);
    assert!(matches!(opened(&write_parts(&first)), ImportError::SeveralExports(2)));
}

#[test]
fn faulty_rows_and_files_are_counted_and_named() {
    on_sqlite(|db| async move {
        let view = view("nora");
        let user = user(db.store(), &view).await;
        let folder = "Takeout/Fitbit/Physical Activity_GoogleData";
        let mut files = good();
        let floors = "\u{feff}timestamp,floors\n2026-11-20T10:00:00Z,\"1,005\"\n2026-11-20T10:01:00Z,\"1,5\"\nnot a time,3\n";
        files.retain(|file| !file.0.contains("floors"));
        files.push((format!("{folder}/floors_2026-11-01.csv"), floors.as_bytes().to_vec()));
        files.push((
            format!("{folder}/altitude_2026-11-01.csv"),
            b"timestamp,height\n2026-11-20T10:00:00Z,3\n".to_vec(),
        ));
        files.push((format!("{folder}/calories_2026-11-01.json"), b"[{\"dateTime\":".to_vec()));
        files.push((
            format!("{folder}/Herzfrequenzvariabilit\u{e4}t.csv"),
            b"timestamp,rmssd,nremhr,entropy\n2026-11-20T00:00:00,33.5,55,2.1\n".to_vec(),
        ));
        files.push((format!("{folder}/fitbit_export_20261120.csv"), b"Activities\nDate,Steps\n".to_vec()));
        files.push((format!("{folder}/Etwas Neues.csv"), b"datum,wert\n1,2\n".to_vec()));
        let parts = parts_of(&files, Packing::Zip, 1);
        let takeout = survey(db.store(), &user, &parts).await.unwrap();
        let plan = takeout.plan().clone();
        let mut named: Vec<&str> = plan.problems.iter().map(|problem| problem.file.as_str()).collect();
        named.sort_unstable();
        assert_eq!(named.len(), 3, "{:?}", plan.problems);
        assert!(
            named[0].starts_with("altitude")
                && named[1].starts_with("calories")
                && named[2].starts_with("fitbit_export")
        );
        let floors = &plan.families["floors.csv"].dropped;
        assert_eq!((floors["number"], floors["time"]), (1, 1));
        assert_eq!(plan.families["Daily Heart Rate Variability Summary"].rows, 1, "told by its header");
        assert_eq!(plan.unknown, ["Etwas Neues.csv"]);
        assert!(matches!(import(db.store(), &user, &parts).await, Outcome::Written(_)));
        let days = pulsekeep_core::time::DayRange::one(jiff::civil::date(2026, 11, 20));
        assert_eq!(daily(db.store(), &user, Metric::Floors, days).await, [Some(1005.0)]);
    });
}

#[test]
fn an_unpacked_folder_is_an_archive_too() {
    on_sqlite(|db| async move {
        let view = view("nora");
        let user = user(db.store(), &view).await;
        let unpacked = write_parts(&good());
        let parts = Parts { paths: vec![unpacked.folder.path().to_owned()], folder: unpacked.folder };
        assert!(matches!(import(db.store(), &user, &parts).await, Outcome::Written(_)));
        assert!(matches!(import(db.store(), &user, &parts).await, Outcome::Known(_)));
        let steps = daily(db.store(), &user, Metric::Steps, range(ago(&view, 2, 1))).await;
        assert!(steps.iter().all(Option::is_some));
    });
}
