//! The web app: Trunk's build, the parts of ECharts that it draws with, brotli.

use std::fs;
use std::path::PathBuf;
use std::process::ExitCode;

use anyhow::{Context, Result, bail};

use crate::args::Args;
use crate::process::{Cmd, find_on_path};
use crate::repo::Repo;
use crate::stamp::{self, Inputs};
use crate::{compress, playground, tools};

pub(crate) const HELP: &str = "\
cargo xtask web

Builds the web app into target/web and the GraphQL playground into target/web-playground, each file with a
brotli copy beside it. `demo` and `test` do the same. What has not changed is not built again.";

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    args.finish()?;
    let web = build(repo)?;
    println!("web app: {}", web.display());
    match playground::build(repo)? {
        Some(playground) => println!("playground: {}", playground.display()),
        None => println!("playground: left out"),
    }
    Ok(ExitCode::SUCCESS)
}

/// The folder of the built web app.
pub(crate) fn output(repo: &Repo) -> PathBuf {
    repo.target().join("web")
}

/// Builds the web app unless nothing has changed; returns its folder.
pub(crate) fn build(repo: &Repo) -> Result<PathBuf> {
    let output = output(repo);
    let stamp_file = repo.target().join("web.stamp");
    let digest = inputs(repo)?;
    if stamp::is_fresh(&stamp_file, &digest) && output.join("index.html").is_file() {
        return Ok(output);
    }
    stamp::forget(&stamp_file)?;
    let trunk = prepare(repo)?;
    trunk.arg("build").arg("--cargo-profile").arg("wasm").run()?;
    compress::compress_tree(&output, &repo.target().join("brotli"))?;
    // Cargo.lock may have been completed by the build.
    stamp::keep(&stamp_file, &inputs(repo)?)?;
    Ok(output)
}

/// Trunk, with everything in place that it needs.
pub(crate) fn prepare(repo: &Repo) -> Result<Cmd> {
    tools::wasm_target(repo)?;
    let trunk = tools::trunk(repo)?;
    tools::wasm_bindgen(repo)?;
    vendor_echarts(repo)?;
    // Trunk looks its helpers up on PATH. NO_COLOR=1, as some set it, is no value that Trunk 0.21 takes.
    let cmd = Cmd::new(trunk).dir(repo.root()).env("PATH", tools::path_with_tools(repo)?);
    Ok(cmd.env("NO_COLOR", "true").env("TRUNK_BUILD_DIST", output(repo)))
}

fn inputs(repo: &Repo) -> Result<String> {
    let mut inputs = Inputs::new("web 1");
    for path in [
        ".cargo/config.toml",
        "frontend",
        "schema.graphql",
        "Cargo.toml",
        "Cargo.lock",
        "Trunk.toml",
        "rust-toolchain.toml",
        "xtask/src/web.rs",
    ] {
        inputs = inputs.add(&repo.path(path))?;
    }
    Ok(inputs.digest())
}

/// Puts ECharts where Trunk finds it: the parts that we draw with, or all of it where npm cannot give them.
fn vendor_echarts(repo: &Repo) -> Result<()> {
    let content = match echarts_parts(repo) {
        Ok(Some(content)) => content,
        outcome => {
            if let Err(error) = outcome {
                println!("{error:#}");
            }
            println!(
                "ECharts comes whole, from the `charming` crate: the web app is larger, and the same otherwise."
            );
            whole_echarts(repo)?
        }
    };
    let vendor = repo.path("frontend/vendor");
    let to = vendor.join("echarts.min.js");
    // Written only when different: Trunk and Cargo look at times.
    if fs::read(&to).ok().as_ref() != Some(&content) {
        fs::create_dir_all(&vendor)?;
        fs::write(&to, content)?;
    }
    Ok(())
}

/// The bundle of `frontend/echarts`, made unless nothing has changed; None where there is no npm.
fn echarts_parts(repo: &Repo) -> Result<Option<Vec<u8>>> {
    let source = repo.path("frontend/echarts");
    if find_on_path("npm").is_none() {
        return Ok(None);
    }
    let output = repo.target().join("echarts.min.js");
    let stamp_file = repo.target().join("echarts.stamp");
    let digest = Inputs::new("echarts 1").add(&source)?.digest();
    if !(stamp::is_fresh(&stamp_file, &digest) && output.is_file()) {
        stamp::forget(&stamp_file)?;
        playground::npm_ci(source.clone())?;
        Cmd::new("node").arg("build.mjs").arg(std::path::absolute(&output)?).dir(&source).run()?;
        stamp::keep(&stamp_file, &digest)?;
    }
    Ok(Some(fs::read(output)?))
}

/// ECharts as the `charming` crate carries it.
fn whole_echarts(repo: &Repo) -> Result<Vec<u8>> {
    let assets = repo.source_of("charming")?.join("src/asset");
    let is_echarts =
        |name: &str| name.starts_with("echarts-") && name.ends_with(".min.js") && !name.contains("-gl");
    let found = fs::read_dir(&assets)
        .with_context(|| format!("reading {}", assets.display()))?
        .flatten()
        .find(|entry| entry.file_name().to_str().is_some_and(is_echarts));
    let Some(found) = found else { bail!("{} has no echarts-….min.js", assets.display()) };
    Ok(fs::read(found.path())?)
}
