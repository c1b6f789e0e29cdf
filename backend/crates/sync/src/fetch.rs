//! Reading a window: page by page, packed and parsed as they come, each kept until the window is whole.

use std::sync::Arc;

use jiff::civil::Date;
use pulsekeep_core::{EpochMs, account::ConsentReason, catalogue::Endpoint, job::FailureCode};
use pulsekeep_provider::{FetchFailure, FetchRequest, ParseError, Provider, has_passed};
use pulsekeep_store::{PageToKeep, ingest::PackedBody};
use secrecy::SecretString;

use crate::{
    Asked, SyncError,
    access::Access,
    broken::{Panicked, attempted},
    ingest::Reading,
    moved::names_instants,
    pages::Page,
    run::{Reach, Run, Stop},
};

/// A refresh by another process takes about a second; who has it wakes those who wait.
const REFRESH_WAIT_MS: i64 = 1_500;
/// More pages than any window can have: a provider that never ends its pages is an error, not a loop.
const MAX_PAGES: usize = 500;
/// Bodies from here on are parsed and packed beside the other work of this process.
const LARGE: usize = 256 << 10;
/// Bodies from here on are held by a few windows at a time.
const HUGE: usize = 1 << 20;

/// The access token in use.
struct Pass {
    token: SecretString,
    generation: i64,
    /// Whether the account's previous refresh token is still kept.
    has_previous: bool,
}

