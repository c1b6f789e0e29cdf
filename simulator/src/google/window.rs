//! What a window of a roll-up holds, and how it is written.

use super::catalogue::DataType;
use super::json::Json;
use super::points::heart_zone_name;
use super::records::Family;
use crate::people::{Beats, Day, FLOOR_MM, HeartZone, PersonDay, Totals, View, Zone};
use crate::switches::{Switches, TrueZero};

/// Readings of a window: how many, their sum and extremes.
#[derive(Clone, Copy, Debug, Default)]
struct Readings {
    count: u32,
    sum: f64,
    min: f64,
    max: f64,
}

impl Readings {
    fn add(&mut self, value: f64) {
        (self.min, self.max) =
            if self.count == 0 { (value, value) } else { (self.min.min(value), self.max.max(value)) };
        self.count += 1;
        self.sum += value;
    }

    fn mean(&self) -> f64 {
        self.sum / f64::from(self.count.max(1))
    }
}

/// One window.
#[derive(Clone, Debug, Default)]
pub(crate) struct Bucket {
    totals: Totals,
    beats: Beats,
    readings: Readings,
}

/// What both roll-ups need.
pub(crate) struct Rolling<'a> {
    pub(crate) view: &'a View,
    pub(crate) data_type: DataType,
    pub(crate) family: Family,
    pub(crate) switches: &'a Switches,
}

