//! Habits of the people: when their devices hand over, and when they have lost their watch.

use super::Person;
use super::civil::{DAY_SECONDS, Day};
use super::noise;
use super::roster::Sync;

const SYNC: u64 = 131;

/// How often an irregular device hands over its data. An instant depends on the person alone, so that it is the same for
/// everybody who asks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Habit {
    /// About every two hours, some left out.
    Hours,
    /// About once a day, some days left out: two of them in a row at the most.
    Daily,
    /// Twice a week, a week at once at the most: what a device can store.
    Rarely,
}

impl Habit {
    /// Seconds of a slot with one sync, and one in how many is left out (0: none is).
    fn slots(self) -> (i64, u64) {
        match self {
            Habit::Hours => (2 * 3600, 4),
            Habit::Daily => (DAY_SECONDS, 5),
            Habit::Rarely => (84 * 3600, 0),
        }
    }

    /// The sync of a slot, unless it is left out; every third is not.
    fn sync_of(self, seed: u64, slot: i64) -> Option<i64> {
        let (length, left_out) = self.slots();
        let chance = noise::hash(seed, SYNC, slot, 0);
        if left_out > 0 && slot.rem_euclid(3) != 0 && (chance >> 40).is_multiple_of(left_out) {
            return None;
        }
        Some(slot * length + (chance % length as u64) as i64 / 60 * 60)
    }

    /// The last sync at or before an instant.
    fn last(self, seed: u64, now: i64) -> i64 {
        let newest = now.div_euclid(self.slots().0);
        let syncs = (0..8).filter_map(|back| self.sync_of(seed, newest - back));
        syncs.filter(|sync| *sync <= now).max().unwrap_or(now - 8 * DAY_SECONDS)
    }
}

/// Stretches of days without the watch, over and over: nothing is recorded, and nothing handed over until it is found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Absence {
    /// Days from one loss to the next.
    pub every: i32,
    /// Days that it lasts.
    pub days: i32,
    /// Days by which the pattern is moved.
    pub phase: i32,
}

impl Absence {
    /// Whether the watch is lost on a day.
    pub fn holds(self, day: Day) -> bool {
        (day.0 + self.phase).rem_euclid(self.every) < self.days
    }

    /// The first day of the loss that a day lies in.
    fn begun(self, day: Day) -> Day {
        day.plus(-(day.0 + self.phase).rem_euclid(self.every))
    }
}

/// When the device last handed over its data, epoch seconds.
pub fn last_sync(person: &Person, now: i64) -> i64 {
    let sync = regular(person, now);
    let day = person.timeline.day_at(sync);
    match person.profile.absence {
        Some(absence) if absence.holds(day) => {
            let first = absence.begun(day);
            let midnight =
                person.timeline.segments(first).first().map_or(first.midnight(), |part| part.start);
            regular(person, midnight - 60)
        }
        _ => sync,
    }
}

/// The last sync of a device that is not lost.
fn regular(person: &Person, now: i64) -> i64 {
    match person.profile.sync {
        Sync::Quarterly => {
            let phase = (person.seed % 900) as i64 / 60 * 60;
            (now - phase).div_euclid(900) * 900 + phase
        }
        Sync::ThreeDaysLate => {
            // the last local noon, three days back
            let offset = i64::from(person.timeline.offset_at(now));
            let noon = (now + offset - DAY_SECONDS / 2).div_euclid(DAY_SECONDS) * DAY_SECONDS
                + DAY_SECONDS / 2
                - offset;
            noon - 3 * DAY_SECONDS
        }
        Sync::Irregular(habit) => habit.last(person.seed, now),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn syncs_never_go_back_and_are_a_week_apart_at_the_most() {
        for (habit, longest) in
            [(Habit::Hours, 8 * 3600), (Habit::Daily, 4 * DAY_SECONDS), (Habit::Rarely, 7 * DAY_SECONDS)]
        {
            for seed in 1..20 {
                let mut before = habit.last(seed, 1_790_000_000);
                let mut apart = 0;
                for step in 1..4000 {
                    let now = 1_790_000_000 + step * 1800;
                    let last = habit.last(seed, now);
                    assert!(last <= now && last >= before && last % 60 == 0);
                    apart = apart.max(last - before);
                    before = last;
                }
                assert!(apart > 0 && apart <= longest, "{habit:?} {apart}");
            }
        }
    }

    #[test]
    fn a_loss_has_a_first_day_and_ends() {
        let absence = Absence { every: 126, days: 17, phase: 40 };
        let days: Vec<Day> = (20_000..20_126).map(Day).filter(|day| absence.holds(*day)).collect();
        assert_eq!(days.len(), 17);
        let first = days.iter().find(|day| !absence.holds(day.plus(-1))).unwrap();
        assert!(days.iter().all(|day| absence.begun(*day) == *first || absence.begun(*day).0 < first.0));
    }
}
