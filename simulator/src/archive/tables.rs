//! Google's CSV files: times in UTC, months and days cut by UTC; stamps of `daily_*` are labels of the local day.

use super::{Maker, month_of, utc};
use crate::people::{Day, FLOOR_MM, Minute, PersonDay, Zone};

impl Maker<'_> {
    /// A row of a table, with who recorded it where the recipe wants that.
    fn row(
        &mut self,
        family: &str,
        cut: Option<Day>,
        (columns, cells): (&str, &str),
        (at, source): (i64, &str),
    ) {
        let path = self.table(family, cut);
        match self.recipe.recorders {
            true => {
                let header = format!("timestamp,{columns},data source");
                self.csv(path, &header, &format!("{},{cells},{source}", utc(at)));
            }
            false => self.csv(path, &format!("timestamp,{columns}"), &format!("{},{cells}", utc(at))),
        }
    }

    pub(super) fn tables(&mut self) {
        for day in self.days() {
            let Some(known) = self.view.day(day) else { continue };
            for minute in self.view.minutes_of(&known) {
                self.minute(&known, &minute);
            }
            self.night(day, &known);
            self.daily(day);
            self.readings(day);
        }
    }

    fn minute(&mut self, known: &PersonDay, minute: &Minute) {
        let watch = self.view.person().profile.watch;
        let at = minute.start;
        let month = Some(month_of(Day::of_local(at)));
        let both = self.recipe.recorders;
        let (steps, distance) = match both {
            true if minute.worn => (minute.steps, minute.distance_mm),
            true => (0, 0),
            false => (minute.merged_steps(), minute.merged_distance_mm()),
        };
        if steps > 0 {
            self.row("steps", month, ("steps", &steps.to_string()), (at, watch));
        }
        if distance > 0 {
            let metres = format!("{:.3}", f64::from(distance) / 1000.0);
            self.row("distance", month, ("distance", &metres), (at, watch));
        }
        if both && minute.phone_steps > 0 {
            self.row("steps", month, ("steps", &minute.phone_steps.to_string()), (at, "MobileTrack"));
            let metres = format!("{:.3}", f64::from(minute.phone_distance_mm) / 1000.0);
            self.row("distance", month, ("distance", &metres), (at, "MobileTrack"));
        }
        self.row("calories", month, ("calories", &format!("{:.4}", minute.kcal)), (at, watch));
        if let Some(active) = known.active_kcal(minute) {
            self.row("active_energy_burned", month, ("Kilocalories", &format!("{active:.4}")), (at, watch));
        }
        if minute.floors > 0 {
            self.row("floors", month, ("floors", &minute.floors.to_string()), (at, watch));
            let gain = u32::from(minute.floors) * FLOOR_MM;
            self.row("altitude", month, ("gain", &gain.to_string()), (at, watch));
        }
        if let Some(zone) = minute.zone {
            let word = match (zone, both) {
                (Zone::FatBurn, true) => "FAT_BURN",
                (Zone::FatBurn, false) => "fat burn",
                (Zone::Cardio, _) => "CARDIO",
                (Zone::Peak, _) => "PEAK",
            };
            let cells = format!("{word},{}", zone.minutes());
            self.row("active_zone_minutes", month, ("heart rate zone,total minutes", &cells), (at, watch));
        }
        for sample in known.samples(minute) {
            let day = Some(Day::of_local(sample.time));
            self.row(
                "heart_rate",
                day,
                ("beats per minute", &format!("{}.0", sample.bpm)),
                (sample.time, watch),
            );
        }
    }

    fn night(&mut self, day: Day, known: &PersonDay) {
        if !self.view.night_known(day) {
            return;
        }
        let watch = self.view.person().profile.watch;
        for sample in known.variability_samples() {
            let columns =
                "root mean square of successive differences milliseconds,standard deviation milliseconds";
            let cells = format!("{},{}", sample.rmssd, sample.deviation);
            let month = Some(month_of(Day::of_local(sample.time)));
            self.row("heart_rate_variability", month, (columns, &cells), (sample.time, watch));
        }
        for (number, sample) in known.oxygen_samples().iter().enumerate() {
            let month = Some(month_of(Day::of_local(sample.time)));
            let column = "oxygen saturation percentage";
            self.row("oxygen_saturation", month, (column, &sample.percent.to_string()), (sample.time, watch));
            // What is 50 is no reading.
            if number % 7 == 0 {
                self.row("oxygen_saturation", month, (column, "50.0"), (sample.time + 1, watch));
            }
        }
    }

    fn daily(&mut self, day: Day) {
        let label = day.midnight();
        let watch = self.view.person().profile.watch;
        if let Some((bpm, _)) = self.view.resting(day) {
            let column = "beats per minute";
            self.row("daily_resting_heart_rate", None, (column, &format!("{bpm}.0")), (label, watch));
        }
        if let Some(temperature) = self.view.temperature(day) {
            let columns = "nightly temperature celsius,baseline temperature celsius,relative nightly stddev 30d celsius";
            let text = |value: Option<f64>| value.map_or_else(|| "NaN".to_owned(), |value| value.to_string());
            let cells = format!(
                "{},{},{}",
                temperature.nightly,
                text(temperature.baseline),
                text(temperature.deviation)
            );
            self.row("daily_sleep_temperature_derivations", None, (columns, &cells), (label, watch));
        }
        if let Some(fitness) = self.view.fitness(day) {
            let cell = fitness.vo2_max.to_string();
            self.row("demographic_vo2max", None, ("demographic vo2max", &cell), (label, watch));
        }
        let night =
            self.view.nightly(day, |known| (known.variability, known.oxygen_night(), known.breathing()));
        let Some((variability, oxygen, breathing)) = night else { return };
        if let Some(night) = variability {
            let columns = "average heart rate variability milliseconds,non rem heart rate beats per minute,entropy,\
                           deep sleep root mean square of successive differences milliseconds";
            let cells =
                format!("{},{},{},{}", night.rmssd, night.non_rem_bpm, night.entropy, night.deep_rmssd);
            self.row("daily_heart_rate_variability", None, (columns, &cells), (label, watch));
        }
        if let Some(night) = oxygen {
            let columns = "average percentage,lower bound percentage,upper bound percentage,baseline percentage,\
                           standard deviation percentage";
            let cells = format!("{},{},{},,{}", night.average, night.lower, night.upper, night.deviation);
            self.row("daily_oxygen_saturation", None, (columns, &cells), (label, watch));
        }
        if let Some(night) = breathing {
            let cell = night.full.to_string();
            self.row("daily_respiratory_rate", None, ("breaths per minute", &cell), (label, watch));
        }
    }

    fn readings(&mut self, day: Day) {
        for weight in self.view.weights(day) {
            self.row(
                "weight",
                None,
                ("weight grams", &weight.grams.to_string()),
                (weight.time, "Fitbit App"),
            );
            if let Some(fat) = weight.fat_percent {
                let month = Some(month_of(Day::of_local(weight.time)));
                let cell = fat.to_string();
                self.row("body_fat", month, ("body fat percentage", &cell), (weight.time, "Fitbit App"));
            }
        }
    }
}
