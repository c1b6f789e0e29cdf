//! One civil day of one person: every minute, the sleep that ends on it, and the values of its night.
//!
//! Civil day D shows the recorded day with the same weekday (28 days in a row, over and over). Every third round is as
//! recorded; in the others the day's steps, distance and energy are scaled by about ± 10 % and each minute's steps by about
//! ± 5 %, and the night is up to 12 minutes longer or shorter. Where the clock shows an hour twice, the second pass is spent sitting
//! (or asleep); where it skips an hour, the recorded hour is left out.

use std::sync::{LazyLock, OnceLock};

use super::civil::{Day, Timeline};
use super::exercise::{self, Bout};
use super::heart::{self, Heart, HeartZone, Sample, Zone};
use super::noise;
use super::pack::{DAY_MINUTES, RECORDED_DAYS};
use super::roster::Profile;
use super::sleep::{self, Plan, Sleep, Stage};
use super::template::{RecordedWeight, Template};
use super::totals::Beats;

/// One minute of a person's life.
#[derive(Clone, Copy, Debug)]
pub struct Minute {
    /// First instant, epoch seconds.
    pub start: i64,
    /// Seconds east of UTC.
    pub offset: i32,
    /// Minute of the day on the local clock, 0–1439.
    pub label: u16,
    /// Steps that the watch counted.
    pub steps: u16,
    /// Steps that the phone counted.
    pub phone_steps: u16,
    /// Recorded intensity, 0–3.
    pub intensity: u8,
    /// Distance by the watch.
    pub distance_mm: u32,
    /// Distance by the phone.
    pub phone_distance_mm: u32,
    /// Energy, basal included.
    pub kcal: f32,
    /// Floors climbed.
    pub floors: u8,
    /// Whether the watch is on the wrist.
    pub worn: bool,
    /// Heart rate at the start of the minute; 0 while there is none.
    pub heart_from: f32,
    /// Heart rate at the end of the minute.
    pub heart_to: f32,
    /// Active zone of the minute.
    pub zone: Option<Zone>,
}

impl Minute {
    /// Whether there are heart rate samples in this minute.
    pub fn has_heart(&self) -> bool {
        self.heart_to > 0.0
    }

    /// Steps of the merged stream: the watch's while it is worn, else the phone's.
    pub fn merged_steps(&self) -> u16 {
        if self.worn { self.steps } else { self.phone_steps }
    }

    /// Distance of the merged stream.
    pub fn merged_distance_mm(&self) -> u32 {
        if self.worn { self.distance_mm } else { self.phone_distance_mm }
    }

    /// The civil day that the minute belongs to.
    pub fn day(&self) -> Day {
        Day::of_local(self.start + i64::from(self.offset))
    }
}

/// A weight measurement.
#[derive(Clone, Copy, Debug)]
pub struct Weight {
    /// Epoch seconds.
    pub time: i64,
    /// Seconds east of UTC.
    pub offset: i32,
    /// Weight in grams.
    pub grams: f64,
    /// Body fat.
    pub fat_percent: Option<f64>,
    /// Typed in by hand (else from a scale).
    pub manual: bool,
}

/// Heart rate variability of a night.
#[derive(Clone, Copy, Debug)]
pub struct Variability {
    /// RMSSD over the night, ms.
    pub rmssd: f64,
    /// RMSSD in deep sleep, ms.
    pub deep_rmssd: f64,
    /// Entropy, without unit.
    pub entropy: f64,
    /// Heart rate outside REM sleep.
    pub non_rem_bpm: u32,
}

/// One civil day.
#[derive(Debug)]
pub struct PersonDay {
    /// The day.
    pub day: Day,
    /// Its minutes in the order of time: 1,440 as a rule.
    pub minutes: Vec<Minute>,
    /// Sleep that ends on this day, in the order of time.
    pub sleeps: Vec<Sleep>,
    /// Resting heart rate and whether it comes from sleep.
    pub resting: Option<(u32, bool)>,
    /// HRV of the night that ends on this day.
    pub variability: Option<Variability>,
    /// Absolute wrist temperature of that night, °C.
    pub wrist_celsius: Option<f64>,
    /// Weight logs.
    pub weights: Vec<Weight>,
    /// Basal energy of a minute.
    pub basal_kcal: f64,
    pub(crate) heart: Heart,
    pub(crate) seed: u64,
    /// Lowest rates of the moderate, vigorous and peak zones, and the maximum.
    pub(crate) zone_limits: [u32; 4],
    pub(crate) usual_resting: f64,
    pub(crate) bouts: Vec<Bout>,
    pub(crate) ran_lately: bool,
    pub(crate) routes: bool,
    pub(crate) thermometer: bool,
    beats: OnceLock<Vec<Beats>>,
}

