use std::{io::Read as _, process::ExitCode};

use anyhow::Context as _;
use pulsekeep_core::account::Role;
use secrecy::SecretString;
use serde_json::json;

use super::{failure::sentence, output, setup};
use crate::{
    auth::Passwords,
    config::{Config, Need, Sources},
    people::{self, PersonInput, Refusal},
};

#[derive(Debug, clap::Subcommand)]
pub(super) enum Command {
    /// Add a person or an operator
    Add(AddArgs),
    /// Print an invitation link: good once, for 7 days
    Invite(InviteArgs),
}

#[derive(Debug, clap::Args)]
pub(super) struct AddArgs {
    /// E-mail address, which is also the name at sign-in
    #[arg(long)]
    email: String,
    /// admin or member
    #[arg(long)]
    role: Role,
    /// Code for the command line and exports [default: made]
    #[arg(long)]
    code: Option<String>,
    /// Name shown [default: the address before the @]
    #[arg(long)]
    name: Option<String>,
    /// IANA time zone, for example Europe/Paris [default: UTC]
    #[arg(long)]
    time_zone: Option<String>,
    /// Read a password from standard input; without one, invite the person
    #[arg(long)]
    password_stdin: bool,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

#[derive(Debug, clap::Args)]
pub(super) struct InviteArgs {
    /// E-mail address; somebody new is added as a member
    #[arg(long)]
    email: String,
    /// Name shown, for somebody new
    #[arg(long)]
    name: Option<String>,
    /// Code, for somebody new
    #[arg(long)]
    code: Option<String>,
    /// Print the result as JSON
    #[arg(long)]
    json: bool,
}

pub(super) async fn run(sources: &Sources, command: Command) -> anyhow::Result<ExitCode> {
    let config = Config::load(sources, Need::Database)?;
    super::logging::start(&config.log);
    match command {
        Command::Add(args) => add(&config, args).await?,
        Command::Invite(args) => invite(&config, args).await?,
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(config: &Config, args: AddArgs) -> anyhow::Result<()> {
    // The password is looked at first: nobody is added with one that cannot be taken.
    let hash = match args.password_stdin {
        true => Some(Passwords::default().hash(password_from_stdin()?).await?),
        false => None,
    };
    let store = setup::open_current_store(config).await?;
    let input = PersonInput {
        email: args.email,
        display_name: args.name,
        role: args.role,
        code: args.code,
        time_zone: args.time_zone,
    };
    let user = people::create(&store, input, None, config.clock().now()).await?.map_err(refused)?;
    if let Some(hash) = &hash {
        store.set_password(user.id, hash).await?;
    }
    if args.json {
        return output::json(&json!({
            "id": user.id.to_string(), "email": user.email, "code": user.code, "role": user.role.key(),
            "signedUp": hash.is_some(),
        }));
    }
    output::say(format!("Added {} ({}), code {}.", user.email, user.role.key(), user.code));
    if hash.is_none() {
        output::say(format!("They have no password yet: `pulsekeep user invite --email {}`.", user.email));
    }
    Ok(())
}

async fn invite(config: &Config, args: InviteArgs) -> anyhow::Result<()> {
    let store = setup::open_current_store(config).await?;
    let input = PersonInput {
        email: args.email,
        display_name: args.name,
        role: Role::Member,
        code: args.code,
        time_zone: None,
    };
    let public_url = config.http.public_url_at(config.http.listen);
    let invited =
        people::invite(&store, &public_url, input, None, config.clock().now()).await?.map_err(refused)?;
    if args.json {
        return output::json(&json!({
            "id": invited.user.id.to_string(), "email": invited.user.email, "code": invited.user.code,
            "url": invited.url.as_str(), "expiresAt": invited.expires_at.to_string(),
        }));
    }
    output::say(invited.url.as_str());
    output::remark(format!("The link is good once, until {}.", invited.expires_at));
    Ok(())
}

fn refused(refusal: Refusal) -> anyhow::Error {
    sentence(refusal.to_string())
}

/// The first line of standard input, without its end.
fn password_from_stdin() -> anyhow::Result<SecretString> {
    let mut text = String::new();
    std::io::stdin().read_to_string(&mut text).context("cannot read the password from standard input")?;
    Ok(SecretString::from(text.lines().next().unwrap_or_default()))
}
