//! What the address of the page asks for.

use crate::api::enums::{MetricKey, Period};
use crate::view_model::civil::Day;
use crate::view_model::metric::{Group, group};
use crate::view_model::range::Range;

/// Days that are shown where the address names none.
pub const USUAL_DAYS: i32 = 90;

/// Metrics with samples, of which there is a profile by the hour.
const SAMPLED: [MetricKey; 13] = [
    MetricKey::Steps,
    MetricKey::HeartRate,
    MetricKey::Distance,
    MetricKey::Calories,
    MetricKey::ActiveZoneMinutes,
    MetricKey::Floors,
    MetricKey::Elevation,
    MetricKey::ActiveCalories,
    MetricKey::HeartRateVariability,
    MetricKey::OxygenSaturation,
    MetricKey::Weight,
    MetricKey::BodyFat,
    MetricKey::CoreTemperature,
];

/// Metrics that are compared, besides the chosen one.
const COMPARED: [MetricKey; 11] = [
    MetricKey::Steps,
    MetricKey::Distance,
    MetricKey::Calories,
    MetricKey::ActiveZoneMinutes,
    MetricKey::RestingHeartRate,
    MetricKey::HeartRateVariability,
    MetricKey::Sleep,
    MetricKey::BreathingRate,
    MetricKey::OxygenSaturation,
    MetricKey::SkinTemperatureRelative,
    MetricKey::Weight,
];

/// Lengths of the periods that totals are given for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    Week,
    Month,
    Year,
}

impl From<By> for Period {
    fn from(by: By) -> Self {
        match by {
            By::Week => Self::Week,
            By::Month => Self::Month,
            By::Year => Self::Year,
        }
    }
}

/// Which two ranges are compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Against {
    /// This month and the last.
    Month,
    /// This week and the last, from Monday on.
    Week,
    /// The range of the page and the one before it.
    Before,
    /// The range of the page and one of one's own.
    Own(Range),
}

/// What the page shows besides its range.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Asked {
    pub metric: MetricKey,
    pub by: By,
    pub against: Against,
}

impl By {
    /// All of them, the shortest first.
    pub const ALL: [Self; 3] = [Self::Week, Self::Month, Self::Year];

    /// As the API writes it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Week => "WEEK",
            Self::Month => "MONTH",
            Self::Year => "YEAR",
        }
    }
}

impl Against {
    /// As the address writes it.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Month => "month",
            Self::Week => "week",
            Self::Before => "before",
            Self::Own(_) => "own",
        }
    }

    /// The range that is looked at and the one that it is compared with.
    #[must_use]
    pub fn sides(self, range: Range, today: Day) -> (Range, Range) {
        match self {
            Self::Month => {
                let (year, month, _) = today.ymd();
                let first = Day::from_ymd(year, month, 1);
                let last = first.plus(-1);
                let (year, month, _) = last.ymd();
                (Range { from: first, to: today }, Range { from: Day::from_ymd(year, month, 1), to: last })
            }
            Self::Week => {
                let monday = today.plus(-(today.weekday() as i32));
                (Range { from: monday, to: today }, Range { from: monday.plus(-7), to: monday.plus(-1) })
            }
            Self::Before => (range, range.previous()),
            Self::Own(other) => (range, other),
        }
    }
}

impl Asked {
    /// From the address: whatever it says, something can be shown.
    #[must_use]
    pub fn of_query<'a>(get: impl Fn(&str) -> Option<&'a str>, today: Day) -> Self {
        let metric = get("metric").map(MetricKey::from);
        let known = |metric: &MetricKey| !matches!(metric, MetricKey::Other(_));
        let by = By::ALL.into_iter().find(|by| get("by") == Some(by.key()));
        let own = || Range::of_query(get("b-from"), get("b-to"), today);
        let against = match get("against") {
            Some("week") => Against::Week,
            Some("before") => Against::Before,
            Some("own") => Against::Own(own()),
            _ => Against::Month,
        };
        Self { metric: metric.filter(known).unwrap_or(MetricKey::Steps), by: by.unwrap_or(By::Week), against }
    }

    /// The part of the address that says it; the range stands before.
    #[must_use]
    pub fn query(&self) -> String {
        let own = match self.against {
            Against::Own(range) => format!("&b-from={}&b-to={}", range.from, range.to),
            _ => String::new(),
        };
        let (metric, by, against) = (self.metric.as_str(), self.by.key(), self.against.key());
        format!("&metric={metric}&by={by}&against={against}{own}")
    }

    /// The metric that is shown by the hour: the chosen one, or where that has one value a day the one behind it.
    #[must_use]
    pub fn hourly(&self) -> MetricKey {
        use MetricKey as M;
        match &self.metric {
            sampled if SAMPLED.contains(sampled) => sampled.clone(),
            M::FatBurnZoneMinutes | M::CardioZoneMinutes | M::PeakZoneMinutes => M::ActiveZoneMinutes,
            other if group(other) == Group::Activity => M::Steps,
            _ => M::HeartRate,
        }
    }

    /// The metrics to compare, the chosen one first.
    #[must_use]
    pub fn compared(&self) -> Vec<MetricKey> {
        let others = COMPARED.into_iter().filter(|metric| *metric != self.metric);
        std::iter::once(self.metric.clone()).chain(others).collect()
    }
}

