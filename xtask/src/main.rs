//! The repository's commands: `cargo xtask demo`, `cargo xtask test` and their smaller siblings.
//!
//! Plain Rust with few dependencies, so that a fresh clone reaches its first useful step soon. Each command
//! has a module of its own; what several of them need (tools, the web build, PostgreSQL) has one too.
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line program talks on its standard streams"
)]

mod args;
mod bench;
mod browser;
mod checks;
mod compress;
mod counts;
mod data_examples;
mod demo;
mod dev;
mod generate;
mod native;
mod playground;
mod postgres;
mod process;
mod repo;
mod soak;
mod stamp;
mod steps;
mod system;
mod test;
mod tools;
mod web;

use std::process::ExitCode;

use crate::args::Args;
use crate::repo::Repo;

const HELP: &str = "\
Pulsekeep's commands

  cargo xtask demo [--port N] [--no-open]   build everything, run the product with simulated people
  cargo xtask test [--only STEP,…] [--skip STEP,…]
                                            every check there is; installs what it needs
  cargo xtask lint                          formatting, clippy, docs, dependencies
  cargo xtask dev [--port N]                rebuild the web app on change, next to a running server
  cargo xtask generate                      write schema.graphql from the server's types
  cargo xtask soak                          many people, a fast clock, faults and kills; then all data compared
  cargo xtask bench [--only PART,…]          requests, throughput, memory, capacity, and what the browser downloads
  cargo xtask web                           build the web app and the playground only
  cargo xtask screenshots [--out DIR]       a picture of each page, light and dark, wide and narrow

Every command explains itself with --help. What is missing is installed into target/tools (build tools), by
rustup (the wasm target), or by apt-get (PostgreSQL, Chromium; as root on Debian only, elsewhere the command
says what to install).";

/// A command: what it is given, and how it ends.
type Run = fn(&Repo, &mut Args) -> anyhow::Result<ExitCode>;

fn main() -> ExitCode {
    let mut words = std::env::args().skip(1);
    let Some(command) = words.next() else {
        println!("{HELP}");
        return ExitCode::from(2);
    };
    let args = Args::new(words);
    match dispatch(&command, args) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("\nxtask {command}: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn dispatch(command: &str, mut args: Args) -> anyhow::Result<ExitCode> {
    let (help, run): (&str, Run) = match command {
        "demo" => (demo::HELP, demo::run),
        "test" => (test::HELP, test::run),
        "lint" => (test::LINT_HELP, test::run_lint),
        "dev" => (dev::HELP, dev::run),
        "generate" => (generate::HELP, generate::run),
        "soak" => (soak::HELP, soak::run),
        "bench" => (bench::HELP, bench::run),
        "web" => (web::HELP, web::run),
        "screenshots" => (browser::SCREENSHOTS_HELP, browser::run_screenshots),
        "help" | "--help" | "-h" => {
            println!("{HELP}");
            return Ok(ExitCode::SUCCESS);
        }
        other => anyhow::bail!("there is no command `{other}`. `cargo xtask help` lists them"),
    };
    if args.flag("--help") || args.flag("-h") {
        println!("{help}");
        return Ok(ExitCode::SUCCESS);
    }
    run(&Repo::find()?, &mut args)
}
