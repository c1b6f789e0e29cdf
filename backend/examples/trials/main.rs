//! Trials of whole processes: the real programs, a simulated clock, and what becomes of the data. `cargo xtask soak` and
//! `cargo xtask bench` build and call it.
#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]

mod audit;
mod bench;
mod compare;
mod crew;
mod least;
mod outside;
mod process;
mod push;
mod replay;
mod rows;
mod scale;
mod soak;
mod store;
mod weather;
mod world;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use clap::Parser;
use pulsekeep_testkit::TestDatabase;

use crate::world::Programs;

/// Trials of whole processes
#[derive(Debug, Parser)]
struct Cli {
    /// The program `pulsekeep`
    #[arg(long)]
    pulsekeep: PathBuf,
    /// The program `pulsekeep-simulator`
    #[arg(long)]
    simulator: PathBuf,
    /// A PostgreSQL server on which databases may be made; an SQLite file otherwise
    #[arg(long, env = "TRIALS_POSTGRES_URL", hide_env_values = true)]
    postgres: Option<String>,
    /// Leave the database where it is, and say where
    #[arg(long, global = true)]
    keep: bool,
    #[command(subcommand)]
    trial: Trial,
}

#[derive(Debug, clap::Subcommand)]
enum Trial {
    /// Many people, a fast clock, faults and kills; then every stored sample is compared
    Soak(soak::Args),
    /// Requests of a person-year by metric set and provider: least, planned, taken
    Requests,
    /// Jobs and windows a second at 1, 2 and 4 workers
    Throughput(bench::ThroughputArgs),
    /// Memory of an idle server, and of a worker in a backfill at native cadence
    Memory(bench::MemoryArgs),
    /// A person-year of heart rate written, written again and read, beside a table with a row for each sample
    Store(store::Args),
    /// A year of each of many people, what each costs, and the page over a hundred of them
    Scale(scale::Args),
}

/// What a trial found.
#[derive(Debug, Default)]
pub(crate) struct Report {
    pub(crate) failures: Vec<String>,
}

impl Report {
    /// A figure.
    pub(crate) fn say(&mut self, line: impl AsRef<str>) {
        println!("{}", line.as_ref());
    }

    /// Failures of one kind: the first few by name, and how many.
    pub(crate) fn fail_each(&mut self, what: &str, found: &[String]) {
        if found.is_empty() {
            return;
        }
        self.failures.push(format!("{what} ({}):", found.len()));
        self.failures.extend(found.iter().take(20).map(|line| format!("    {line}")));
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let cli = Cli::parse();
    let programs = Programs { pulsekeep: cli.pulsekeep, simulator: cli.simulator };
    let db = Arc::new(match &cli.postgres {
        Some(server) => TestDatabase::postgres(server).await,
        None => TestDatabase::sqlite().await,
    });
    let outcome = match cli.trial {
        Trial::Soak(args) => soak::run(programs, db.clone(), args).await,
        Trial::Requests => bench::requests(programs, db.clone()).await,
        Trial::Throughput(args) => bench::throughput(programs, db.clone(), args).await,
        Trial::Memory(args) => bench::memory(programs, db.clone(), args).await,
        Trial::Store(args) => store::run(programs, db.clone(), args).await,
        Trial::Scale(args) => scale::run(programs, db.clone(), args).await,
    };
    if cli.keep {
        println!("database: {}", db.url());
        std::mem::forget(db);
    } else {
        db.remove().await;
    }
    match outcome {
        Ok(report) if report.failures.is_empty() => ExitCode::SUCCESS,
        Ok(report) => {
            for line in &report.failures {
                eprintln!("{line}");
            }
            ExitCode::FAILURE
        }
        Err(error) => {
            eprintln!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
