//! `pulsekeep-simulator`: the outside world on loopback.

use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Parser;
use pulsekeep_simulator::{Clock, Simulator, SimulatorConfig, scaled_clock};

/// The people with a recording of their own.
const TWELVE: usize = 12;

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
    /// A clock that several processes share: the machine's time (RFC 3339) at which it showed --clock-origin
    #[arg(long, env = "PULSEKEEP_CLOCK__BASE", conflicts_with = "now", requires_all = ["clock_origin", "clock_rate"])]
    clock_base: Option<jiff::Timestamp>,
    /// What that clock showed then (RFC 3339)
    #[arg(long, env = "PULSEKEEP_CLOCK__ORIGIN", requires_all = ["clock_base", "clock_rate"])]
    clock_origin: Option<jiff::Timestamp>,
    /// How many times faster than the machine's it runs
    #[arg(long, env = "PULSEKEEP_CLOCK__RATE", requires_all = ["clock_base", "clock_origin"])]
    clock_rate: Option<u32>,
    /// How many people there are; those beyond the twelve are made by number
    #[arg(long, default_value_t = 12, value_parser = clap::value_parser!(u32).range(12..=60_000))]
    people: u32,
    /// How long each answer of a provider takes besides its making, in milliseconds of real time
    #[arg(long, default_value_t = 0)]
    latency_ms: u64,
    /// Where to keep revoked and rotated tokens between two starts
    #[arg(long)]
    state_file: Option<PathBuf>,
}

#[expect(clippy::disallowed_methods, reason = "the one place where the program asks the system for the time")]
fn system_milliseconds() -> i64 {
    jiff::Timestamp::now().as_millisecond()
}

fn clock(arguments: &Arguments) -> Clock {
    let machine: Clock = Arc::new(system_milliseconds);
    if let (Some(base), Some(origin), Some(rate)) =
        (arguments.clock_base, arguments.clock_origin, arguments.clock_rate)
    {
        return scaled_clock(machine, base.as_millisecond(), origin.as_millisecond(), rate);
    }
    match arguments.now {
        None => machine,
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
    let clock = clock(&arguments);
    let config = SimulatorConfig {
        extra_people: arguments.people as usize - TWELVE,
        latency: Duration::from_millis(arguments.latency_ms),
        scenario: arguments.scenario,
        state_file: arguments.state_file,
        ..SimulatorConfig::new(arguments.listen, clock)
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
