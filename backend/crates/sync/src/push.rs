//! What becomes of notifications: notices that wait a moment, then one narrow job, and the subscriptions behind them.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, PushState},
    catalogue::push_subject,
    id::{LinkId, UserId},
    job::{JobKind, JobState, Priority},
    time::{DAY_MS, DayRange, HOUR_MS, MINUTE_MS, add_days, next_day},
};
use pulsekeep_provider::{Notification, PushOperation};
use pulsekeep_store::{LinkedAccount, NewNotice, NoticeOutcome, PushNotice};

use crate::{Asked, JobRequest, SyncEngine, SyncError, access::Access};

/// Days before today that a notification may have asked for again; what is older is left to a backfill.
const MAX_DAYS_BACK: i64 = 31;
/// Days before today that are read where a notification names none.
const DAYS_UNNAMED: i64 = 2;
/// Notices that are looked at in one go.
const AT_ONCE: u64 = 1_000;
/// How long notices wait for a job of their account that is still at work, or for a token that could not be checked.
const WAIT_MS: i64 = 30_000;
/// A subscription is looked at again after so long; an account that has not been heard of for so long is asked often
/// again.
const SUBSCRIPTION_MS: i64 = DAY_MS;
/// Accounts subscribed in one go.
const SUBSCRIBE_AT_ONCE: u64 = 50;

/// What became of a notification.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Noted {
    /// It waits for a job.
    Stored,
    /// The same waits already.
    Repeated,
    /// Nobody here has that account.
    UnknownAccount,
    /// The account may not be asked at present: it was disconnected, or needs a new consent.
    IdleAccount,
    /// It speaks of something that we do not ask for.
    UnknownSubject,
}

impl Noted {
    /// The word in counts.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Stored => "stored",
            Self::Repeated => "repeated",
            Self::UnknownAccount => "unknown_account",
            Self::IdleAccount => "idle_account",
            Self::UnknownSubject => "unknown_subject",
        }
    }
}

impl From<NoticeOutcome> for Noted {
    fn from(outcome: NoticeOutcome) -> Self {
        match outcome {
            NoticeOutcome::Stored => Self::Stored,
            NoticeOutcome::Repeated => Self::Repeated,
            NoticeOutcome::UnknownAccount => Self::UnknownAccount,
            NoticeOutcome::IdleAccount => Self::IdleAccount,
        }
    }
}

/// What follows from the notices of one account.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Narrow {
    days: DayRange,
    metrics: BTreeSet<Metric>,
    notices: Vec<i64>,
}

impl SyncEngine {
    /// Stores what a genuine call of `provider` has told, in one short transaction; one outcome for each notification.
    /// Nobody is asked anything.
    ///
    /// # Errors
    /// The store's own; nothing was stored then.
    pub async fn note(&self, provider: ProviderKey, told: &[Notification]) -> Result<Vec<Noted>, SyncError> {
        let mut outcomes = vec![Noted::UnknownSubject; told.len()];
        let (places, new): (Vec<usize>, Vec<NewNotice>) =
            told.iter().enumerate().filter_map(|(at, one)| Some((at, notice(provider, one)?))).unzip();
        if !new.is_empty() {
            let now = self.now();
            let due_at = now.plus(self.policy.push_wait_ms);
            let tx = self.store.write().await?;
            let stored = tx.put_notices(provider, &new, due_at, now).await?;
            tx.commit().await?;
            for (at, outcome) in places.into_iter().zip(stored) {
                outcomes[at] = outcome.into();
            }
        }
        Ok(outcomes)
    }

    /// Turns the notices whose time has come into jobs: for each account one that asks for what they name, or one for
    /// each stretch of days where those lie apart. The worker's schedule calls this every few seconds; `owner` names the
    /// process. Returns the jobs written.
    ///
    /// # Errors
    /// The store's own. What goes wrong with one account holds up no other.
    pub async fn take_notices(&self, owner: &str) -> Result<usize, SyncError> {
        let mut by_link: BTreeMap<(UserId, LinkId), Vec<PushNotice>> = BTreeMap::new();
        for notice in self.store.due_notices(self.now(), AT_ONCE).await? {
            by_link.entry((notice.user_id, notice.link_id)).or_default().push(notice);
        }
        let mut jobs = 0;
        for ((user, link), notices) in by_link {
            match self.take_of(link, &notices, owner).await {
                Ok(written) => jobs += written,
                Err(error) => {
                    tracing::warn!(%link, %error, "notices could not be taken up");
                    self.put_off(user, &notices, self.now().plus(WAIT_MS)).await?;
                }
            }
        }
        Ok(jobs)
    }

