use std::process::ExitCode;

use super::output;
use crate::config::{Config, Need, Sources};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Print every key with its value and where it comes from; secrets are masked
    Show {
        /// As JSON
        #[arg(long)]
        json: bool,
    },
}

pub(super) fn run(sources: &Sources, command: &Command) -> anyhow::Result<ExitCode> {
    let Command::Show { json } = command;
    let keys = Config::show(sources)?;
    if *json {
        output::json(&keys)?;
    } else {
        let width = keys.iter().map(|k| k.key.len() + k.value.len()).max().unwrap_or_default().min(70);
        for key in &keys {
            let setting = format!("{} = {}", key.key, key.value);
            output::say(format!("{setting:width$}    # {}", key.source, width = width + 3));
        }
    }
    // What is shown may still be wrong: say so, all at once.
    Config::load(sources, Need::Vault)?;
    Ok(ExitCode::SUCCESS)
}
