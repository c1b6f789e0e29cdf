//! One source for each metric and day: sources of one quantity are never added up or interleaved.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use pulsekeep_core::{Metric, time::MINUTE_MS, timeline::OffsetTimeline};

use crate::{
    family::Family,
    survey::{Origin, Recorders, Stat, Survey},
};

/// Why a source was taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Why {
    Only,
    First,
    Closest,
    WithSteps,
    Worn,
    Whole,
    Offsets,
}

impl Why {
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::Only => "the only one",
            Self::First => "the better kind of file",
            Self::Closest => "its total is the closest to the reconciled one",
            Self::WithSteps => "the recorder whose steps were taken",
            Self::Worn => "a worn device goes before a phone, and both before a mirrored store",
            Self::Whole => "it tells of the whole day",
            Self::Offsets => "it carries offsets",
        }
    }
}

/// What was chosen.
#[derive(Debug, Default)]
pub(crate) struct Choices {
    pub(crate) samples: HashMap<(Metric, Date), Origin>,
    pub(crate) daily: BTreeMap<(Metric, Date), f64>,
    /// Days by metric, whether daily values, and source: taken and passed over, with the reason of most.
    pub(crate) tallies: BTreeMap<(Metric, bool, Origin), Tally>,
    /// Days of a metric for which no source was good enough.
    pub(crate) refused: BTreeMap<Metric, u64>,
}

/// How often a source was taken.
#[derive(Debug, Default, Clone)]
pub(crate) struct Tally {
    pub(crate) taken: BTreeMap<Why, u64>,
    pub(crate) passed_over: u64,
    pub(crate) rows: u64,
}

/// Worn devices, then what was typed in, phones, and what comes from another store.
fn place_of(recorder: &str) -> u8 {
    let is_mirrored = recorder.ends_with(" Health Connect") || recorder.ends_with(" Health Kit");
    match recorder {
        _ if is_mirrored => 4,
        "MobileTrack" => 3,
        "Fitbit App" | "Google Health App" => 2,
        _ if recorder.ends_with(" Fitbit 3P Web API") => 2,
        "" => 1,
        _ => 0,
    }
}

struct Chooser<'s> {
    recorders: &'s Recorders,
    timeline: &'s OffsetTimeline,
}

impl Chooser<'_> {
    /// By kind of file, then recorder, then the most rows.
    fn order(&self, (origin, stat): &(Origin, Stat)) -> (u8, u8, u32, Origin) {
        let place = place_of(self.recorders.name(origin.recorder));
        (origin.family.spec().rank, place, u32::MAX - stat.rows, *origin)
    }

    fn usual(&self, sources: &[(Origin, Stat)]) -> Option<(Origin, Why)> {
        let best = sources.iter().min_by_key(|source| self.order(source))?;
        let why = match sources {
            [_] => Why::Only,
            _ if sources.iter().all(|source| source.0.family == best.0.family) => Why::Worn,
            _ => Why::First,
        };
        Some((best.0, why))
    }

    /// The recorder whose total is closest to the reconciled one.
    fn closest(&self, sources: &[(Origin, Stat)]) -> Option<(Origin, Why)> {
        let (reconciled, recorded): (Vec<_>, Vec<_>) =
            sources.iter().copied().partition(|source| source.0.family.twin().is_some());
        let total = reconciled.first().map(|source| source.1.sum);
        let (Some(total), [_, _, ..]) = (total, &recorded[..]) else { return self.usual(sources) };
        let distance = |source: &&(Origin, Stat)| (source.1.sum - total).abs();
        let best = recorded.iter().min_by(|a, b| {
            distance(a).total_cmp(&distance(b)).then_with(|| self.order(a).cmp(&self.order(b)))
        })?;
        Some((best.0, Why::Closest))
    }

    /// Energy is told of every minute of a day: a source that leaves many out is none of the day.
    fn whole(&self, day: Date, sources: &[(Origin, Stat)]) -> Option<(Origin, Why)> {
        let (start, end) = self.timeline.day_bounds(day);
        let least = (end.0 - start.0) / MINUTE_MS * 1400 / 1440;
        let whole: Vec<_> =
            sources.iter().copied().filter(|source| i64::from(source.1.rows) >= least).collect();
        let (origin, why) = self.usual(&whole)?;
        Some((origin, if whole.len() < sources.len() { Why::Whole } else { why }))
    }
}

