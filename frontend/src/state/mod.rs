//! What the whole app shares: locale, theme, web session, clock, zones, loading.

pub mod clock;
pub mod flash;
pub mod load;
pub mod locale;
pub mod session;
pub mod storage;
pub mod theme;
pub mod zone;

pub(crate) use locale::tr;
