//! Further people for load and endurance: names, ids, zones and habits by number, lives by the recorded days of the twelve.

use std::sync::{Mutex, PoisonError};

use super::habits::{Absence, Habit};
use super::noise;
use super::roster::{PEOPLE, PLAIN, Profile, Sync};

const FIRST: [&str; 48] = [
    "Aino", "Bram", "Chiara", "Dmitri", "Elif", "Farid", "Greta", "Hugo", "Ingrid", "Joao", "Kenji", "Lena",
    "Mateo", "Nadia", "Oscar", "Priya", "Quentin", "Rosa", "Sami", "Tomas", "Uma", "Viktor", "Wanda",
    "Xenia", "Yusuf", "Zofia", "Amara", "Benoit", "Clara", "Diego", "Eszter", "Finn", "Giulia", "Henrik",
    "Ines", "Jonas", "Katya", "Liam", "Maren", "Nils", "Olga", "Pedro", "Ruth", "Signe", "Timo", "Ursula",
    "Vera", "Willem",
];
const LAST: [&str; 43] = [
    "Abbott",
    "Bergman",
    "Costa",
    "Dahl",
    "Eriksen",
    "Fischer",
    "Garcia",
    "Hansen",
    "Ivanova",
    "Jensen",
    "Kowalski",
    "Larsen",
    "Moreau",
    "Novak",
    "Olsen",
    "Papadakis",
    "Quist",
    "Rossi",
    "Sato",
    "Tanaka",
    "Ullman",
    "Varga",
    "Weber",
    "Yilmaz",
    "Zeman",
    "Andersson",
    "Baker",
    "Conti",
    "Duarte",
    "Engel",
    "Ferrari",
    "Gruber",
    "Haas",
    "Ito",
    "Jovanovic",
    "Keller",
    "Lund",
    "Marin",
    "Nagy",
    "Okafor",
    "Petrov",
    "Ruiz",
    "Singh",
];
/// Homes: summer time of both hemispheres, none, and odd offsets.
const ZONES: [&str; 20] = [
    "Europe/Berlin",
    "America/New_York",
    "Europe/London",
    "Asia/Tokyo",
    "America/Los_Angeles",
    "Europe/Madrid",
    "Australia/Sydney",
    "Asia/Kolkata",
    "America/Chicago",
    "Europe/Helsinki",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Auckland",
    "America/St_Johns",
    "Africa/Johannesburg",
    "Europe/Lisbon",
    "Australia/Adelaide",
    "America/Denver",
    "Asia/Singapore",
    "America/Santiago",
];
const WATCHES: [&str; 5] = ["Charge 6", "Inspire 3", "Versa 4", "Sense 2", "Pixel Watch 3"];

/// Those made so far. Their texts live as long as the program, so each is made once.
static MADE: Mutex<Vec<Profile>> = Mutex::new(Vec::new());

/// The first `count` further people.
pub(crate) fn profiles(count: usize) -> Vec<Profile> {
    let mut made = MADE.lock().unwrap_or_else(PoisonError::into_inner);
    while made.len() < count {
        let number = PEOPLE.len() + made.len();
        made.push(profile(number));
    }
    made[..count].to_vec()
}

fn kept(text: String) -> &'static str {
    Box::leak(text.into_boxed_str())
}

/// 48 and 43 have no common divisor: the pairs of the first 2,064 people differ, then a numeral follows.
fn name(number: usize) -> String {
    let (first, last) = (FIRST[number % FIRST.len()], LAST[number % LAST.len()]);
    match number / (FIRST.len() * LAST.len()) {
        0 => format!("{first} {last}"),
        again => format!("{first} {last} {}", again + 1),
    }
}

/// Six characters that nobody else has: the twelve begin with a digit.
fn fitbit_id(number: usize) -> String {
    const LETTERS: &[u8; 32] = b"23456789ABCDEFGHJKLMNPQRSTUVWXYZ";
    // an odd factor makes a permutation of 25 bits
    let mixed = (number as u64 * 11_184_811) & 0x1FF_FFFF;
    let letter = |place: u64| char::from(LETTERS[(mixed >> (5 * place) & 31) as usize]);
    std::iter::once('Z').chain((0..5).map(letter)).collect()
}

