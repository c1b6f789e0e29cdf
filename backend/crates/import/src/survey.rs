//! The first reading of an archive: how much each source tells of each day. Values of days are kept, samples are counted.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use pulsekeep_core::{Metric, catalogue::Grain};

use crate::{
    archive::Archive,
    family::Family,
    lens::{Facts, Lens},
    names::Class,
    report::{FamilyFacts, Problem},
    rows::{self, Row},
};

/// A source of values: a kind of files and the recorder that they name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct Origin {
    pub(crate) family: Family,
    pub(crate) recorder: u16,
}

/// What a source tells of a day.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Stat {
    pub(crate) rows: u32,
    pub(crate) sum: f64,
}

/// Names of recorders, each once.
#[derive(Debug, Default, Clone)]
pub(crate) struct Recorders {
    names: Vec<String>,
    known: HashMap<String, u16>,
}

/// More recorders than anybody has are one.
const RECORDERS: usize = 500;

impl Recorders {
    pub(crate) fn number(&mut self, name: &str) -> u16 {
        if let Some(number) = self.known.get(name) {
            return *number;
        }
        let name = if self.names.len() < RECORDERS { name } else { "others" };
        let number = self.known.get(name).copied().unwrap_or_else(|| {
            self.names.push(name.to_owned());
            u16::try_from(self.names.len() - 1).unwrap_or(u16::MAX)
        });
        self.known.insert(name.to_owned(), number);
        number
    }

    pub(crate) fn name(&self, number: u16) -> &str {
        self.names.get(usize::from(number)).map_or("", String::as_str)
    }
}

/// What an archive holds.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) recorders: Recorders,
    /// Samples.
    pub(crate) samples: BTreeMap<(Metric, Date), Vec<(Origin, Stat)>>,
    /// Values of days.
    pub(crate) daily: BTreeMap<(Metric, Date), Vec<(Origin, f64)>>,
    /// First and last day of each entry with samples.
    pub(crate) ranges: HashMap<usize, (Date, Date)>,
    pub(crate) families: BTreeMap<String, FamilyFacts>,
    pub(crate) problems: Vec<Problem>,
    /// The most minutes that a row of the friendly zone folder gives to a high zone.
    pub(crate) high_zone_most: f64,
}

/// Counts of the sources of one file.
#[derive(Default)]
struct Counts {
    samples: HashMap<(Metric, Date, Origin), Stat>,
    daily: HashMap<(Metric, Date, Origin), f64>,
    dropped: BTreeMap<&'static str, u64>,
    first: Option<Date>,
    last: Option<Date>,
    /// The latest key, whose count is not in the map yet.
    current: Option<((Metric, Date, Origin), Stat)>,
    high_zone_most: f64,
}

impl Counts {
    fn add(&mut self, key: (Metric, Date, Origin), value: f64) {
        match &mut self.current {
            Some((known, stat)) if *known == key => {
                stat.rows += 1;
                stat.sum += value;
            }
            _ => {
                self.flush();
                let stat = self.samples.remove(&key).unwrap_or_default();
                self.current = Some((key, Stat { rows: stat.rows + 1, sum: stat.sum + value }));
            }
        }
    }

    fn flush(&mut self) {
        if let Some((key, stat)) = self.current.take() {
            self.samples.insert(key, stat);
        }
    }
}

impl Survey {
    /// Reads every file of values once. One that cannot be read to its end counts for nothing.
    pub(crate) fn of(archive: &mut Archive, facts: &Facts) -> Self {
        let mut survey = Self::default();
        for index in 0..archive.entries.len() {
            let Class::Values(family) = archive.entries[index].class else { continue };
            survey.read(archive, index, family, facts);
        }
        survey
    }

    fn read(&mut self, archive: &mut Archive, index: usize, family: Family, facts: &Facts) {
        let spec = family.spec();
        let mut counts = Counts::default();
        let mut lens = Lens::new(facts);
        let recorders = &mut self.recorders;
        let mut last_recorder = (String::new(), recorders.number(""));
        let mut each = |row: &Row<'_>| {
            if last_recorder.0 != row.source {
                last_recorder = (row.source.to_owned(), recorders.number(row.source));
            }
            let origin = Origin { family, recorder: last_recorder.1 };
            let placed = lens.place(spec, row, |placed| {
                counts.first = Some(counts.first.map_or(placed.day, |day| day.min(placed.day)));
                counts.last = counts.last.max(Some(placed.day));
                let key = (placed.metric, placed.day, origin);
                match spec.grain {
                    Grain::Day => {
                        counts.daily.insert(key, placed.value);
                    }
                    Grain::Minute | Grain::Session => counts.add(key, placed.value),
                }
            });
            if row.is_high_zone {
                counts.high_zone_most = counts.high_zone_most.max(row.values[0].unwrap_or(0.0));
            }
            if let Err(why) = placed {
                *counts.dropped.entry(why).or_default() += 1;
            }
        };
        let read = archive.with(index, |reader| rows::read(spec, reader, &mut each));
        let own = self.families.entry(spec.key.to_owned()).or_default();
        own.files += 1;
        let found = match read {
            Ok(found) => found,
            Err(why) => {
                self.problems.push(Problem { file: archive.entries[index].base.clone(), why });
                return;
            }
        };
        counts.flush();
        own.rows += found.rows;
        own.empty_files += u64::from(found.rows == 0);
        for (why, count) in found.dropped.iter().chain(&counts.dropped) {
            *own.dropped.entry((*why).to_owned()).or_default() += count;
        }
        own.first = [own.first, counts.first].into_iter().flatten().min();
        own.last = own.last.max(counts.last);
        if family == Family::ZoneMinutesFolder {
            self.high_zone_most = self.high_zone_most.max(counts.high_zone_most);
        }
        if let Some(range) = counts.first.zip(counts.last).filter(|_| spec.grain == Grain::Minute) {
            self.ranges.insert(index, range);
        }
        for ((metric, day, origin), stat) in counts.samples {
            let known = self.samples.entry((metric, day)).or_default();
            match known.iter_mut().find(|(known, _)| *known == origin) {
                // Two files may share a day.
                Some((_, sum)) => {
                    *sum = Stat { rows: sum.rows + stat.rows, sum: sum.sum + stat.sum };
                }
                None => known.push((origin, stat)),
            }
        }
        for ((metric, day, origin), value) in counts.daily {
            let known = self.daily.entry((metric, day)).or_default();
            match known.iter_mut().find(|(known, _)| *known == origin) {
                // Of two of a day, the file that comes later by its name.
                Some((_, told)) => *told = value,
                None => known.push((origin, value)),
            }
        }
    }
}
