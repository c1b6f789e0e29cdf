//! The settings of synchronisation.

use pulsekeep_core::{
    account::ProviderKey,
    catalogue::Cadence,
    time::{DAY_MS, HOUR_MS, MINUTE_MS},
};

use crate::budget::Allowance;

/// How often, how far back, how patiently.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SyncPolicy {
    /// Milliseconds between two incremental syncs of an account.
    pub incremental_every_ms: i64,
    /// The same where the provider tells when there is something new: these syncs catch what was not told.
    pub incremental_with_push_every_ms: i64,
    /// Percent by which the times of incremental syncs are spread to either side.
    pub jitter_percent: i32,
    /// Milliseconds between two deep re-reads of an account.
    pub deep_every_ms: i64,
    /// Milliseconds for which superseded raw documents are kept.
    pub keep_superseded_ms: i64,
    /// Milliseconds for which ended jobs are kept.
    pub keep_jobs_ms: i64,
    /// Milliseconds that a notice waits for others, so that a burst becomes one job.
    pub push_wait_ms: i64,
    /// Days that are backfilled when an account is connected; 0 for none.
    pub first_backfill_days: i64,
    /// Days after which a day closes even if no device was seen after it.
    pub close_after_days: i64,
    /// Milliseconds that a worker may work on a window before another may take it.
    pub lease_ms: i64,
    /// Attempts before a window that fails for a passing reason is given up.
    pub max_attempts: i32,
    /// Workers that may be lost at a window, one after another and without a page between them, before it is given up.
    pub max_lost_workers: i32,
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
    /// How densely heart rate is kept.
    pub cadence: Cadence,
    /// Share of an account's and of the app's budget, in percent, that backfills leave to live sync.
    pub reserve_percent: i32,
    /// Requests of a Google account that a process leases at once.
    pub google_slice: i32,
    /// Requests of a Fitbit account that a process leases at once.
    pub fitbit_slice: i32,
    /// Milliseconds for which the pages of a window that was broken off are good: its page tokens are of its time.
    pub keep_pages_ms: i64,
}

impl Default for SyncPolicy {
    /// The providers' documented limits (300 a minute a user and 120,000 a project at Google, 150 an hour a user at
    /// Fitbit).
    fn default() -> Self {
        Self {
            incremental_every_ms: 15 * MINUTE_MS,
            incremental_with_push_every_ms: 60 * MINUTE_MS,
            jitter_percent: 10,
            deep_every_ms: 7 * DAY_MS,
            keep_superseded_ms: 30 * DAY_MS,
            keep_jobs_ms: 90 * DAY_MS,
            push_wait_ms: 5_000,
            first_backfill_days: 90,
            close_after_days: 14,
            lease_ms: 2 * MINUTE_MS,
            max_attempts: 6,
            max_lost_workers: 10,
            first_retry_ms: 5_000,
            longest_retry_ms: 15 * MINUTE_MS,
            google_per_minute: 300,
            google_app_per_minute: 120_000,
            fitbit_per_hour: 150,
            cadence: Cadence::Minute,
            reserve_percent: 20,
            google_slice: 30,
            fitbit_slice: 10,
            keep_pages_ms: 4 * HOUR_MS,
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

    /// How many requests of an account a process leases at once.
    #[must_use]
    pub fn account_slice(&self, provider: ProviderKey) -> i32 {
        let size = match provider {
            ProviderKey::GoogleHealth => self.google_slice,
            ProviderKey::Fitbit => self.fitbit_slice,
        };
        size.clamp(1, (self.account_allowance(provider).limit / 10).max(1))
    }

    /// How many requests of the app a process leases at once.
    #[must_use]
    pub fn app_slice(allowance: Allowance) -> i32 {
        (allowance.limit / 40).max(1)
    }

    /// Requests of a budget of `limit` that live sync alone may use.
    #[must_use]
    pub fn reserve(&self, limit: i32) -> i32 {
        i32::try_from(i64::from(limit) * i64::from(self.reserve_percent) / 100).unwrap_or(0)
    }

    /// Longest wait of a refresh before another may try: shorter than the time in which Fitbit gives the same answer
    /// again, and in the clock's time as the leases are.
    #[must_use]
    pub fn refresh_lease_ms(&self) -> i64 {
        (self.lease_ms / 2).max(1)
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
