//! `pulsekeep-simulator`: the outside world on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Instant;

use clap::Parser;
use pulsekeep_simulator::{Clock, Simulator, SimulatorConfig};

/// Google Health, Google OAuth and the Fitbit Web API on loopback, with faults on demand
#[derive(Debug, Parser)]
#[command(version)]
struct Arguments {
    /// Where to listen
    #[arg(long, default_value = "127.0.0.1:9400")]
    listen: SocketAddr,
    /// Switches and faults to begin with: a TOML or JSON file
    #[arg(long)]
    scenario: Option<PathBuf>,
    /// What the time is at the start (RFC 3339); it goes on from there. Default: the system's time
    #[arg(long)]
    now: Option<jiff::Timestamp>,
    /// Where to keep revoked and rotated tokens between two starts
    #[arg(long)]
    state_file: Option<PathBuf>,
}

#[expect(clippy::disallowed_methods, reason = "the one place where the program asks the system for the time")]
fn system_milliseconds() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn clock(start: Option<jiff::Timestamp>) -> Clock {
    match start {
        None => Arc::new(system_milliseconds),
        Some(start) => {
            let begun = Instant::now();
            Arc::new(move || {
                start.as_millisecond() + i64::try_from(begun.elapsed().as_millis()).unwrap_or(i64::MAX)
            })
        }
    }
}

#[tokio::main]
#[expect(clippy::print_stdout, clippy::print_stderr, reason = "a program for the terminal")]
async fn main() -> ExitCode {
    let arguments = Arguments::parse();
    tracing_subscriber::fmt().with_writer(std::io::stderr).init();
    let config = SimulatorConfig {
        scenario: arguments.scenario,
        state_file: arguments.state_file,
        ..SimulatorConfig::new(arguments.listen, clock(arguments.now))
    };
    let simulator = match Simulator::start(config).await {
        Ok(simulator) => simulator,
        Err(error) => {
            eprintln!("{error}");
            return ExitCode::FAILURE;
        }
    };
    println!("{}", simulator.base_url());
    if let Err(error) = tokio::signal::ctrl_c().await {
        eprintln!("cannot wait for Ctrl-C: {error}");
        return ExitCode::FAILURE;
    }
    simulator.shutdown().await;
    ExitCode::SUCCESS
}
