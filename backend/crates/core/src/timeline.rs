//! A person's offsets over time.

mod runs;

use jiff::{civil::Date, tz::TimeZone};

use crate::{
    EpochMs,
    time::{DAY_MS, local_ms, next_day},
};

pub use runs::OffsetRun;

/// Evidence of an offset: from an instant to an instant, both included, so many seconds east of UTC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OffsetSpan {
    /// The first instant.
    pub from: EpochMs,
    /// The last instant.
    pub to: EpochMs,
    /// Seconds east of UTC.
    pub offset: i32,
}

/// A person's offsets over time, learnt from points that carry one, with the zone of the person's profile behind them.
///
/// Between two spans of evidence nothing is known for sure. A person whose last known offset was that of their zone is
/// taken to be at home, so the zone says when clocks changed; one whose last known offset was another is taken to be
/// still away. What is thought of an instant depends on the evidence alone, not on the order in which it came.
#[derive(Debug, Clone)]
pub struct OffsetTimeline {
    zone: TimeZone,
    /// In order of time, without overlap.
    spans: Vec<OffsetSpan>,
}

/// Spans of one offset with less than this between them are one: no journey there and back fits, nor two clock changes.
const JOIN_MS: i64 = 2 * DAY_MS;

/// How a stretch of time between two changes of evidence is dated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Rule {
    Zone,
    Fixed(i32),
}

impl OffsetTimeline {
    /// A timeline that knows the profile's zone alone.
    #[must_use]
    pub fn of_zone(zone: TimeZone) -> Self {
        Self { zone, spans: Vec::new() }
    }

    /// A timeline with evidence, as [`OffsetTimeline::spans`] gave it.
    #[must_use]
    pub fn new(zone: TimeZone, mut spans: Vec<OffsetSpan>) -> Self {
        spans.sort_unstable();
        Self { zone, spans }
    }

    /// Learns that the offset was `offset` from `from` to `to` (both included): what was thought of that time gives way.
    pub fn learn(&mut self, from: EpochMs, to: EpochMs, offset: i32) {
        let mut learnt = OffsetSpan { from, to, offset };
        let mut spans = Vec::with_capacity(self.spans.len() + 2);
        for span in self.spans.drain(..) {
            if span.to < from || span.from > to {
                spans.push(span);
            } else if span.offset == offset {
                learnt.from = learnt.from.min(span.from);
                learnt.to = learnt.to.max(span.to);
            } else {
                let before = OffsetSpan { to: from.plus(-1), ..span };
                let after = OffsetSpan { from: to.plus(1), ..span };
                spans.extend([before, after].into_iter().filter(|part| part.from <= part.to));
            }
        }
        spans.push(learnt);
        spans.sort_unstable();
        spans.dedup_by(|later, earlier| {
            let one = later.offset == earlier.offset && later.from.0 - earlier.to.0 <= JOIN_MS;
            if one {
                earlier.to = earlier.to.max(later.to);
            }
            one
        });
        self.spans = spans;
    }

    /// The evidence, in order of time.
    #[must_use]
    pub fn spans(&self) -> &[OffsetSpan] {
        &self.spans
    }

    /// From when to when (half-open) instants may be dated otherwise than by an earlier state of this timeline; `None`
    /// when it has learnt nothing new.
    #[must_use]
    pub fn changed_since(&self, before: &Self) -> Option<(EpochMs, EpochMs)> {
        if self.spans == before.spans {
            return None;
        }
        let bounds = self.spans.iter().chain(&before.spans).flat_map(|span| [span.from, span.to.plus(1)]);
        let mut instants: Vec<EpochMs> = bounds.chain([EpochMs(i64::MIN)]).collect();
        instants.sort_unstable();
        instants.dedup();
        let ends = instants.iter().skip(1).copied().chain([EpochMs(i64::MAX)]);
        let differs = |(start, end): &(EpochMs, EpochMs)| match (self.rule_at(*start), before.rule_at(*start))
        {
            (Rule::Zone, Rule::Zone) => false,
            (Rule::Fixed(now), Rule::Fixed(then)) => now != then,
            (Rule::Zone, Rule::Fixed(offset)) | (Rule::Fixed(offset), Rule::Zone) => {
                !self.zone_has(offset, *start, *end)
            }
        };
        let mut changed = instants.iter().copied().zip(ends).filter(differs);
        match changed.next() {
            Some(first) => Some((first.0, changed.last().unwrap_or(first).1)),
            // Learnt, but no offset is another one: evidence for what was thought already.
            None => instants.get(1).map(|start| (*start, *start)),
        }
    }

