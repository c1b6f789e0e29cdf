//! Build tools: taken from PATH where the version fits, else installed into `target/tools`.
//!
//! Trunk wants the very version of `wasm-bindgen` that the web app links, so that one follows Cargo.lock.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};

use crate::process::{Cmd, find_on_path};
use crate::repo::Repo;

/// Later ones need a newer compiler than ours to build.
const TRUNK: &str = "0.21.14";
const CARGO_DENY: &str = "0.20.2";
const WASM: &str = "wasm32-unknown-unknown";

/// The folder that `cargo install --root` fills.
fn root(repo: &Repo) -> PathBuf {
    repo.target().join("tools")
}

/// The compiler's wasm target.
pub(crate) fn wasm_target(repo: &Repo) -> Result<()> {
    let lib =
        Cmd::new("rustc").args(["--print", "target-libdir", "--target", WASM]).dir(repo.root()).output()?;
    if PathBuf::from(lib.trim()).is_dir() {
        return Ok(());
    }
    if find_on_path("rustup").is_none() {
        bail!("the compiler has no target {WASM}, and there is no rustup to add it; install the target");
    }
    Cmd::new("rustup").args(["target", "add", WASM]).dir(repo.root()).run()
}

/// Trunk.
pub(crate) fn trunk(repo: &Repo) -> Result<PathBuf> {
    // Without default features: no update check over the network, no TLS library. We download nothing with it.
    ensure(repo, "trunk", "trunk", TRUNK, &["--locked", "--no-default-features"])
}

/// `wasm-bindgen`, for Trunk to find on PATH.
pub(crate) fn wasm_bindgen(repo: &Repo) -> Result<PathBuf> {
    let version = repo.locked_version("wasm-bindgen")?;
    // Without --locked: the lock file of 0.2.130 names a version that is not to be had.
    ensure(repo, "wasm-bindgen", "wasm-bindgen-cli", &version, &[])
}

/// `cargo-deny`.
pub(crate) fn cargo_deny(repo: &Repo) -> Result<PathBuf> {
    ensure(repo, "cargo-deny", "cargo-deny", CARGO_DENY, &["--locked"])
}

/// PATH with the installed tools before all else.
pub(crate) fn path_with_tools(repo: &Repo) -> Result<std::ffi::OsString> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let dirs = std::iter::once(root(repo).join("bin")).chain(std::env::split_paths(&path));
    std::env::join_paths(dirs).context("PATH has a folder with a separator in its name")
}

fn ensure(repo: &Repo, program: &str, package: &str, version: &str, options: &[&str]) -> Result<PathBuf> {
    let installed = root(repo).join("bin").join(program);
    for candidate in [Some(installed.clone()), find_on_path(program)].into_iter().flatten() {
        if candidate.is_file() && version_of(&candidate).is_some_and(|found| found == version) {
            return Ok(candidate);
        }
    }
    install(repo, package, version, options)?;
    match version_of(&installed) {
        Some(found) if found == version => Ok(installed),
        found => bail!("{program} {version} was installed, but calls itself {found:?}"),
    }
}

/// The last word of the first line of `--version` that looks like one: "trunk 0.21.14" → "0.21.14".
fn version_of(program: &std::path::Path) -> Option<String> {
    let text = Cmd::new(program).arg("--version").output().ok()?;
    let mut words = text.lines().next()?.split_whitespace();
    words.find(|word| word.starts_with(|first: char| first.is_ascii_digit())).map(str::to_owned)
}

/// Installs from source with the dev profile: Trunk takes 3 CPU minutes so, and 10 in release.
fn install(repo: &Repo, package: &str, version: &str, options: &[&str]) -> Result<()> {
    let root = root(repo);
    fs::create_dir_all(&root)?;
    println!("{package} {version} is not installed: building it into {}, once.", root.display());
    // A target folder of its own: the main one would be locked meanwhile, and holds other features of the same
    // crates. --force makes a second try after a broken first one safe.
    let cmd = Cmd::new("cargo").args(["install", "--quiet", package, "--version", version, "--force"]);
    let cmd = cmd.args(options).args(["--profile", "dev"]).arg("--root").arg(&root);
    let cmd = cmd.arg("--target-dir").arg(root.join("build")).dir(repo.root());
    cmd.env("CARGO_PROFILE_DEV_DEBUG", "false").env("CARGO_INCREMENTAL", "0").run().with_context(|| {
        format!("{package} {version} could not be installed; with it on PATH this step is not needed")
    })
}
