//! What has been fetched of which day, and in words why something is missing.

use std::collections::BTreeMap;

use super::civil::Day;
use super::format::Format;
use super::range::Range;
use super::table::Table;
use super::words::fill;
use crate::api::enums::{CoverageState, FailureCode, MetricKey};

/// State of a day, with the code of a failure.
pub type State = (CoverageState, Option<FailureCode>);

/// Coverage of one metric by day; a day that is not there was never asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct DayCoverage {
    days: BTreeMap<Day, State>,
}

impl DayCoverage {
    /// From pairs of day and state.
    pub fn new(days: impl IntoIterator<Item = (Day, State)>) -> Self {
        Self { days: days.into_iter().collect() }
    }

    /// State of a day.
    #[must_use]
    pub fn get(&self, day: Day) -> State {
        self.days.get(&day).cloned().unwrap_or((CoverageState::Pending, None))
    }

    /// State of a day, if it was ever asked for.
    #[must_use]
    pub fn asked(&self, day: Day) -> Option<&State> {
        self.days.get(&day)
    }

    /// Whether any day of the range was ever asked for.
    #[must_use]
    pub fn was_asked(&self, range: Range) -> bool {
        self.days.range(range.from..=range.to).next().is_some()
    }

    /// Whether all days of the range are known for certain: complete, or empty and confirmed.
    #[must_use]
    pub fn is_whole(&self, range: Range) -> bool {
        let is_known =
            |day| matches!(self.get(day).0, CoverageState::Complete | CoverageState::EmptyConfirmed);
        range.from.until(range.to).all(is_known)
    }

    /// Why a day has no value, in words.
    #[must_use]
    pub fn reason(&self, day: Day, f: &Format) -> String {
        let state = self.get(day);
        match state.0 {
            // All is there, and this metric has nothing: as the provider says.
            CoverageState::Complete => f.words.coverage_empty.clone().into_owned(),
            _ => f.coverage(&state),
        }
    }
}

/// What somebody can do about a state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Next {
    Nothing,
    /// Empty is what it is, unless the device was worn.
    Wear,
    SyncDevice,
    Wait,
    Connect,
    SetUpDevice,
    Again,
    LookAtAnswer,
    OtherProvider,
    TellOperator,
    Reload,
}

/// What to do about a day in a state.
#[must_use]
pub fn next((state, code): &State) -> Next {
    use FailureCode as C;
    match (state, code) {
        (CoverageState::Complete, _) => Next::Nothing,
        (CoverageState::EmptyConfirmed, _) => Next::Wear,
        (CoverageState::Partial, None) => Next::SyncDevice,
        (CoverageState::Pending, None) => Next::Wait,
        (CoverageState::NotPermitted, _) => Next::Connect,
        (CoverageState::Other(_), _) | (_, Some(C::Other(_))) => Next::Reload,
        (_, Some(C::NeedsConsent | C::MissingScope | C::Disconnected)) => Next::Connect,
        (_, Some(C::AccountNotLinked)) => Next::SetUpDevice,
        (_, Some(C::RateLimited | C::ProviderUnreachable | C::ProviderError | C::TokenBusy)) => Next::Again,
        (_, Some(C::BadAnswer | C::RequestRefused | C::RawIncomplete | C::ProcessingFailed)) => {
            Next::LookAtAnswer
        }
        (_, Some(C::Gone)) => Next::OtherProvider,
        (CoverageState::Failed | CoverageState::Partial | CoverageState::Pending, _) => Next::TellOperator,
    }
}

/// How a cell of the strip is drawn; the stylesheet has a class and a pattern for each.
#[must_use]
pub fn class(state: &CoverageState) -> &'static str {
    match state {
        CoverageState::Complete => "complete",
        CoverageState::EmptyConfirmed => "empty",
        CoverageState::Partial => "partial",
        CoverageState::Failed => "failed",
        CoverageState::NotPermitted => "forbidden",
        CoverageState::Pending | CoverageState::Other(_) => "pending",
    }
}

/// The strip of one metric.
#[derive(Debug, Clone, PartialEq)]
pub struct Strip {
    /// The metric's name.
    pub name: String,
    /// Runs of days in the same state: first day, last day, class, words.
    pub runs: Vec<Run>,
    /// Share of the range that is known for certain: complete, or empty and confirmed.
    pub known: f64,
    /// The strip in a sentence.
    pub label: String,
}

