//! A person's devices: their last sync decides which days are closed.

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs,
    job::{FailureCode, JobKind},
    time::{DAY_MS, DayRange, MINUTE_MS, add_days, next_day},
    timeline::OffsetTimeline,
};
use pulsekeep_store::{LinkedAccount, resolve};

use crate::{Asked, SyncEngine, SyncError, access::Access, incremental::HORIZON_DAYS};

/// Devices are asked for at most so often, by all processes together.
const DEVICES_EVERY_MS: i64 = 10 * MINUTE_MS;

impl SyncEngine {
    /// The days that a device which was away for so long that its days were closed may have filled with its sync.
    fn reopened(
        &self,
        before: Option<EpochMs>,
        seen: Option<EpochMs>,
        timeline: &OffsetTimeline,
    ) -> Option<DayRange> {
        let (before, seen) = before.zip(seen)?;
        if seen.0 - before.0 < self.policy.close_after_days * DAY_MS {
            return None;
        }
        let (first, last) = (timeline.day_at(before), timeline.day_at(seen));
        // Devices keep about a week of detail and a month of totals.
        Some(DayRange { start: first.max(add_days(last, -HORIZON_DAYS)), end: next_day(last) })
    }

    /// Whether the stored devices are of the last minutes, after asking for them if they were not. A failure is no
    /// failure of whoever needs them, and the request, which is nobody's window, is counted in the budget alone.
    pub(crate) async fn ask_devices(&self, link: &LinkedAccount, owner: &str) -> Result<bool, SyncError> {
        let asked = self.cache.devices(link.id);
        let mut asked = asked.lock().await;
        let now = self.now();
        let is_fresh = |at: Option<EpochMs>| at.is_some_and(|at| now.0 - at.0 < DEVICES_EVERY_MS);
        if is_fresh(*asked) {
            return Ok(true);
        }
        let known = self.store.link(link.id).await?.and_then(|link| link.devices_checked_at);
        if is_fresh(known) {
            *asked = known;
            return Ok(true);
        }
        let (Some(provider), Access::Ready { token, .. }) =
            (self.provider(link.provider).cloned(), self.access(link, None, owner).await?)
        else {
            return Ok(false);
        };
        if self.take_request(link, JobKind::Incremental).await?.is_err() {
            return Ok(false);
        }
        let answer = provider.devices(&token).await;
        self.outcomes.count(link.provider, Asked::Devices, answer.as_ref().err());
        if let Err(failure) = answer.as_ref()
            && failure.code == FailureCode::RateLimited
        {
            self.close_budget(link, failure).await?;
            return Ok(false);
        }
        let timeline = self.store.timeline(link.user_id).await?;
        let tx = self.store.write().await?;
        let is_read = match answer {
            Ok(devices) => {
                let devices: Vec<_> = devices.into_iter().map(|d| resolve::device(d, &timeline)).collect();
                let before = tx.last_device_sync(link.user_id, link.id).await?;
                tx.replace_devices(link.user_id, link.id, &devices, now).await?;
                let seen = tx.last_device_sync(link.user_id, link.id).await?;
                if let Some(days) = self.reopened(before, seen, &timeline) {
                    let (stream, _) = tx.merged_stream(link.user_id, link.id, link.provider, now).await?;
                    let days: Vec<Date> = days.days().collect();
                    tx.reopen_days(link.user_id, stream, &days).await?;
                }
                true
            }
            Err(failure) => {
                tracing::info!(link = %link.id, %failure, "devices could not be read");
                false
            }
        };
        // A provider that does not tell is not asked for every window either.
        tx.devices_checked(link.user_id, link.id, now).await?;
        tx.commit().await?;
        *asked = Some(now);
        Ok(is_read)
    }
}