    async fn take_of(&self, link: LinkId, notices: &[PushNotice], owner: &str) -> Result<usize, SyncError> {
        let user = notices[0].user_id;
        let link = self.store.link(link).await?.filter(|l| l.state.may_fetch());
        let Some(link) = link.filter(|l| self.provider(l.provider).is_some()) else {
            // The next consent fetches these days anyway.
            self.drop_notices(user, notices).await?;
            return Ok(0);
        };
        if let Some(later) = self.not_before(&link).await? {
            self.put_off(user, notices, later).await?;
            return Ok(0);
        }
        let is_about_consent = |n: &PushNotice| PushOperation::parse(&n.operation) != PushOperation::Upsert;
        if notices.iter().any(is_about_consent) {
            // A notification may be late or mean something else: the token itself tells.
            match self.check_consent(&link, owner).await? {
                Access::Ready { .. } => {}
                Access::NeedsConsent(_) => {
                    self.drop_notices(user, notices).await?;
                    return Ok(0);
                }
                Access::Busy | Access::Unreachable(_) => {
                    self.put_off(user, notices, self.now().plus(WAIT_MS)).await?;
                    return Ok(0);
                }
            }
        }
        let today = self.today(user).await?;
        let (narrow, idle) = narrowed(link.provider, notices, today);
        let mut written = 0;
        for one in narrow {
            let request = JobRequest {
                user_id: user,
                link: Some(link.id),
                kind: JobKind::Incremental,
                metrics: one.metrics.into_iter().collect(),
                days: Some(one.days),
                priority: Priority::Normal,
                created_by: None,
                batch: None,
            };
            self.request_for_notices(&request, &one.notices).await?;
            written += 1;
        }
        if !idle.is_empty() {
            let tx = self.store.write().await?;
            tx.take_notices(user, &idle).await?;
            tx.commit().await?;
        }
        Ok(written)
    }

    /// The time before which nothing more is asked for an account on the word of a notification: a job at work has to
    /// end, since it may have read what has changed meanwhile, and quota is not spent faster than the policy says.
    async fn not_before(&self, link: &LinkedAccount) -> Result<Option<EpochMs>, SyncError> {
        let Some(job) = self.store.latest_job(link.user_id, link.id, JobKind::Incremental).await? else {
            return Ok(None);
        };
        let now = self.now();
        let is_moving = !job.state.is_final() && job.state != JobState::Paused;
        let gap_ends = job.created_at.plus(self.policy.push_gap_ms(link.provider));
        Ok(if is_moving {
            Some(now.plus(WAIT_MS).max(gap_ends))
        } else {
            Some(gap_ends).filter(|at| *at > now)
        })
    }

    /// Whether the account's consent still stands, by a refresh of its tokens: that the access token is still taken
    /// proves little.
    async fn check_consent(&self, link: &LinkedAccount, owner: &str) -> Result<Access, SyncError> {
        let generation = self.store.link_tokens(link.user_id, link.id).await?.map(|tokens| tokens.generation);
        self.access(link, generation, owner).await
    }

