//! What a file is, by its base name: folders have other names in other exports and other languages.

use crate::family::{FAMILIES, Family};

/// What an entry of an archive is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Class {
    /// Rows of values.
    Values(Family),
    /// Sleep with times and offsets.
    UserSleeps,
    /// The stages of [`Class::UserSleeps`].
    UserSleepStages,
    /// Exercises with times and offsets.
    UserExercises,
    /// Sleep by the wall clock.
    SleepJson,
    /// Older exercises.
    ExerciseJson,
    /// The profile, of which the time zone alone is read.
    Profile,
    /// Never opened: of other people, money, places, food, illness, or who somebody is.
    Private,
    /// Many bytes and no health data.
    Bulk,
    /// Nothing to read: descriptions, pictures, the archive's own index.
    Text,
    /// Health data that Pulsekeep has no metric for.
    NotImported,
    /// A selection of days from fitbit.com, not an archive.
    Selection,
    /// Not known; its header may tell.
    Unknown,
}

/// Lower case, all that is no letter or digit as one `_`.
pub(crate) fn normal(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for letter in text.trim_start_matches('\u{feff}').trim().chars() {
        if letter.is_alphanumeric() {
            out.extend(letter.to_lowercase());
        } else if !out.is_empty() && !out.ends_with('_') {
            out.push('_');
        }
    }
    out.truncate(out.trim_end_matches('_').len());
    out
}

/// A name without its date, page or copy number: `steps-2026-09-01`, `Daily SpO2 - 2024-07-(21)`, `exercise-100`.
fn stem(name: &str) -> String {
    let is_tail = |letter: char| letter.is_ascii_digit() || "-_() ".contains(letter);
    normal(name.trim_end_matches(is_tail))
}

/// Folders of which nothing is opened.
const PRIVATE_FOLDERS: &[&str] = &[
    "user_profile_googledata",
    "user_profile",
    "user_security_data",
    "account_changes",
    "commerce_googledata",
    "menstrual_health",
];

/// Files that are never opened, by how they begin.
const PRIVATE: &[&str] = &[
    "userconversations",
    "medicalrecords",
    "gps_location",
    "coarse_physical_location",
    "weather_forecast",
    "nutrition_log",
    "hydration_log",
    "food",
    "moods",
    "menstrual",
    "appcontenthistory",
    "badge",
    "coach",
    "weeklyfitnessplans",
    "glucose",
];

const BULK: &[&str] = &["useractivityprobabilities", "usersensorcompressiontoken"];

/// Files of health data that begin with the word for a user.
const OF_USERS: &[&str] =
    &["usersleeps", "usersleepstages", "usersleepscores", "userexercises", "user3rdpartysleepattributes"];

/// Health data of other kinds, by how it begins.
const NOT_IMPORTED: &[&str] = &[
    "altitude",
    "height",
    "swim_lengths_data",
    "estimated_oxygen_variation",
    "active_minutes",
    "activity_level",
    "body_temperature",
    "core_body_temperature",
    "time_in_heart_rate_zone",
    "calories_in_heart_rate_zone",
    "daily_heart_rate_zones",
    "cardio_load",
    "cardio_acute_chronic_workload_ratio",
    "daily_readiness",
    "live_pace",
    "sedentary_period",
    "continuous_eda",
    "environment",
    "micro_motion",
    "micro_stillness",
    "mindfulness",
    "heart_rate_notification",
    "heart_rate_variability_histogram",
    "respiratory_rate_summary",
    "device_temperature",
    "wrist_temperature",
    "manual_temperature",
    "stress_score",
    "sleep_profile",
    "snore",
    "usersleepscores",
    "user3rdpartysleepattributes",
    "workoutsummariesandrounds",
    "calibrationstatusforreadinessandload",
    "vo2_max",
    "daily_vo2_max",
    "trackers",
    "devices",
    "heart_rate_alerts",
];