impl Run<'_> {
    /// Everything that is fetched for the window, parsed. Nothing is written but the budget, and pages of a window that
    /// has more of them.
    pub(crate) async fn read(&mut self) -> Result<Result<Reading, Stop>, SyncError> {
        let engine = self.engine;
        if !self.link.state.may_fetch() {
            return Ok(Err(Stop::GiveUp(FailureCode::NeedsConsent)));
        }
        let Some(provider) = engine.provider(self.link.provider).cloned() else {
            return Ok(Err(Stop::GiveUp(FailureCode::Disconnected)));
        };
        let mut pass = match self.pass(None).await? {
            Ok(pass) => pass,
            Err(stop) => return Ok(Err(stop)),
        };
        engine.ask_devices(&self.link, self.owner).await?;
        let bounds = self.bounds().await?;
        let days = self.claimed.window.days;
        let last = self.last_date().await?;
        let mut request = FetchRequest { endpoint: self.endpoint, days, last, bounds, page: None };
        let request_key = request.key();
        let mut reading = Reading {
            request_key,
            bounds,
            bodies: Vec::new(),
            is_whole: false,
            stored: None,
            pages: Vec::new(),
        };
        request.page = self.resume(&provider, &mut reading).await?;
        let (mut renewed, mut restarted) = (false, false);
        while reading.pages.len() < MAX_PAGES {
            // A window whose last page was large has large pages; the permit goes with the page as received.
            let is_huge = reading.bodies.last().is_some_and(|body| body.bytes >= HUGE);
            let _room = if is_huge { engine.room.acquire().await.ok() } else { None };
            if let Err(not_now) = engine.take_request(&self.link, self.claimed.kind).await? {
                let reach = if not_now.for_all { Reach::Account } else { Reach::Job };
                return Ok(Err(Stop::Wait { until: not_now.until, code: FailureCode::RateLimited, reach }));
            }
            self.spent.requests += 1;
            self.last_failed = false;
            let fetched = provider.fetch(&pass.token, &request).await;
            if let Err(failure) = &fetched {
                engine.outcomes.count(self.link.provider, Asked::Data, Some(failure));
            }
            let fetched = match fetched {
                Ok(fetched) => fetched,
                Err(failure) if failure.token_rejected && !renewed => {
                    renewed = true;
                    self.spent.retries += 1;
                    match self.pass(Some(pass.generation)).await? {
                        Ok(fresh) => pass = fresh,
                        Err(stop) => return Ok(Err(stop)),
                    }
                    continue;
                }
                Err(failure) if is_refused_page(&failure, &request) && !restarted => {
                    restarted = true;
                    self.spent.retries += 1;
                    self.start_over(&mut reading).await?;
                    request.page = None;
                    continue;
                }
                Err(failure) => return Ok(Err(self.failure(&failure).await?)),
            };
            if let Some(rate) = fetched.rate {
                engine.hear(&self.link, rate).await?;
            }
            let taken_in = taken_in(&provider, self.endpoint, fetched.body).await?;
            match taken_in {
                Ok(_) => engine.outcomes.count(self.link.provider, Asked::Data, None),
                Err(_) => engine.outcomes.count_unreadable(self.link.provider),
            }
            let (packed, page) = match taken_in {
                Ok(taken_in) => taken_in,
                Err(Unread::Refused(error)) => return Ok(Err(self.unreadable(&error))),
                Err(Unread::Broken(packed)) => {
                    reading.bodies.push(packed);
                    return Ok(Err(self.broke(Some(reading))));
                }
            };
            self.worked = pass.has_previous.then_some(pass.generation);
            let passed = fetched.unfiltered && has_passed(self.endpoint, days, &page.parsed);
            let next = page.parsed.next_page.clone().filter(|_| !passed);
            let Some(next) = next else {
                reading.is_whole = true;
                reading.bodies.push(packed);
                reading.pages.push(page);
                return Ok(Ok(reading));
            };
            if !self.keep(&reading, &packed, &next).await? {
                return Ok(Err(Stop::Lost));
            }
            reading.bodies.push(packed);
            reading.pages.push(page);
            request.page = Some(next);
        }
        tracing::warn!(endpoint = self.endpoint.key, "the provider did not end its pages");
        self.start_over(&mut reading).await?;
        Ok(Err(Stop::Retry(FailureCode::BadAnswer)))
    }

    /// The instants of the window's days, for calls that name instants.
    async fn bounds(&self) -> Result<(EpochMs, EpochMs), SyncError> {
        if !names_instants(self.endpoint) {
            return Ok((EpochMs(0), EpochMs(0)));
        }
        let timeline = self.engine.store.timeline(self.link.user_id).await?;
        let days = self.claimed.window.days;
        Ok((timeline.day_bounds(days.start).0, timeline.day_bounds(days.last()).1))
    }

    /// The last date that is asked for: with nights that of waking, if it has come where the person is.
    async fn last_date(&self) -> Result<Date, SyncError> {
        let days = self.claimed.window.days;
        if !self.endpoint.by_waking {
            return Ok(days.last());
        }
        let timeline = self.engine.store.timeline(self.link.user_id).await?;
        let today = timeline.day_at(self.engine.now());
        Ok(today.clamp(days.last(), days.end))
    }

    /// Takes up the pages of a window that was broken off; returns the token of the page that follows.
    async fn resume(
        &mut self,
        provider: &Arc<dyn Provider>,
        reading: &mut Reading,
    ) -> Result<Option<String>, SyncError> {
        let engine = self.engine;
        let window = &self.claimed.window;
        // A first claim has none, and most windows have one page.
        if self.endpoint.page_size == 0 || window.requests == 0 {
            return Ok(None);
        }
        let kept = engine.store.kept_pages(window.key).await?;
        let oldest = engine.now().plus(-engine.policy.keep_pages_ms);
        self.kept = !kept.is_empty();
        if !kept.iter().all(|page| page.fetched_at > oldest && page.bounds == reading.bounds) {
            self.spent.retries += i32::try_from(kept.len()).unwrap_or(0);
            self.drop_pages().await?;
            return Ok(None);
        }
        let mut next = None;
        for page in kept {
            let (packed, body) = PackedBody::unpack(page.packed)?;
            match provider.parse(self.endpoint, &body) {
                Ok(parsed) => {
                    reading.bodies.push(packed);
                    reading.pages.push(Page::of(parsed));
                    next = Some(page.next_page);
                }
                Err(error) => {
                    tracing::warn!(endpoint = self.endpoint.key, %error, "a kept page could not be read");
                    self.start_over(reading).await?;
                    return Ok(None);
                }
            }
        }
        Ok(next)
    }

    /// Keeps a page that another one follows, and the lease with it. `false` when another has the window.
    async fn keep(
        &mut self,
        reading: &Reading,
        body: &PackedBody,
        next_page: &str,
    ) -> Result<bool, SyncError> {
        let engine = self.engine;
        let now = engine.now();
        let key = self.claimed.window.key;
        let page = i32::try_from(reading.pages.len()).unwrap_or(i32::MAX);
        let tx = engine.store.write().await?;
        if !tx.prolong_lease(key, self.owner, now.plus(engine.policy.lease_ms), self.spent).await? {
            return Ok(false);
        }
        let kept = PageToKeep { page, next_page, bounds: reading.bounds, body };
        tx.keep_page(key, &kept, now).await?;
        tx.commit().await?;
        self.spent = 0.into();
        self.kept = true;
        Ok(true)
    }

    /// Forgets the pages: they have to be asked for again.
    async fn start_over(&mut self, reading: &mut Reading) -> Result<(), SyncError> {
        self.spent.retries += i32::try_from(reading.pages.len()).unwrap_or(0);
        reading.bodies.clear();
        reading.pages.clear();
        self.drop_pages().await
    }

    async fn drop_pages(&mut self) -> Result<(), SyncError> {
        if std::mem::take(&mut self.kept) {
            let tx = self.engine.store.write().await?;
            tx.drop_pages(self.claimed.window.key).await?;
            tx.commit().await?;
        }
        Ok(())
    }

    /// A token to ask with. `rejected` names the generation that the provider has just refused.
    async fn pass(&self, rejected: Option<i64>) -> Result<Result<Pass, Stop>, SyncError> {
        let wait = |until| Stop::Wait { until, code: FailureCode::TokenBusy, reach: Reach::Window };
        Ok(match self.engine.access(&self.link, rejected, self.owner).await? {
            Access::Ready { token, generation, has_previous } => Ok(Pass { token, generation, has_previous }),
            Access::Busy => Err(wait(self.engine.now().plus(REFRESH_WAIT_MS))),
            Access::Unreachable(why) => {
                tracing::warn!(link = %self.link.id, why, "no access token could be had");
                Err(Stop::Retry(FailureCode::ProviderUnreachable))
            }
            Access::NeedsConsent(reason) => Err(Stop::LostConsent(reason)),
        })
    }

    /// What a failed fetch means for the window.
    async fn failure(&mut self, failure: &FetchFailure) -> Result<Stop, SyncError> {
        tracing::info!(endpoint = self.endpoint.key, link = %self.link.id, %failure, "a fetch failed");
        self.failed();
        if failure.token_rejected {
            return Ok(Stop::LostConsent(ConsentReason::InvalidGrant));
        }
        Ok(match failure.code {
            FailureCode::RateLimited => {
                let until = self.engine.close_budget(&self.link, failure).await?;
                Stop::Wait { until, code: FailureCode::RateLimited, reach: Reach::Account }
            }
            FailureCode::AccountNotLinked => Stop::LostConsent(ConsentReason::AccountNotLinked),
            code if code.is_passing() => Stop::Retry(code),
            code => Stop::GiveUp(code),
        })
    }

    fn unreadable(&mut self, error: &ParseError) -> Stop {
        tracing::warn!(endpoint = self.endpoint.key, %error, "an answer could not be read");
        self.failed();
        let code = error.failure_code();
        if code.is_passing() { Stop::Retry(code) } else { Stop::GiveUp(code) }
    }

    /// The last request did not serve.
    pub(crate) fn failed(&mut self) {
        self.spent.retries += 1;
        self.last_failed = true;
    }
}

