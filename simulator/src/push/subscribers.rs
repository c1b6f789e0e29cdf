//! Google's subscribers and manual subscriptions, as rows.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// The types of the webhook guide (May 2026).
pub(super) const TYPES: [&str; 17] = [
    "active-zone-minutes",
    "altitude",
    "body-fat",
    "calories-in-heart-rate-zone",
    "daily-heart-rate-variability",
    "daily-heart-rate-zones",
    "daily-oxygen-saturation",
    "daily-resting-heart-rate",
    "daily-sleep-temperature-derivations",
    "distance",
    "exercise",
    "floors",
    "heart-rate",
    "sleep",
    "steps",
    "total-calories",
    "weight",
];

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub(super) enum Policy {
    Automatic,
    Manual,
}

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Config {
    pub(super) data_types: Vec<String>,
    pub(super) subscription_create_policy: Policy,
}

#[derive(Clone, Debug)]
pub(super) struct Subscriber {
    pub(super) endpoint: String,
    pub(super) configs: Vec<Config>,
    pub(super) secret: String,
    /// Epoch seconds.
    pub(super) created: i64,
    pub(super) updated: i64,
    /// Manual subscriptions by their ids.
    pub(super) subscriptions: BTreeMap<String, Subscription>,
}

#[derive(Clone, Debug)]
pub(super) struct Subscription {
    /// Google health user id.
    pub(super) user: String,
    pub(super) data_types: Vec<String>,
}

/// By project number and subscriber id.
#[derive(Default)]
pub(super) struct Subscribers(pub(super) BTreeMap<(String, String), Subscriber>);

impl Subscriber {
    /// The names under which a user is told of a type: one for the automatic policy (`None`: a random one each time), one
    /// for each manual subscription.
    pub(super) fn subscribed(&self, user: &str, data_type: &str) -> Vec<Option<String>> {
        let has = |types: &[String]| types.iter().any(|known| known == data_type);
        let policy = |wanted| {
            self.configs.iter().any(|c| c.subscription_create_policy == wanted && has(&c.data_types))
        };
        let mut names = Vec::new();
        if policy(Policy::Automatic) {
            names.push(None);
        }
        if policy(Policy::Manual) {
            let manual = self.subscriptions.iter().filter(|(_, s)| s.user == user && has(&s.data_types));
            names.extend(manual.map(|(name, _)| Some(name.clone())));
        }
        names
    }

    /// All types of the configurations.
    pub(super) fn types(&self) -> impl Iterator<Item = &str> {
        self.configs.iter().flat_map(|config| &config.data_types).map(String::as_str)
    }

    pub(super) fn shown(&self, project: &str, id: &str) -> Value {
        let time = |seconds| jiff::Timestamp::from_second(seconds).unwrap_or_default().to_string();
        json!({
            "name": format!("projects/{project}/subscribers/{id}"),
            "endpointUri": self.endpoint,
            "subscriberConfigs": self.configs,
            // the secret itself is never shown again
            "endpointAuthorization": { "secretSet": true },
            "state": "ACTIVE",
            "createTime": time(self.created),
            "updateTime": time(self.updated),
        })
    }
}

impl Subscription {
    pub(super) fn shown(&self, parent: &str, id: &str) -> Value {
        json!({
            "name": format!("{parent}/subscriptions/{id}"),
            "user": format!("users/{}", self.user),
            "dataTypes": self.data_types,
        })
    }
}
