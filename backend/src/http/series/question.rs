//! From the address to a question, or to a sentence that says what to change.

use std::{collections::HashMap, str::FromStr as _};

use http::StatusCode;
use jiff::{Timestamp, civil::Date};
use pulsekeep_core::{
    EpochMs, Metric,
    account::{Role, UnknownWord, Viewer},
    id::UserId,
    time::DayRange,
};
use pulsekeep_export::{MOST_DAYS, Resolution, SeriesQuestion};
use pulsekeep_store::{User, UserFilter, person::SampleRange};

use crate::http::{App, Problem};

/// People that are read from the database at once for `user=all`.
const PEOPLE_AT_ONCE: u64 = 500;
/// People that may be named one by one.
const MOST_NAMED: usize = 500;

/// The form of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Arrow,
    Parquet,
    Csv,
}

impl Format {
    const ALL: [(&'static str, Self); 3] =
        [("arrow", Self::Arrow), ("parquet", Self::Parquet), ("csv", Self::Csv)];

    pub(super) fn media_type(self) -> &'static str {
        match self {
            Self::Arrow => "application/vnd.apache.arrow.stream",
            Self::Parquet => "application/vnd.apache.parquet",
            Self::Csv => "text/csv; charset=utf-8; header=present",
        }
    }

    pub(super) fn extension(self) -> &'static str {
        match self {
            Self::Arrow => "arrows",
            Self::Parquet => "parquet",
            Self::Csv => "csv",
        }
    }
}

/// What was asked for, and in which form.
pub(super) struct Asked {
    pub(super) question: SeriesQuestion,
    pub(super) format: Format,
}

/// The parameters, as they are written.
#[derive(Debug, Default)]
struct Written {
    users: Vec<String>,
    metrics: Vec<String>,
    from: Option<String>,
    to: Option<String>,
    format: Option<String>,
    resolution: Option<String>,
}

const KNOWN: [&str; 6] = ["user", "metric", "from", "to", "format", "resolution"];

fn bad(text: impl Into<String>) -> Problem {
    Problem::new(StatusCode::BAD_REQUEST, "BAD_INPUT", text)
}

impl From<UnknownWord> for Problem {
    fn from(error: UnknownWord) -> Self {
        bad(error.to_string())
    }
}

/// Reads the parameters and looks people up.
///
/// # Errors
/// A problem that says which parameter to change; people who are not the viewer's to see are not found.
pub(super) async fn read(app: &App, viewer: Viewer, query: &str) -> Result<Asked, Problem> {
    let written = Written::of(query)?;
    let format = format_of(written.format.as_deref())?;
    let resolution = written.resolution.as_deref().map_or(Ok(Resolution::Raw), Resolution::from_str)?;
    let metrics = metrics_of(&written.metrics)?;
    let range = range_of(written.from.as_deref(), written.to.as_deref())?;
    let people = people_of(app, &viewer, &written.users).await?;
    let question = SeriesQuestion { viewer, people, metrics, range, resolution };
    if let (SampleRange::Instants(..), Some(metric)) = (range, question.first_daily()) {
        let reason = match resolution {
            Resolution::Day => "resolution=1d gives whole civil days".to_owned(),
            _ => format!("{metric} has one value a day"),
        };
        return Err(bad(format!("{reason}: write `from` and `to` as dates, for example 2026-11-01")));
    }
    Ok(Asked { question, format })
}

impl Written {
    fn of(query: &str) -> Result<Self, Problem> {
        let mut written = Self::default();
        for (name, value) in url::form_urlencoded::parse(query.as_bytes()) {
            let value = value.into_owned();
            let single = match &*name {
                "user" => {
                    written.users.push(value);
                    continue;
                }
                "metric" => {
                    written.metrics.push(value);
                    continue;
                }
                "from" => &mut written.from,
                "to" => &mut written.to,
                "format" => &mut written.format,
                "resolution" => &mut written.resolution,
                other => return Err(UnknownWord::new("parameter", other, KNOWN).into()),
            };
            if single.replace(value).is_some() {
                return Err(bad(format!("`{name}` stands there twice; only user and metric may repeat")));
            }
        }
        Ok(written)
    }
}

fn format_of(word: Option<&str>) -> Result<Format, Problem> {
    let Some(word) = word else { return Ok(Format::Csv) };
    let found = Format::ALL.iter().find(|(name, _)| *name == word).map(|(_, format)| *format);
    Ok(found.ok_or_else(|| UnknownWord::new("format", word, Format::ALL.iter().map(|(name, _)| *name)))?)
}

fn metrics_of(words: &[String]) -> Result<Vec<Metric>, Problem> {
    let mut metrics = Vec::new();
    for word in words {
        let metric = Metric::from_str(word)?;
        if !metrics.contains(&metric) {
            metrics.push(metric);
        }
    }
    if metrics.is_empty() {
        return Err(bad("`metric` is missing: name one or more, for example metric=steps&metric=heart_rate"));
    }
    Ok(metrics)
}