    /// Whether the zone has `offset` all the time from `start` to `end`.
    fn zone_has(&self, offset: i32, start: EpochMs, end: EpochMs) -> bool {
        let next_change = self.zone.following(start.timestamp()).next();
        self.zone_offset(start) == offset
            && next_change.is_none_or(|change| EpochMs::from(change.timestamp()) >= end)
    }

    fn rule_at(&self, at: EpochMs) -> Rule {
        let earlier = self.spans.partition_point(|span| span.from <= at);
        match earlier.checked_sub(1).map(|i| self.spans[i]) {
            Some(span) if at <= span.to => Rule::Fixed(span.offset),
            Some(span) if self.zone_offset(span.to) != span.offset => Rule::Fixed(span.offset),
            Some(_) | None => Rule::Zone,
        }
    }

    fn zone_offset(&self, at: EpochMs) -> i32 {
        self.zone.to_offset(at.timestamp()).seconds()
    }

    /// Seconds east of UTC at `at`.
    #[must_use]
    pub fn offset_at(&self, at: EpochMs) -> i32 {
        match self.rule_at(at) {
            Rule::Zone => self.zone_offset(at),
            Rule::Fixed(offset) => offset,
        }
    }

    /// Whether the clock at `at` is that of the person's own zone.
    #[must_use]
    pub fn is_at_home(&self, at: EpochMs) -> bool {
        self.offset_at(at) == self.zone_offset(at)
    }

    /// The civil day at `at`.
    #[must_use]
    pub fn day_at(&self, at: EpochMs) -> Date {
        at.civil(self.offset_at(at)).date()
    }

    /// The instant at which the wall clock shows `local` ([`local_ms`]). A clock reading that occurs twice gives the
    /// earlier instant, one that is skipped gives the instant that the earlier offset would give.
    #[must_use]
    pub fn instant_of_local(&self, local: i64) -> EpochMs {
        // Offsets lie within a day of UTC, so the two candidates are the offsets half a day before and after.
        let before = self.offset_at(EpochMs(local - DAY_MS / 2));
        let first = EpochMs(local - i64::from(before) * 1000);
        if self.offset_at(first) == before {
            return first;
        }
        let second = EpochMs(local - i64::from(self.offset_at(first)) * 1000);
        if self.offset_at(second) == self.offset_at(first) { second } else { first }
    }

    /// First instant of `day` and of the day after it: the bounds of the day on this timeline.
    #[must_use]
    pub fn day_bounds(&self, day: Date) -> (EpochMs, EpochMs) {
        let midnight = |d: Date| self.instant_of_local(local_ms(d.at(0, 0, 0, 0)));
        (midnight(day), midnight(next_day(day)))
    }
}

#[cfg(test)]
mod tests {
    use jiff::{Timestamp, civil::date};
    use proptest::prelude::*;

    use super::*;
    use crate::time::HOUR_MS;

    fn paris() -> OffsetTimeline {
        OffsetTimeline::of_zone(TimeZone::get("Europe/Paris").unwrap())
    }

    fn at(text: &str) -> EpochMs {
        EpochMs::from(text.parse::<Timestamp>().unwrap())
    }

    #[test]
    fn days_of_a_dst_change_have_23_and_25_hours() {
        let hours = |day| {
            let (start, end) = paris().day_bounds(day);
            (end.0 - start.0) / HOUR_MS
        };
        assert_eq!(hours(date(2026, 3, 29)), 23);
        assert_eq!(hours(date(2026, 10, 25)), 25);
        assert_eq!(hours(date(2026, 10, 26)), 24);
    }

