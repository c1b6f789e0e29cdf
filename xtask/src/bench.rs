//! `cargo xtask bench`.

use std::process::ExitCode;

use anyhow::Result;

use crate::args::Args;
use crate::repo::Repo;
use crate::{compress, web};

pub(crate) const HELP: &str = "\
cargo xtask bench

Prints what a browser downloads for the web app, file by file, plain and in brotli.";

pub(crate) fn run(repo: &Repo, args: &mut Args) -> Result<ExitCode> {
    args.finish()?;
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
    Ok(ExitCode::SUCCESS)
}
