//! Patterns of a person's days: what the server has computed, as charts and tables.

pub mod asked;
pub mod heat;
pub mod periods;
pub mod rhythm;
pub mod usual;
pub mod versus;
pub mod wear;

use serde::Deserialize;

use super::daily::Daily;
use super::stack::Stack;
use crate::api::enums::MetricKey;

/// What the server tells of a person's patterns.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Patterns {
    pub display_name: String,
    pub time_zone: String,
    pub profile: heat::Profile,
    pub baseline: Vec<usual::Baseline>,
    pub totals: periods::Totals,
    pub wear: wear::Wear,
    pub zones: Zones,
    pub sleep_regularity: rhythm::Regularity,
    pub sleep: Vec<rhythm::Sleep>,
    pub compare: Vec<versus::Comparison>,
}

/// Minutes in zones by day.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Zones {
    pub dates: Vec<String>,
    pub heart_rate: ZoneSet,
    pub active_zone: ZoneSet,
}

/// Zones that belong together, the lightest first.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct ZoneSet {
    pub zones: Vec<Zone>,
}

/// A zone.
#[derive(Debug, Clone, PartialEq, Deserialize)]
pub struct Zone {
    pub metric: MetricKey,
    pub minutes: Vec<Option<f64>>,
}

impl ZoneSet {
    /// The zones over each other. A zone that the provider tells nothing of is left out.
    #[must_use]
    pub fn stack(&self, dates: &[String]) -> Stack {
        let told = self.zones.iter().filter(|zone| zone.minutes.iter().any(Option::is_some));
        Stack::new(told.map(|zone| Daily::new(zone.metric.clone(), dates, &zone.minutes)).collect())
    }
}
