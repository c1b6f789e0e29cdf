//! Reparse: typed data made again from stored answers, without one request. After a parser was mended, this mends what
//! it had made.
//!
//! A window of a reparse speaks of days of one endpoint, not of one request. Each of its days is read from the answer
//! that coverage names for it, or from the newest that speaks of it; days of answers that are not whole stay as they
//! are.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    catalogue::{Endpoint, endpoints_of},
    id::{LinkId, RawId, UserId},
    job::FailureCode,
    time::{DayRange, add_days, next_day},
};
use pulsekeep_provider::{Provider, has_passed};
use pulsekeep_store::{ClaimedWindow, LinkedAccount, NewJob, NewWindow, StoredAnswer, SyncWindow};

use crate::{
    JobRequest, RequestOutcome, SyncEngine, SyncError, WindowResult,
    broken::{Panicked, attempted},
    ingest::Reading,
    pages::{self, Page},
    request::check_range,
};

/// Days of one window: answers of live syncs speak of one day each, and a window for each would be many.
const WINDOW_DAYS: i64 = 30;

/// Days that are read from one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Piece {
    answer: StoredAnswer,
    days: DayRange,
}

impl SyncEngine {
    /// Writes reparse jobs, one for each linked account that has answers of these days; consent is not needed.
    ///
    /// # Errors
    /// [`SyncError::UserNotFound`]; the store's own.
    pub(crate) async fn request_reparse(&self, request: &JobRequest) -> Result<RequestOutcome, SyncError> {
        let today = self.today(request.user_id).await?;
        let days = request.days.unwrap_or(DayRange { start: add_days(today, -2), end: next_day(today) });
        if let Err(error) = check_range(days, today) {
            return Ok(RequestOutcome::Range(error));
        }
        let mut jobs = Vec::new();
        for link in self.store.links_of(request.user_id).await? {
            if request.link.is_some_and(|id| id != link.id) || self.provider(link.provider).is_none() {
                continue;
            }
            let windows = self.reparse_windows(&link, request, days).await?;
            if windows.is_empty() {
                continue;
            }
            let new = NewJob {
                user_id: link.user_id,
                link_id: link.id,
                kind: request.kind,
                priority: request.priority,
                metrics: request.metrics.clone(),
                days,
                requests_expected: 0,
                requests_at_most: 0,
                batch: request.batch,
                created_by: request.created_by,
                windows,
            };
            let mut tx = self.store.write().await?;
            jobs.push(tx.create_job(new, self.now()).await?);
            tx.commit().await?;
        }
        Ok(if jobs.is_empty() { RequestOutcome::NothingStored } else { RequestOutcome::Accepted(jobs) })
    }

    /// The days of each endpoint that some stored answer speaks of, in windows.
    async fn reparse_windows(
        &self,
        link: &LinkedAccount,
        request: &JobRequest,
        days: DayRange,
    ) -> Result<Vec<NewWindow>, SyncError> {
        let mut windows = Vec::new();
        for endpoint in endpoints_of(link.provider) {
            if !endpoint.metrics.iter().any(|metric| request.metrics.contains(metric)) {
                continue;
            }
            let answers = self.store.stored_answers(link.user_id, link.id, &[endpoint.key], days).await?;
            let known = days.days().filter(|day| answers.iter().any(|answer| answer.days.contains(*day)));
            windows.extend(in_runs(known).into_iter().map(|days| NewWindow {
                endpoint: endpoint.key,
                days,
                held: false,
            }));
        }
        Ok(windows)
    }

