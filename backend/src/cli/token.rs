use std::process::ExitCode;

use pulsekeep_core::{
    account::{Role, Scope},
    time::DAY_MS,
};
use pulsekeep_store::{AuditEvent, NewApiToken};
use secrecy::ExposeSecret as _;
use serde_json::json;

use super::{failure::sentence, output, setup};
use crate::{
    auth::NewSecret,
    config::{Config, Need, Sources},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Make an API token and print it, once
    Create(CreateArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct CreateArgs {
    /// For whom the token acts: e-mail address or code
    #[arg(long)]
    user: String,
    /// What the token is for
    #[arg(long)]
    name: String,
    /// read:metrics, write:sync, write:export or admin; may be repeated
    #[arg(long, required = true)]
    scope: Vec<Scope>,
    /// Narrow the token to this person (e-mail address or code); may be repeated
    #[arg(long)]
    person: Vec<String>,
    /// Days after which the token ends [default: never]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=3650))]
    expires_in_days: Option<u16>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(sources: &Sources, command: Command) -> anyhow::Result<ExitCode> {
    let Command::Create(args) = command;
    let config = Config::load(sources, Need::Database)?;
    super::logging::start(&config.log);
    let store = setup::open_current_store(&config).await?;
    let owner = super::jobs::person(&store, &args.user).await?;
    if args.scope.contains(&Scope::Admin) && owner.role != Role::Admin {
        return Err(sentence("the scope admin is for admins; leave it out, or name an admin as --user"));
    }
    let mut people = Vec::new();
    for word in &args.person {
        people.push(super::jobs::person(&store, word).await?.id);
    }
    let (secret, now) = (NewSecret::api_token()?, config.clock().now());
    let new = NewApiToken {
        user_id: owner.id,
        name: args.name,
        hash: secret.hash,
        scopes: args.scope,
        expires_at: args.expires_in_days.map(|days| now.plus(i64::from(days) * DAY_MS)),
        people: (!people.is_empty()).then_some(people),
    };
    let token = store.create_api_token(new, now).await?;
    let event = AuditEvent { actor: None, action: "token.create", subject: token.id.to_string() };
    store.audit(event, now).await?;
    let text = secret.text.expose_secret();
    if args.json {
        let scopes: Vec<&str> = token.scopes.iter().map(|scope| scope.key()).collect();
        output::json(&json!({
            "id": token.id.to_string(), "token": text, "scopes": scopes,
            "expiresAt": token.expires_at.map(|at| at.to_string()),
        }))?;
    } else {
        output::say(text);
        output::remark(
            "This is the only time that the token is shown. Send it as: Authorization: Bearer pk_…",
        );
    }
    Ok(ExitCode::SUCCESS)
}
