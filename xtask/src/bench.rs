//! `cargo xtask bench`.

use std::process::ExitCode;

use anyhow::{Result, bail};

use crate::args::Args;
use crate::repo::Repo;
use crate::soak::Trials;
use crate::{compress, web};

pub(crate) const HELP: &str = "\
cargo xtask bench [--only PART,…] [--release]

Prints figures; docs/benchmarks.md has them as they came, with the machine. Parts:
  web          what a browser downloads for the web app, file by file, plain and in brotli
  requests     requests of a person-year by metric set and provider: the fewest possible, planned, taken; seconds, bytes
  throughput   jobs, windows and requests a second with 1, 2 and 4 workers on PostgreSQL, and who uses the CPU
  memory       an idle server, and a worker in the backfill of a person-year at native cadence
  pieces       parsers, sample blocks and packed answers, each by itself
  store        a person-year of heart rate written, written again and read, on both engines, beside rows for each sample
  scale        a year of minutes of each of 100 people on SQLite: what each costs, and the page over all of them
  capacity     what 100 and 10,000 accounts need, by simulation
  --release    the programs as they are released: what figures are to be taken from";

const PARTS: [&str; 8] = ["web", "requests", "throughput", "memory", "pieces", "store", "scale", "capacity"];

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    let release = args.flag("--release");
    let only = args.list("--only")?;
    args.finish()?;
    if let Some(unknown) = only.iter().find(|part| !PARTS.contains(&part.as_str())) {
        bail!("there is no part `{unknown}`; the parts are {}", PARTS.join(", "));
    }
    let wanted = |part: &&str| only.is_empty() || only.iter().any(|name| name == part);
    let parts: Vec<&str> = PARTS.into_iter().filter(wanted).collect();
    let is_trial = |part: &&str| ["requests", "throughput", "memory", "store", "scale"].contains(part);
    let trials = if parts.iter().any(is_trial) { Some(Trials::build(repo, release)?) } else { None };
    for part in parts {
        println!("\n=== {part}");
        match (part, &trials) {
            ("web", _) => web_sizes(repo)?,
            ("capacity", _) => capacity(repo, release)?,
            ("pieces", _) => pieces(repo)?,
            ("store", Some(trials)) => {
                for engine in ["sqlite", "postgres"] {
                    trials.on(engine, |trial| trial.arg(part).run())?;
                }
            }
            ("throughput", Some(trials)) => trials.on("postgres", |trial| trial.arg(part).run())?,
            (_, Some(trials)) => trials.on("sqlite", |trial| trial.arg(part).run())?,
            (_, None) => {}
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn capacity(repo: &Repo, release: bool) -> Result<()> {
    let cmd = repo.cargo("run").args(["--quiet", "--package", "pulsekeep-sync", "--example", "capacity"]);
    if release { cmd.arg("--release") } else { cmd }.run()
}

/// By criterion, as released whatever else was asked for.
fn pieces(repo: &Repo) -> Result<()> {
    for (package, bench) in [("pulsekeep-provider", "parse"), ("pulsekeep-store", "block")] {
        repo.cargo("bench").args(["--quiet", "--package", package, "--bench", bench]).run()?;
    }
    Ok(())
}

fn web_sizes(repo: &Repo) -> Result<()> {
    let output = web::build(repo)?;
    let assets = compress::assets(&output)?;
    println!("{:>12} {:>12}  file", "bytes", "brotli");
    for asset in &assets {
        let name = asset.path.strip_prefix(&output).unwrap_or(&asset.path);
        let brotli = asset.brotli.map_or_else(|| "-".to_owned(), |bytes| bytes.to_string());
        println!("{:>12} {brotli:>12}  {}", asset.bytes, name.display());
    }
    let bytes: u64 = assets.iter().map(|asset| asset.bytes).sum();
    let transfer: u64 = assets.iter().map(compress::Asset::transfer).sum();
    println!("{bytes:>12} {transfer:>12}  all of them");
    Ok(())
}
