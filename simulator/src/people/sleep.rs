//! Sleep: where a recorded night lies in the day, and which stages it went through.
//!
//! The source gives only the number of records, minutes asleep and minutes in bed of each night. The model
//! - lays the time in bed where the minutes around midnight move least, with movement just before and after;
//! - fills it with cycles of about 100 minutes: deep sleep early in the night, REM late;
//! - spends exactly the recorded minutes awake: falling asleep, a few long awakenings, many short ones (≤ 3 min), which lie on top
//!   of the stages as Fitbit's `shortData` and Google's `shortAwakenings` do;
//! - gives naps, nights under three hours and about one night in forty (bad coverage) the CLASSIC form.

use super::noise;

/// Length of an epoch, seconds.
pub(crate) const EPOCH: i64 = 30;

/// What the sleeper does during an epoch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// Awake, in both forms.
    Awake,
    /// Light sleep (STAGES).
    Light,
    /// Deep sleep (STAGES).
    Deep,
    /// REM sleep (STAGES).
    Rem,
    /// Asleep (CLASSIC).
    Asleep,
    /// Restless (CLASSIC).
    Restless,
}

/// Why a record has the form that it has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// Stages were found.
    Stages,
    /// A nap: no stages.
    ClassicNap,
    /// A short night: no stages.
    ClassicShort,
    /// Not enough heart rate: no stages.
    ClassicCoverage,
}

/// One sleep record.
#[derive(Clone, Debug)]
pub struct Sleep {
    /// Start and end, epoch seconds.
    pub start: i64,
    /// End, epoch seconds.
    pub end: i64,
    /// UTC offset at the start, seconds.
    pub start_offset: i32,
    /// UTC offset at the end, seconds.
    pub end_offset: i32,
    /// The main sleep of its day.
    pub main: bool,
    /// Form and reason.
    pub form: Form,
    /// The stage of each 30 seconds, short awakenings left out.
    pub epochs: Vec<Stage>,
    /// Short awakenings: first epoch and number of epochs.
    pub shorts: Vec<(usize, usize)>,
    /// An id that stays the same.
    pub id: u64,
}

/// A run of epochs in one stage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Run {
    /// The stage.
    pub stage: Stage,
    /// First epoch.
    pub first: usize,
    /// Number of epochs.
    pub epochs: usize,
}

impl Sleep {
    /// Contiguous runs in the order of time.
    pub fn runs(&self) -> Vec<Run> {
        let mut runs: Vec<Run> = Vec::new();
        for (first, stage) in self.epochs.iter().enumerate() {
            match runs.last_mut() {
                Some(run) if run.stage == *stage => run.epochs += 1,
                _ => runs.push(Run { stage: *stage, first, epochs: 1 }),
            }
        }
        runs
    }

    /// The epochs with the short awakenings laid over them.
    pub fn overlaid(&self) -> Vec<Stage> {
        let mut epochs = self.epochs.clone();
        for (first, length) in &self.shorts {
            epochs[*first..first + length].fill(Stage::Awake);
        }
        epochs
    }

    /// Whole minutes in a stage, short awakenings counted as awake.
    pub fn minutes_in(&self, stage: Stage) -> u32 {
        (self.overlaid().iter().filter(|epoch| **epoch == stage).count() / 2) as u32
    }

    /// Minutes asleep as the source recorded them.
    pub fn minutes_asleep(&self) -> u32 {
        self.minutes_in_bed() - self.minutes_awake()
    }

    /// Minutes awake or (CLASSIC) restless.
    pub fn minutes_awake(&self) -> u32 {
        let awake = |stage: &&Stage| matches!(stage, Stage::Awake | Stage::Restless);
        (self.overlaid().iter().filter(awake).count() / 2) as u32
    }

    /// Whole minutes from start to end.
    pub fn minutes_in_bed(&self) -> u32 {
        ((self.end - self.start) / 60) as u32
    }

    /// The stage at an instant, if it lies in this sleep.
    pub fn stage_at(&self, instant: i64) -> Option<Stage> {
        if instant < self.start {
            return None;
        }
        self.epochs.get(usize::try_from((instant - self.start) / EPOCH).ok()?).copied()
    }

    /// Whether nightly values exist: main sleep of three hours at least.
    pub fn carries_night(&self) -> bool {
        self.main && self.minutes_asleep() >= 180
    }
}

