//! Archives as Google Takeout and fitbit.com make them, of the same people that the providers know: for tests of importers
//! and for looking at one. Layout, clocks, units and oddities are those that were seen in real archives; no row is real.

mod friendly;
mod legacy;
mod noise;
mod pack;
mod sessions;
mod tables;

use std::collections::BTreeMap;

use crate::people::{DAY_SECONDS, Day, View};

pub use pack::{Packing, pack};

/// Under which folders an archive lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Root {
    /// `Takeout/Fitbit`, until the first half of 2026.
    Fitbit,
    /// `Takeout/Google Health`, since.
    GoogleHealth,
    /// `MyFitbitData/…/user-site-export`, made by fitbit.com.
    SiteExport,
}

/// What an archive is made like.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Recipe {
    /// Its folders.
    pub root: Root,
    /// With Google's CSV files and the tables of sleep and exercises.
    pub tables: bool,
    /// With the older JSON files.
    pub legacy: bool,
    /// With the folders of readable CSV files.
    pub friendly: bool,
    /// Tables name who recorded a row, so that watch and phone both stand in them.
    pub recorders: bool,
    /// A folder of its own for each kind of table.
    pub family_folders: bool,
    /// `-` instead of `_` before the date of a table.
    pub dashes: bool,
    /// The energy of the JSON files goes by UTC instead of the wall clock.
    pub calories_in_utc: bool,
    /// Tables begin with a byte order mark.
    pub byte_order_mark: bool,
    /// With files of other people's concern, filler and oddities.
    pub noise: bool,
}

impl Default for Recipe {
    fn default() -> Self {
        Self {
            root: Root::GoogleHealth,
            tables: true,
            legacy: true,
            friendly: true,
            recorders: true,
            family_folders: false,
            dashes: false,
            calories_in_utc: false,
            byte_order_mark: false,
            noise: true,
        }
    }
}

/// A file of an archive: its name with folders and its content.
pub type File = (String, Vec<u8>);

/// The files of an archive of a person's days, both ends included, made at the view's instant.
pub fn files(view: &View, (from, to): (Day, Day), recipe: &Recipe) -> Vec<File> {
    let mut maker = Maker { view, recipe, from, to, texts: BTreeMap::new() };
    if recipe.tables {
        maker.tables();
        maker.sessions();
    }
    if recipe.legacy {
        maker.legacy();
    }
    if recipe.friendly && recipe.root != Root::SiteExport {
        maker.friendly();
    }
    if recipe.noise {
        maker.noise();
    }
    let finished = |(path, text): (String, Text)| (path, text.finish(recipe.byte_order_mark));
    maker.texts.into_iter().map(finished).collect()
}

/// A growing file.
enum Text {
    /// A header and rows.
    Csv(String),
    /// Rows of an array.
    Json(Vec<String>),
}

impl Text {
    fn finish(self, mark: bool) -> Vec<u8> {
        match self {
            Text::Csv(text) if mark => ["\u{feff}", &text].concat().into_bytes(),
            Text::Csv(text) => text.into_bytes(),
            Text::Json(rows) => format!("[{}]", rows.join(",")).into_bytes(),
        }
    }
}

struct Maker<'v> {
    view: &'v View,
    recipe: &'v Recipe,
    from: Day,
    to: Day,
    texts: BTreeMap<String, Text>,
}

/// `2026-01-02T03:04:05Z`.
fn utc(second: i64) -> String {
    format!("{}Z", clock(second))
}

/// `2026-01-02T03:04:05` of a clock, given as seconds as if in UTC.
fn clock(second: i64) -> String {
    format!("{}T{}", Day::of_local(second), time(second))
}

fn time(second: i64) -> String {
    let second = second.rem_euclid(DAY_SECONDS);
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

/// `01/02/26 03:04:05`, month first.
fn american(second: i64) -> String {
    let (year, month, day) = Day::of_local(second).ymd();
    format!("{month:02}/{day:02}/{:02} {}", year % 100, time(second))
}

/// `+05:30`.
fn offset(seconds: i32) -> String {
    let sign = if seconds < 0 { '-' } else { '+' };
    let minutes = seconds.abs() / 60;
    format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60)
}

/// The first of a day's month.
fn month_of(day: Day) -> Day {
    let (year, month, _) = day.ymd();
    Day::from_ymd(year, month, 1).unwrap_or(day)
}

impl Maker<'_> {
    fn days(&self) -> impl Iterator<Item = Day> + use<> {
        (self.from.0..=self.to.0).map(Day)
    }

    fn root(&self) -> String {
        match self.recipe.root {
            Root::Fitbit => "Takeout/Fitbit".to_owned(),
            Root::GoogleHealth => "Takeout/Google Health".to_owned(),
            Root::SiteExport => format!("MyFitbitData/{}", self.view.person().profile.id),
        }
    }

    /// The name of a table: of a family, cut at a day or not at all.
    fn table(&self, family: &str, day: Option<Day>) -> String {
        let folder = match self.recipe.family_folders {
            true => format!("Physical Activity_GoogleData/{}", family.replace('_', " ")),
            false => "Physical Activity_GoogleData".to_owned(),
        };
        let separator = if self.recipe.dashes { '-' } else { '_' };
        match day {
            Some(day) => format!("{}/{folder}/{family}{separator}{day}.csv", self.root()),
            None => format!("{}/{folder}/{family}.csv", self.root()),
        }
    }

    fn global(&self, name: &str) -> String {
        match self.recipe.root {
            Root::SiteExport => format!("{}/user-site-export/{name}", self.root()),
            _ => format!("{}/Global Export Data/{name}", self.root()),
        }
    }

    fn csv(&mut self, path: String, header: &str, row: &str) {
        let text = self.texts.entry(path).or_insert_with(|| Text::Csv(format!("{header}\n")));
        if let Text::Csv(text) = text
            && !row.is_empty()
        {
            text.push_str(row);
            text.push('\n');
        }
    }

    fn json(&mut self, path: String, row: String) {
        if let Text::Json(rows) = self.texts.entry(path).or_insert_with(|| Text::Json(Vec::new())) {
            rows.push(row);
        }
    }
}