/// Person `number`, counted on from the twelve.
fn profile(number: usize) -> Profile {
    let chance = |stream: u64| noise::unit(number as u64, stream, 0, 0);
    let pick = |stream: u64, count: usize| (noise::hash(number as u64, stream, 0, 0) % count as u64) as usize;
    let like = &PEOPLE[number % PEOPLE.len()];
    let irregular = |habit| Sync::Irregular(habit);
    let usual = match pick(140, 3) {
        0 => Sync::Quarterly,
        1 => irregular(Habit::Hours),
        _ => irregular(Habit::Daily),
    };
    let plain = Profile { sync: usual, ..PLAIN };
    let habits = match number % 8 {
        0 => Profile { special: "Lives plainly", sync: Sync::Quarterly, ..plain },
        1 => Profile { special: "Syncs every few hours", sync: irregular(Habit::Hours), ..plain },
        2 => Profile { special: "Syncs about once a day", sync: irregular(Habit::Daily), ..plain },
        3 => Profile {
            special: "Rarely syncs: up to seven days at once",
            sync: irregular(Habit::Rarely),
            ..plain
        },
        4 => {
            let absence =
                Absence { every: 126, days: 14 + pick(141, 11) as i32, phase: pick(142, 126) as i32 };
            Profile { special: "Loses the watch for weeks", absence: Some(absence), ..plain }
        }
        5 => Profile { special: "Travels between zones", travels: true, ..plain },
        6 => Profile {
            special: "Two devices: watch and phone both count steps",
            phone: Some("Pixel 9"),
            ..plain
        },
        _ => Profile {
            special: "Has a smart scale and a thermometer",
            scale: true,
            thermometer: true,
            ..plain
        },
    };
    Profile {
        id: kept(format!("p{:04}", number + 1)),
        name: kept(name(number)),
        participant: like.participant,
        google_id: kept(format!(
            "{}",
            1_000_000_000_000_000_000 + noise::hash(number as u64, 143, 0, 0) % 8_000_000_000_000_000_000
        )),
        fitbit_id: kept(fitbit_id(number)),
        zone: ZONES[number * 7 % ZONES.len()],
        birth_year: 1950 + pick(144, 55) as i32,
        gender: if pick(145, 2) == 0 { "FEMALE" } else { "MALE" },
        height_cm: (155.0 + 35.0 * chance(146)).round(),
        weight_kg: (52.0 + 45.0 * chance(147)).round(),
        resting_bpm: like.resting_bpm + (8.0 * chance(148)).round() - 4.0,
        rmssd_ms: (like.rmssd_ms * (0.8 + 0.4 * chance(149))).round(),
        wrist_celsius: 33.4 + chance(150),
        watch: WATCHES[pick(151, WATCHES.len())],
        ..habits
    }
}

/// How a further person lives by the recorded days.
pub(crate) struct Life {
    /// Days by which they are moved, whole weeks.
    pub(crate) shift: i32,
    /// Share of the recorded movement.
    pub(crate) share: f64,
    /// Where travellers go.
    pub(crate) journeys: (&'static str, &'static str),
    /// Days by which their journeys are moved.
    pub(crate) phase: i32,
}

/// The life of person `number`.
pub(crate) fn life(number: usize) -> Life {
    let round = number / PEOPLE.len();
    let far = ["Asia/Singapore", "America/New_York", "Europe/Paris", "Asia/Dubai"];
    let near = ["Europe/Istanbul", "America/Denver", "Asia/Kolkata"];
    Life {
        shift: 7 * (round % 4) as i32,
        share: 0.8 + 0.4 * noise::unit(number as u64, 152, 0, 0),
        journeys: (far[round % far.len()], near[round % near.len()]),
        phase: (number * 31 % 84) as i32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn three_thousand_people_differ_in_name_and_ids() {
        let all = profiles(3000);
        let count = |field: fn(&Profile) -> &'static str| {
            all.iter().chain(&PEOPLE).map(field).collect::<BTreeSet<_>>().len()
        };
        assert_eq!(count(|profile| profile.id), 3012);
        assert_eq!(count(|profile| profile.name), 3012);
        assert_eq!(count(|profile| profile.google_id), 3012);
        assert_eq!(count(|profile| profile.fitbit_id), 3012);
        assert!(all.iter().all(|profile| profile.google_id.len() == 19 && profile.fitbit_id.len() == 6));
        assert_eq!(profiles(10)[9].id, all[9].id);
    }
}
