//! `cargo xtask soak`: the product's processes under a fast clock, faults and kills.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::postgres;
use crate::process::Cmd;
use crate::repo::Repo;
use crate::steps::Outcome;

pub(crate) const HELP: &str = "\
cargo xtask soak [--engine sqlite|postgres] [--minutes N] [--people N] [--seed S] [--rate R] [--interval M] [--release]

Simulated people of both providers, a clock that runs fast, random faults, `kill -9`, freezes and restarts of the
product's processes; then quiet, and every stored sample is compared with what the providers serve. Prints figures,
and the first differences by person, metric and day; fails when there are any.
  --engine E    postgres (the default: one server, three workers) or sqlite (one process, which is killed)
  --minutes N   how long it takes at most (10)
  --people N    how many people (50)
  --seed S      seed of faults and kills (1)
  --rate R      how many times as fast as the machine's the clock runs (150); two cores bear 300 with few people
  --interval M  simulated minutes between two syncs of an account (240)
  --release     the programs as they are released";

/// What a soak of the two engines is called with.
const ENGINES: [&str; 2] = ["postgres", "sqlite"];

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    let engine = args.value("--engine")?.unwrap_or_else(|| "postgres".to_owned());
    if !ENGINES.contains(&engine.as_str()) {
        bail!("--engine {engine}: the engines are {}", ENGINES.join(" and "));
    }
    let release = args.flag("--release");
    let mut words = Vec::new();
    for option in ["--minutes", "--people", "--seed", "--rate", "--interval"] {
        if let Some(value) = args.value(option)? {
            words.extend([option.to_owned(), value]);
        }
    }
    args.finish()?;
    let trials = Trials::build(repo, release)?;
    trials.on(&engine, |trial| trial.arg("soak").args(words).run())?;
    Ok(ExitCode::SUCCESS)
}

/// What the short form is called with. On PostgreSQL its processes share two slow cores: fewer people, and a slower clock.
const SHORT: [(&str, [&str; 8]); 2] = [
    ("sqlite", ["--minutes", "1.5", "--people", "8", "--interval", "40", "--rate", "300"]),
    ("postgres", ["--minutes", "2.5", "--people", "6", "--interval", "60", "--rate", "150"]),
];

/// The short form, on both engines.
pub(crate) fn short(repo: &Repo) -> Result<Outcome> {
    let trials = Trials::build(repo, false)?;
    for (engine, words) in SHORT {
        trials.on(engine, |trial| trial.arg("soak").args(words).run())?;
    }
    Ok(Outcome::done())
}

/// The programs that trials of whole processes need.
pub(crate) struct Trials {
    folder: std::path::PathBuf,
}

impl Trials {
    /// Builds them. Bins and examples together, as the tests have them: their dependencies get the same features.
    pub(crate) fn build(repo: &Repo, release: bool) -> Result<Self> {
        let build = repo.cargo("build").args(["--quiet", "--bins", "--package", "pulsekeep"]);
        let build = build.args(["--package", "pulsekeep-simulator", "--example", "trials"]);
        if release { build.arg("--release") } else { build }.run()?;
        Ok(Self { folder: repo.target().join(if release { "release" } else { "debug" }) })
    }

    fn cmd(&self) -> Cmd {
        Cmd::new(self.folder.join("examples/trials"))
            .arg("--pulsekeep")
            .arg(self.folder.join("pulsekeep"))
            .arg("--simulator")
            .arg(self.folder.join("pulsekeep-simulator"))
    }

    /// Runs a trial on an engine; PostgreSQL is a server of its own.
    pub(crate) fn on(&self, engine: &str, run: impl FnOnce(Cmd) -> Result<()>) -> Result<()> {
        if engine == "sqlite" {
            return run(self.cmd());
        }
        postgres::with_server(|url| run(self.cmd().env("TRIALS_POSTGRES_URL", url)))
    }
}
