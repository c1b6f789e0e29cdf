use std::process::ExitCode;

use super::{output, setup};
use crate::config::{Config, Need, Sources};

pub(super) async fn run(sources: &Sources) -> anyhow::Result<ExitCode> {
    let config = Config::load(sources, Need::Database)?;
    super::logging::start(&config.log);
    let store = setup::open_store(&config).await?;
    match store.pending_migrations().await? {
        0 => output::say("The database is of this version."),
        n => {
            store.migrate().await?;
            output::say(format!("Ran {n} migration(s); the database is of this version."));
        }
    }
    Ok(ExitCode::SUCCESS)
}
