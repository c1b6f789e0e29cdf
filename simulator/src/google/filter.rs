//! Filters: the part of AIP-160 that the API takes.

use super::catalogue::{DataType, Record};
use super::error::GoogleError;
use crate::people::Day;

/// Which clock a bound is written in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClockKind {
    Physical,
    Civil,
}

/// Half-open bounds in milliseconds: of the epoch, or of the local clock since 1970-01-01T00:00.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Bounds {
    pub(crate) clock: ClockKind,
    pub(crate) from: Option<i64>,
    pub(crate) to: Option<i64>,
}

impl Bounds {
    fn hold(&self, instant_ms: i64, offset: i32) -> bool {
        let value = match self.clock {
            ClockKind::Physical => instant_ms,
            ClockKind::Civil => instant_ms + i64::from(offset) * 1000,
        };
        self.from.is_none_or(|from| value >= from) && self.to.is_none_or(|to| value < to)
    }
}

/// A filter: any of its alternatives (one, except for sleep).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Filter {
    pub(crate) alternatives: Vec<Bounds>,
}

const CIVIL_SLACK_MS: i64 = 15 * 3_600_000;

impl Filter {
    /// Whether a record at an instant (epoch seconds) with an offset passes.
    pub(crate) fn passes(&self, instant: i64, offset: i32) -> bool {
        self.alternatives.is_empty()
            || self.alternatives.iter().any(|bounds| bounds.hold(instant * 1000, offset))
    }

    /// Epoch seconds around everything that can pass.
    pub(crate) fn span(&self) -> (Option<i64>, Option<i64>) {
        let slack = |bounds: &Bounds| if bounds.clock == ClockKind::Civil { CIVIL_SLACK_MS } else { 0 };
        let seconds = |ms: i64| ms.div_euclid(1000);
        if self.alternatives.is_empty() {
            return (None, None);
        }
        let from = self.alternatives.iter().map(|b| b.from.map_or(i64::MIN, |from| from - slack(b))).min();
        let to = self.alternatives.iter().map(|b| b.to.map_or(i64::MAX, |to| to + slack(b) + 999)).max();
        (from.filter(|ms| *ms != i64::MIN).map(seconds), to.filter(|ms| *ms != i64::MAX).map(seconds))
    }

    /// Reads a filter for a data type.
    pub(crate) fn read(text: &str, data_type: DataType) -> Result<Filter, GoogleError> {
        let tokens = tokens(text)?;
        let mut alternatives = Vec::new();
        for part in tokens.split(|token| *token == Token::Or) {
            alternatives.push(conjunction(part, data_type)?);
        }
        if alternatives.len() > 1 && data_type.record() != Record::Sleep {
            return Err(refuse(
                "EXPRESSION_STRUCTURE",
                "The filter must be a conjunction or sequence of restrictions. Found: DISJUNCTION",
            ));
        }
        if alternatives.iter().any(|bounds| bounds.clock != alternatives[0].clock) {
            return Err(mixed());
        }
        Ok(Filter { alternatives })
    }
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Word(String),
    Text(String),
    Comparator(String),
    And,
    Or,
}

fn refuse(detail: &str, message: &str) -> GoogleError {
    GoogleError::invalid(&format!("INVALID_DATA_POINT_FILTER_{detail}"), message)
}

fn mixed() -> GoogleError {
    refuse("MIXED_TIME_RESTRICTIONS", "Filter cannot contain both physical and civil time ranges")
}

fn tokens(text: &str) -> Result<Vec<Token>, GoogleError> {
    let mut tokens = Vec::new();
    let mut letters = text.chars().peekable();
    while let Some(&letter) = letters.peek() {
        let mut taken = String::new();
        let mut take = |keep: &dyn Fn(char) -> bool| {
            while let Some(letter) = letters.next_if(|letter| keep(*letter)) {
                taken.push(letter);
            }
        };
        match letter {
            ' ' | '(' | ')' => {
                letters.next();
            }
            '"' => {
                letters.next();
                let mut closed = false;
                for letter in letters.by_ref() {
                    if letter == '"' {
                        closed = true;
                        break;
                    }
                    taken.push(letter);
                }
                if !closed {
                    return Err(refuse("SYNTAX", "The filter has an unterminated string."));
                }
                tokens.push(Token::Text(taken));
            }
            '<' | '>' | '=' | '!' => {
                take(&|letter| "<>=!".contains(letter));
                tokens.push(Token::Comparator(taken));
            }
            _ if letter.is_ascii_alphanumeric() || letter == '_' => {
                take(&|letter| letter.is_ascii_alphanumeric() || "_.:-+".contains(letter));
                tokens.push(match taken.as_str() {
                    "AND" => Token::And,
                    "OR" => Token::Or,
                    _ => Token::Word(taken),
                });
            }
            _ => return Err(refuse("SYNTAX", "The filter has a character that no filter has.")),
        }
    }
    Ok(tokens)
}

