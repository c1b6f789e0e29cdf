//! Exercises in a list: when, how long, how far, how hard.

use super::civil::{MINUTE, parse_instant};
use super::format::{Format, MISSING};
use super::words::fill;
use super::zone::Zone;
use crate::api::operations::dashboard::DashboardUserExercisesNodes as Exercise;

/// An exercise as listed. What the provider did not say is a dash.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    pub id: String,
    /// Its name, or the provider's word for its kind.
    pub name: String,
    /// Day and times, on the clock on which it began.
    pub when: String,
    pub duration: String,
    pub distance: String,
    pub heart_rate: String,
    pub energy: String,
    /// What else is known: ascent, steps, zone minutes.
    pub more: String,
    pub has_route: bool,
    /// The raw document with the route, once it is stored.
    pub route_document: Option<String>,
}

/// The rows of exercises; those whose times cannot be read are left out.
#[must_use]
pub fn rows(exercises: &[Exercise], f: &Format) -> Vec<Row> {
    exercises.iter().filter_map(|exercise| row(exercise, f)).collect()
}

fn row(exercise: &Exercise, f: &Format) -> Option<Row> {
    let (start, end) = (parse_instant(&exercise.start)?, parse_instant(&exercise.end)?);
    let clock = |offset: i64| i32::try_from(offset).ok().map(Zone::fixed);
    let (first, last) = (clock(exercise.start_offset_seconds)?, clock(exercise.end_offset_seconds)?);
    let w = &f.words;
    let with = |value: Option<f64>, factor: f64, digits: usize, unit: &str| {
        let text = value.map(|value| format!("{} {unit}", f.number(value * factor, digits)));
        text.unwrap_or_else(|| MISSING.to_owned())
    };
    let lasted = (end - start) as f64 / MINUTE as f64;
    // Pauses are told only where they make a difference that one sees.
    let active = exercise.active_seconds.map(|seconds| seconds as f64 / 60.0).filter(|m| lasted - m >= 1.0);
    let duration = match active {
        Some(active) => fill(&w.active_of, &[("active", &f.minutes(active)), ("all", &f.minutes(lasted))]),
        None => f.minutes(lasted),
    };
    let more = [
        exercise.active_zone_minutes.map(|n| fill(&w.n_zone_minutes, &[("n", &f.whole(n as f64))])),
        exercise.steps.map(|n| format!("{} {}", f.whole(n as f64), w.unit_steps)),
        exercise.elevation_gain_metres.map(|m| fill(&w.n_ascent, &[("n", &f.whole(m))])),
    ];
    let name = if exercise.name.is_empty() { exercise.kind.replace('_', " ") } else { exercise.name.clone() };
    Some(Row {
        id: exercise.id.clone(),
        name,
        when: format!("{}\u{2013}{}", f.date_time(start, &first), f.time(end, &last)),
        duration,
        distance: with(exercise.distance_metres, 0.001, 2, &w.unit_km),
        heart_rate: with(exercise.mean_heart_rate, 1.0, 0, &w.unit_bpm),
        energy: with(exercise.energy_kcal, 1.0, 0, &w.unit_kcal),
        more: more.into_iter().flatten().collect::<Vec<_>>().join(", "),
        has_route: exercise.has_route,
        route_document: exercise.route_document_id.clone(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;

    fn run() -> Exercise {
        Exercise {
            id: "e".to_owned(),
            start: "2026-11-20T16:30:00Z".to_owned(),
            end: "2026-11-20T17:15:00Z".to_owned(),
            start_offset_seconds: 3_600,
            end_offset_seconds: 3_600,
            kind: "running".to_owned(),
            name: "Run".to_owned(),
            active_seconds: Some(2_520),
            distance_metres: Some(8_123.0),
            steps: Some(7_100),
            energy_kcal: Some(512.4),
            mean_heart_rate: None,
            elevation_gain_metres: Some(0.0),
            active_zone_minutes: Some(66),
            has_route: true,
            route_document_id: None,
        }
    }

    #[test]
    fn an_exercise_is_told_on_the_clock_on_which_it_began() {
        let rows = rows(&[run()], &format());
        let row = &rows[0];
        assert_eq!((row.name.as_str(), row.when.as_str()), ("Run", "Fri 20 Nov 2026, 17:30–18:15"));
        assert_eq!(row.duration, "42 min active of 45 min");
        assert_eq!((row.distance.as_str(), row.energy.as_str()), ("8.12 km", "512 kcal"));
        assert_eq!(row.heart_rate, "–", "not said is not zero");
        assert_eq!(row.more, "66 zone minutes, 7,100 steps, 0 m up");
    }

    #[test]
    fn without_pauses_the_duration_is_one_number_and_a_kind_stands_in_for_a_name() {
        let walk = Exercise {
            active_seconds: Some(2_690),
            name: String::new(),
            kind: "nordic_walking".to_owned(),
            ..run()
        };
        let unread = Exercise { start: "yesterday".to_owned(), ..run() };
        let rows = rows(&[walk, unread], &format());
        assert_eq!(rows.len(), 1);
        assert_eq!((rows[0].duration.as_str(), rows[0].name.as_str()), ("45 min", "nordic walking"));
    }
}