impl Rolling<'_> {
    fn is_reading(&self) -> bool {
        matches!(self.data_type, DataType::Weight | DataType::BodyFat | DataType::CoreBodyTemperature)
    }

    /// Instants and values of the readings of a day. None is a wearable's.
    fn readings(&self, day: Day) -> Vec<(i64, f64)> {
        if matches!(self.family, Family::Wearables | Family::SelfSources) {
            return Vec::new();
        }
        match self.data_type {
            DataType::Weight => {
                self.view.weights(day).iter().map(|weight| (weight.time, weight.grams)).collect()
            }
            DataType::BodyFat => {
                let weights = self.view.weights(day);
                weights.iter().filter_map(|weight| Some((weight.time, weight.fat_percent?))).collect()
            }
            _ => {
                let reading = self.view.core_temperature(day);
                reading.map(|reading| (reading.time, reading.celsius)).into_iter().collect()
            }
        }
    }

    /// Fills windows of so many seconds, the first of which begins at `from`.
    pub(crate) fn fill(&self, from: i64, to: i64, window: i64, buckets: &mut [Bucket]) {
        if self.family == Family::SelfSources {
            return;
        }
        let place =
            |instant: i64| (from..to).contains(&instant).then(|| ((instant - from) / window) as usize);
        let mut day = Day::of_local(from - 15 * 3600);
        while day.midnight() <= to + 15 * 3600 {
            if self.is_reading() {
                for (time, value) in self.readings(day) {
                    if let Some(place) = place(time) {
                        buckets[place].readings.add(value);
                    }
                }
            } else if let Some(known) = self.view.day(day) {
                self.fill_minutes(&known, (from, to), place, buckets);
            }
            day = day.plus(1);
        }
    }

    fn fill_minutes(
        &self,
        day: &PersonDay,
        (from, to): (i64, i64),
        place: impl Fn(i64) -> Option<usize>,
        buckets: &mut [Bucket],
    ) {
        let count = self.view.minutes_of(day).count();
        let minutes = &day.minutes[..count];
        // a sample lies up to a minute after its minute's start
        let first = minutes.partition_point(|minute| minute.start <= from - 60);
        let last = minutes.partition_point(|minute| minute.start < to).max(first);
        for (number, minute) in minutes.iter().enumerate().take(last).skip(first) {
            if self.data_type != DataType::HeartRate {
                if let Some(place) = place(minute.start) {
                    buckets[place].totals.add(day, minute);
                }
                continue;
            }
            match (place(minute.start), place(minute.start + 59)) {
                (Some(place), Some(other)) if place == other => {
                    let bucket = &mut buckets[place];
                    bucket.beats = bucket.beats.and(day.beats()[number]);
                }
                _ => {
                    for sample in day.samples(minute) {
                        if let Some(place) = place(sample.time) {
                            let bucket = &mut buckets[place];
                            bucket.beats = bucket.beats.and(Beats::one(sample.bpm));
                        }
                    }
                }
            }
        }
    }

    /// The window of some civil days, the last excluded.
    pub(crate) fn of_days(&self, from: Day, to: Day) -> Bucket {
        let mut bucket = Bucket::default();
        if self.family == Family::SelfSources {
            return bucket;
        }
        for day in (from.0..to.0).map(Day) {
            if self.is_reading() {
                for (_, value) in self.readings(day) {
                    bucket.readings.add(value);
                }
            } else if self.data_type == DataType::HeartRate {
                bucket.beats = bucket.beats.and(self.view.beats(day));
            } else if let Some(totals) = self.view.totals(day) {
                bucket.totals.merge(&totals);
            }
        }
        bucket
    }

    fn steps(&self, totals: &Totals) -> u64 {
        if self.family == Family::Wearables { totals.steps_watch } else { totals.steps }
    }

    fn has_value(&self, bucket: &Bucket) -> bool {
        use DataType as T;
        let totals = &bucket.totals;
        match self.data_type {
            T::Steps | T::Distance => {
                let zero_shown = self.switches.google_true_zero != TrueZero::Absent;
                self.steps(totals) > 0 || (zero_shown && totals.worn > 0)
            }
            T::Floors | T::Altitude => totals.floors > 0,
            T::ActiveEnergyBurned => totals.active_kcal > 0.0,
            T::TotalCalories => totals.minutes > 0,
            T::ActiveZoneMinutes => totals.active_zone_minutes() > 0,
            T::ActiveMinutes => totals.levels[1..].iter().any(|minutes| *minutes > 0),
            T::ActivityLevel => totals.worn > 0,
            T::SedentaryPeriod => totals.levels[0] > 0,
            T::TimeInHeartRateZone | T::CaloriesInHeartRateZone => {
                totals.heart_zones.iter().any(|minutes| *minutes > 0)
            }
            T::HeartRate => bucket.beats.count > 0,
            _ => bucket.readings.count > 0,
        }
    }

    /// Whether a window is told at all.
    pub(crate) fn is_shown(&self, bucket: &Bucket) -> bool {
        self.has_value(bucket) || self.switches.google_empty_windows_present
    }

    /// Writes the union member of a window, after a comma; nothing for an empty window.
    pub(crate) fn write(&self, json: &mut Json, bucket: &Bucket) {
        use DataType as T;
        if !self.has_value(bucket) {
            return;
        }
        let (totals, readings) = (&bucket.totals, &bucket.readings);
        match self.data_type {
            T::Steps => {
                json.raw(",\"steps\":{\"countSum\":").int64(self.steps(totals) as i64);
            }
            T::Distance => {
                let watch = self.family == Family::Wearables;
                let mm = if watch { totals.distance_watch_mm } else { totals.distance_mm };
                json.raw(",\"distance\":{\"millimetersSum\":").int64(mm as i64);
            }
            T::Floors => {
                json.raw(",\"floors\":{\"countSum\":").int64(totals.floors.into());
            }
            T::Altitude => {
                json.raw(",\"altitude\":{\"gainMillimetersSum\":").int64((totals.floors * FLOOR_MM).into());
            }
            T::ActiveEnergyBurned => {
                json.raw(",\"activeEnergyBurned\":{\"kcalSum\":").double(totals.active_kcal);
            }
            T::TotalCalories => {
                json.raw(",\"totalCalories\":{\"kcalSum\":").double(totals.kcal);
            }
            T::ActiveZoneMinutes => {
                json.raw(",\"activeZoneMinutes\":{\"sumInFatBurnHeartZone\":");
                json.int64(totals.of_zone(Zone::FatBurn).into()).raw(",\"sumInCardioHeartZone\":");
                json.int64(totals.of_zone(Zone::Cardio).into()).raw(",\"sumInPeakHeartZone\":");
                json.int64(totals.of_zone(Zone::Peak).into());
            }
            T::ActiveMinutes => {
                json.raw(",\"activeMinutes\":{\"activeMinutesRollupByActivityLevel\":");
                let names = ["LIGHT", "MODERATE", "VIGOROUS"];
                list(json, names.iter().zip(&totals.levels[1..]), |json, name, minutes| {
                    json.raw("{\"activityLevel\":\"")
                        .raw(name)
                        .raw("\",\"activeMinutesSum\":")
                        .int64(minutes);
                });
            }
            T::ActivityLevel => {
                json.raw(",\"activityLevel\":{\"activityLevelRollupsByActivityLevelType\":");
                let names = ["SEDENTARY", "LIGHTLY_ACTIVE", "MODERATELY_ACTIVE", "VERY_ACTIVE"];
                list(json, names.iter().zip(&totals.levels), |json, name, minutes| {
                    json.raw("{\"activityLevelType\":\"").raw(name).raw("\",\"totalDuration\":");
                    json.seconds(minutes * 60);
                });
            }
            T::SedentaryPeriod => {
                json.raw(",\"sedentaryPeriod\":{\"durationSum\":").seconds(i64::from(totals.levels[0]) * 60);
            }
            T::TimeInHeartRateZone => {
                json.raw(",\"timeInHeartRateZone\":{\"timeInHeartRateZones\":");
                let names = HeartZone::ALL.map(heart_zone_name);
                list(json, names.iter().zip(&totals.heart_zones), |json, name, minutes| {
                    json.raw("{\"heartRateZone\":\"").raw(name).raw("\",\"duration\":").seconds(minutes * 60);
                });
            }
            T::CaloriesInHeartRateZone => {
                json.raw(",\"caloriesInHeartRateZone\":{\"caloriesInHeartRateZones\":");
                let zones = HeartZone::ALL.into_iter().filter(|zone| totals.in_heart_zone(*zone) > 0);
                for (number, zone) in zones.enumerate() {
                    json.raw(if number > 0 { "," } else { "[" });
                    json.raw("{\"heartRateZone\":\"").raw(heart_zone_name(zone)).raw("\",\"kcal\":");
                    json.double(totals.heart_zone_kcal[zone as usize]).raw("}");
                }
                json.raw("]");
            }
            T::HeartRate => {
                let beats = &bucket.beats;
                json.raw(",\"heartRate\":{\"beatsPerMinuteMin\":").int(beats.min.into());
                json.raw(",\"beatsPerMinuteAvg\":").double(beats.mean().unwrap_or_default());
                json.raw(",\"beatsPerMinuteMax\":").int(beats.max.into());
            }
            T::Weight => {
                json.raw(",\"weight\":{\"weightGramsAvg\":").double(readings.mean());
            }
            T::BodyFat => {
                json.raw(",\"bodyFat\":{\"bodyFatPercentageAvg\":").double(readings.mean());
            }
            _ => {
                json.raw(",\"coreBodyTemperature\":{\"temperatureCelsiusAvg\":").double(readings.mean());
                json.raw(",\"temperatureCelsiusMin\":").double(readings.min);
                json.raw(",\"temperatureCelsiusMax\":").double(readings.max);
            }
        }
        json.raw("}");
    }
}

/// An array of an object for each name with minutes; `write` leaves the closing brace out.
fn list<'a>(
    json: &mut Json,
    parts: impl Iterator<Item = (&'a &'static str, &'a u32)>,
    write: impl Fn(&mut Json, &str, i64),
) {
    json.raw("[");
    for (number, (name, minutes)) in parts.filter(|(_, minutes)| **minutes > 0).enumerate() {
        json.raw(if number > 0 { "," } else { "" });
        write(json, name, i64::from(*minutes));
        json.raw("}");
    }
    json.raw("]");
}