impl PersonDay {
    /// Heart rate of each minute of this day, in their order; worked out once.
    pub fn beats(&self) -> &[Beats] {
        self.beats.get_or_init(|| {
            let of_minute = |minute: &Minute| Beats::of(self.samples(minute).map(|sample| sample.bpm));
            self.minutes.iter().map(of_minute).collect()
        })
    }

    /// The heart zone of a minute with a heart rate.
    pub fn heart_zone(&self, minute: &Minute) -> Option<HeartZone> {
        if !minute.has_heart() {
            return None;
        }
        let bpm = (minute.heart_from + minute.heart_to) / 2.0;
        let zone = self.zone_limits[..3].iter().filter(|limit| bpm >= **limit as f32).count();
        Some(HeartZone::ALL[zone])
    }

    /// Lowest and highest rate of each heart zone.
    pub fn zone_ranges(&self) -> [(u32, u32); 4] {
        self.heart.zone_ranges()
    }

    /// Energy of a minute of movement above the basal rate.
    pub fn active_kcal(&self, minute: &Minute) -> Option<f64> {
        let above = f64::from(minute.kcal) - self.basal_kcal;
        (minute.worn && minute.intensity > 0 && above > 0.0).then_some(above)
    }

    /// Heart rate samples of a minute of this day.
    pub fn samples(&self, minute: &Minute) -> impl DoubleEndedIterator<Item = Sample> + use<> {
        heart::samples(self.seed, minute)
    }
}

/// Everything that days are made from.
pub(crate) struct Source<'a> {
    pub(crate) profile: &'a Profile,
    pub(crate) timeline: &'a Timeline,
    pub(crate) templates: &'a [Template],
    pub(crate) basal_kcal: f64,
    pub(crate) seed: u64,
    /// Days by which the recorded days are moved, whole weeks.
    pub(crate) shift: i32,
    /// Share of the recorded movement; 1 for those who live as recorded.
    pub(crate) share: f64,
}

/// A day without the watch.
static UNWORN: LazyLock<Template> = LazyLock::new(Template::unworn);

const SCALE: u64 = 71;
const STEP: u64 = 72;
const NIGHT: u64 = 73;
const PHONE: u64 = 74;

