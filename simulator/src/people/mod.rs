//! The people whose data the simulated providers hold: recorded minutes, shifted and repeated, and what a model derives from them.

mod civil;
mod day;
mod heart;
mod noise;
mod pack;
mod roster;
mod sleep;
mod template;
mod view;

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};

pub(crate) use civil::DAY_SECONDS;
pub use civil::{Day, Segment, Timeline};
pub use day::{Minute, PersonDay, Variability, Weight};
pub use heart::{Sample, Zone};
pub(crate) use noise::hash;
pub use roster::{Profile, Sync};
pub(crate) use sleep::EPOCH;
pub use sleep::{Form, Run, Sleep, Stage};
pub use view::{SLEEP_PROCESSING, Temperature, View, Withheld, last_sync};

use template::Template;

/// Days kept ready; one takes about 90 KB.
const CACHED_DAYS: usize = 160;

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
    templates: Vec<Template>,
    basal_kcal: f64,
}

/// All people and the days that were made lately.
pub struct People {
    people: Vec<Arc<Person>>,
    days: Mutex<DayCache>,
}

#[derive(Default)]
struct DayCache {
    days: HashMap<(&'static str, Day), Arc<PersonDay>>,
    order: VecDeque<(&'static str, Day)>,
}

impl People {
    /// Unpacks the compiled-in people.
    ///
    /// # Errors
    /// The packed data and the roster do not fit together.
    pub fn load() -> Result<People, PeopleError> {
        let recorded = pack::read(include_bytes!("../../data/people.bin.gz"))?;
        let people = roster::PEOPLE
            .iter()
            .enumerate()
            .map(|(number, profile)| {
                let found = recorded.iter().find(|person| person.participant == profile.participant);
                let recorded = found.ok_or(PeopleError::Missing(profile.participant))?;
                let seed = noise::hash(0x5055_4C53_454B_4545, 1, number as i64, 0);
                let timeline = if profile.travels {
                    Timeline::travelling(profile.zone)?
                } else {
                    Timeline::at_home(profile.zone)?
                };
                Ok(Arc::new(Person {
                    profile: profile.clone(),
                    timeline,
                    seed,
                    templates: template::templates(recorded, seed),
                    basal_kcal: recorded.basal_kcal_per_minute(),
                }))
            })
            .collect::<Result<Vec<_>, PeopleError>>()?;
        Ok(People { people, days: Mutex::default() })
    }

    /// Everybody, in the order of the consent page.
    pub fn all(&self) -> &[Arc<Person>] {
        &self.people
    }

    /// A person by id, Google health user id or Fitbit id.
    pub fn find(&self, id: &str) -> Option<&Arc<Person>> {
        self.people.iter().find(|person| {
            let profile = &person.profile;
            profile.id == id || profile.google_id == id || profile.fitbit_id == id
        })
    }

    fn source<'a>(&self, person: &'a Person) -> day::Source<'a> {
        day::Source {
            profile: &person.profile,
            timeline: &person.timeline,
            templates: &person.templates,
            basal_kcal: person.basal_kcal,
            seed: person.seed,
        }
    }

    /// A whole civil day of a person, from the cache or made now.
    fn day(&self, person: &Person, day: Day) -> Arc<PersonDay> {
        let key = (person.profile.id, day);
        if let Some(known) = self.cache().days.get(&key) {
            return known.clone();
        }
        // made outside the lock: two callers may both make it, with the same result
        let made = Arc::new(self.source(person).day(day));
        let mut cache = self.cache();
        if cache.days.insert(key, made.clone()).is_none() {
            cache.order.push_back(key);
        }
        while cache.order.len() > CACHED_DAYS {
            if let Some(oldest) = cache.order.pop_front() {
                cache.days.remove(&oldest);
            }
        }
        made
    }

    fn cache(&self) -> std::sync::MutexGuard<'_, DayCache> {
        self.days.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