impl Choices {
    /// Chooses for every metric and day of a survey.
    pub(crate) fn of(survey: &Survey, timeline: &OffsetTimeline) -> Self {
        let chooser = Chooser { recorders: &survey.recorders, timeline };
        let mut choices = Self::default();
        for (&(metric, day), sources) in &survey.samples {
            let chosen = match metric {
                Metric::Steps | Metric::Floors => chooser.closest(sources),
                Metric::Distance => choices.with_steps(day, sources).or_else(|| chooser.closest(sources)),
                Metric::Calories => chooser.whole(day, sources),
                _ => chooser.usual(sources),
            };
            if chosen.is_none() {
                *choices.refused.entry(metric).or_default() += 1;
            }
            for (origin, stat) in sources {
                let why = chosen.filter(|(chosen, _)| chosen == origin).map(|(_, why)| why);
                choices.note((metric, false, *origin), why, u64::from(stat.rows));
            }
            if let Some((origin, _)) = chosen {
                choices.samples.insert((metric, day), origin);
            }
        }
        choices.choose_daily(survey, &chooser);
        choices
    }

    fn note(&mut self, key: (Metric, bool, Origin), why: Option<Why>, rows: u64) {
        let tally = self.tallies.entry(key).or_default();
        match why {
            Some(why) => {
                *tally.taken.entry(why).or_default() += 1;
                tally.rows += rows;
            }
            None => tally.passed_over += 1,
        }
    }

    /// Distance by the recorder whose steps were taken, in the same kind of file.
    fn with_steps(&self, day: Date, sources: &[(Origin, Stat)]) -> Option<(Origin, Why)> {
        let steps = self.samples.get(&(Metric::Steps, day))?;
        let family = match steps.family {
            Family::StepsCsv => Family::DistanceCsv,
            Family::StepsJson => Family::DistanceJson,
            _ => return None,
        };
        let own = Origin { family, recorder: steps.recorder };
        let why = if sources.len() == 1 { Why::Only } else { Why::WithSteps };
        sources.iter().any(|source| source.0 == own).then_some((own, why))
    }

    fn choose_daily(&mut self, survey: &Survey, chooser: &Chooser<'_>) {
        for (&(metric, day), sources) in &survey.daily {
            if is_padding(survey, metric, day) {
                continue;
            }
            let stats: Vec<(Origin, Stat)> =
                sources.iter().map(|(origin, value)| (*origin, Stat { rows: 1, sum: *value })).collect();
            let Some((chosen, why)) = chooser.usual(&stats) else { continue };
            for (origin, value) in sources {
                self.note((metric, true, *origin), (*origin == chosen).then_some(why), 1);
                if *origin == chosen {
                    self.daily.insert((metric, day), *value);
                }
            }
        }
    }
}

/// A day that nobody told of has 1,440 sedentary minutes and no others.
fn is_padding(survey: &Survey, metric: Metric, day: Date) -> bool {
    let levels = [
        (Metric::SedentaryMinutes, 1440.0),
        (Metric::LightlyActiveMinutes, 0.0),
        (Metric::FairlyActiveMinutes, 0.0),
        (Metric::VeryActiveMinutes, 0.0),
    ];
    let told = |metric: Metric| survey.daily.get(&(metric, day)).and_then(|sources| Some(sources.first()?.1));
    levels.iter().any(|(level, _)| *level == metric)
        && levels.iter().all(|(level, empty)| told(*level).is_none_or(|value| value == *empty))
}

#[cfg(test)]
mod tests {
    use jiff::{civil::date, tz::TimeZone};

