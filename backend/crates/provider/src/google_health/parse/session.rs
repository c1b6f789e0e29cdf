//! What sleep and exercise have alike: a name and an interval with offsets at both ends. Recorded sessions have no civil
//! times; those follow from instant and offset.

use pulsekeep_core::{EpochMs, observation::SessionTimes};
use serde::Deserialize;

use crate::json::{Instant, Offset};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Interval {
    start_time: Option<Instant>,
    end_time: Option<Instant>,
    start_utc_offset: Option<Offset>,
    end_utc_offset: Option<Offset>,
}

/// Start and end of a session.
pub(super) struct Times {
    pub(super) start: EpochMs,
    pub(super) end: EpochMs,
    pub(super) start_offset: i32,
    pub(super) end_offset: i32,
    /// Neither end tells its offset: UTC is taken.
    pub(super) without_offset: bool,
}

impl Times {
    /// The times of an interval; `None` when an end is missing or the end lies before the start.
    pub(super) fn of(interval: &Interval) -> Option<Self> {
        let (start, end) = (EpochMs(interval.start_time?.0?), EpochMs(interval.end_time?.0?));
        if end <= start {
            return None;
        }
        let offsets = [interval.start_utc_offset, interval.end_utc_offset].map(|o| o.and_then(|o| o.0));
        Some(Self {
            start,
            end,
            start_offset: offsets[0].or(offsets[1]).unwrap_or(0),
            end_offset: offsets[1].or(offsets[0]).unwrap_or(0),
            without_offset: offsets[0].is_none() && offsets[1].is_none(),
        })
    }

    pub(super) fn session(&self) -> SessionTimes {
        SessionTimes::Instants {
            start: self.start,
            end: self.end,
            start_offset: self.start_offset,
            end_offset: self.end_offset,
        }
    }
}

/// The id at the end of a name `users/…/dataTypes/…/dataPoints/<id>`.
pub(super) fn id_of(name: Option<String>) -> Option<String> {
    let name = name?;
    name.rsplit('/').next().filter(|id| !id.is_empty()).map(ToOwned::to_owned)
}