    #[test]
    fn a_journey_is_another_offset_until_there_is_evidence_of_home() {
        let mut timeline = paris();
        timeline.learn(at("2026-11-01T00:00:00Z"), at("2026-11-09T10:00:00Z"), 3600);
        timeline.learn(at("2026-11-10T08:00:00Z"), at("2026-11-12T08:00:00Z"), 9 * 3600);
        timeline.learn(at("2026-11-14T08:00:00Z"), at("2026-11-15T08:00:00Z"), 3600);
        let hours = |text| timeline.offset_at(at(text)) / 3600;
        assert_eq!(hours("2026-11-10T07:59:59Z"), 1);
        assert_eq!(hours("2026-11-11T00:00:00Z"), 9);
        assert_eq!(hours("2026-11-13T00:00:00Z"), 9, "still away as far as is known");
        assert_eq!(hours("2026-11-14T08:00:00Z"), 1);
    }

    #[test]
    fn evidence_of_summer_does_not_reach_into_winter() {
        let mut timeline = paris();
        timeline.learn(at("2026-08-01T00:00:00Z"), at("2026-08-02T00:00:00Z"), 7200);
        assert_eq!(timeline.offset_at(at("2026-11-17T22:30:00Z")), 3600);
        timeline.learn(at("2026-11-12T00:00:00Z"), at("2026-11-17T20:00:00Z"), 3600);
        assert_eq!(timeline.offset_at(at("2026-11-17T22:30:00Z")), 3600);
        assert_eq!(timeline.offset_at(at("2027-07-01T00:00:00Z")), 7200);
    }

    #[test]
    fn new_evidence_of_a_stretch_gives_way_to_newer() {
        let mut timeline = OffsetTimeline::of_zone(TimeZone::UTC);
        timeline.learn(EpochMs(1000), EpochMs(9000), 3600);
        timeline.learn(EpochMs(4000), EpochMs(5000), 32_400);
        let offsets = [999, 1000, 3999, 4000, 5000, 5001, 9000].map(|at| timeline.offset_at(EpochMs(at)));
        assert_eq!(offsets, [0, 3600, 3600, 32_400, 32_400, 3600, 3600]);
        timeline.learn(EpochMs(4000), EpochMs(5000), 3600);
        assert_eq!(timeline.spans(), [OffsetSpan { from: EpochMs(1000), to: EpochMs(9000), offset: 3600 }]);
    }

    #[test]
    fn a_changed_timeline_says_where() {
        let before = OffsetTimeline::of_zone(TimeZone::UTC);
        assert_eq!(before.changed_since(&before), None);
        let mut after = before.clone();
        after.learn(EpochMs(1000), EpochMs(9000), 3600);
        assert_eq!(after.changed_since(&before), Some((EpochMs(1000), EpochMs(i64::MAX))));
        let mut trip = after.clone();
        trip.learn(EpochMs(4000), EpochMs(5000), 7200);
        assert_eq!(trip.changed_since(&after), Some((EpochMs(4000), EpochMs(5001))));
        let mut home = before.clone();
        home.learn(EpochMs(1000), EpochMs(9000), 0);
        let nothing = (EpochMs(1000), EpochMs(1000));
        assert_eq!(home.changed_since(&before), Some(nothing), "evidence, but nothing to date again");
    }

    /// Zones whose clocks do what others' do not: half an hour of summer time, two hours of it, changes at midnight,
    /// summer time in winter, quarters of an hour, the far ends of the day, and none of all that.
    const ZONES: [&str; 12] = [
        "Europe/Paris",
        "America/New_York",
        "Australia/Lord_Howe",
        "Antarctica/Troll",
        "America/Havana",
        "Africa/Cairo",
        "Africa/Casablanca",
        "Asia/Kathmandu",
        "Pacific/Chatham",
        "Pacific/Kiritimati",
        "Pacific/Pago_Pago",
        "UTC",
    ];

    fn zoned() -> impl Strategy<Value = OffsetTimeline> {
        prop::sample::select(&ZONES[..])
            .prop_map(|name| OffsetTimeline::of_zone(TimeZone::get(name).expect("a bundled zone")))
    }

    /// Journeys: stays of a day to three weeks, each at an offset of its own, one after another.
    fn journeys() -> impl Strategy<Value = Vec<OffsetSpan>> {
        let stay = (24i64..500, 0i64..72, -11i32..=13);
        prop::collection::vec(stay, 0..8).prop_map(|stays| {
            let mut from = at("2027-01-05T09:30:00Z");
            let mut spans = Vec::new();
            for (hours, way, offset) in stays {
                let to = from.plus(hours * HOUR_MS);
                spans.push(OffsetSpan { from, to, offset: offset * 3600 });
                from = to.plus(way * HOUR_MS + 1);
            }
            spans
        })
    }

