use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use pulsekeep_core::{Clock, EpochMs, time::MINUTE_MS};

/// Failed sign-ins are counted over this time.
const SPAN_MS: i64 = 15 * MINUTE_MS;
/// Failures after which an e-mail address has to wait.
const PER_EMAIL: usize = 5;
/// Failures after which a network address has to wait; higher, since many people may share one.
const PER_ADDRESS: usize = 30;
/// Entries above which those that have run out are thrown away.
const SWEEP_ABOVE: usize = 10_000;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Key {
    Email(String),
    Address(IpAddr),
}

impl Key {
    fn limit(&self) -> usize {
        match self {
            Self::Email(_) => PER_EMAIL,
            Self::Address(_) => PER_ADDRESS,
        }
    }
}

/// Slows down guessing: after some failed sign-ins for an e-mail address or from a network address, further ones have
/// to wait. In memory: a restart forgets.
#[derive(Clone)]
pub struct SignInThrottle {
    clock: Arc<dyn Clock>,
    failures: Arc<Mutex<HashMap<Key, Vec<EpochMs>>>>,
}

impl SignInThrottle {
    /// A throttle that has seen nothing yet.
    #[must_use]
    pub fn new(clock: Arc<dyn Clock>) -> Self {
        Self { clock, failures: Arc::default() }
    }

    /// Counts one try before its password is looked at, so that parallel tries count too.
    ///
    /// # Errors
    /// Whole minutes to wait, when there were too many.
    pub fn begin(&self, email: &str, address: Option<IpAddr>) -> Result<(), i64> {
        let now = self.clock.now();
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        if failures.len() > SWEEP_ABOVE {
            failures.retain(|_, times| times.iter().any(|t| now.0 - t.0 < SPAN_MS));
        }
        let keys = keys(email, address);
        let wait = keys.iter().filter_map(|key| wait_ms(failures.get_mut(key)?, key.limit(), now)).max();
        if let Some(ms) = wait {
            return Err(ms.div_euclid(MINUTE_MS) + 1);
        }
        for key in keys {
            failures.entry(key).or_default().push(now);
        }
        Ok(())
    }

    /// Forgets the tries for an e-mail address after a sign-in that succeeded, and this one try from the address.
    pub fn succeeded(&self, email: &str, address: Option<IpAddr>) {
        let mut failures = self.failures.lock().unwrap_or_else(PoisonError::into_inner);
        for key in keys(email, address) {
            match &key {
                Key::Email(_) => {
                    failures.remove(&key);
                }
                Key::Address(_) => {
                    failures.get_mut(&key).and_then(Vec::pop);
                }
            }
        }
    }
}

fn keys(email: &str, address: Option<IpAddr>) -> Vec<Key> {
    let mut keys = vec![Key::Email(email.trim().to_lowercase())];
    keys.extend(address.map(Key::Address));
    keys
}

/// Milliseconds until one more try is allowed; `None` when it is now.
fn wait_ms(times: &mut Vec<EpochMs>, limit: usize, now: EpochMs) -> Option<i64> {
    times.retain(|t| now.0 - t.0 < SPAN_MS);
    let oldest_that_counts = times.len().checked_sub(limit)?;
    Some(SPAN_MS - (now.0 - times[oldest_that_counts].0))
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::ManualClock;

    use super::*;

    fn throttle() -> (SignInThrottle, ManualClock) {
        let clock = ManualClock::new(EpochMs(1_795_000_000_000));
        (SignInThrottle::new(Arc::new(clock.clone())), clock)
    }

    #[test]
    fn the_sixth_try_for_an_address_waits_until_the_first_has_run_out() {
        let (throttle, clock) = throttle();
        for _ in 0..5 {
            assert_eq!(throttle.begin("Ann@example.org", None), Ok(()));
            clock.advance(MINUTE_MS);
        }
        assert_eq!(throttle.begin("ann@example.org ", None), Err(11));
        assert_eq!(throttle.begin("bob@example.org", None), Ok(()));
        clock.advance(10 * MINUTE_MS);
        assert_eq!(throttle.begin("ann@example.org", None), Ok(()));
    }

    #[test]
    fn one_network_address_cannot_try_many_people() {
        let (throttle, _) = throttle();
        let address = Some(IpAddr::from([192, 0, 2, 1]));
        for n in 0..30 {
            assert_eq!(throttle.begin(&format!("p{n}@example.org"), address), Ok(()));
        }
        assert!(throttle.begin("p31@example.org", address).is_err());
        assert!(throttle.begin("p31@example.org", None).is_ok());
    }

    #[test]
    fn success_clears_the_count() {
        let (throttle, _) = throttle();
        for _ in 0..20 {
            assert_eq!(throttle.begin("ann@example.org", None), Ok(()));
            throttle.succeeded("ann@example.org", None);
        }
    }
}