/// A date or an instant, as it was written.
enum Point {
    Day(Date),
    Instant(EpochMs),
}

fn point(name: &str, text: Option<&str>) -> Result<Point, Problem> {
    let text = text.ok_or_else(|| {
        bad(format!("`{name}` is missing: a date (2026-11-01) or an instant (2026-11-01T08:00:00Z)"))
    })?;
    // `+` in an address is a blank; an offset that was not encoded comes as one.
    let mended = text.replace(' ', "+");
    if let Ok(instant) = mended.parse::<Timestamp>() {
        return Ok(Point::Instant(instant.into()));
    }
    // A date alone: jiff would take the date of a clock reading too.
    let day = (text.len() == 10).then(|| text.parse::<Date>().ok()).flatten();
    day.map(Point::Day).ok_or_else(|| {
        bad(format!(
            "`{name}` is neither a date (2026-11-01) nor an instant with its offset (2026-11-01T08:00:00Z, or \
             2026-11-01T09:00:00%2B01:00)"
        ))
    })
}

fn range_of(from: Option<&str>, to: Option<&str>) -> Result<SampleRange, Problem> {
    let range = match (point("from", from)?, point("to", to)?) {
        (Point::Day(from), Point::Day(to)) => {
            SampleRange::Days(DayRange::inclusive(from, to).map_err(|error| bad(error.to_string()))?)
        }
        (Point::Instant(from), Point::Instant(to)) if from == to => {
            return Err(bad("the range is empty: `to` is the first instant that is left out; move it later"));
        }
        (Point::Instant(from), Point::Instant(to)) if from > to => {
            return Err(bad("the range is reversed: `from` lies after `to`; swap the two"));
        }
        (Point::Instant(from), Point::Instant(to)) => SampleRange::Instants(from, to),
        _ => return Err(bad("one of `from` and `to` is a date, the other an instant; write both alike")),
    };
    if SeriesQuestion::is_sub_second(range) {
        return Err(bad("the range is shorter than a second; ask for a second at least"));
    }
    if SeriesQuestion::span_days(range) > MOST_DAYS {
        return Err(bad(format!("the range is longer than {MOST_DAYS} days; ask for less at once")));
    }
    Ok(range)
}

async fn people_of(app: &App, viewer: &Viewer, words: &[String]) -> Result<Vec<User>, Problem> {
    if words.iter().any(|word| word == "all") {
        return everybody(app, viewer, words.len()).await;
    }
    if words.len() > MOST_NAMED {
        return Err(bad(format!("{} people are too many to name; name {MOST_NAMED}, or all", words.len())));
    }
    let not_found = |word: &str| {
        let text = format!("There is nobody called {word:?}; `user` takes a code or an id");
        Problem::new(StatusCode::NOT_FOUND, "NOT_FOUND", text)
    };
    let own: Vec<String>;
    let words = match (words, viewer.user) {
        ([], Some(user)) => {
            own = vec![user.to_string()];
            &own
        }
        (words, _) => words,
    };
    let ids: Vec<UserId> = words.iter().filter_map(|word| word.parse().ok()).collect();
    let found = app.services.store.users_named(words, &ids).await.map_err(|e| Problem::internal(&e))?;
    let mut by_word: HashMap<String, &User> = HashMap::new();
    for user in found.iter().filter(|user| viewer.may_see(user.id)) {
        by_word.insert(user.code.clone(), user);
        by_word.insert(user.id.to_string(), user);
    }
    let mut people: Vec<User> = Vec::new();
    for word in words {
        let user = *by_word.get(word).ok_or_else(|| not_found(word))?;
        if !people.iter().any(|known| known.id == user.id) {
            people.push(user.clone());
        }
    }
    Ok(people)
}

/// Everybody whom an admin (or an admin's narrowed token) may see.
async fn everybody(app: &App, viewer: &Viewer, words: usize) -> Result<Vec<User>, Problem> {
    if words > 1 {
        return Err(bad("`user=all` stands for everybody: leave the other people out"));
    }
    if viewer.role != Role::Admin {
        let text = "`user=all` is for admins; leave `user` out for your own samples";
        return Err(Problem::new(StatusCode::FORBIDDEN, "FORBIDDEN", text));
    }
    let mut people = Vec::new();
    let mut after = None;
    loop {
        let filter = UserFilter { search: None, after, limit: PEOPLE_AT_ONCE };
        let page = app.services.store.users(&filter).await.map_err(|e| Problem::internal(&e))?;
        let Some(last) = page.last() else { break };
        after = Some(last.id);
        people.extend(page.into_iter().filter(|user| viewer.may_see(user.id)));
    }
    Ok(people)
}
