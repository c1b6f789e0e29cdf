//! Faults of the providers by a seeded schedule: each wave replaces the one before.

use std::collections::BTreeMap;

use pulsekeep_core::time::{HOUR_MS, add_days};
use rand::{Rng as _, SeedableRng as _, rngs::StdRng, seq::IndexedRandom as _};
use serde_json::{Value, json};

use crate::{
    outside::Outside,
    push,
    world::{Pace, Resident},
};

/// Rules of one wave.
const RULES: std::ops::RangeInclusive<usize> = 2..=5;

/// What went wrong so far, by kind.
pub(crate) type Weathered = BTreeMap<&'static str, usize>;

/// The schedule. The same seed gives the same faults; what they meet depends on the processes.
pub(crate) struct Weather {
    dice: StdRng,
    /// Days held back, and consents withdrawn: they stay until their time or until they are lifted.
    standing: Vec<(Until, Value)>,
    pub(crate) seen: Weathered,
}

#[derive(Debug, Clone, PartialEq)]
enum Until {
    Instant(i64),
    Lifted(String),
}

impl Weather {
    pub(crate) fn new(seed: u64) -> Self {
        Self { dice: StdRng::seed_from_u64(seed), standing: Vec::new(), seen: Weathered::new() }
    }

    pub(crate) fn dice(&mut self) -> &mut StdRng {
        &mut self.dice
    }

    /// The next wave. `latest` is when late data has to be there at the latest.
    pub(crate) async fn wave(
        &mut self,
        outside: &Outside,
        pace: &Pace,
        residents: &[Resident],
        latest: i64,
    ) -> anyhow::Result<()> {
        let now = pace.now().0;
        self.standing.retain(|(until, _)| !matches!(until, Until::Instant(at) if *at <= now));
        let mut rules = Vec::new();
        for _ in 0..self.dice.random_range(RULES) {
            rules.push(self.passing(residents));
        }
        if self.dice.random_bool(0.4)
            && let Some(rule) = self.late(pace, residents, latest)
        {
            self.standing.push(rule);
        }
        rules.extend(self.standing.iter().map(|(_, rule)| rule.clone()));
        outside.faults(&rules).await
    }

    /// A fault that meets a few requests.
    fn passing(&mut self, residents: &[Resident]) -> Value {
        let dice = &mut self.dice;
        let count = dice.random_range(1..=8);
        let (kind, mut rule) = match dice.random_range(0..10) {
            0 => ("429 without Retry-After", json!({ "kind": "too_many_requests", "count": 1 })),
            1 => {
                let seconds = dice.random_range(5..=120);
                (
                    "429 with Retry-After",
                    json!({ "kind": "too_many_requests", "retry_after": seconds, "count": 1 }),
                )
            }
            2 | 3 => {
                let status = *[500, 503, 504].choose(dice).unwrap_or(&500);
                ("5xx as JSON", json!({ "kind": "server_error_json", "status": status, "count": count }))
            }
            4 => {
                let status = *[500, 502, 503].choose(dice).unwrap_or(&502);
                ("5xx as HTML", json!({ "kind": "server_error_html", "status": status, "count": count }))
            }
            5 => ("truncated", json!({ "kind": "truncated_json", "count": count })),
            6 => ("reset", json!({ "kind": "connection_reset", "count": count })),
            _ => {
                let ms = dice.random_range(20..=400);
                ("latency", json!({ "kind": "latency", "ms": ms, "count": 4 * count }))
            }
        };
        // Half of them meet one person, the others whoever comes.
        if let Some(resident) = residents.choose(dice).filter(|_| dice.random_bool(0.5)) {
            rule["person"] = json!(resident.who.id);
        }
        *self.seen.entry(kind).or_default() += 1;
        rule
    }

    /// A recent day of one person that stays away for some hours.
    fn late(&mut self, pace: &Pace, residents: &[Resident], latest: i64) -> Option<(Until, Value)> {
        let resident = residents.choose(&mut self.dice)?;
        let now = pace.now();
        let until = now.0 + self.dice.random_range(1..=8) * HOUR_MS;
        if until > latest {
            return None;
        }
        let day = add_days(now.civil(0).date(), -self.dice.random_range(0..=2));
        let at = pulsekeep_core::EpochMs(until).to_string();
        *self.seen.entry("late days").or_default() += 1;
        let rule =
            json!({ "kind": "late_data", "person": resident.who.id, "from": day, "to": day, "until": at });
        Some((Until::Instant(until), rule))
    }

    /// What goes wrong with notifications until the next wave.
    pub(crate) async fn mishaps(&mut self, outside: &Outside) -> anyhow::Result<()> {
        for name in push::mishaps(outside, &mut self.dice).await? {
            *self.seen.entry(name).or_default() += 1;
        }
        Ok(())
    }

    /// Withdraws a person's consent; noticed when the next wave is set.
    pub(crate) fn revoke(&mut self, resident: &Resident) {
        let rule = json!({ "kind": "revoked_consent", "person": resident.who.id });
        self.standing.push((Until::Lifted(resident.who.id.clone()), rule));
        *self.seen.entry("consents withdrawn").or_default() += 1;
    }

    /// Ends a person's withdrawal.
    pub(crate) fn lift(&mut self, resident: &Resident) {
        let lifted = Until::Lifted(resident.who.id.clone());
        self.standing.retain(|(until, _)| *until != lifted);
    }

    /// Nothing goes wrong any more, but for consents that stay withdrawn.
    pub(crate) async fn clear(&mut self, outside: &Outside) -> anyhow::Result<()> {
        self.standing.retain(|(until, _)| matches!(until, Until::Lifted(_)));
        let rules: Vec<Value> = self.standing.iter().map(|(_, rule)| rule.clone()).collect();
        push::calm(outside).await?;
        outside.faults(&rules).await
    }
}