/// A sleep record before it is laid on instants: local minutes of the waking day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Plan {
    /// Minute of the day (local clock) of waking.
    pub(crate) wake: i32,
    pub(crate) in_bed: i32,
    pub(crate) asleep: i32,
    pub(crate) main: bool,
}

/// Places the records of a night; `movement` holds the 1,200 minutes from 18:00 of the day before to 14:00,
/// `day` the 1,440 minutes of the waking day.
pub(crate) fn plan(records: i32, asleep: i32, in_bed: i32, movement: &[u32], day: &[u32]) -> Vec<Plan> {
    const EVENING: i32 = 360;
    let nap = if records > 1 { (in_bed * 18 / 100).clamp(45, 110).min(in_bed / 2) } else { 0 };
    let awake = in_bed - asleep;
    let nap_awake = if nap > 0 { (awake * nap / in_bed).min(nap / 3) } else { 0 };
    let night = in_bed - nap;
    let wake = quietest(movement, night, EVENING + 30, 1200) - EVENING;
    let mut plans = vec![Plan { wake, in_bed: night, asleep: night - (awake - nap_awake), main: true }];
    if nap > 0 {
        let earliest = (wake + 90 + nap).max(11 * 60 + 30 + nap);
        if earliest < 19 * 60 {
            let wake = quietest(day, nap, earliest, 19 * 60);
            plans.push(Plan { wake, in_bed: nap, asleep: nap - nap_awake, main: false });
        }
    }
    plans
}

/// The end (exclusive) of the window of `length` minutes that moves least inside and most just outside.
fn quietest(movement: &[u32], length: i32, earliest_end: i32, latest_end: i32) -> i32 {
    let sums: Vec<i64> = std::iter::once(0)
        .chain(movement.iter().scan(0i64, |sum, value| {
            *sum += i64::from(*value);
            Some(*sum)
        }))
        .collect();
    let count = movement.len() as i32;
    let between = |from: i32, to: i32| {
        let at = |place: i32| sums[place.clamp(0, count) as usize];
        at(to) - at(from)
    };
    let cost = |end: i32| {
        let start = end - length;
        10 * between(start, end) - 3 * between(end, end + 20) - 3 * between(start - 20, start)
    };
    let first = earliest_end.max(length);
    (first..=latest_end.min(count)).min_by_key(|end| cost(*end)).unwrap_or(latest_end)
}

/// Fills a record with stages. Awake epochs are exactly those that are not asleep by the plan.
pub(crate) fn stages(plan: &Plan, seed: u64, day: i32) -> (Form, Vec<Stage>, Vec<(usize, usize)>) {
    let form = if !plan.main {
        Form::ClassicNap
    } else if plan.asleep < 180 {
        Form::ClassicShort
    } else if noise::hash(seed, 41, i64::from(day), 0).is_multiple_of(40) {
        Form::ClassicCoverage
    } else {
        Form::Stages
    };
    let total = plan.in_bed.max(1) as usize * 2;
    let awake = ((plan.in_bed - plan.asleep).max(0) as usize * 2).min(total);
    let draw = Draw { seed, day: i64::from(day) };
    if form != Form::Stages {
        return (form, classic(total, awake, &draw), Vec::new());
    }
    let mut epochs = cycles(total, &draw);
    let long = lay_long_awakenings(&mut epochs, awake, &draw);
    let shorts = lay_short_awakenings(&mut epochs, awake - long, &draw);
    (form, epochs, shorts)
}

/// Numbered draws of one night.
struct Draw {
    seed: u64,
    day: i64,
}

impl Draw {
    fn below(&self, stream: u64, number: usize, limit: usize) -> usize {
        (noise::hash(self.seed, stream, self.day, number as i64) % limit.max(1) as u64) as usize
    }
}

fn classic(total: usize, awake: usize, draw: &Draw) -> Vec<Stage> {
    let mut epochs = vec![Stage::Asleep; total];
    let minutes = total / 2;
    for (number, minute) in spread(minutes, awake / 2, draw).into_iter().enumerate() {
        let stage = if number % 3 == 0 { Stage::Awake } else { Stage::Restless };
        epochs[minute * 2..minute * 2 + 2].fill(stage);
    }
    epochs
}

