//! Programs of the operating system: found, installed by `apt-get` as root on Debian, or asked for.

use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::process::{Cmd, find_on_path};

/// A browser for the browser tests.
pub(crate) fn chromium() -> Result<PathBuf> {
    let find =
        || ["chromium", "chromium-browser", "google-chrome"].iter().find_map(|name| find_on_path(name));
    if let Some(named) = std::env::var_os("CHROMIUM") {
        return Ok(named.into());
    }
    if let Some(found) = find() {
        return Ok(found);
    }
    install(&["chromium"], "Chromium (or name its program in the variable CHROMIUM)")?;
    match find() {
        Some(found) => Ok(found),
        None => bail!("the package chromium is installed, but no program of that name is on PATH"),
    }
}

/// Node with npm.
pub(crate) fn npm() -> Result<()> {
    if find_on_path("npm").is_some() && find_on_path("node").is_some() {
        return Ok(());
    }
    install(&["nodejs", "npm"], "Node.js 20 or later with npm")
}

/// Python that can make virtual environments.
pub(crate) fn python() -> Result<PathBuf> {
    let find = || {
        let found = find_on_path("python3")?;
        let has_venv = Cmd::new(&found).args(["-c", "import venv, ensurepip"]).output().is_ok();
        has_venv.then_some(found)
    };
    if let Some(found) = find() {
        return Ok(found);
    }
    install(&["python3", "python3-venv"], "Python 3.11 or later with its module venv")?;
    match find() {
        Some(found) => Ok(found),
        None => bail!("the package python3-venv is installed, but `python3 -m venv` does not work"),
    }
}

/// The folder of PostgreSQL's server programs; the newest where there are several.
pub(crate) fn postgres_bin() -> Result<PathBuf> {
    if let Some(found) = find_postgres() {
        return Ok(found);
    }
    install(
        &["postgresql", "postgresql-contrib"],
        "the PostgreSQL server, 14 or later, with its contrib modules",
    )?;
    match find_postgres() {
        Some(found) => Ok(found),
        None => {
            bail!("PostgreSQL is installed, but `initdb` is neither on PATH nor in /usr/lib/postgresql/*/bin")
        }
    }
}

fn find_postgres() -> Option<PathBuf> {
    let versions = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let mut found: Vec<(u32, PathBuf)> = versions
        .filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path().join("bin"))))
        .filter(|(_, bin)| bin.join("initdb").is_file())
        .collect();
    found.sort();
    let debians = found.pop().map(|(_, bin)| bin);
    debians.or_else(|| find_on_path("initdb")?.parent().map(Path::to_owned))
}

/// Whether this process is root.
pub(crate) fn is_root() -> bool {
    Cmd::new("id").arg("-u").output().is_ok_and(|uid| uid.trim() == "0")
}

/// Installs Debian packages, where that is ours to do; `what` names them to people on other systems.
fn install(packages: &[&str], what: &str) -> Result<()> {
    if !is_root() || find_on_path("apt-get").is_none() {
        let by_apt = format!("sudo apt-get install {}", packages.join(" "));
        bail!("{what} is missing. Install it and try again; on Debian or Ubuntu: {by_apt}");
    }
    let apt = |words: &[&str]| {
        Cmd::new("apt-get")
            .args(["-qq", "-o", "DPkg::Lock::Timeout=300"])
            .args(words)
            .env("DEBIAN_FRONTEND", "noninteractive")
    };
    apt(&["update"]).run()?;
    apt(&["install", "--yes", "--no-install-recommends"]).args(packages).run()
}