    /// Runs a window of a reparse, under the lease of `owner`: one answer after another, a transaction each.
    pub(crate) async fn reparse_window(
        &self,
        claimed: &ClaimedWindow,
        link: &LinkedAccount,
        endpoint: &'static Endpoint,
        owner: &str,
    ) -> Result<WindowResult, SyncError> {
        let key = claimed.window.key;
        let Some(provider) = self.provider(link.provider).cloned() else {
            return self
                .end_reparse(claimed, owner, vec![(claimed.window.days, FailureCode::Disconnected)])
                .await;
        };
        let mut left_alone = Vec::new();
        for piece in self.pieces(link, endpoint, claimed.window.days).await? {
            let reading = match self.read_stored(link.user_id, &*provider, endpoint, &piece).await? {
                Ok(reading) => reading,
                Err(code) => {
                    left_alone.push((piece.days, code));
                    continue;
                }
            };
            let tx = self.store.write().await?;
            if !tx.holds_lease(key, owner).await? {
                return Ok(WindowResult::NotClaimed);
            }
            let window = SyncWindow { days: piece.days, ..claimed.window.clone() };
            let part = ClaimedWindow { window, ..claimed.clone() };
            let mut reading = reading;
            let parsed = pages::merged(std::mem::take(&mut reading.pages))?;
            self.ingest(&tx, link, endpoint, &part, &reading, parsed).await?;
            let documents: Vec<RawId> = piece.answer.pages.iter().map(|(_, id)| *id).collect();
            tx.set_parser_version(link.user_id, &documents, provider.parser_version()).await?;
            tx.commit().await?;
        }
        self.end_reparse(claimed, owner, left_alone).await
    }

    pub(crate) async fn end_reparse(
        &self,
        claimed: &ClaimedWindow,
        owner: &str,
        left_alone: Vec<(DayRange, FailureCode)>,
    ) -> Result<WindowResult, SyncError> {
        let (key, now) = (claimed.window.key, self.now());
        let mut tx = self.store.write().await?;
        if !tx.holds_lease(key, owner).await? {
            return Ok(WindowResult::NotClaimed);
        }
        let result = match left_alone[..] {
            [(days, code)] if days == claimed.window.days => {
                tx.finish_window(key, Err(code), 0, now).await?;
                WindowResult::Failed(code)
            }
            _ => {
                for (days, code) in left_alone {
                    tx.give_up_part(key, days, code, now).await?;
                }
                tx.finish_window(key, Ok(()), 0, now).await?;
                WindowResult::Done
            }
        };
        tx.commit().await?;
        Ok(result)
    }

    /// Which answer each day is read from.
    async fn pieces(
        &self,
        link: &LinkedAccount,
        endpoint: &'static Endpoint,
        days: DayRange,
    ) -> Result<Vec<Piece>, SyncError> {
        let answers = self.store.stored_answers(link.user_id, link.id, &[endpoint.key], days).await?;
        let behind = self.documents_behind(link.user_id, link.id, endpoint, days).await?;
        Ok(pieces_of(&answers, &behind, days))
    }

    /// The document that coverage names for each day.
    async fn documents_behind(
        &self,
        user: UserId,
        link: LinkId,
        endpoint: &'static Endpoint,
        days: DayRange,
    ) -> Result<BTreeMap<Date, RawId>, SyncError> {
        let Some(stream) = self.store.merged_stream(user, link).await? else { return Ok(BTreeMap::new()) };
        let known = self.store.known_days(user, stream, &endpoint.metrics[..1], days).await?;
        let own = known.facts.iter().filter(|fact| fact.grain == endpoint.grain);
        Ok(own.filter_map(|fact| Some((fact.day, fact.raw?))).collect())
    }

    /// The pages of an answer, parsed; or why its days are left alone.
    async fn read_stored(
        &self,
        user: UserId,
        provider: &dyn Provider,
        endpoint: &'static Endpoint,
        piece: &Piece,
    ) -> Result<Result<Reading, FailureCode>, SyncError> {
        let days = piece.answer.days;
        if !piece.answer.is_gapless() {
            tracing::info!(endpoint = endpoint.key, from = %days.start, "an answer lacks a page");
            return Ok(Err(FailureCode::RawIncomplete));
        }
        let timeline = self.store.timeline(user).await?;
        let bounds: (EpochMs, EpochMs) =
            (timeline.day_bounds(piece.days.start).0, timeline.day_bounds(piece.days.last()).1);
        let mut pages: Vec<Page> = Vec::new();
        for (_, id) in &piece.answer.pages {
            let Some(body) = self.store.stored_body(user, *id).await? else {
                return Ok(Err(FailureCode::RawIncomplete));
            };
            match attempted(|| provider.parse(endpoint, &body)) {
                Ok(Ok(parsed)) => pages.push(Page::of(parsed)),
                Err(Panicked) => {
                    tracing::error!(endpoint = endpoint.key, "the parser panicked on a stored answer");
                    return Ok(Err(FailureCode::ProcessingFailed));
                }
                Ok(Err(error)) => {
                    tracing::warn!(endpoint = endpoint.key, %error, "a stored answer could not be read");
                    return Ok(Err(error.failure_code()));
                }
            }
        }
        let goes_on = pages
            .last()
            .is_none_or(|page| page.parsed.next_page.is_some() && !has_passed(endpoint, days, &page.parsed));
        if goes_on {
            tracing::info!(endpoint = endpoint.key, from = %days.start, "the last page of an answer is missing");
            return Ok(Err(FailureCode::RawIncomplete));
        }
        let first = piece.answer.pages.first().map(|(_, id)| (*id, piece.answer.fetched_at));
        Ok(Ok(Reading {
            request_key: String::new(),
            bounds,
            bodies: Vec::new(),
            is_whole: true,
            stored: first,
            pages,
        }))
    }
}

