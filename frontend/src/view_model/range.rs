//! The range that a person looks at: the address is its state.

use super::civil::Day;

/// Civil days, both ends included; `from` is never after `to`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Range {
    pub from: Day,
    pub to: Day,
}

/// Before this day no device kept such data; a date field gives such days while a year is being typed.
pub const EARLIEST: Day = Day(12_784);

/// Longest range that the dashboard draws.
const LONGEST: i32 = 366;

impl Range {
    /// The range of the address' `from` and `to`; today where they are missing or no dates.
    ///
    /// Ends in the wrong order change places, days after today become today, and what is longer than a year keeps its end.
    #[must_use]
    pub fn of_query(from: Option<&str>, to: Option<&str>, today: Day) -> Self {
        let read = |text: Option<&str>| text.and_then(Day::parse).map(|day| day.max(EARLIEST).min(today));
        let (from, to) = match (read(from), read(to)) {
            (Some(from), Some(to)) => (from.min(to), from.max(to)),
            (Some(day), None) | (None, Some(day)) => (day, day),
            (None, None) => (today, today),
        };
        Self { from: from.max(to.plus(1 - LONGEST)), to }
    }

    /// The last `days` days up to `to`.
    #[must_use]
    pub fn last(days: i32, to: Day) -> Self {
        Self { from: to.plus(1 - days), to }
    }

    /// Number of days.
    #[must_use]
    pub fn days(self) -> i32 {
        self.from.span(self.to)
    }

    /// Whether it is one day.
    #[must_use]
    pub fn is_day(self) -> bool {
        self.from == self.to
    }

    /// The range of the same length just before.
    #[must_use]
    pub fn previous(self) -> Self {
        Self { from: self.from.plus(-self.days()), to: self.from.plus(-1) }
    }

    /// The range of the same length just after, pushed back to end today at the latest; none if it ends today.
    #[must_use]
    pub fn next(self, today: Day) -> Option<Self> {
        let days = self.days();
        (self.to < today).then(|| Self::last(days, self.to.plus(days).min(today)))
    }

    /// The address' query.
    #[must_use]
    pub fn query(self) -> String {
        format!("?from={}&to={}", self.from, self.to)
    }

    /// First day of history that comparisons need: the previous period and 60 days of baseline.
    #[must_use]
    pub fn history_from(self) -> Day {
        self.previous().from.min(self.from.plus(-60))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Day = Day(20_778);

    #[test]
    fn any_address_gives_a_range() {
        let of = |from, to| Range::of_query(from, to, TODAY);
        let one = Range { from: TODAY, to: TODAY };
        assert_eq!(of(None, None), one);
        assert_eq!(of(Some("yesterday"), Some("2999-01-01")), one);
        let week = Range { from: Day(20_772), to: TODAY };
        assert_eq!(of(Some("2026-11-15"), Some("2026-11-21")), week);
        assert_eq!(of(Some("2026-11-21"), Some("2026-11-15")), week, "turned round");
        assert_eq!(EARLIEST.to_string(), "2005-01-01");
        assert_eq!(of(Some("2001-01-01"), Some("2026-11-21")).days(), 366);
        assert_eq!(of(Some("2026-11-15"), None), Range { from: Day(20_772), to: Day(20_772) });
    }

    #[test]
    fn neighbours() {
        let week = Range::last(7, TODAY);
        assert_eq!(week.previous(), Range::last(7, TODAY.plus(-7)));
        assert_eq!(week.next(TODAY), None);
        assert_eq!(week.previous().next(TODAY), Some(week));
        assert_eq!(Range::last(7, TODAY.plus(-2)).next(TODAY), Some(week));
        assert_eq!(week.query(), "?from=2026-11-15&to=2026-11-21");
        assert_eq!(week.history_from(), week.from.plus(-60));
    }
}