/// The class of an entry of this name.
pub(crate) fn classify(path: &str) -> Class {
    let mut folders: Vec<&str> = path.split(['/', '\\']).collect();
    let base = folders.pop().unwrap_or_default();
    let (name, extension) = base.rsplit_once('.').unwrap_or((base, ""));
    let extension = extension.to_ascii_lowercase();
    let stem = stem(name);
    let in_folder = |wanted: &str| folders.iter().any(|folder| normal(folder) == wanted);
    let is_private = |folder: &&str| {
        let folder = normal(folder);
        PRIVATE_FOLDERS.contains(&folder.as_str()) || folder.starts_with("social")
    };
    if folders.iter().any(is_private) || begins(&stem, PRIVATE) {
        return Class::Private;
    }
    if stem == "profile" && extension == "csv" && !in_folder("sleep") {
        return Class::Profile;
    }
    if in_folder("your_profile") {
        return Class::Private;
    }
    if begins(&stem, BULK) {
        return Class::Bulk;
    }
    // Settings, premium, places, food: of the files that begin so only these are of health.
    if stem.starts_with("user") && !begins(&stem, OF_USERS) {
        return Class::Private;
    }
    if stem.ends_with("readme") || !["csv", "json"].contains(&extension.as_str()) {
        return Class::Text;
    }
    match (stem.as_str(), extension.as_str()) {
        ("usersleeps", "csv") => return Class::UserSleeps,
        ("usersleepstages", "csv") => return Class::UserSleepStages,
        ("userexercises", "csv") => return Class::UserExercises,
        ("sleep", "json") => return Class::SleepJson,
        ("exercise", "json") => return Class::ExerciseJson,
        ("fitbit_export", _) => return Class::Selection,
        _ => {}
    }
    // The friendly folder has the base name of the other, with blanks.
    let written = if base.starts_with("Active Zone Minutes") { "friendly.csv" } else { extension.as_str() };
    let of = |spec: &&crate::family::Spec| spec.extension == written && spec.names.contains(&stem.as_str());
    if let Some(spec) = FAMILIES.iter().find(of) {
        return Class::Values(spec.family);
    }
    if begins(&stem, NOT_IMPORTED) { Class::NotImported } else { Class::Unknown }
}

/// Words that others follow without a gap.
const OPEN: &[&str] = &["coach", "food", "useractivityprobabilities", "usersensorcompressiontoken"];

fn begins(stem: &str, words: &[&str]) -> bool {
    words.iter().any(|word| {
        stem.strip_prefix(word)
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('_') || OPEN.contains(word))
    })
}

/// The class that a header of a CSV file tells, where the name is in another language.
pub(crate) fn class_of_header(header: &str) -> Option<Class> {
    let columns: Vec<String> = header.split(',').map(normal).collect();
    let has = |wanted: &[&str]| wanted.iter().all(|name| columns.iter().any(|column| column == name));
    let known = [
        (&["timestamp", "rmssd", "nremhr", "entropy"][..], Class::Values(Family::VariabilityDaily)),
        (&["timestamp", "rmssd", "coverage", "low_frequency"], Class::Values(Family::VariabilityDetails)),
        (&["timestamp", "daily_respiratory_rate"], Class::Values(Family::BreathingDaily)),
        (&["timestamp", "average_value", "lower_bound", "upper_bound"], Class::Values(Family::OxygenDaily)),
        (
            &["sleep_end", "temperature_samples", "nightly_temperature"],
            Class::Values(Family::ComputedTemperature),
        ),
        (&["date_time", "heart_zone_id", "total_minutes"], Class::Values(Family::ZoneMinutesFolder)),
        (&["sleep_log_entry_id", "timestamp", "resting_heart_rate"], Class::Values(Family::SleepScore)),
        (&["sleep_id", "sleep_start", "sleep_end"], Class::UserSleeps),
        (&["sleep_stage_id", "sleep_stage_type"], Class::UserSleepStages),
        (&["exercise_id", "exercise_start", "exercise_end"], Class::UserExercises),
    ];
    known.into_iter().find(|(names, _)| has(names)).map(|(_, class)| class)
}

/// Whether a name may stand in an archive: no way out of a folder, nothing absolute, no control letters.
pub(crate) fn is_honest(path: &str) -> bool {
    let drive = path.as_bytes().get(1) == Some(&b':');
    !path.is_empty()
        && !drive
        && !path.starts_with(['/', '\\'])
        && !path.chars().any(char::is_control)
        && !path.split(['/', '\\']).any(|part| part == "..")
}

