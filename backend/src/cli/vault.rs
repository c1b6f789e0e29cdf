use std::process::ExitCode;

use clap::Subcommand;
use serde_json::json;

use super::{output, setup};
use crate::config::{Config, Need, Sources};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Seal all tokens anew with the present key, after the earlier one was moved to VAULT__PREVIOUS_KEYS
    Rotate {
        /// Print the result as JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) async fn run(sources: &Sources, command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Rotate { json } = command;
    let config = Config::load(sources, Need::Vault)?;
    super::logging::start(&config.log);
    let store = setup::open_current_store(&config).await?;
    let engine = setup::engine(&config, &store).await?;
    let done = engine.reseal_tokens().await?;
    if *json {
        output::json(&json!({
            "resealed": done.resealed, "changed": done.changed, "unopened": done.unopened,
        }))?;
    } else {
        output::say(format!("Sealed the tokens of {} account(s) with the present key.", done.resealed));
        if done.changed > 0 {
            output::say(format!(
                "{} were renewed meanwhile, with a worker's key: run it again.",
                done.changed
            ));
        }
        if done.unopened > 0 {
            output::say(format!(
                "{} cannot be opened with any configured key: give back the earlier key as VAULT__PREVIOUS_KEYS.",
                done.unopened
            ));
        }
        if done.changed == 0 && done.unopened == 0 {
            output::say("The earlier keys are of no more use: take them out of VAULT__PREVIOUS_KEYS.");
        }
    }
    Ok(if done.changed + done.unopened == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE })
}
