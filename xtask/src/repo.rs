//! Where things are.

use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use anyhow::{Context, Result, bail};
use serde_json::Value;

use crate::process::Cmd;

/// The checkout.
pub(crate) struct Repo {
    root: PathBuf,
    metadata: OnceLock<Value>,
}

impl Repo {
    /// The checkout that this program belongs to.
    pub(crate) fn find() -> Result<Self> {
        let manifest = std::env::var_os("CARGO_MANIFEST_DIR").map(PathBuf::from);
        let manifest = manifest.unwrap_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")));
        let root = manifest.parent().context("xtask has no parent folder")?.to_owned();
        if !root.join("Cargo.toml").is_file() {
            bail!("{} is not the repository; call `cargo xtask` from inside it", root.display());
        }
        Ok(Self { root, metadata: OnceLock::new() })
    }

    pub(crate) fn root(&self) -> &Path {
        &self.root
    }

    pub(crate) fn path(&self, relative: &str) -> PathBuf {
        self.root.join(relative)
    }

    /// `target`, or what `CARGO_TARGET_DIR` names.
    pub(crate) fn target(&self) -> PathBuf {
        match std::env::var_os("CARGO_TARGET_DIR") {
            Some(dir) => self.root.join(dir),
            None => self.root.join("target"),
        }
    }

    /// A program that builds of the `dev` profile make.
    pub(crate) fn program(&self, name: &str) -> PathBuf {
        self.target().join("debug").join(name)
    }

    /// Cargo, started in the repository.
    pub(crate) fn cargo(&self, subcommand: &str) -> Cmd {
        Cmd::new("cargo").arg(subcommand).dir(&self.root)
    }

    /// The version that Cargo.lock gives a crate. Fails when there are several: nothing that we ask for may.
    pub(crate) fn locked_version(&self, name: &str) -> Result<String> {
        let package = self.package(name)?;
        Ok(package["version"].as_str().context("a package without a version")?.to_owned())
    }

    /// The folder that holds a dependency's sources.
    pub(crate) fn source_of(&self, name: &str) -> Result<PathBuf> {
        let manifest =
            self.package(name)?["manifest_path"].as_str().context("a package without a manifest")?;
        Ok(Path::new(manifest).parent().context("a manifest without a folder")?.to_owned())
    }

    fn package(&self, name: &str) -> Result<&Value> {
        let packages = self.metadata()?["packages"].as_array().context("cargo metadata lists no packages")?;
        let mut found = packages.iter().filter(|package| package["name"] == name);
        match (found.next(), found.next()) {
            (Some(package), None) => Ok(package),
            (None, _) => bail!("Cargo.lock has no package `{name}`"),
            (Some(_), Some(_)) => bail!("Cargo.lock has several versions of `{name}`; one is wanted"),
        }
    }

    fn metadata(&self) -> Result<&Value> {
        if self.metadata.get().is_none() {
            let text = self.cargo("metadata").args(["--format-version", "1"]).output()?;
            let value = serde_json::from_str(&text).context("cargo metadata is not JSON")?;
            // Set once: this program has no second thread that asks.
            let _ = self.metadata.set(value);
        }
        self.metadata.get().context("cargo metadata was not kept")
    }
}