/// The last part of a name, which says nothing of whose it is.
pub(crate) fn base_of(path: &str) -> String {
    path.rsplit(['/', '\\'])
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(120)
        .collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn base_names_tell_what_a_file_is_in_every_layout() {
        let values = |path: &str, family: Family| assert_eq!(classify(path), Class::Values(family), "{path}");
        values("Takeout/Fitbit/Global Export Data/steps-2026-09-01.json", Family::StepsJson);
        values("Takeout/Google Health/Physical Activity_GoogleData/steps_2026-09-01.csv", Family::StepsCsv);
        values(
            "Takeout/Google Health/Physical Activity_GoogleData/Steps/steps_2026-09-01.csv",
            Family::StepsCsv,
        );
        values("TIMESERIES_GoogleData/heart_rate-2026-06-10.csv", Family::HeartRateCsv);
        values("MyFitbitData/Anon/user-site-export/heart_rate-2019-06-10.json", Family::HeartRateJson);
        values("MyFitbitData/Anon/Personal & Account/weight-2021-06-10.json", Family::WeightJson);
        values("weight.csv", Family::WeightCsv);
        values(
            "x/Heart Rate Variability/Daily Heart Rate Variability Summary - 2024-07-(21).csv",
            Family::VariabilityDaily,
        );
        values(
            "x/Heart Rate Variability/Daily Heart Rate Variability Summary - 2024-07-.csv",
            Family::VariabilityDaily,
        );
        values("x/Oxygen Saturation (SpO2)/Daily SpO2 - 2024-01-01-2024-04-09.csv", Family::OxygenDaily);
        values("x/Oxygen Saturation (SpO2)/Minute SpO2 - 2024-01-01.csv", Family::OxygenMinutes);
        values("x/Active Zone Minutes (AZM)/Active Zone Minutes - 2024-07-01.csv", Family::ZoneMinutesFolder);
        values("x/active_zone_minutes_2026-01-01.csv", Family::ZoneMinutesCsv);
        values("x/steps_2026-09-01 (1).csv", Family::StepsCsv);
        values("Temperatuur/Computed Temperature - 2024-01-01.csv", Family::ComputedTemperature);
        assert_eq!(classify("x/exercise-100.json"), Class::ExerciseJson);
        assert_eq!(classify("x/UserSleepStages_2026-01-01.csv"), Class::UserSleepStages);
        assert_eq!(classify("x/sleep-2026-01-01.json"), Class::SleepJson);
    }

    #[test]
    fn private_and_bulky_files_are_known_by_name() {
        for path in [
            "Takeout/Fitbit/Your Profile/Photo.json",
            "Takeout/Fitbit/Social_GoogleData/steps_2026-01-01.csv",
            "Takeout/Fitbit/Menstrual Health/menstrual_health_cycles.json",
            "x/Physical Activity_GoogleData/gps_location_2026-01-01.csv",
            "x/Health Fitness Data_GoogleData/UserConversations_2026-01-01.csv",
            "x/Health Fitness Data_GoogleData/UserAppSettingData.csv",
            "x/Biometrics/Glucose 202601.csv",
        ] {
            assert_eq!(classify(path), Class::Private, "{path}");
        }
        assert_eq!(classify("Takeout/Fitbit/Your Profile/Profile.csv"), Class::Profile);
        assert_eq!(classify("Takeout/Fitbit/Sleep/Sleep Profile.csv"), Class::NotImported);
        assert_eq!(classify("x/UserActivityProbabilities_2026-01-01.csv"), Class::Bulk);
        assert_eq!(classify("x/Heart Rate README.txt"), Class::Text);
        assert_eq!(classify("x/altitude-2026-01-01.json"), Class::NotImported, "in an unknown unit");
        assert_eq!(classify("x/altitude_2026-01-01.csv"), Class::Values(Family::AltitudeCsv));
        assert_eq!(classify("x/estimated_oxygen_variation-2026-01-01.csv"), Class::NotImported);
        assert_eq!(classify("x/live_pace_2026-01-01.csv"), Class::NotImported);
        assert_eq!(classify("x/Dagelijkse SpO2.csv"), Class::Unknown);
    }

    #[test]
    fn a_header_tells_what_a_name_in_another_language_does_not() {
        let header = "\u{feff}timestamp,rmssd,nremhr,entropy";
        assert_eq!(class_of_header(header), Some(Class::Values(Family::VariabilityDaily)));
        assert_eq!(class_of_header("datum,waarde"), None);
    }

    #[test]
    fn hostile_names_are_refused() {
        for path in [
            "../steps-2026-01-01.json",
            "a/../../b.csv",
            "/etc/passwd",
            "C:\\x.csv",
            "a\\..\\b.csv",
            "a\0.csv",
            "",
        ] {
            assert!(!is_honest(path), "{path:?}");
        }
        assert!(is_honest("Takeout/Fitbit/Daily SpO2 - 2024-07-(21).csv"));
    }

    proptest! {
        #[test]
        fn any_name_has_a_class(path in "\\PC{0,60}") {
            let _ = (classify(&path), is_honest(&path), base_of(&path), class_of_header(&path));
        }
    }
}
