//! People, archives and databases.

use std::{path::PathBuf, sync::Arc};

use pulsekeep_core::{
    Metric,
    account::{Role, Viewer},
    time::DayRange,
};
use pulsekeep_import::{Archive, ImportError, Limits, Outcome, Takeout};
use pulsekeep_simulator::{
    archive::{self, File, Packing, Recipe},
    people::{Day, People, View},
};
use pulsekeep_store::{Person, Store, User};
use pulsekeep_testkit::{build, clock, now};
use tempfile::TempDir;

/// A person as the simulated provider knows them now.
pub(crate) fn view(name: &str) -> View {
    let people = Arc::new(People::load().unwrap());
    let person = people.find(name).unwrap().clone();
    View::new(people, person, now().0 / 1000, Vec::new())
}

/// The days from `from` to `to` days ago, both included.
pub(crate) fn ago(view: &View, from: i32, to: i32) -> (Day, Day) {
    (view.today().plus(-from), view.today().plus(-to))
}

pub(crate) fn range((from, to): (Day, Day)) -> DayRange {
    DayRange::inclusive(from.to_string().parse().unwrap(), to.to_string().parse().unwrap()).unwrap()
}

/// Parts in a folder, which goes with this value.
pub(crate) struct Parts {
    pub(crate) folder: TempDir,
    pub(crate) paths: Vec<PathBuf>,
}

pub(crate) fn parts_of(files: &[File], packing: Packing, parts: usize) -> Parts {
    let packed = archive::pack(files, packing, parts, now().0 / 1000).unwrap();
    write_parts(&packed)
}

pub(crate) fn write_parts(packed: &[File]) -> Parts {
    let folder = tempfile::tempdir().unwrap();
    let write = |(name, bytes): &File| {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(&path, bytes).unwrap();
        path
    };
    let paths = packed.iter().map(write).collect();
    Parts { folder, paths }
}

pub(crate) async fn user(store: &Store, view: &View) -> User {
    let profile = &view.person().profile;
    build::person(store, profile.id, profile.zone, Role::Member).await
}

pub(crate) async fn survey(store: &Store, user: &User, parts: &Parts) -> Result<Takeout, ImportError> {
    let archive = Archive::open(&parts.paths, Limits::default())?;
    Takeout::survey(store, user.clone(), archive, None, now()).await
}

/// Imports the parts.
pub(crate) async fn import(store: &Store, user: &User, parts: &Parts) -> Outcome {
    let takeout = survey(store, user, parts).await.unwrap();
    takeout.write(store, &clock(), |_| ()).await.unwrap()
}

pub(crate) async fn reader(store: &Store, user: &User) -> Person {
    let viewer = Viewer::session(user.id, user.role);
    store.person(&viewer, user.id).await.unwrap().unwrap()
}

/// The daily values of a metric.
pub(crate) async fn daily(store: &Store, user: &User, metric: Metric, days: DayRange) -> Vec<Option<f64>> {
    let mut series = reader(store, user).await.daily(&[metric], days, None).await.unwrap();
    series.remove(0).values
}

/// The archive of some days of a person.
pub(crate) fn files(view: &View, days: (Day, Day), recipe: &Recipe) -> Vec<File> {
    archive::files(view, days, recipe)
}
