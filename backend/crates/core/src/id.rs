//! Typed ids: 63-bit numbers in the database, `prefix_…` strings outside.

use std::{
    fmt,
    str::FromStr,
    sync::atomic::{AtomicI64, Ordering},
};

use crate::time::EpochMs;

/// A string was not an id of the expected kind.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not a valid {expected} id")]
pub struct InvalidId {
    /// The prefix that was expected, for example `user`.
    pub expected: &'static str,
}

/// Crockford's base 32 in lower case: no `i`, `l`, `o`, `u`.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

fn encode(mut value: u64) -> String {
    let mut digits = [0u8; 13];
    for digit in digits.iter_mut().rev() {
        *digit = ALPHABET[(value & 31) as usize];
        value >>= 5;
    }
    digits.iter().map(|&b| char::from(b)).collect()
}

fn decode(text: &str) -> Option<i64> {
    if text.len() != 13 {
        return None;
    }
    let mut value: u64 = 0;
    for byte in text.bytes() {
        let digit = ALPHABET.iter().position(|&a| a == byte)? as u64;
        value = value.checked_mul(32)?.checked_add(digit)?;
    }
    i64::try_from(value).ok()
}

macro_rules! ids {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub i64);

        impl $name {
            /// What stands before the underscore in the id's text.
            pub const PREFIX: &'static str = $prefix;
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}_{}", Self::PREFIX, encode(self.0.cast_unsigned()))
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;

            fn from_str(text: &str) -> Result<Self, InvalidId> {
                text.strip_prefix(concat!($prefix, "_"))
                    .and_then(decode)
                    .map(Self)
                    .ok_or(InvalidId { expected: $prefix })
            }
        }
    )*};
}

ids! {
    /// A person or an operator.
    UserId = "user";
    /// A linked account: a person's consented tie to a provider account.
    LinkId = "link";
    /// A sync job.
    JobId = "job";
    /// A sync batch: the jobs of one backfill over many people.
    BatchId = "batch";
    /// An export job.
    ExportId = "export";
    /// A stream of one linked account or import.
    StreamId = "stream";
    /// A raw document.
    RawId = "raw";
    /// A sleep session.
    SleepId = "sleep";
    /// An exercise.
    ExerciseId = "exercise";
    /// A device.
    DeviceId = "device";
    /// An API token.
    ApiTokenId = "token";
    /// An invitation.
    InvitationId = "invite";
    /// An import of an archive.
    ImportId = "import";
}

/// Makes ids that rise with time and never repeat within a process; 21 random bits keep processes apart.
#[derive(Debug, Default)]
pub struct IdSource {
    last: AtomicI64,
}

impl IdSource {
    /// A source that has given nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The next id, at `now`.
    pub fn next(&self, now: EpochMs) -> i64 {
        let fresh = (now.0.max(0) << 21) | i64::from(rand::random::<u32>() & 0x1f_ffff);
        let step = |last: i64| if fresh > last { fresh } else { last + 1 };
        let before = self
            .last
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |last| Some(step(last)))
            .unwrap_or_else(|last| last);
        step(before)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_round_trips_and_kinds_do_not_mix() {
        let id = UserId(1_795_000_000_123);
        assert_eq!(id.to_string().parse::<UserId>(), Ok(id));
        assert_eq!(id.to_string().parse::<LinkId>(), Err(InvalidId { expected: "link" }));
        assert!("user_zzzzzzzzzzzzz".parse::<UserId>().is_err(), "does not fit 63 bits");
        assert!("user_".parse::<UserId>().is_err());
    }

    #[test]
    fn ids_rise_within_one_millisecond() {
        let source = IdSource::new();
        let ids: Vec<i64> = (0..1000).map(|_| source.next(EpochMs(1_795_000_000_000))).collect();
        assert!(ids.windows(2).all(|pair| pair[0] < pair[1]));
    }
}
