//! The command line: one file for each command.

mod backfill;
mod config;
#[cfg(feature = "demo")]
mod demo;
mod doctor;
mod export;
mod failure;
mod import;
mod jobs;
mod logging;
mod migrate;
mod output;
mod schema;
mod serve;
pub mod setup;
mod sync;
mod token;
mod user;
mod vault;
mod webhooks;
mod worker;

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

use crate::config::Sources;

/// Pulsekeep: a self-hosted home for wearable health data.
#[derive(Debug, Parser)]
#[command(name = "pulsekeep", version, max_term_width = 100, arg_required_else_help = true)]
struct Cli {
    /// Configuration file [default: ./pulsekeep.toml, if it is there]
    #[arg(long, global = true, value_name = "FILE", env = "PULSEKEEP_CONFIG")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve the web app and the API, and work on sync jobs
    Serve(serve::Args),
    /// Work on sync jobs, beside a `serve --no-worker` on the same database
    Worker(worker::Args),
    /// Start the product with invented people, on this machine alone
    #[cfg(feature = "demo")]
    Demo(demo::Args),
    /// Bring the database's tables to this version
    Migrate,
    /// Print the GraphQL schema, or compare it with a file
    Schema(schema::Args),
    /// Add and invite people
    #[command(subcommand)]
    User(user::Command),
    /// Make API tokens
    #[command(subcommand)]
    Token(token::Command),
    /// Fetch days of people, today by default
    Sync(sync::Args),
    /// Fetch days of the past, behind everything that is more urgent
    Backfill(backfill::Args),
    /// Bring in archives and recorded answers, each as a stream of its own behind what is synced
    #[command(subcommand)]
    Import(import::Command),
    /// Make typed data again from the stored answers of the providers, without asking them
    Reparse(backfill::Common),
    /// Write what people have as files to a directory or to S3
    Export(export::Args),
    /// Look after the keys that seal tokens
    #[command(subcommand)]
    Vault(vault::Command),
    /// Have the providers tell of new data
    #[command(subcommand)]
    Webhooks(webhooks::Command),
    /// Look whether everything that Pulsekeep needs is there
    Doctor(doctor::Args),
    /// Show the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failure::report(&error.into()),
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(code) => code,
        Err(error) => failure::report(&error),
    }
}

async fn dispatch(cli: Cli) -> anyhow::Result<ExitCode> {
    let sources = Sources::of_process(cli.config);
    match cli.command {
        Command::Serve(args) => serve::run(sources, args).await,
        Command::Worker(args) => worker::run(sources, args).await,
        #[cfg(feature = "demo")]
        Command::Demo(args) => demo::run(args).await,
        Command::Migrate => migrate::run(&sources).await,
        Command::Schema(args) => schema::run(&args),
        Command::User(command) => user::run(&sources, command).await,
        Command::Token(command) => token::run(&sources, command).await,
        Command::Sync(args) => sync::run(&sources, args).await,
        Command::Backfill(args) => backfill::run(&sources, args).await,
        Command::Import(command) => import::run(&sources, command).await,
        Command::Reparse(args) => backfill::reparse(&sources, args).await,
        Command::Export(args) => export::run(&sources, args).await,
        Command::Vault(command) => vault::run(&sources, &command).await,
        Command::Webhooks(command) => webhooks::run(&sources, command).await,
        Command::Doctor(args) => doctor::run(&sources, &args).await,
        Command::Config(command) => config::run(&sources, &command),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        super::Cli::command().debug_assert();
    }
}