/// Days as runs without holes, of at most [`WINDOW_DAYS`], newest first.
fn in_runs(days: impl Iterator<Item = Date>) -> Vec<DayRange> {
    let mut runs: Vec<DayRange> = Vec::new();
    for day in days {
        match runs.last_mut() {
            Some(run) if run.end == day && run.len() < WINDOW_DAYS => run.end = next_day(day),
            _ => runs.push(DayRange::one(day)),
        }
    }
    runs.reverse();
    runs
}

/// Each day that an answer speaks of, with the answer that it is read from: the one that holds the document behind it,
/// else the newest (`answers` are oldest first). Neighbours with the same answer are one piece.
fn pieces_of(answers: &[StoredAnswer], behind: &BTreeMap<Date, RawId>, days: DayRange) -> Vec<Piece> {
    let mut pieces: Vec<Piece> = Vec::new();
    for day in days.days() {
        let of_day = || answers.iter().filter(|answer| answer.days.contains(day));
        let named = behind
            .get(&day)
            .and_then(|raw| of_day().find(|answer| answer.pages.iter().any(|(_, id)| id == raw)));
        let Some(answer) = named.or_else(|| of_day().next_back()) else { continue };
        match pieces.last_mut() {
            Some(piece) if piece.answer == *answer && piece.days.end == day => piece.days.end = next_day(day),
            _ => pieces.push(Piece { answer: answer.clone(), days: DayRange::one(day) }),
        }
    }
    pieces
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn answer(id: i64, from: i8, to: i8) -> StoredAnswer {
        StoredAnswer {
            endpoint: "google.sleep".to_owned(),
            days: DayRange { start: date(2026, 1, from), end: date(2026, 1, to + 1) },
            fetched_at: EpochMs(id),
            pages: vec![(0, RawId(id))],
        }
    }

    fn picked(answers: &[StoredAnswer], behind: &[(i8, i64)]) -> Vec<(i64, i8, i8)> {
        let behind = behind.iter().map(|&(day, id)| (date(2026, 1, day), RawId(id))).collect();
        let days = DayRange { start: date(2026, 1, 1), end: date(2026, 1, 11) };
        let shown =
            |piece: &Piece| (piece.answer.pages[0].1.0, piece.days.start.day(), piece.days.last().day());
        pieces_of(answers, &behind, days).iter().map(shown).collect()
    }

    #[test]
    fn a_day_is_read_from_the_answer_that_coverage_names_else_from_the_newest() {
        let answers = [answer(1, 1, 6), answer(2, 3, 3), answer(3, 5, 8)];
        assert_eq!(picked(&answers, &[]), [(1, 1, 2), (2, 3, 3), (1, 4, 4), (3, 5, 8)]);
        // Day 5 was asked again alone, with the same content: the older answer speaks of it.
        assert_eq!(picked(&answers, &[(5, 1)]), [(1, 1, 2), (2, 3, 3), (1, 4, 5), (3, 6, 8)]);
        // A document that is gone names nothing.
        assert_eq!(picked(&answers[..1], &[(5, 9)]), [(1, 1, 6)]);
    }

    #[test]
    fn windows_have_no_holes_and_are_bounded() {
        let day = |n| add_days(date(2026, 1, 1), n);
        let runs = in_runs((0..40).chain(50..52).map(day));
        assert_eq!(
            runs,
            [
                DayRange { start: day(50), end: day(52) },
                DayRange { start: day(30), end: day(40) },
                DayRange { start: day(0), end: day(30) },
            ]
        );
    }
}
