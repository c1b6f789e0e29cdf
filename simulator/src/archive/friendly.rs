//! The folders for people: readable names, wall clocks, a file for a night or a day.

use super::{Maker, clock, month_of, utc};
use crate::people::{Day, PersonDay, Zone};

impl Maker<'_> {
    fn readable(&self, folder: &str, name: &str) -> String {
        format!("{}/{folder}/{name}.csv", self.root())
    }

    pub(super) fn friendly(&mut self) {
        for day in self.days() {
            let Some(known) = self.view.day(day) else { continue };
            self.zone_rows(day, &known);
            if self.view.night_known(day) {
                self.night_files(day, &known);
            }
        }
    }

    fn zone_rows(&mut self, day: Day, known: &PersonDay) {
        for minute in self.view.minutes_of(known) {
            let Some(zone) = minute.zone else { continue };
            let word = match zone {
                Zone::FatBurn => "FAT_BURN",
                Zone::Cardio => "CARDIO",
                Zone::Peak => "PEAK",
            };
            let local = clock(minute.start + i64::from(minute.offset));
            let name = format!("Active Zone Minutes - {}", month_of(day));
            let path = self.readable("Active Zone Minutes (AZM)", &name);
            // One a minute, whatever the zone.
            self.csv(path, "date_time,heart_zone_id,total_minutes", &format!("{},{word},1", &local[..16]));
        }
    }

    fn night_files(&mut self, day: Day, known: &PersonDay) {
        let (year, month, of_month) = day.ymd();
        let local = |at: i64| clock(at + i64::from(self.view.person().timeline.offset_at(at)));
        let variability = "Heart Rate Variability";
        if let Some(night) = known.variability {
            let name = format!("Daily Heart Rate Variability Summary - {year}-{month:02}-({of_month})");
            let row = format!("{day}T00:00:00,{},{},{}", night.rmssd, night.non_rem_bpm, night.entropy);
            self.csv(self.readable(variability, &name), "timestamp,rmssd,nremhr,entropy", &row);
        }
        for sample in known.variability_samples() {
            let name = format!("Heart Rate Variability Details - {day}");
            let header = "timestamp,rmssd,coverage,low_frequency,high_frequency";
            let at = local(sample.time);
            let row = format!("{at},{},{},{},{}", sample.rmssd, sample.coverage, sample.low, sample.high);
            self.csv(self.readable(variability, &name), header, &row);
        }
        if let Some(night) = known.breathing() {
            let name = format!("Daily Respiratory Rate Summary - {day}");
            let row = format!("{day}T00:00:00,{}", night.full);
            self.csv(self.readable(variability, &name), "timestamp,daily_respiratory_rate", &row);
        }
        let oxygen = "Oxygen Saturation (SpO2)";
        for (number, sample) in known.oxygen_samples().iter().enumerate() {
            let path = self.readable(oxygen, &format!("Minute SpO2 - {day}"));
            let value = if number % 7 == 3 { 50.0 } else { sample.percent };
            self.csv(path, "timestamp,value", &format!("{},{value}", utc(sample.time)));
        }
        if let Some(night) = known.oxygen_night() {
            let name = format!("Daily SpO2 - {}-{}", self.from, self.to);
            let row = format!("{}Z,{},{},{}", clock(day.midnight()), night.average, night.lower, night.upper);
            self.csv(self.readable(oxygen, &name), "timestamp,average_value,lower_bound,upper_bound", &row);
        }
        let Some((temperature, night)) = self.view.temperature(day).zip(known.night()) else { return };
        let count = 400.0;
        let sum = temperature.baseline.map(|baseline| (temperature.nightly - baseline) * count);
        let sum = sum.map_or_else(|| "NaN".to_owned(), |sum| sum.to_string());
        let row = format!(
            "SKIN,{},{},{count},{},{sum}",
            &local(night.start)[..16],
            &local(night.end)[..16],
            temperature.nightly
        );
        let header =
            "type,sleep_start,sleep_end,temperature_samples,nightly_temperature,baseline_relative_sample_sum";
        let name = format!("Computed Temperature - {}", month_of(day));
        self.csv(self.readable("Temperature", &name), header, &row);
    }
}
