//! Prints what 100 and 10,000 accounts need, by simulation: `cargo run -p pulsekeep-sync --example capacity`.
#![expect(clippy::print_stdout, reason = "a program for the terminal")]

use pulsekeep_core::{account::ProviderKey, time::MINUTE_MS};
use pulsekeep_sync::{
    SyncPolicy,
    capacity::{Cohort, Habits, account, cohort},
};

/// Days of each simulation.
const DAYS: u32 = 30;
/// A worker's requests at once, and what one takes: the provider's 200 ms and some of ours.
const PARALLEL: u32 = 16;
const REQUEST_MS: u32 = 250;

fn main() {
    for (every_min, told) in [(15, "each account every 15 minutes"), (60, "webhooks, and a sweep each hour")]
    {
        let policy = SyncPolicy { incremental_every_ms: every_min * MINUTE_MS, ..SyncPolicy::default() };
        let loads: Vec<_> = ProviderKey::ALL
            .into_iter()
            .map(|provider| account(provider, &policy, Habits::default(), DAYS as usize))
            .collect();
        println!("\n{told}\n");
        println!(
            "| one account | live requests a day | deep a day | jobs a day | windows a day | backfill of a year | blocks, daily, coverage rows a day |"
        );
        println!("| --- | --: | --: | --: | --: | --: | --: |");
        for load in &loads {
            println!(
                "| {} | {:.0} | {:.1} | {:.0} | {:.0} | {} | {} + {} + {} |",
                load.provider,
                load.live_a_day(),
                load.deep_a_day,
                load.jobs_a_day,
                load.windows_a_day,
                load.backfill_year,
                load.blocks_a_day,
                load.daily_a_day,
                load.coverage_a_day
            );
        }
        println!(
            "\n| accounts | workers | live requests a day | busiest minute | workers busy then | app quota at most | a year of everybody | hours for it |"
        );
        println!("| --- | --: | --: | --: | --: | --: | --: | --: |");
        let half = |accounts: u32| (accounts / 2, accounts - accounts / 2);
        for accounts in [100, 10_000] {
            for (google, fitbit) in [(accounts, 0), half(accounts)] {
                for workers in [1, 4, 16] {
                    let many = Cohort {
                        google,
                        fitbit,
                        workers,
                        parallel: PARALLEL,
                        request_ms: REQUEST_MS,
                        days: DAYS,
                    };
                    let load = cohort(&many, &policy, &loads);
                    let hours =
                        load.backfill_hours.map_or_else(|| format!("> {}", DAYS * 24), |h| format!("{h:.1}"));
                    println!(
                        "| {google} + {fitbit} | {workers} | {:.0} | {:.0} | {:.2} | {:.1} % | {:.0} | {hours} |",
                        load.live_a_day,
                        load.peak_a_minute,
                        load.workers_for_live,
                        load.app_share * 100.0,
                        load.backfill,
                    );
                }
            }
        }
    }
}
