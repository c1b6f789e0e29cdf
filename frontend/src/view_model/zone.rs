//! Offsets of a time zone over the time that is shown.

use super::civil::{DAY, Day, HOUR, MINUTE};

/// What a zone's clocks show over a stretch of time.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Zone {
    /// First instant and offset in seconds east of UTC, ascending; the first also holds before its instant.
    spans: Vec<(i64, i32)>,
}

/// A clock's reading.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Local {
    /// The civil day.
    pub day: Day,
    /// 0 to 23.
    pub hour: u32,
    /// 0 to 59.
    pub minute: u32,
}

impl Zone {
    /// A zone with one offset, in seconds east of UTC.
    #[must_use]
    pub fn fixed(offset: i32) -> Self {
        Self { spans: vec![(i64::MIN, offset)] }
    }

    /// The offsets between two instants, found by asking `offset_at` (seconds east of UTC at an instant).
    ///
    /// Zones change at most twice in half a year, so a probe a month finds each change; it is then narrowed to the minute.
    pub fn probe(from: i64, to: i64, offset_at: impl Fn(i64) -> i32) -> Self {
        let mut spans = vec![(from, offset_at(from))];
        let mut at = from;
        while at < to {
            let next = (at + 28 * DAY).min(to);
            let (before, after) = (offset_at(at), offset_at(next));
            if before != after {
                spans.push((change(at, next, before, &offset_at), after));
            }
            at = next;
        }
        Self { spans }
    }

    /// Seconds east of UTC at an instant.
    #[must_use]
    pub fn offset_at(&self, ms: i64) -> i32 {
        let after = self.spans.partition_point(|(start, _)| *start <= ms);
        self.spans.get(after.saturating_sub(1)).map_or(0, |(_, offset)| *offset)
    }

    /// What a clock shows at an instant.
    #[must_use]
    pub fn local(&self, ms: i64) -> Local {
        let shown = ms + i64::from(self.offset_at(ms)) * 1_000;
        let of_day = shown.rem_euclid(DAY);
        Local {
            day: Day(shown.div_euclid(DAY) as i32),
            hour: (of_day / HOUR) as u32,
            minute: (of_day % HOUR / MINUTE) as u32,
        }
    }
}

/// First minute in (low, high] at which the offset is no longer `before`.
fn change(mut low: i64, mut high: i64, before: i32, offset_at: &impl Fn(i64) -> i32) -> i64 {
    while high - low > MINUTE {
        let middle = low + (high - low) / 2;
        if offset_at(middle) == before { low = middle } else { high = middle }
    }
    high.div_euclid(MINUTE) * MINUTE
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::view_model::civil::parse_instant;

    /// Paris in 2026: summer time from 29 March 01:00 UTC to 25 October 01:00 UTC.
    fn paris(ms: i64) -> i32 {
        let summer =
            parse_instant("2026-03-29T01:00:00Z").unwrap()..parse_instant("2026-10-25T01:00:00Z").unwrap();
        if summer.contains(&ms) { 7_200 } else { 3_600 }
    }

    #[test]
    fn both_changes_of_a_year_are_found_to_the_minute() {
        let (from, to) =
            (parse_instant("2026-01-01T00:00:00Z").unwrap(), parse_instant("2026-12-31T00:00:00Z").unwrap());
        let zone = Zone::probe(from, to, paris);
        for text in
            ["2026-03-29T00:59:00Z", "2026-03-29T01:00:00Z", "2026-10-25T00:59:00Z", "2026-10-25T01:00:00Z"]
        {
            let at = parse_instant(text).unwrap();
            assert_eq!(zone.offset_at(at), paris(at), "{text}");
        }
    }

    #[test]
    fn the_hour_that_comes_twice_is_shown_twice() {
        let from = parse_instant("2026-10-24T22:00:00Z").unwrap();
        let zone = Zone::probe(from, from + 25 * HOUR, paris);
        let hours: Vec<u32> = (0..6).map(|h| zone.local(from + h * HOUR).hour).collect();
        assert_eq!(hours, [0, 1, 2, 2, 3, 4]);
        assert_eq!(zone.local(from + 24 * HOUR).day, Day::from_ymd(2026, 10, 25));
        assert_eq!(zone.local(from + 25 * HOUR).day, Day::from_ymd(2026, 10, 26));
    }
}