/// Days in a row with the same state.
#[derive(Debug, Clone, PartialEq)]
pub struct Run {
    pub from: Day,
    pub to: Day,
    pub class: &'static str,
    pub words: String,
}

/// The strips of a range.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Strips {
    pub strips: Vec<Strip>,
    pub table: Table,
}

/// Without the form of skin temperature that the provider does not give: of the two, absolute and relative, the one that
/// was never asked for is left out where the other was.
#[must_use]
pub fn offered(rows: Vec<(MetricKey, DayCoverage)>) -> Vec<(MetricKey, DayCoverage)> {
    const FORMS: [MetricKey; 2] = [MetricKey::SkinTemperature, MetricKey::SkinTemperatureRelative];
    let was_asked =
        |coverage: &DayCoverage| coverage.days.values().any(|(state, _)| *state != CoverageState::Pending);
    let has_one = rows.iter().any(|(metric, coverage)| FORMS.contains(metric) && was_asked(coverage));
    let keeps = |(metric, coverage): &(MetricKey, DayCoverage)| {
        !has_one || !FORMS.contains(metric) || was_asked(coverage)
    };
    rows.into_iter().filter(keeps).collect()
}

/// Strips of all metrics, in the order given.
#[must_use]
pub fn strips(rows: &[(MetricKey, DayCoverage)], range: Range, f: &Format) -> Strips {
    let strips: Vec<Strip> =
        rows.iter().map(|(metric, coverage)| strip(metric, coverage, range, f)).collect();
    let w = &f.words;
    let head = [&w.metric, &w.days, &w.state].map(|word| word.clone().into_owned()).to_vec();
    let rows = strips.iter().flat_map(|strip| {
        strip.runs.iter().map(|run| vec![strip.name.clone(), f.days(run.from, run.to), run.words.clone()])
    });
    let table = Table { caption: f.days(range.from, range.to), head, rows: rows.collect() };
    Strips { strips, table }
}

fn strip(metric: &MetricKey, coverage: &DayCoverage, range: Range, f: &Format) -> Strip {
    let mut runs: Vec<Run> = Vec::new();
    let (mut known, mut last_state) = (0, None);
    for day in range.from.until(range.to) {
        let state = coverage.get(day);
        known += i32::from(matches!(state.0, CoverageState::Complete | CoverageState::EmptyConfirmed));
        match (&last_state, runs.last_mut()) {
            (Some(last), Some(run)) if *last == state => run.to = day,
            _ => runs.push(Run { from: day, to: day, class: class(&state.0), words: f.coverage(&state) }),
        }
        last_state = Some(state);
    }
    let known = f64::from(known) / f64::from(range.days());
    let name = f.metric(metric);
    let label = fill(&f.words.coverage_summary, &[("metric", &name), ("p", &f.share(known))]);
    Strip { name, runs, known, label }
}

impl Format {
    /// A state of coverage in words.
    #[must_use]
    pub fn coverage(&self, (state, code): &State) -> String {
        let w = &self.words;
        match state {
            CoverageState::Complete => &w.coverage_complete,
            CoverageState::EmptyConfirmed => &w.coverage_empty,
            CoverageState::Partial => &w.coverage_partial,
            CoverageState::Pending => &w.coverage_pending,
            CoverageState::NotPermitted => &w.coverage_not_permitted,
            CoverageState::Failed => {
                let reason = code
                    .as_ref()
                    .map_or_else(|| w.code_other.clone().into_owned(), |code| self.failure(code));
                return fill(&w.coverage_failed, &[("reason", &reason)]);
            }
            CoverageState::Other(_) => &w.coverage_unknown,
        }
        .clone()
        .into_owned()
    }