impl Source<'_> {
    /// Round of the 28 days and place in it. 1969-12-31, day −1, was a Wednesday as the first recorded day.
    fn place(&self, day: Day) -> (i32, usize) {
        let number = day.0 + 1 + self.shift;
        (number.div_euclid(RECORDED_DAYS), number.rem_euclid(RECORDED_DAYS) as usize)
    }

    fn template(&self, day: Day) -> &Template {
        match self.profile.absence.is_some_and(|absence| absence.holds(day)) {
            true => &UNWORN,
            false => &self.templates[self.place(day).1],
        }
    }

    fn as_recorded(&self, day: Day) -> bool {
        self.share == 1.0 && self.place(day).0.rem_euclid(3) == 0
    }

    /// Whether the night that ends on this day has nightly values.
    pub(crate) fn has_night(&self, day: Day) -> bool {
        self.template(day).sleeps.first().is_some_and(|plan| self.varied(plan, day).asleep >= 180)
    }

    /// Wrist temperature of a night, °C.
    pub(crate) fn wrist_celsius(&self, day: Day) -> f64 {
        let value = self.profile.wrist_celsius + 0.28 * noise::wander(self.seed, 75, day.0);
        (value * 1000.0).round() / 1000.0
    }

    /// Makes the day.
    pub(crate) fn day(&self, day: Day) -> PersonDay {
        let heart = Heart::on(self.profile, self.seed, day);
        let mut minutes = self.minutes(day);
        let sleeps = self.sleeps(day);
        let tonight = self.sleeps(day.plus(1));
        let around: Vec<&Sleep> = sleeps.iter().chain(&tonight).collect();
        self.beat(&mut minutes, &around, &heart);
        let night = sleeps.iter().any(Sleep::carries_night);
        let awake_worn = minutes.iter().filter(|minute| minute.worn).count();
        let resting = match night {
            true => Some((heart.resting.round() as u32, true)),
            false if awake_worn >= 360 => Some(((heart.resting + 3.0).round() as u32, false)),
            false => None,
        };
        PersonDay {
            day,
            sleeps,
            resting,
            variability: night.then(|| self.variability(day, &heart)),
            wrist_celsius: night.then(|| self.wrist_celsius(day)),
            weights: self.weights(day, &minutes),
            minutes,
            basal_kcal: self.basal_kcal,
            zone_limits: heart.zone_limits(),
            heart,
            seed: self.seed,
            usual_resting: self.profile.resting_bpm,
            bouts: self.template(day).bouts.clone(),
            ran_lately: self.profile.records_routes()
                && exercise::ran_lately(day, |day| Some(self.template(day).bouts.as_slice())),
            routes: self.profile.records_routes(),
            thermometer: self.profile.thermometer,
            beats: OnceLock::new(),
        }
    }

    fn minutes(&self, day: Day) -> Vec<Minute> {
        let template = self.template(day);
        let scale = if self.as_recorded(day) {
            1.0
        } else {
            self.share * (1.0 + 0.1 * noise::normal(self.seed, SCALE, i64::from(day.0), 0)).clamp(0.75, 1.25)
        };
        let mut seen = vec![false; DAY_MINUTES];
        let mut minutes = Vec::with_capacity(DAY_MINUTES);
        for segment in self.timeline.segments(day) {
            let local = segment.start + i64::from(segment.offset) - day.midnight();
            for number in 0..i64::from(segment.minutes) {
                let label = (local / 60 + number) as usize;
                let again = std::mem::replace(&mut seen[label], true);
                let start = segment.start + number * 60;
                minutes.push(self.minute(
                    template,
                    label,
                    start,
                    segment.offset,
                    if again { 0.0 } else { scale },
                ));
            }
        }
        minutes
    }

    fn minute(&self, template: &Template, label: usize, start: i64, offset: i32, scale: f64) -> Minute {
        let recorded = f64::from(template.steps[label]);
        let jitter = if scale == 1.0 { 1.0 } else { 1.0 + 0.05 * noise::normal(self.seed, STEP, start, 0) };
        let worn = template.worn[label];
        let steps = if worn && recorded > 0.0 && scale > 0.0 {
            (recorded * scale * jitter).round().clamp(1.0, 230.0)
        } else {
            0.0
        };
        let phone_steps = self.phone_steps(steps, worn, label, start);
        let chance = noise::hash(self.seed, 76, start, 0);
        Minute {
            start,
            offset,
            label: label as u16,
            steps: steps as u16,
            phone_steps,
            intensity: if scale > 0.0 { template.intensity[label] } else { 0 },
            distance_mm: (steps * template.stride_mm).round() as u32,
            phone_distance_mm: (f64::from(phone_steps) * 720.0).round() as u32,
            kcal: (self.basal_kcal + scale * f64::from(template.extra_kcal[label])) as f32,
            floors: u8::from(steps >= 40.0 && chance.is_multiple_of(37)),
            worn,
            heart_from: 0.0,
            heart_to: 0.0,
            zone: None,
        }
    }

    /// The phone is carried in about two hours of three and counts a little less than the watch; while the watch is off in
    /// the daytime it alone sees the few steps of that time.
    fn phone_steps(&self, steps: f64, worn: bool, label: usize, start: i64) -> u16 {
        if self.profile.phone.is_none() {
            return 0;
        }
        let carried = !noise::hash(self.seed, PHONE, start.div_euclid(3600), 0).is_multiple_of(3);
        let chance = noise::unit(self.seed, PHONE, start, 1);
        if steps > 0.0 && carried {
            (steps * (0.86 + 0.12 * chance)).round() as u16
        } else if !worn && (480..1320).contains(&label) && chance < 0.06 {
            (20.0 + 900.0 * chance) as u16
        } else {
            0
        }
    }

    /// The plan with the round's change of length.
    fn varied(&self, plan: &Plan, day: Day) -> Plan {
        if self.as_recorded(day) || !plan.main {
            return *plan;
        }
        let change =
            (5.0 * noise::normal(self.seed, NIGHT, i64::from(day.0), 0)).round().clamp(-12.0, 12.0) as i32;
        Plan { in_bed: plan.in_bed + change, asleep: (plan.asleep + change).max(10), ..*plan }
    }

    /// Sleep that ends on a day, laid on instants: it ends when the clock first shows the planned minute.
    pub(crate) fn sleeps(&self, day: Day) -> Vec<Sleep> {
        let segments = self.timeline.segments(day);
        let mut sleeps: Vec<Sleep> = Vec::new();
        for (number, plan) in self.template(day).sleeps.iter().enumerate() {
            let plan = self.varied(plan, day);
            let Some(end) = instant_of(&segments, day, plan.wake) else { continue };
            let start = end - i64::from(plan.in_bed) * 60;
            let (form, epochs, shorts) = sleep::stages(&plan, self.seed.wrapping_add(number as u64), day.0);
            sleeps.push(Sleep {
                start,
                end,
                start_offset: self.timeline.offset_at(start),
                end_offset: self.timeline.offset_at(end),
                main: plan.main,
                form,
                epochs,
                shorts,
                id: noise::hash(self.seed, 77, i64::from(day.0), number as i64) >> 1,
            });
        }
        sleeps
    }

    /// Lays heart rate and zones on the minutes, and the watch on the wrist during sleep.
    fn beat(&self, minutes: &mut [Minute], sleeps: &[&Sleep], heart: &Heart) {
        let asleep_at = |instant: i64| {
            sleeps.iter().find_map(|sleep| Some((sleep.stage_at(instant)?, instant - sleep.start)))
        };
        let settle = |minute: &Minute, asleep: Option<(Stage, i64)>| {
            heart.target(minute, asleep.map(|(stage, _)| stage), asleep.map_or(0, |(_, since)| since))
        };
        let Some(first) = minutes.first() else { return };
        let mut current = settle(first, asleep_at(first.start));
        for minute in minutes {
            let asleep = asleep_at(minute.start);
            minute.worn |= asleep.is_some();
            let next = Heart::follow(current, settle(minute, asleep));
            if minute.worn && !heart::minute_lost(self.seed, minute.start) {
                minute.heart_from = current as f32;
                minute.heart_to = next as f32;
                minute.zone = if asleep.is_none() { heart.zone((current + next) / 2.0) } else { None };
            }
            current = next;
        }
    }

    fn variability(&self, day: Day, heart: &Heart) -> Variability {
        let strain = heart.resting - self.profile.resting_bpm;
        let share = 1.0 + 0.12 * noise::wander(self.seed, 78, day.0) - 0.03 * strain;
        let rmssd = (self.profile.rmssd_ms * share).max(8.0);
        let chance = noise::unit(self.seed, 79, i64::from(day.0), 0);
        let round = |value: f64| (value * 1000.0).round() / 1000.0;
        Variability {
            rmssd: round(rmssd),
            deep_rmssd: round(rmssd * (1.02 + 0.14 * chance)),
            entropy: round(2.3 + 0.9 * chance),
            non_rem_bpm: (heart.resting - 1.0).round() as u32,
        }
    }

    fn weights(&self, day: Day, minutes: &[Minute]) -> Vec<Weight> {
        let template = self.template(day);
        let weighs = self.profile.scale
            && !std::ptr::eq(template, &*UNWORN)
            && noise::hash(self.seed, 82, i64::from(day.0), 0).is_multiple_of(3);
        let own = RecordedWeight { kg: self.profile.weight_kg, fat_percent: None, manual: false };
        let Some(recorded) = template.weight.or(weighs.then_some(own)) else { return Vec::new() };
        let label = 390 + (noise::hash(self.seed, 80, i64::from(day.0), 0) % 120) as u16;
        let Some(minute) = minutes.iter().find(|minute| minute.label >= label) else { return Vec::new() };
        let drift = if self.as_recorded(day) { 0.0 } else { 0.3 * noise::wander(self.seed, 81, day.0) };
        vec![Weight {
            time: minute.start,
            offset: minute.offset,
            grams: ((recorded.kg + drift) * 10.0).round() * 100.0,
            fat_percent: recorded.fat_percent.or_else(|| (!recorded.manual).then(|| self.fat_percent(day))),
            manual: recorded.manual,
        }]
    }

    /// Body fat as a scale estimates it (Deurenberg 1991), moving slowly.
    fn fat_percent(&self, day: Day) -> f64 {
        let metres = self.profile.height_cm / 100.0;
        let age = f64::from(day.ymd().0 - self.profile.birth_year);
        let man = if self.profile.gender == "MALE" { 10.8 } else { 0.0 };
        let usual = 1.2 * self.profile.weight_kg / metres / metres + 0.23 * age - man - 5.4;
        ((usual + 0.4 * noise::wander(self.seed, 83, day.0)).clamp(4.0, 60.0) * 10.0).round() / 10.0
    }
}

/// The first instant at which the clock shows a minute of the day, or the next that it shows.
fn instant_of(segments: &[super::civil::Segment], day: Day, label: i32) -> Option<i64> {
    let wanted = i64::from(label) * 60;
    segments
        .iter()
        .filter_map(|segment| {
            let first = segment.start + i64::from(segment.offset) - day.midnight();
            let last = first + i64::from(segment.minutes) * 60;
            let local = wanted.max(first);
            (local <= last).then_some((local, segment.start + local - first))
        })
        .min()
        .map(|(_, instant)| instant)
}