    async fn put_off(&self, user: UserId, notices: &[PushNotice], until: EpochMs) -> Result<(), SyncError> {
        let tx = self.store.write().await?;
        tx.put_off_notices(user, &ids(notices), until).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn drop_notices(&self, user: UserId, notices: &[PushNotice]) -> Result<(), SyncError> {
        let tx = self.store.write().await?;
        tx.take_notices(user, &ids(notices)).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Subscribes the accounts that are not, and those that could not be a day ago; ends the belief in notifications of
    /// accounts that have been silent for a day where the provider subscribes by itself. The worker's schedule calls
    /// this. Returns the accounts that were subscribed.
    ///
    /// # Errors
    /// The store's own. A provider that refuses is no error: the account is asked at the usual intervals.
    pub async fn renew_subscriptions(&self, owner: &str) -> Result<usize, SyncError> {
        let before = EpochMs(self.now().0 - SUBSCRIPTION_MS);
        let mut subscribed = 0;
        for key in ProviderKey::ALL {
            let Some(provider) = self.provider(key) else { continue };
            match provider.push() {
                Some(push) if push.is_by_account() => {
                    for link in self.store.stale_subscriptions(key, before, SUBSCRIBE_AT_ONCE).await? {
                        subscribed += usize::from(self.subscribe(&link, owner).await?);
                    }
                }
                _ => {
                    self.store.forget_silent_push(key, before).await?;
                }
            }
        }
        Ok(subscribed)
    }

    /// Subscribes one account; whether that worked.
    async fn subscribe(&self, link: &LinkedAccount, owner: &str) -> Result<bool, SyncError> {
        let provider = self.enabled(link.provider)?.clone();
        let Some(push) = provider.push() else { return Ok(false) };
        let state = match self.access(link, None, owner).await? {
            Access::Ready { token, .. } => {
                let planned = push.calls(&link.scopes);
                if !self.take_requests(link, planned).await? {
                    // The account's budget is used up; the next sweep comes back to it.
                    return Ok(false);
                }
                let mut made = 0;
                let outcome = push.subscribe(&token, &link.id.to_string(), &link.scopes, &mut made).await;
                self.outcomes.count(link.provider, Asked::Subscription, outcome.as_ref().err());
                // What an earlier link has left took more calls than could be foreseen: they count all the same.
                self.take_requests(link, made.saturating_sub(planned)).await?;
                match outcome {
                    Ok(()) => PushState::Active,
                    Err(failure) => {
                        tracing::warn!(link = %link.id, %failure, "an account could not be subscribed");
                        PushState::Failed
                    }
                }
            }
            Access::Unreachable(_) => PushState::Failed,
            // Soon again, or after the next consent.
            Access::Busy | Access::NeedsConsent(_) => return Ok(false),
        };
        let tx = self.store.write().await?;
        tx.set_push_state(link.user_id, link.id, state, self.now()).await?;
        tx.commit().await?;
        Ok(state == PushState::Active)
    }

    /// Ends an account's subscription, as far as the provider lets us: it ends with the consent too.
    pub(crate) async fn unsubscribe(&self, link: &LinkedAccount, owner: &str) -> Result<(), SyncError> {
        let Some(provider) = self.provider(link.provider).cloned() else { return Ok(()) };
        let Some(push) = provider.push().filter(|push| push.is_by_account()) else { return Ok(()) };
        if link.push == PushState::None {
            return Ok(());
        }
        let Access::Ready { token, .. } = self.access(link, None, owner).await? else { return Ok(()) };
        if !self.take_requests(link, push.calls(&link.scopes)).await? {
            return Ok(());
        }
        let outcome = push.unsubscribe(&token, &link.id.to_string(), &link.scopes).await;
        self.outcomes.count(link.provider, Asked::Subscription, outcome.as_ref().err());
        if let Err(failure) = outcome {
            tracing::warn!(link = %link.id, %failure, "a subscription could not be ended");
        }
        Ok(())
    }

    /// Takes so many requests from an account's budget; `false` when it does not have them now.
    async fn take_requests(&self, link: &LinkedAccount, requests: u32) -> Result<bool, SyncError> {
        for _ in 0..requests {
            if self.take_request(link, JobKind::Incremental).await?.is_err() {
                return Ok(false);
            }
        }
        Ok(true)
    }
}

fn ids(notices: &[PushNotice]) -> Vec<i64> {
    notices.iter().map(|notice| notice.id).collect()
}

/// What is kept of a notification; `None` if nothing of ours follows from it.
fn notice(provider: ProviderKey, told: &Notification) -> Option<NewNotice> {
    let known = push_subject(provider, &told.subject).is_some();
    if !known && told.operation == PushOperation::Upsert {
        return None;
    }
    Some(NewNotice {
        account: told.account.clone(),
        subject: if known { told.subject.clone() } else { String::new() },
        operation: told.operation.key(),
        days: told.days,
    })
}

/// The days and metrics that notices speak of, one entry for each stretch of days; and the notices of which nothing
/// follows: days long past or still to come, a consent that has been seen to.
fn narrowed(provider: ProviderKey, notices: &[PushNotice], today: Date) -> (Vec<Narrow>, Vec<i64>) {
    let (first, end) = (add_days(today, -MAX_DAYS_BACK), next_day(today));
    let (mut narrow, mut idle) = (Vec::new(), Vec::new());
    for notice in notices {
        let unnamed = DayRange { start: add_days(today, -DAYS_UNNAMED), end };
        let named = notice.days.unwrap_or(unnamed);
        let days = DayRange { start: named.start.max(first), end: named.end.min(end) };
        match push_subject(provider, &notice.subject).filter(|_| !days.is_empty()) {
            Some(subject) => narrow.push(Narrow {
                days,
                metrics: subject.metrics.iter().copied().collect(),
                notices: vec![notice.id],
            }),
            None => idle.push(notice.id),
        }
    }
    narrow.sort_by_key(|one: &Narrow| one.days.start);
    let mut merged: Vec<Narrow> = Vec::new();
    for one in narrow {
        match merged.last_mut().filter(|last| one.days.start < last.days.end) {
            Some(last) => {
                last.days.end = last.days.end.max(one.days.end);
                last.metrics.extend(one.metrics);
                last.notices.extend(one.notices);
            }
            None => merged.push(one),
        }
    }
    (merged, idle)
}

impl crate::SyncPolicy {
    /// Milliseconds that lie between two jobs of an account at least that follow from notifications: a device that
    /// hands over its data every minute must not use the hour's budget up.
    #[must_use]
    pub fn push_gap_ms(&self, provider: ProviderKey) -> i64 {
        match provider {
            ProviderKey::GoogleHealth => MINUTE_MS,
            ProviderKey::Fitbit => HOUR_MS / 6,
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    const TODAY: Date = date(2026, 11, 21);

    fn of(id: i64, subject: &str, days: Option<(Date, Date)>) -> PushNotice {
        PushNotice {
            id,
            user_id: UserId(1),
            link_id: LinkId(2),
            subject: subject.to_owned(),
            operation: "upsert".to_owned(),
            days: days.map(|(start, end)| DayRange { start, end }),
            received_at: EpochMs(0),
        }
    }

    fn google(notices: &[PushNotice]) -> (Vec<Narrow>, Vec<i64>) {
        narrowed(ProviderKey::GoogleHealth, notices, TODAY)
    }

    #[test]
    fn a_burst_about_the_same_days_is_one_job() {
        let day = Some((TODAY, next_day(TODAY)));
        let night = Some((date(2026, 11, 20), next_day(TODAY)));
        let (narrow, idle) = google(&[of(1, "steps", day), of(2, "sleep", night), of(3, "distance", day)]);
        assert_eq!((narrow.len(), idle), (1, vec![]));
        assert_eq!(narrow[0].days, DayRange { start: date(2026, 11, 20), end: next_day(TODAY) });
        assert!(
            [Metric::Steps, Metric::Sleep, Metric::Distance].iter().all(|m| narrow[0].metrics.contains(m))
        );
        assert!(!narrow[0].metrics.contains(&Metric::HeartRate));
        assert_eq!(narrow[0].notices.len(), 3);
    }

    #[test]
    fn days_that_lie_apart_are_jobs_of_their_own() {
        let early = Some((date(2026, 11, 3), date(2026, 11, 5)));
        let late = Some((date(2026, 11, 19), date(2026, 11, 20)));
        let (narrow, _) = google(&[of(1, "weight", late), of(2, "steps", early)]);
        let days: Vec<i64> = narrow.iter().map(|one| one.days.len()).collect();
        assert_eq!(days, [2, 1]);
        assert!(!narrow[0].metrics.contains(&Metric::Weight));
    }

    #[test]
    fn days_are_kept_within_the_last_month_and_today() {
        let ever = Some((date(2000, 1, 1), date(2100, 1, 1)));
        let (narrow, _) = google(&[of(1, "steps", ever)]);
        assert_eq!(narrow[0].days, DayRange { start: date(2026, 10, 21), end: next_day(TODAY) });
        let tomorrow = Some((date(2026, 11, 22), date(2026, 11, 23)));
        let long_ago = Some((date(2026, 1, 1), date(2026, 1, 2)));
        let (narrow, idle) = google(&[of(1, "steps", tomorrow), of(2, "steps", long_ago), of(3, "", None)]);
        assert_eq!((narrow, idle), (vec![], vec![1, 2, 3]));
    }

    #[test]
    fn a_notification_without_days_means_the_last_ones() {
        let (narrow, _) = google(&[of(1, "steps", None)]);
        assert_eq!(narrow[0].days.len(), 3);
    }

    #[test]
    fn what_nothing_follows_from_is_not_kept() {
        let told = |subject: &str, operation| Notification {
            account: "1".to_owned(),
            subject: subject.to_owned(),
            operation,
            days: None,
        };
        let kept = |subject, operation| notice(ProviderKey::GoogleHealth, &told(subject, operation));
        assert_eq!(kept("blood-glucose", PushOperation::Upsert), None);
        assert_eq!(
            kept("blood-glucose", PushOperation::Delete).unwrap().subject,
            "",
            "a consent may have ended"
        );
        assert_eq!(kept("steps", PushOperation::Upsert).unwrap().operation, "upsert");
    }
}
