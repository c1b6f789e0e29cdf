//! Under which name a person's objects stand, and by how much their dates are shifted.

use hmac::{Hmac, Mac as _};
use pulsekeep_core::{
    id::UserId,
    time::{DAY_MS, DayRange, add_days},
};
use pulsekeep_store::User;
use sha2::Sha256;

/// Weeks by which dates are shifted at the most, into the past.
const MOST_WEEKS: u64 = 52;

/// The secret that pseudonyms and shifts are made with. Who has it can tell who is who.
#[derive(Clone)]
pub struct PseudonymKey([u8; 32]);

impl std::fmt::Debug for PseudonymKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PseudonymKey").finish_non_exhaustive()
    }
}

impl PseudonymKey {
    /// A key of 32 random bytes.
    #[must_use]
    pub fn new(key: [u8; 32]) -> Self {
        Self(key)
    }

    fn digest(&self, purpose: &str, user: UserId) -> [u8; 32] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).expect("HMAC takes keys of any length");
        mac.update(purpose.as_bytes());
        mac.update(&user.0.to_be_bytes());
        mac.finalize().into_bytes().into()
    }
}

/// A person as an export names them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Identity {
    pub(crate) id: UserId,
    /// The person's code, or a pseudonym.
    pub(crate) name: String,
    /// Days added to all dates: whole weeks, so that weekdays stay.
    pub(crate) shift_days: i64,
    pub(crate) is_pseudonym: bool,
}

impl Identity {
    /// By their own code and dates.
    pub(crate) fn open(user: &User) -> Self {
        Self { id: user.id, name: user.code.clone(), shift_days: 0, is_pseudonym: false }
    }

    /// By a pseudonym, with shifted dates: the same ones each time.
    pub(crate) fn hidden(user: &User, key: &PseudonymKey) -> Self {
        let name = format!("p{}", &hex::encode(key.digest("pulsekeep export name 1", user.id))[..20]);
        let digest = key.digest("pulsekeep export shift 1", user.id);
        let weeks = u64::from_be_bytes(digest.first_chunk().copied().unwrap_or_default()) % MOST_WEEKS + 1;
        let shift_days = -7 * i64::try_from(weeks).unwrap_or(1);
        Self { id: user.id, name, shift_days, is_pseudonym: true }
    }

    pub(crate) fn shift_ms(&self) -> i64 {
        self.shift_days * DAY_MS
    }

    /// Days as they are exported.
    pub(crate) fn shown(&self, days: DayRange) -> DayRange {
        DayRange { start: add_days(days.start, self.shift_days), end: add_days(days.end, self.shift_days) }
    }

    /// Exported days as they were.
    pub(crate) fn lived(&self, days: DayRange) -> DayRange {
        DayRange { start: add_days(days.start, -self.shift_days), end: add_days(days.end, -self.shift_days) }
    }
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::{EpochMs, account::Role};

    use super::*;

    fn user(id: i64) -> User {
        User {
            id: UserId(id),
            email: "ann@example.org".to_owned(),
            display_name: "Ann".to_owned(),
            code: "ann".to_owned(),
            role: Role::Member,
            time_zone: "UTC".to_owned(),
            password_hash: None,
            session_epoch: 0,
            created_at: EpochMs(0),
        }
    }

    #[test]
    fn pseudonyms_are_stable_keyed_and_shift_by_whole_weeks() {
        let (key, other) = (PseudonymKey::new([7; 32]), PseudonymKey::new([8; 32]));
        let ann = Identity::hidden(&user(1), &key);
        assert_eq!(ann, Identity::hidden(&user(1), &key));
        assert_ne!(ann.name, Identity::hidden(&user(2), &key).name);
        assert_ne!(ann.name, Identity::hidden(&user(1), &other).name);
        assert!(!ann.name.contains("ann") && ann.name.len() == 21);
        let mut shifts = std::collections::BTreeSet::new();
        for id in 0..200 {
            let shift = Identity::hidden(&user(id), &key).shift_days;
            assert!(shift % 7 == 0 && (-364..=-7).contains(&shift), "{shift}");
            shifts.insert(shift);
        }
        assert!(shifts.len() > 20, "people are shifted each by their own");
        assert_eq!(format!("{key:?}"), "PseudonymKey { .. }");
        let days = DayRange { start: "2026-03-01".parse().unwrap(), end: "2026-03-08".parse().unwrap() };
        assert_eq!(ann.lived(ann.shown(days)), days);
    }
}
