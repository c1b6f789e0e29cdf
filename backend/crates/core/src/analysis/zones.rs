//! Time in zones, from the providers' daily minutes.

use super::statistics::sum;
use crate::Metric;

/// Zones that belong together.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ZoneSet {
    /// Minutes of heart rate by its height: light, moderate, vigorous, peak.
    HeartRate,
    /// Active zone minutes as earned: one a minute in the fat-burn zone, two a minute in the cardio and peak zones.
    ActiveZone,
}

impl ZoneSet {
    /// The metrics of the zones, the lightest first. All are daily sums in minutes.
    #[must_use]
    pub fn metrics(self) -> &'static [Metric] {
        match self {
            Self::HeartRate => &[
                Metric::LightHeartZoneMinutes,
                Metric::ModerateHeartZoneMinutes,
                Metric::VigorousHeartZoneMinutes,
                Metric::PeakHeartZoneMinutes,
            ],
            Self::ActiveZone => {
                &[Metric::FatBurnZoneMinutes, Metric::CardioZoneMinutes, Metric::PeakZoneMinutes]
            }
        }
    }
}

/// The zones of a set over some days.
#[derive(Debug, Clone, PartialEq)]
pub struct ZoneFigures {
    /// Days on which any zone has a value.
    pub days: usize,
    /// Sum of each zone's minutes; `None` of a zone that has no value at all: that the provider does not tell of it is
    /// not that nobody was in it.
    pub totals: Vec<Option<f64>>,
    /// Minutes of each zone a day, over `days`: a day whose provider tells of some zones counts as 0 for those that it
    /// leaves out, if it tells of them on other days.
    pub means: Vec<Option<f64>>,
}

/// Sums up zones. `zones` holds a column per zone, with a value per day; all are as long.
#[must_use]
pub fn zone_figures(zones: &[&[Option<f64>]]) -> ZoneFigures {
    let length = zones.iter().map(|zone| zone.len()).max().unwrap_or(0);
    let told = |day: usize| zones.iter().any(|zone| zone.get(day).copied().flatten().is_some());
    let days = (0..length).filter(|&day| told(day)).count();
    let total = |zone: &&[Option<f64>]| sum(&zone.iter().copied().flatten().collect::<Vec<_>>());
    let totals: Vec<Option<f64>> = zones.iter().map(total).collect();
    #[expect(clippy::cast_precision_loss, reason = "a number of days")]
    let means = totals.iter().map(|total| total.map(|total| total / days as f64)).collect();
    ZoneFigures { days, totals, means }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric::{Aggregation, MetricKind, Unit};

    #[test]
    fn a_zone_that_is_never_told_of_is_unknown_and_one_left_out_is_zero() {
        let light = [None, None, None];
        let moderate = [Some(10.0), None, Some(0.0)];
        let peak = [None, None, Some(4.0)];
        let found = zone_figures(&[&light, &moderate, &peak]);
        assert_eq!(found.days, 2, "of the second day nothing is known");
        assert_eq!(found.totals, [None, Some(10.0), Some(4.0)]);
        assert_eq!(found.means, [None, Some(5.0), Some(2.0)]);
        assert_eq!(zone_figures(&[&[None]]).means, [None]);
    }

    #[test]
    fn zones_are_daily_minutes() {
        for metric in [ZoneSet::HeartRate, ZoneSet::ActiveZone].iter().flat_map(|set| set.metrics()) {
            let spec = metric.spec();
            let wanted = (MetricKind::Daily, Unit::Minute, Aggregation::Sum);
            assert_eq!((spec.kind, spec.unit, spec.aggregation), wanted, "{metric}");
        }
    }
}