/// `field op value` joined by `AND` (or, as AIP-160 allows, by nothing).
fn conjunction(tokens: &[Token], data_type: DataType) -> Result<Bounds, GoogleError> {
    let mut bounds: Option<Bounds> = None;
    for part in tokens.split(|token| *token == Token::And) {
        let mut rest = part;
        if rest.is_empty() {
            return Err(refuse("MISSING_TOKEN", "The filter misses a restriction."));
        }
        while !rest.is_empty() {
            let [
                Token::Word(field),
                Token::Comparator(comparator),
                Token::Text(value) | Token::Word(value),
                after @ ..,
            ] = rest
            else {
                return Err(refuse("MISSING_TOKEN", "A restriction is a field, a comparator and a value."));
            };
            let clock = clock_of(field, data_type)?;
            let at = instant(value, clock, data_type.record() == Record::Daily)?;
            let bounds = bounds.get_or_insert(Bounds { clock, from: None, to: None });
            if bounds.clock != clock {
                return Err(mixed());
            }
            match comparator.as_str() {
                ">=" => bounds.from = Some(bounds.from.map_or(at, |from| from.max(at))),
                "<" => bounds.to = Some(bounds.to.map_or(at, |to| to.min(at))),
                other => {
                    return Err(refuse(
                        "RESTRICTION_COMPARATOR",
                        &format!("The comparator {other} is not supported. Supported: >=, <"),
                    ));
                }
            }
            rest = after;
        }
    }
    let bounds = bounds.ok_or_else(|| refuse("MISSING_TOKEN", "The filter misses a restriction."))?;
    match bounds {
        Bounds { from: Some(from), to: Some(to), .. } if from >= to => Err(GoogleError::invalid(
            "INVALID_TIME_RANGE",
            "Query end time must be strictly larger than start time",
        )),
        bounds => Ok(bounds),
    }
}

/// Which clock a field of this data type is written in.
fn clock_of(field: &str, data_type: DataType) -> Result<ClockKind, GoogleError> {
    let (type_name, member) = field.split_once('.').unwrap_or((field, ""));
    if type_name != data_type.snake() {
        return Err(refuse(
            "COLLECTION_MISMATCH",
            "Data type in filter does not match parent data type collection",
        ));
    }
    match (data_type.record(), member) {
        (Record::Interval, "interval.start_time") | (Record::Sample, "sample_time.physical_time") => {
            Ok(ClockKind::Physical)
        }
        (Record::Interval, "interval.civil_start_time") | (Record::Sample, "sample_time.civil_time") => {
            Ok(ClockKind::Civil)
        }
        (Record::Daily, "date") => Ok(ClockKind::Civil),
        (Record::Exercise, "interval.civil_start_time") => Ok(ClockKind::Civil),
        (Record::Sleep, "interval.end_time") => Ok(ClockKind::Physical),
        (Record::Sleep, "interval.civil_end_time") => Ok(ClockKind::Civil),
        _ => Err(refuse("DATA_TYPE_MEMBER", &format!("The field {field} cannot be used in a filter."))),
    }
}

fn instant(value: &str, clock: ClockKind, date_only: bool) -> Result<i64, GoogleError> {
    let parsed = match clock {
        ClockKind::Physical => value.parse::<jiff::Timestamp>().ok().map(jiff::Timestamp::as_millisecond),
        ClockKind::Civil => civil_ms(value, date_only),
    };
    parsed.ok_or_else(|| {
        GoogleError::invalid(
            "INVALID_FILTER_FORMAT",
            &format!("The value {value} has the wrong format for its field."),
        )
    })
}

/// `YYYY-MM-DD[THH:mm[:ss]]` in milliseconds of the local clock.
fn civil_ms(value: &str, date_only: bool) -> Option<i64> {
    if let Some(day) = Day::parse(value) {
        return Some(day.midnight() * 1000);
    }
    let (date, time) = value.split_once('T')?;
    if date_only || time.len() < 5 {
        return None;
    }
    let day = Day::parse(date)?;
    let time: jiff::civil::Time = time.parse().ok()?;
    let seconds = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    Some((day.midnight() + seconds) * 1000 + i64::from(time.millisecond()))
}
