//! The one place where the time of day is read.

use std::sync::{
    Arc,
    atomic::{AtomicI64, Ordering},
};

use crate::time::EpochMs;

/// A source of the current instant. Everything that needs the time takes a clock, so that tests set it.
pub trait Clock: Send + Sync + 'static {
    /// The current instant.
    fn now(&self) -> EpochMs;
}

/// The machine's clock.
#[derive(Debug, Default, Clone, Copy)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the implementation that the ban points to")]
    fn now(&self) -> EpochMs {
        EpochMs(jiff::Timestamp::now().as_millisecond())
    }
}

/// A clock that runs at another rate than the machine's: at `base` of the machine's clock it shows `origin`, and from
/// then on `rate` milliseconds for each of the machine's. Processes with the same three numbers agree on the time.
#[derive(Debug, Clone, Copy)]
pub struct ScaledClock {
    base: EpochMs,
    origin: EpochMs,
    rate: u32,
}

impl ScaledClock {
    /// A clock that shows `origin` when the machine's shows `base`.
    #[must_use]
    pub fn new(base: EpochMs, origin: EpochMs, rate: u32) -> Self {
        Self { base, origin, rate }
    }

    /// What it shows when the machine's clock shows `machine`.
    #[must_use]
    pub fn at(&self, machine: EpochMs) -> EpochMs {
        EpochMs(self.origin.0 + (machine.0 - self.base.0) * i64::from(self.rate))
    }
}

impl Clock for ScaledClock {
    fn now(&self) -> EpochMs {
        self.at(SystemClock.now())
    }
}

/// A clock that stands still until it is moved. Clones share the same time.
#[derive(Debug, Clone)]
pub struct ManualClock(Arc<AtomicI64>);

impl ManualClock {
    /// A clock that shows `start`.
    #[must_use]
    pub fn new(start: EpochMs) -> Self {
        Self(Arc::new(AtomicI64::new(start.0)))
    }

    /// Moves the clock forward by `ms` milliseconds.
    pub fn advance(&self, ms: i64) {
        self.0.fetch_add(ms, Ordering::SeqCst);
    }

    /// Sets the clock to `now`.
    pub fn set(&self, now: EpochMs) {
        self.0.store(now.0, Ordering::SeqCst);
    }
}

impl Clock for ManualClock {
    fn now(&self) -> EpochMs {
        EpochMs(self.0.load(Ordering::SeqCst))
    }
}

impl<C: Clock + ?Sized> Clock for Arc<C> {
    fn now(&self) -> EpochMs {
        (**self).now()
    }
}