/// Whether the provider refuses a page token: it has forgotten where we were.
fn is_refused_page(failure: &FetchFailure, request: &FetchRequest) -> bool {
    request.page.is_some() && failure.status == Some(400) && failure.code == FailureCode::RequestRefused
}

/// Why a body is not parsed.
enum Unread {
    /// It is no answer of the endpoint.
    Refused(ParseError),
    /// The parser panicked on it: it is kept.
    Broken(PackedBody),
}

/// A body packed and parsed; the body itself goes.
async fn taken_in(
    provider: &Arc<dyn Provider>,
    endpoint: &'static Endpoint,
    body: Vec<u8>,
) -> Result<Result<(PackedBody, Page), Unread>, SyncError> {
    let provider = provider.clone();
    let is_large = body.len() >= LARGE;
    let work = move || match attempted(|| provider.parse(endpoint, &body)) {
        Ok(Ok(parsed)) => Ok(Ok((PackedBody::pack(&body)?, Page::of(parsed)))),
        Ok(Err(error)) => Ok(Err(Unread::Refused(error))),
        Err(Panicked) => Ok(Err(Unread::Broken(PackedBody::pack(&body)?))),
    };
    if !is_large {
        return work();
    }
    match tokio::task::spawn_blocking(work).await {
        Ok(taken_in) => taken_in,
        Err(broken) => match broken.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            // The runtime is ending, and this task with it.
            Err(_) => std::future::pending().await,
        },
    }
}
