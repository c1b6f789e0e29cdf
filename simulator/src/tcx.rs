//! Routes as Garmin's Training Center XML, version 2: the form in which both providers export an exercise.

use std::fmt::Write as _;

use crate::people::{Exercise, ExerciseKind, PersonDay, route};

fn time(seconds: i64) -> String {
    jiff::Timestamp::from_second(seconds).unwrap_or_default().strftime("%Y-%m-%dT%H:%M:%S.000Z").to_string()
}

/// The file of an exercise; without positions where it has no route.
pub(crate) fn write(day: &PersonDay, exercise: &Exercise) -> String {
    let sport = if exercise.kind == ExerciseKind::Run { "Running" } else { "Other" };
    let mut text = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n\
         <TrainingCenterDatabase xmlns=\"http://www.garmin.com/xmlschemas/TrainingCenterDatabase/v2\"><Activities>\
         <Activity Sport=\"{sport}\"><Id>{start}</Id><Lap StartTime=\"{start}\"><TotalTimeSeconds>{seconds}</TotalTimeSeconds>\
         <DistanceMeters>{metres}</DistanceMeters><Calories>{kcal}</Calories><Intensity>Active</Intensity>\
         <TriggerMethod>Manual</TriggerMethod><Track>",
        start = time(exercise.start),
        seconds = exercise.end - exercise.start,
        metres = exercise.totals.distance_watch_mm as f64 / 1000.0,
        kcal = exercise.totals.kcal.round(),
    );
    for point in route(day, exercise) {
        // writing to a string cannot fail
        let _ = write!(text, "<Trackpoint><Time>{}</Time>", time(point.time));
        if exercise.has_route {
            let _ = write!(
                text,
                "<Position><LatitudeDegrees>{:.7}</LatitudeDegrees><LongitudeDegrees>{:.7}</LongitudeDegrees></Position>\
                 <AltitudeMeters>{:.1}</AltitudeMeters>",
                point.latitude, point.longitude, point.altitude,
            );
        }
        let _ = write!(text, "<DistanceMeters>{:.2}</DistanceMeters>", point.distance);
        if let Some(bpm) = point.bpm {
            let _ = write!(text, "<HeartRateBpm><Value>{bpm}</Value></HeartRateBpm>");
        }
        text.push_str("</Trackpoint>");
    }
    text.push_str("</Track></Lap></Activity></Activities></TrainingCenterDatabase>\n");
    text
}