/// The metrics that can be chosen: those with a profile first.
#[must_use]
pub fn choices() -> Vec<MetricKey> {
    let rest = MetricKey::KNOWN.iter().map(|key| MetricKey::from(*key));
    SAMPLED.into_iter().chain(rest.filter(|metric| !SAMPLED.contains(metric))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    const TODAY: Day = Day(20_778);

    fn of(pairs: &[(&'static str, &'static str)]) -> Asked {
        Asked::of_query(|name| pairs.iter().find(|pair| pair.0 == name).map(|pair| pair.1), TODAY)
    }

    #[test]
    fn the_address_is_the_state_and_any_address_gives_one() {
        let usual = Asked { metric: MetricKey::Steps, by: By::Week, against: Against::Month };
        assert_eq!(of(&[]), usual);
        assert_eq!(of(&[("metric", "SHOES"), ("by", "DECADE"), ("against", "all")]), usual);
        let own = Range { from: TODAY.plus(-40), to: TODAY.plus(-30) };
        let asked = Asked { metric: MetricKey::Vo2Max, by: By::Year, against: Against::Own(own) };
        let from: &'static str = own.from.to_string().leak();
        let to: &'static str = own.to.to_string().leak();
        let pairs =
            [("metric", "VO2_MAX"), ("by", "YEAR"), ("against", "own"), ("b-from", from), ("b-to", to)];
        assert_eq!(of(&pairs), asked);
        let written: Vec<String> = pairs.iter().map(|(name, value)| format!("&{name}={value}")).collect();
        assert_eq!(asked.query(), written.concat());
    }

    #[test]
    fn months_and_weeks_are_those_of_the_calendar() {
        let range = Range::last(10, TODAY);
        let texts = |against: Against| {
            let (a, b) = against.sides(range, TODAY);
            [a.from, a.to, b.from, b.to].map(|day| day.to_string())
        };
        assert_eq!(texts(Against::Month), ["2026-11-01", "2026-11-21", "2026-10-01", "2026-10-31"]);
        assert_eq!(texts(Against::Week), ["2026-11-16", "2026-11-21", "2026-11-09", "2026-11-15"]);
        assert_eq!(texts(Against::Before), ["2026-11-12", "2026-11-21", "2026-11-02", "2026-11-11"]);
        let (_, march) = Against::Month.sides(range, Day::parse("2028-03-31").unwrap());
        assert_eq!(march.to.to_string(), "2028-02-29");
    }

    #[test]
    fn a_metric_of_the_day_is_seen_by_the_hour_of_what_is_behind_it() {
        let pairs = [
            ("FLOORS", "FLOORS"),
            ("PEAK_ZONE_MINUTES", "ACTIVE_ZONE_MINUTES"),
            ("SEDENTARY_MINUTES", "STEPS"),
            ("RESTING_HEART_RATE", "HEART_RATE"),
            ("SLEEP", "HEART_RATE"),
        ];
        for (metric, hourly) in pairs {
            assert_eq!(of(&[("metric", metric)]).hourly().as_str(), hourly);
        }
    }

    #[test]
    fn every_metric_can_be_chosen_once() {
        let all = choices();
        assert_eq!(all.len(), MetricKey::KNOWN.len());
        assert_eq!(all[0], MetricKey::Steps);
        let compared = of(&[("metric", "SLEEP")]).compared();
        assert_eq!((compared[0].as_str(), compared.len()), ("SLEEP", COMPARED.len()));
    }
}
