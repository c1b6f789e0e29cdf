use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::{output, setup};
use crate::demo::{Demo, DemoAccess, DemoOptions};

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Loopback address and port [default: 127.0.0.1:8080, or any free port when that one is taken]
    #[arg(long, value_name = "ADDR")]
    listen: Option<SocketAddr>,
    /// Folder of the demo's data; remove it to begin anew
    #[arg(long, value_name = "DIR", default_value = ".pulsekeep/demo")]
    data_dir: PathBuf,
    /// Folder of the built web app
    #[arg(long, value_name = "DIR")]
    web_root: Option<PathBuf>,
    /// Folder of the built playground
    #[arg(long, value_name = "DIR")]
    playground_root: Option<PathBuf>,
    /// Write address and sign-ins into this file, as JSON, when the demo answers
    #[arg(long, value_name = "FILE")]
    print_json: Option<PathBuf>,
}

pub(super) async fn run(args: Args) -> anyhow::Result<ExitCode> {
    let stop = setup::stop_signal()?;
    let options = DemoOptions {
        listen: args.listen,
        data_dir: args.data_dir,
        web_root: args.web_root,
        playground_root: args.playground_root,
    };
    let demo = Demo::open(&options).await?;
    if let Some(file) = args.print_json {
        let text = serde_json::to_string_pretty(demo.access())?;
        std::fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    }
    show(demo.access());
    demo.run(stop).await?;
    Ok(ExitCode::SUCCESS)
}

fn show(access: &DemoAccess) {
    output::say(format!("\n  Pulsekeep is at   {}\n", access.url));
    let row = |who: &str, sign_in: &crate::demo::SignIn, what: &str| {
        output::say(format!("  {who:<10} {:<26} {:<22} {what}", sign_in.email, sign_in.password));
    };
    row("admin", &access.admin, "sees everybody");
    row("member", &access.member, "connected; the backfill is running");
    row("newcomer", &access.newcomer, "not connected yet: try it");
    output::say(format!("\n  simulator         {}", access.simulator_url));
    output::say(format!("  other commands    pulsekeep --config {} …", access.config.display()));
    output::say("  stop with Ctrl-C\n");
}