    /// A failure in words.
    #[must_use]
    pub fn failure(&self, code: &FailureCode) -> String {
        let w = &self.words;
        match code {
            FailureCode::RateLimited => &w.code_rate_limited,
            FailureCode::ProviderUnreachable => &w.code_provider_unreachable,
            FailureCode::ProviderError => &w.code_provider_error,
            FailureCode::BadAnswer => &w.code_bad_answer,
            FailureCode::NeedsConsent => &w.code_needs_consent,
            FailureCode::MissingScope => &w.code_missing_scope,
            FailureCode::AccountNotLinked => &w.code_account_not_linked,
            FailureCode::RequestRefused => &w.code_request_refused,
            FailureCode::Gone => &w.code_gone,
            FailureCode::Disconnected => &w.code_disconnected,
            FailureCode::TokenBusy => &w.code_token_busy,
            FailureCode::RawIncomplete => &w.code_raw_incomplete,
            FailureCode::Internal => &w.code_internal,
            FailureCode::ProcessingFailed => &w.code_processing_failed,
            FailureCode::Other(_) => &w.code_other,
        }
        .clone()
        .into_owned()
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::format;
    use super::*;

    const TO: Day = Day(20_778);

    #[test]
    fn days_in_the_same_state_are_one_run_and_unasked_days_are_pending() {
        let complete = (CoverageState::Complete, None);
        let failed = (CoverageState::Failed, Some(FailureCode::RateLimited));
        let days = [(TO.plus(-3), complete.clone()), (TO.plus(-2), complete), (TO, failed)];
        let all = strips(&[(MetricKey::Steps, DayCoverage::new(days))], Range::last(4, TO), &format());
        let strip = &all.strips[0];
        let classes: Vec<&str> = strip.runs.iter().map(|run| run.class).collect();
        assert_eq!(classes, ["complete", "pending", "failed"]);
        assert_eq!(strip.known, 0.5);
        assert_eq!(all.table.rows.len(), 3);
        assert!(strip.runs[2].words.contains("limit"), "{}", strip.runs[2].words);
    }

    #[test]
    fn the_form_of_temperature_that_the_provider_lacks_is_left_out() {
        let asked = |state| DayCoverage::new([(TO, (state, None))]);
        let rows = |absolute, relative| {
            let rows = vec![
                (MetricKey::Steps, asked(CoverageState::Pending)),
                (MetricKey::SkinTemperature, asked(absolute)),
                (MetricKey::SkinTemperatureRelative, asked(relative)),
            ];
            offered(rows).into_iter().map(|(metric, _)| metric).collect::<Vec<_>>()
        };
        let absolute = rows(CoverageState::Complete, CoverageState::Pending);
        assert_eq!(absolute, [MetricKey::Steps, MetricKey::SkinTemperature]);
        let relative = rows(CoverageState::Pending, CoverageState::Failed);
        assert_eq!(relative, [MetricKey::Steps, MetricKey::SkinTemperatureRelative]);
        assert_eq!(
            rows(CoverageState::Pending, CoverageState::Pending).len(),
            3,
            "nothing is known of either"
        );
    }

    #[test]
    fn each_state_says_what_to_do() {
        let after = |state, code| next(&(state, code));
        assert_eq!(after(CoverageState::Complete, None), Next::Nothing);
        assert_eq!(after(CoverageState::Partial, None), Next::SyncDevice);
        assert_eq!(after(CoverageState::NotPermitted, None), Next::Connect);
        assert_eq!(after(CoverageState::Failed, None), Next::TellOperator);
        let known = FailureCode::KNOWN.iter().map(|code| FailureCode::from(*code));
        for code in known {
            assert!(!matches!(after(CoverageState::Failed, Some(code)), Next::Nothing | Next::Reload));
        }
        assert_eq!(after(CoverageState::Failed, Some(FailureCode::from("STRIKE"))), Next::Reload);
        assert_eq!(after(CoverageState::from("WITHDRAWN"), None), Next::Reload);
    }

    #[test]
    fn a_range_is_whole_when_nothing_in_it_is_open() {
        let days = |states: &[CoverageState]| {
            let day = |(i, state): (usize, &CoverageState)| (TO.plus(-(i as i32)), (state.clone(), None));
            DayCoverage::new(states.iter().enumerate().map(day))
        };
        let range = Range::last(2, TO);
        assert!(days(&[CoverageState::Complete, CoverageState::EmptyConfirmed]).is_whole(range));
        assert!(!days(&[CoverageState::Complete]).is_whole(range), "the other day was never asked for");
        assert!(!days(&[CoverageState::Complete, CoverageState::NotPermitted]).is_whole(range));
    }

    #[test]
    fn a_complete_day_without_a_value_is_empty_at_the_provider() {
        let coverage = DayCoverage::new([(TO, (CoverageState::Complete, None))]);
        assert_eq!(coverage.reason(TO, &format()), format().words.coverage_empty);
    }
}