    use super::*;

    fn chosen(metric: Metric, sources: &[(Family, &str, u32, f64)]) -> Option<(Family, String)> {
        let mut survey = Survey::default();
        for (family, recorder, rows, sum) in sources {
            let origin = Origin { family: *family, recorder: survey.recorders.number(recorder) };
            let day = survey.samples.entry((metric, date(2026, 1, 2))).or_default();
            day.push((origin, Stat { rows: *rows, sum: *sum }));
        }
        let choices = Choices::of(&survey, &OffsetTimeline::of_zone(TimeZone::UTC));
        let origin = choices.samples.get(&(metric, date(2026, 1, 2)))?;
        Some((origin.family, survey.recorders.name(origin.recorder).to_owned()))
    }

    #[test]
    fn of_several_recorders_the_one_closest_to_the_reconciled_total_is_taken() {
        let (csv, json) = (Family::StepsCsv, Family::StepsJson);
        let three = [
            (csv, "MobileTrack", 90, 6000.0),
            (csv, "Charge 5", 100, 9000.0),
            (csv, "Phone Health Connect", 95, 9400.0),
        ];
        let with = |total| [&three[..], &[(json, "", 1440, total)]].concat();
        assert_eq!(chosen(Metric::Steps, &with(9100.0)), Some((csv, "Charge 5".to_owned())));
        assert_eq!(chosen(Metric::Steps, &with(6100.0)), Some((csv, "MobileTrack".to_owned())));
        assert_eq!(
            chosen(Metric::Steps, &three),
            Some((csv, "Charge 5".to_owned())),
            "without it the worn device"
        );
        assert_eq!(chosen(Metric::Steps, &three[..1]), Some((csv, "MobileTrack".to_owned())));
    }

    #[test]
    fn energy_of_a_part_of_a_day_is_none_of_the_day() {
        let (csv, json) = (Family::CaloriesCsv, Family::CaloriesJson);
        assert_eq!(
            chosen(Metric::Calories, &[(csv, "", 956, 1268.0), (json, "", 1440, 2811.0)]),
            Some((json, String::new()))
        );
        assert_eq!(
            chosen(Metric::Calories, &[(csv, "", 1440, 2811.0), (json, "", 1440, 2811.0)]),
            Some((csv, String::new()))
        );
        assert_eq!(chosen(Metric::Calories, &[(csv, "", 956, 1268.0)]), None);
    }

    #[test]
    fn distance_follows_steps_and_padding_is_left_out() {
        let day = date(2026, 1, 2);
        let mut survey = Survey::default();
        let (watch, phone) = (survey.recorders.number("Charge 5"), survey.recorders.number("MobileTrack"));
        let source = |family, recorder, sum| (Origin { family, recorder }, Stat { rows: 9, sum });
        survey.samples.insert(
            (Metric::Steps, day),
            vec![
                source(Family::StepsCsv, watch, 100.0),
                source(Family::StepsCsv, phone, 500.0),
                source(Family::StepsJson, 9, 490.0),
            ],
        );
        survey.samples.insert(
            (Metric::Distance, day),
            vec![
                source(Family::DistanceCsv, watch, 80.0),
                source(Family::DistanceCsv, phone, 400.0),
                source(Family::DistanceJson, 9, 81.0),
            ],
        );
        for (metric, family, value) in [
            (Metric::SedentaryMinutes, Family::SedentaryJson, 1440.0),
            (Metric::LightlyActiveMinutes, Family::LightlyJson, 0.0),
        ] {
            survey.daily.insert((metric, day), vec![(Origin { family, recorder: 9 }, value)]);
        }
        let choices = Choices::of(&survey, &OffsetTimeline::of_zone(TimeZone::UTC));
        assert_eq!(
            choices.samples[&(Metric::Distance, day)],
            Origin { family: Family::DistanceCsv, recorder: phone }
        );
        assert!(choices.daily.is_empty());
    }
}