/// `wanted` different places below `count`, spread by chance.
fn spread(count: usize, wanted: usize, draw: &Draw) -> Vec<usize> {
    let mut places: Vec<usize> = (0..count).collect();
    places.sort_by_key(|place| noise::hash(draw.seed, 43, draw.day, *place as i64));
    places.truncate(wanted);
    places.sort_unstable();
    places
}

fn cycles(total: usize, draw: &Draw) -> Vec<Stage> {
    let mut epochs = Vec::with_capacity(total);
    let mut cycle = 0usize;
    while epochs.len() < total {
        let length = 180 + draw.below(44, cycle, 40);
        let deep = length * 30usize.saturating_sub(9 * cycle) / 100;
        let rem = length * (8 + 7 * cycle).min(35) / 100;
        let light = length.saturating_sub(deep + rem);
        let first = light * (45 + draw.below(45, cycle, 20)) / 100;
        for (stage, count) in
            [(Stage::Light, first), (Stage::Deep, deep), (Stage::Light, light - first), (Stage::Rem, rem)]
        {
            epochs.extend(std::iter::repeat_n(stage, count));
        }
        cycle += 1;
    }
    epochs.truncate(total);
    epochs
}

/// Falling asleep, lying awake before getting up, and awakenings of 3.5 minutes or more. Returns the epochs spent.
fn lay_long_awakenings(epochs: &mut [Stage], awake: usize, draw: &Draw) -> usize {
    let total = epochs.len();
    let mut left = awake * 55 / 100;
    let falling = left.min(draw.below(46, 0, 20)).min(total);
    epochs[..falling].fill(Stage::Awake);
    left -= falling;
    let rising = left.min(draw.below(46, 1, 12)).min(total - falling);
    epochs[total - rising..].fill(Stage::Awake);
    left -= rising;
    let mut number = 2;
    while left >= 7 && number < 40 {
        let length = left.min(7 + draw.below(46, number, 20));
        let place = draw.below(47, number, total);
        number += 1;
        let around = place.saturating_sub(8)..(place + length + 8).min(total);
        if place + length <= total && epochs[around].iter().all(|stage| *stage != Stage::Awake) {
            epochs[place..place + length].fill(Stage::Awake);
            left -= length;
        }
    }
    epochs.iter().filter(|stage| **stage == Stage::Awake).count()
}

/// Awakenings of up to 3 minutes on top of the stages; what finds no place lengthens the rising.
fn lay_short_awakenings(epochs: &mut [Stage], awake: usize, draw: &Draw) -> Vec<(usize, usize)> {
    let total = epochs.len();
    let mut taken: Vec<bool> = epochs.iter().map(|stage| *stage == Stage::Awake).collect();
    let mut shorts = Vec::new();
    let mut left = awake;
    let mut number = 0;
    while left > 0 && number < 400 {
        let length = left.min(1 + draw.below(48, number, 6));
        let place = draw.below(49, number, total);
        number += 1;
        let around = place.saturating_sub(1)..(place + length + 1).min(total);
        if place + length <= total && taken[around].iter().all(|taken| !taken) {
            taken[place..place + length].fill(true);
            shorts.push((place, length));
            left -= length;
        }
    }
    for place in (0..total).rev() {
        if left == 0 {
            break;
        }
        if !taken[place] {
            epochs[place] = Stage::Awake;
            left -= 1;
        }
    }
    shorts.sort_unstable();
    shorts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn awake_time_is_exactly_what_was_recorded() {
        for (number, (in_bed, asleep)) in
            [(480, 441), (300, 299), (620, 420), (200, 190), (90, 85)].iter().enumerate()
        {
            let plan = Plan { wake: 420, in_bed: *in_bed, asleep: *asleep, main: true };
            let (form, epochs, shorts) = stages(&plan, 7, number as i32 + 3);
            let sleep = Sleep {
                start: 0,
                end: i64::from(*in_bed) * 60,
                start_offset: 0,
                end_offset: 0,
                main: true,
                form,
                epochs,
                shorts,
                id: 1,
            };
            assert_eq!(sleep.minutes_asleep(), *asleep as u32, "{in_bed} {asleep}");
            assert!(sleep.shorts.iter().all(|(_, length)| *length <= 6));
        }
    }

    #[test]
    fn the_night_lies_where_nothing_moves() {
        let mut movement = vec![30u32; 1200];
        movement[300..780].fill(0);
        assert_eq!(quietest(&movement, 480, 390, 1200), 780);
    }
}
