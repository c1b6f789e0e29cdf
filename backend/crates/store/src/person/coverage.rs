//! Coverage by metric and day.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
};

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    coverage::CoverageState,
    id::{JobId, RawId, UserId},
    job::FailureCode,
    time::DayRange,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, ExprTrait, QueryFilter, QueryOrder, QuerySelect};

use super::Person;
use crate::{
    Store, StoreError,
    convert::{day_of, day_text, range_of},
    entity::{coverage, sync_window},
};

/// What is known of a metric on a day, the worst of its grains.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CoverageDay {
    /// The metric.
    pub metric: Metric,
    /// The day.
    pub day: Date,
    /// Its state.
    pub state: CoverageState,
    /// Why it failed.
    pub code: Option<FailureCode>,
    /// When it was last asked for.
    pub checked_at: Option<EpochMs>,
    /// The raw document behind it.
    pub raw_id: Option<RawId>,
    /// The job behind it; it may be gone, since finished jobs are not kept for ever.
    pub job_id: Option<JobId>,
    /// Which of the job's windows.
    pub window_seq: Option<i32>,
    /// Minutes with a heart rate, where that is known.
    pub wear_minutes: Option<i32>,
}

/// Windows that are looked up at once.
const AT_ONCE: usize = 100;

/// How much there is to say about a state: of several grains or streams the one with the most is shown.
pub(super) fn weight(state: CoverageState) -> u8 {
    match state {
        CoverageState::Failed => 5,
        CoverageState::NotPermitted => 4,
        CoverageState::Pending => 3,
        CoverageState::Partial => 2,
        CoverageState::Complete => 1,
        CoverageState::EmptyConfirmed => 0,
    }
}

impl Store {
    /// Coverage of the days of `days` that were ever asked for, of several people, by metric, then day.
    ///
    /// # Errors
    /// The database's own.
    pub async fn coverage_of_people(
        &self,
        people: &[Arc<Person>],
        metrics: &[Metric],
        days: DayRange,
    ) -> Result<HashMap<UserId, Vec<CoverageDay>>, StoreError> {
        use coverage::Column as C;
        let ids = || people.iter().map(|person| person.user.id.0);
        let rows = coverage::Entity::find()
            .filter(C::UserId.is_in(ids()))
            .filter(C::Metric.is_in(metrics.iter().map(|m| m.code())))
            .filter(C::Day.gte(day_text(days.start)))
            .filter(C::Day.lt(day_text(days.end)))
            .order_by_asc(C::UserId)
            .order_by_asc(C::Metric)
            .order_by_asc(C::Day)
            .all(self.reader())
            .await?;
        let chosen = self.chosen_streams_of(ids(), metrics, days).await?;
        let mut by_day: BTreeMap<(UserId, Metric, Date), CoverageDay> = BTreeMap::new();
        for row in rows {
            let Some(metric) = Metric::from_code(row.metric) else { continue };
            // Where a stream is chosen, what others know of the day does not count.
            let key = (row.user_id, row.metric, row.day.clone());
            if chosen.get(&key).is_some_and(|stream| *stream != row.stream_id) {
                continue;
            }
            let day = day_of(&row.day)?;
            let found = CoverageDay {
                metric,
                day,
                state: CoverageState::parse(&row.state).unwrap_or(CoverageState::Failed),
                code: row.code.as_deref().and_then(FailureCode::parse),
                checked_at: row.checked_at.map(EpochMs),
                raw_id: row.raw_id.map(RawId),
                job_id: row.job_id.map(JobId),
                window_seq: row.window_seq,
                wear_minutes: row.wear_minutes,
            };
            let known = by_day.get(&(UserId(row.user_id), metric, day));
            // Only one of the grains tells how long the device was worn.
            let other = known.and_then(|known| known.wear_minutes);
            let wear_minutes = Ord::max(found.wear_minutes, other);
            let worse = known.is_none_or(|known| weight(found.state) > weight(known.state));
            let shown = if worse { found } else { known.cloned().unwrap_or(found) };
            by_day.insert((UserId(row.user_id), metric, day), CoverageDay { wear_minutes, ..shown });
        }
        let mut by_person: HashMap<UserId, Vec<CoverageDay>> = HashMap::new();
        for ((user, ..), day) in by_day {
            by_person.entry(user).or_default().push(day);
        }
        Ok(by_person)
    }
}

impl Person {
    /// Coverage of the days of `days` that were ever asked for, by metric, then day.
    ///
    /// # Errors
    /// The database's own.
    pub async fn coverage(&self, metrics: &[Metric], days: DayRange) -> Result<Vec<CoverageDay>, StoreError> {
        let people = [Arc::new(self.clone())];
        let mut found = self.store.coverage_of_people(&people, metrics, days).await?;
        Ok(found.remove(&self.user.id).unwrap_or_default())
    }

    /// The days that the windows behind these coverage days asked for, where the window is still there.
    ///
    /// # Errors
    /// The database's own.
    pub async fn days_asked(
        &self,
        days: &[CoverageDay],
    ) -> Result<HashMap<(JobId, i32), DayRange>, StoreError> {
        use sync_window::Column as W;
        let mut by_job: BTreeMap<JobId, BTreeSet<i32>> = BTreeMap::new();
        for day in days {
            if let (Some(job), Some(seq)) = (day.job_id, day.window_seq) {
                by_job.entry(job).or_default().insert(seq);
            }
        }
        let jobs: Vec<(JobId, BTreeSet<i32>)> = by_job.into_iter().collect();
        let mut asked = HashMap::new();
        for chunk in jobs.chunks(AT_ONCE) {
            let mut any = Condition::any();
            for (job, seqs) in chunk {
                let of_job = W::JobId.eq(job.0).and(W::Seq.is_in(seqs.iter().copied()));
                any = any.add(of_job);
            }
            let rows: Vec<(i64, i32, String, String)> = sync_window::Entity::find()
                .select_only()
                .columns([W::JobId, W::Seq, W::FromDay, W::ToDay])
                .filter(W::UserId.eq(self.user.id.0))
                .filter(any)
                .into_tuple()
                .all(self.store.reader())
                .await?;
            for (job, seq, from, to) in rows {
                asked.insert((JobId(job), seq), range_of(&from, &to)?);
            }
        }
        Ok(asked)
    }
}
