//! The GraphQL playground: GraphiQL and React, locked npm packages, bundled into static files of our own.

use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use crate::compress;
use crate::process::{Cmd, find_on_path};
use crate::repo::Repo;
use crate::stamp::{self, Inputs};

/// Builds the bundle unless nothing has changed; returns its folder, or None where there is no npm.
pub(crate) fn build(repo: &Repo) -> Result<Option<PathBuf>> {
    let source = repo.path("backend/playground");
    if find_on_path("npm").is_none() {
        println!("npm is not installed: the GraphQL playground is left out. All else works without it.");
        return Ok(None);
    }
    let output = repo.target().join("web-playground");
    let stamp_file = repo.target().join("web-playground.stamp");
    let digest = Inputs::new("playground 1").add(&source)?.digest();
    if stamp::is_fresh(&stamp_file, &digest) && output.join("index.html").is_file() {
        return Ok(Some(output));
    }
    stamp::forget(&stamp_file)?;
    npm_ci(source.clone())?;
    if output.exists() {
        fs::remove_dir_all(&output)?;
    }
    Cmd::new("node").arg("build.mjs").arg(&output).dir(&source).run()?;
    compress::compress_tree(&output, &repo.target().join("brotli"))?;
    stamp::keep(&stamp_file, &digest)?;
    Ok(Some(output))
}

/// Installs the packages that the lock file of a folder names, and no others.
pub(crate) fn npm_ci(dir: PathBuf) -> Result<()> {
    // No browser of Playwright's own: Debian's Chromium is used.
    let cmd = Cmd::new("npm").args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).dir(dir);
    cmd.env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1").run()
}
