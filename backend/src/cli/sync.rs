use std::process::ExitCode;

use jiff::civil::Date;
use pulsekeep_core::{
    job::{JobKind, Priority},
    time::DayRange,
};
use pulsekeep_sync::JobRequest;

use super::{
    jobs::{self, Refused, Show, What, Who},
    output, setup,
};
use crate::config::{Config, Need, Sources};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    #[command(flatten)]
    who: Who,
    #[command(flatten)]
    what: What,
    /// First day, YYYY-MM-DD [default: today and the days that late data may change]
    #[arg(long, requires = "to")]
    from: Option<Date>,
    /// Last day, YYYY-MM-DD
    #[arg(long, requires = "from")]
    to: Option<Date>,
    #[command(flatten)]
    show: Show,
}

pub(super) async fn run(sources: &Sources, args: Args) -> anyhow::Result<ExitCode> {
    let days = match (args.from, args.to) {
        (Some(from), Some(to)) => Some(DayRange::inclusive(from, to)?),
        _ => None,
    };
    let config = Config::load(sources, Need::Vault)?;
    super::logging::start(&config.log);
    let store = setup::open_current_store(&config).await?;
    let people = args.who.people(&store).await?;
    let engine = setup::engine(&config, &store).await?;
    let mut ids = Vec::new();
    let mut refused = false;
    for user in &people {
        let request = JobRequest {
            user_id: user.id,
            link: None,
            kind: JobKind::Incremental,
            metrics: args.what.metrics(),
            days,
            priority: Priority::High,
            created_by: None,
            batch: None,
        };
        match jobs::written(engine.request(&request).await?, &user.code) {
            Ok(written) => ids.extend(written),
            // With --all, people without an account are no failure.
            Err(Refused { text, passing }) => {
                refused |= !(args.who.all && passing);
                output::remark(text);
            }
        }
    }
    let complete = jobs::conclude(&engine, &ids, args.show).await?;
    Ok(if refused || !complete { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}
