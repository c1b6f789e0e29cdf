//! The settings of synchronisation.

use pulsekeep_core::{
    account::ProviderKey,
    time::{HOUR_MS, MINUTE_MS},
};

use crate::budget::Allowance;

/// How often, how far back, how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncPolicy {
    /// Milliseconds between two incremental syncs of an account.
    pub incremental_every_ms: i64,
    /// Days that are backfilled when an account is connected; 0 for none.
    pub first_backfill_days: i64,
    /// Days after which a day closes even if no device was seen after it.
    pub close_after_days: i64,
    /// Milliseconds that a worker may work on a window before another may take it.
    pub lease_ms: i64,
    /// Attempts before a window that fails for a passing reason is given up.
    pub max_attempts: i32,
    /// Wait after the first failed attempt; doubles each time.
    pub first_retry_ms: i64,
    /// Longest such wait.
    pub longest_retry_ms: i64,
    /// Requests a minute and account that Google allows.
    pub google_per_minute: i32,
    /// Requests a minute that Google allows all accounts together.
    pub google_app_per_minute: i32,
    /// Requests an hour and account that Fitbit allows.
    pub fitbit_per_hour: i32,
    /// Share of an account's budget, in percent, that backfills leave to live sync.
    pub reserve_percent: i32,
}

impl Default for SyncPolicy {
    /// The providers' documented limits (300 a minute a user and 120,000 a project at Google, 150 an hour a user at
    /// Fitbit).
    fn default() -> Self {
        Self {
            incremental_every_ms: 15 * MINUTE_MS,
            first_backfill_days: 90,
            close_after_days: 14,
            lease_ms: 2 * MINUTE_MS,
            max_attempts: 6,
            first_retry_ms: 5_000,
            longest_retry_ms: 15 * MINUTE_MS,
            google_per_minute: 300,
            google_app_per_minute: 120_000,
            fitbit_per_hour: 150,
            reserve_percent: 20,
        }
    }
}

impl SyncPolicy {
    /// What an account of `provider` may ask.
    #[must_use]
    pub fn account_allowance(&self, provider: ProviderKey) -> Allowance {
        match provider {
            ProviderKey::GoogleHealth => Allowance { limit: self.google_per_minute, period_ms: MINUTE_MS },
            ProviderKey::Fitbit => Allowance { limit: self.fitbit_per_hour, period_ms: HOUR_MS },
        }
    }

    /// What all accounts of `provider` together may ask; `None` where there is no such limit.
    #[must_use]
    pub fn app_allowance(&self, provider: ProviderKey) -> Option<Allowance> {
        match provider {
            ProviderKey::GoogleHealth => {
                Some(Allowance { limit: self.google_app_per_minute, period_ms: MINUTE_MS })
            }
            ProviderKey::Fitbit => None,
        }
    }

    /// How long to wait after the `attempt`-th failed attempt (from 1): doubling, and spread by up to a quarter so
    /// that windows which failed together do not return together. `spread` is any number that differs by window.
    #[must_use]
    pub fn retry_after_ms(&self, attempt: i32, spread: u64) -> i64 {
        let doublings = u32::try_from(attempt.saturating_sub(1)).unwrap_or(0).min(20);
        let base = self.first_retry_ms.saturating_mul(1_i64 << doublings).min(self.longest_retry_ms);
        let quarter = (base / 4).max(1).unsigned_abs();
        base + (spread.wrapping_mul(0x9e37_79b9_7f4a_7c15) % quarter).cast_signed()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_double_up_to_the_longest() {
        let policy = SyncPolicy::default();
        let base = |attempt| policy.retry_after_ms(attempt, 0);
        assert_eq!([base(1), base(2), base(3)], [5_000, 10_000, 20_000]);
        assert_eq!(base(30), policy.longest_retry_ms);
        assert!(policy.retry_after_ms(1, 12_345) < 6_250);
    }
}
