//! Browser tests and pictures: `e2e/`, run against what `demo` runs.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result};

use crate::args::Args;
use crate::process::Cmd;
use crate::repo::Repo;
use crate::stamp::{self, Inputs};
use crate::steps::Outcome;
use crate::{counts, demo, playground, system};

pub(crate) const SCREENSHOTS_HELP: &str = "\
cargo xtask screenshots [--out DIR]

Runs the demo in a temporary folder and takes a picture of each page: light and dark, 1280 and 390 pixels wide.
  --out DIR   write them there instead of target/screenshots";

/// The browser tests.
pub(crate) fn tests(repo: &Repo) -> Result<Outcome> {
    let playwright = prepare(repo)?;
    // Types first: Playwright itself runs TypeScript without looking at them.
    Cmd::new("npx").args(["--no-install", "tsc", "--noEmit"]).dir(repo.path("e2e")).run()?;
    let report = repo.target().join("e2e-report.json");
    stamp::forget(&report)?;
    let cmd = playwright.env("PLAYWRIGHT_JSON_OUTPUT_NAME", &report).arg("--project=journeys");
    let (ok, _) = cmd.tee()?;
    let text = fs::read_to_string(&report).context("Playwright wrote no report")?;
    Ok(Outcome::tests(ok, counts::playwright(&text)?))
}

/// The pictures.
pub(crate) fn run_screenshots(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    let out =
        args.value("--out")?.map_or_else(|| repo.target().join("screenshots"), |dir| repo.root().join(dir));
    args.finish()?;
    fs::create_dir_all(&out)?;
    prepare(repo)?.env("SCREENSHOTS", &out).arg("--project=screenshots").run()?;
    println!("{}", out.display());
    Ok(ExitCode::SUCCESS)
}

/// Builds the product and returns `playwright test`, told where everything is.
fn prepare(repo: &Repo) -> Result<Cmd> {
    system::npm()?;
    let chromium = system::chromium()?;
    install_packages(repo)?;
    let built = demo::build(repo)?;
    let absolute = |path: PathBuf| std::path::absolute(path).context("no absolute path");
    let mut cmd = Cmd::new("npx").args(["--no-install", "playwright", "test"]).dir(repo.path("e2e"));
    cmd = cmd.env("PULSEKEEP_BIN", absolute(built.program)?).env("PULSEKEEP_WEB_ROOT", absolute(built.web)?);
    if let Some(playground) = built.playground {
        cmd = cmd.env("PULSEKEEP_PLAYGROUND_ROOT", absolute(playground)?);
    }
    Ok(cmd.env("CHROMIUM", chromium))
}

fn install_packages(repo: &Repo) -> Result<()> {
    let dir = repo.path("e2e");
    let stamp_file = dir.join("node_modules/.xtask-stamp");
    let digest = Inputs::new("e2e 1").add(&dir.join("package-lock.json"))?.digest();
    if stamp::is_fresh(&stamp_file, &digest) {
        return Ok(());
    }
    playground::npm_ci(dir)?;
    stamp::keep(&stamp_file, &digest)
}