    /// Two years with a leap day and every kind of clock change.
    fn instants() -> impl Strategy<Value = EpochMs> {
        (0i64..730 * 24 * 60).prop_map(|minute| at("2027-01-01T00:00:00Z").plus(minute * 60_000))
    }

    #[test]
    fn a_leap_day_has_its_hours() {
        let (start, end) = paris().day_bounds(date(2028, 2, 29));
        assert_eq!((start, end), (at("2028-02-28T23:00:00Z"), at("2028-02-29T23:00:00Z")));
    }

    #[test]
    fn a_day_that_a_country_skipped_is_empty() {
        let samoa = OffsetTimeline::of_zone(TimeZone::get("Pacific/Apia").expect("a bundled zone"));
        let (start, end) = samoa.day_bounds(date(2011, 12, 30));
        assert_eq!(start, end);
        assert_eq!(samoa.day_at(start), date(2011, 12, 31));
    }

    proptest! {
        #[test]
        fn a_zones_days_hold_their_instants_and_follow_each_other(timeline in zoned(), instant in instants()) {
            let day = timeline.day_at(instant);
            let (start, end) = timeline.day_bounds(day);
            prop_assert!(start <= instant && instant < end, "{} is not in {}..{}", instant, start, end);
            prop_assert_eq!(timeline.day_bounds(next_day(day)).0, end);
            prop_assert_eq!(timeline.day_at(start), day);
            prop_assert_eq!(timeline.day_at(end.plus(-1)), day);
            let quarters = (end.0 - start.0) / (HOUR_MS / 4);
            prop_assert!((88..=104).contains(&quarters), "{} has {} quarters of an hour", day, quarters);
        }

        #[test]
        fn a_clock_reading_gives_the_first_instant_that_shows_it(timeline in zoned(), instant in instants()) {
            let reading = |at: EpochMs| local_ms(at.civil(timeline.offset_at(at)));
            let first = timeline.instant_of_local(reading(instant));
            prop_assert_eq!(reading(first), reading(instant));
            prop_assert!(first <= instant, "{} is later than {}", first, instant);
            prop_assert!(instant.0 - first.0 <= 2 * HOUR_MS);
        }

        #[test]
        fn a_travellers_days_follow_each_other_and_none_ends_before_it_begins(
            timeline in zoned(),
            spans in journeys(),
        ) {
            let mut timeline = timeline;
            for span in &spans {
                timeline.learn(span.from, span.to, span.offset);
            }
            let mut day = date(2027, 1, 1);
            while day < date(2027, 9, 1) {
                let (start, end) = timeline.day_bounds(day);
                prop_assert!(start <= end, "{} runs from {} to {}", day, start, end);
                prop_assert_eq!(timeline.day_bounds(next_day(day)).0, end);
                day = next_day(day);
            }
            for span in &spans {
                prop_assert_eq!(timeline.offset_at(span.from), span.offset);
                prop_assert_eq!(timeline.offset_at(span.to), span.offset);
            }
        }

        #[test]
        fn the_order_of_evidence_that_agrees_does_not_matter(
            cuts in prop::collection::vec(0i64..4000, 0..12),
            order in prop::collection::vec(any::<u32>(), 12),
        ) {
            // Hours of a year and a half, on the zone's own offsets apart from one journey.
            let home = paris();
            let start = at("2025-06-01T00:00:00Z");
            let truth = |hour: i64| {
                let instant = start.plus(hour * 3 * HOUR_MS);
                if (1500..1700).contains(&hour) { 9 * 3600 } else { home.offset_at(instant) }
            };
            let mut points: Vec<(u32, i64)> = order.into_iter().zip(cuts).collect();
            let learn = |points: &[(u32, i64)]| {
                let mut timeline = paris();
                for &(_, hour) in points {
                    let instant = start.plus(hour * 3 * HOUR_MS);
                    timeline.learn(instant, instant, truth(hour));
                }
                timeline
            };
            let one = learn(&points);
            points.sort_unstable();
            let other = learn(&points);
            for hour in (0..4000).step_by(7) {
                let instant = start.plus(hour * 3 * HOUR_MS);
                prop_assert_eq!(one.offset_at(instant), other.offset_at(instant));
            }
        }
    }
}
