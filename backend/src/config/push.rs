//! The keys of webhooks in sections `providers.*`.

use std::path::PathBuf;

use pulsekeep_core::account::ProviderKey;
use secrecy::{ExposeSecret as _, SecretString};
use url::Url;

use super::read::Reader;

/// Shorter secrets could be guessed.
const SHORTEST_SECRET: usize = 16;

/// How a provider's webhook is set up.
#[derive(Debug, Clone)]
pub enum PushSection {
    /// Google's, of the whole project.
    GoogleHealth {
        /// What Google sends in `Authorization`.
        secret: SecretString,
        /// Where Google publishes its keys.
        keyset_url: Url,
        /// The Cloud project; needed to register the webhook.
        project_number: Option<String>,
        /// The key file of a service account; needed to register the webhook.
        service_account_file: Option<PathBuf>,
    },
    /// Fitbit's, account by account.
    Fitbit {
        /// The code with which Fitbit verifies the address.
        verify_code: SecretString,
        /// The subscriber's id; `None` for the default one.
        subscriber_id: Option<String>,
    },
}

/// The webhook of an enabled provider; `None` where none is set up.
pub(super) fn read(
    reader: &mut Reader,
    provider: ProviderKey,
    client_secret: &SecretString,
) -> Option<PushSection> {
    match provider {
        ProviderKey::GoogleHealth => google(reader),
        ProviderKey::Fitbit => fitbit(reader, client_secret),
    }
}

fn google(reader: &mut Reader) -> Option<PushSection> {
    let key = |name: &str| format!("providers.google_health.{name}");
    let secret = reader.text(&key("webhook_secret"));
    let project_number = filled(reader.text(&key("project_number")));
    let service_account_file = filled(reader.text(&key("service_account_file"))).map(PathBuf::from);
    let keyset_url = reader.url(&key("webhook_keyset_url"), false);
    if project_number.as_ref().is_some_and(|number| !number.bytes().all(|b| b.is_ascii_digit())) {
        reader.problem(&key("project_number"), "must be the project's number (digits alone), not its id");
    }
    if secret.is_empty() {
        return None;
    }
    if secret.len() < SHORTEST_SECRET || !secret.bytes().all(|b| (0x20..0x7f).contains(&b)) {
        reader.problem(
            &key("webhook_secret"),
            format!("must have at least {SHORTEST_SECRET} characters, all of them ASCII: `openssl rand -hex 32` makes one"),
        );
    }
    Some(PushSection::GoogleHealth {
        secret: secret.into(),
        keyset_url,
        project_number,
        service_account_file,
    })
}

fn fitbit(reader: &mut Reader, client_secret: &SecretString) -> Option<PushSection> {
    let key = |name: &str| format!("providers.fitbit.{name}");
    let verify_code = filled(reader.text(&key("webhook_verify_code")))?;
    if client_secret.expose_secret().is_empty() {
        reader.problem(
            &key("webhook_verify_code"),
            "needs a client_secret too: Fitbit signs its notifications with it",
        );
    }
    let subscriber_id = filled(reader.text(&key("subscriber_id")));
    Some(PushSection::Fitbit { verify_code: verify_code.into(), subscriber_id })
}

fn filled(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}
