//! The people whose data the simulated providers hold: recorded minutes, shifted and repeated, and what a model derives from them.

mod cache;
mod civil;
mod day;
mod exercise;
mod further;
mod habits;
mod heart;
mod noise;
mod pack;
mod roster;
mod sleep;
mod template;
mod totals;
mod view;
mod vitals;

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

pub(crate) use civil::DAY_SECONDS;
pub use civil::{Day, Segment, Timeline};
pub use day::{Minute, PersonDay, Variability, Weight};
pub use exercise::{Exercise, ExerciseKind, RoutePoint, route};
pub use habits::{Absence, Habit, last_sync};
pub use heart::{HeartZone, Sample, Zone};
pub(crate) use noise::hash;
pub use roster::{Profile, Sync};
pub(crate) use sleep::EPOCH;
pub use sleep::{Form, Run, Sleep, Stage};
pub(crate) use totals::FLOOR_MM;
pub use totals::{Beats, Totals};
pub use view::{SLEEP_PROCESSING, Temperature, View, Withheld};
pub use vitals::{Breathing, CoreTemperature, Fitness, OxygenNight, OxygenSample, VariabilitySample};

use cache::Cache;
use further::Life;
use template::Template;

/// Days kept ready: a year of one person, asked for type by type. One takes about 90 KB.
const CACHED_DAYS: usize = 420;
/// Sums of days kept ready; one takes about 300 bytes.
const CACHED_SUMMARIES: usize = 40_000;

/// The compiled-in people cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum PeopleError {
    /// `data/people.bin.gz` is damaged.
    #[error("the packed people are unreadable ({0}): build again from an unchanged simulator/data")]
    Packed(&'static str),
    /// A person of the roster has no recorded minutes.
    #[error("participant {0} is not in the packed people: run the pack_people example again")]
    Missing(&'static str),
    /// A zone of the roster is not in the time zone database.
    #[error("unknown time zone: {0}")]
    Zone(#[from] jiff::Error),
}

/// One person.
#[derive(Debug)]
pub struct Person {
    /// Names, ids and body.
    pub profile: Profile,
    /// Which clock they live by.
    pub timeline: Timeline,
    pub(crate) seed: u64,
    number: u32,
    templates: Arc<Vec<Template>>,
    basal_kcal: f64,
    /// Days by which the recorded days are moved.
    shift: i32,
    /// Share of the recorded movement.
    share: f64,
}

impl Person {
    /// Place in the list of people.
    pub(crate) fn number(&self) -> u32 {
        self.number
    }

    /// Basal energy of a minute.
    pub(crate) fn basal_kcal(&self) -> f64 {
        self.basal_kcal
    }
}

/// All people and the days that were made lately.
pub struct People {
    people: Vec<Arc<Person>>,
    /// Ids of all kinds and names, in small letters.
    known: HashMap<String, usize>,
    days: Cache<Arc<PersonDay>>,
    summaries: Cache<Arc<Summary>>,
}

/// The sums of a whole day.
#[derive(Debug)]
struct Summary {
    /// The end of the day's last minute, epoch seconds.
    end: i64,
    totals: Totals,
    beats: OnceLock<Beats>,
}

fn seed_of(number: usize) -> u64 {
    noise::hash(0x5055_4C53_454B_4545, 1, number as i64, 0)
}

impl People {
    /// Unpacks the compiled-in people: the twelve.
    ///
    /// # Errors
    /// The packed data and the roster do not fit together.
    pub fn load() -> Result<People, PeopleError> {
        People::with(0)
    }

    /// The twelve and so many further people, who are made from the twelve's recorded days. Only their names cost memory.
    ///
    /// # Errors
    /// The packed data and the roster do not fit together.
    pub fn with(further: usize) -> Result<People, PeopleError> {
        let recorded = pack::read(include_bytes!("../../data/people.bin.gz"))?;
        let mut people: Vec<Arc<Person>> = Vec::with_capacity(roster::PEOPLE.len() + further);
        for (number, profile) in roster::PEOPLE.iter().enumerate() {
            let found = recorded.iter().find(|person| person.participant == profile.participant);
            let recorded = found.ok_or(PeopleError::Missing(profile.participant))?;
            let seed = seed_of(number);
            let timeline = match profile.travels {
                true => Timeline::travelling(profile.zone)?,
                false => Timeline::at_home(profile.zone)?,
            };
            people.push(Arc::new(Person {
                profile: profile.clone(),
                timeline,
                seed,
                number: number as u32,
                templates: Arc::new(template::templates(recorded, seed)),
                basal_kcal: recorded.basal_kcal_per_minute(),
                shift: 0,
                share: 1.0,
            }));
        }
        for profile in further::profiles(further) {
            let number = people.len();
            let like = people[number % roster::PEOPLE.len()].clone();
            let Life { shift, share, journeys, phase } = further::life(number);
            let timeline = match profile.travels {
                true => Timeline::wandering(profile.zone, journeys, phase)?,
                false => Timeline::at_home(profile.zone)?,
            };
            people.push(Arc::new(Person {
                timeline,
                seed: seed_of(number),
                number: number as u32,
                templates: like.templates.clone(),
                basal_kcal: like.basal_kcal * profile.weight_kg / like.profile.weight_kg,
                shift,
                share,
                profile,
            }));
        }
        let mut known = HashMap::with_capacity(people.len() * 4);
        for (number, person) in people.iter().enumerate() {
            let profile = &person.profile;
            for word in [profile.id, profile.google_id, profile.fitbit_id, profile.name] {
                known.insert(word.to_lowercase(), number);
            }
        }
        let (days, summaries) = (Cache::new(CACHED_DAYS), Cache::new(CACHED_SUMMARIES));
        Ok(People { people, known, days, summaries })
    }

    /// Everybody, in the order of the consent page.
    pub fn all(&self) -> &[Arc<Person>] {
        &self.people
    }

    /// How many people have a recording of their own; further ones come after them.
    pub(crate) fn named(&self) -> usize {
        roster::PEOPLE.len()
    }

    /// A person by id, Google health user id, Fitbit id or name.
    pub fn find(&self, id: &str) -> Option<&Arc<Person>> {
        let number = self.known.get(id).or_else(|| self.known.get(&id.trim().to_lowercase()))?;
        self.people.get(*number)
    }

    fn source<'a>(&self, person: &'a Person) -> day::Source<'a> {
        day::Source {
            profile: &person.profile,
            timeline: &person.timeline,
            templates: &person.templates,
            basal_kcal: person.basal_kcal,
            seed: person.seed,
            shift: person.shift,
            share: person.share,
        }
    }

    /// A whole civil day of a person, from the cache or made now.
    fn day(&self, person: &Person, day: Day) -> Arc<PersonDay> {
        self.days.get_or_make((person.number, day), || Arc::new(self.source(person).day(day)))
    }

    /// The sums of a whole civil day of a person.
    fn summary(&self, person: &Person, day: Day) -> Arc<Summary> {
        self.summaries.get_or_make((person.number, day), || {
            let known = self.day(person, day);
            Arc::new(Summary {
                end: known.minutes.last().map_or(i64::MIN, |minute| minute.start + 60),
                totals: Totals::of(&known, known.minutes.iter().copied()),
                beats: OnceLock::new(),
            })
        })
    }
}
