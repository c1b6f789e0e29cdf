//! Reads of many people at once, in as many statements as for one. No sample block is opened for them.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use jiff::{civil::Date, tz::TimeZone};
use pulsekeep_core::{
    EpochMs, Metric,
    account::Viewer,
    id::{LinkId, UserId},
    job::JobState,
    time::{DayRange, add_days, next_day},
    timeline::{OffsetSpan, OffsetTimeline},
};
use sea_orm::{ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, Value};

use super::{DayTally, Person, PersonSummary};
use crate::{
    LinkedAccount, Store, StoreError, User,
    convert::{day_of, day_text},
    entity::{app_user, link_token, linked_account, offset_span},
};

/// `($4, $5, …)` for `count` values after `before` others.
pub(super) fn places(before: usize, count: usize) -> String {
    let places: Vec<String> = (before + 1..=before + count).map(|n| format!("${n}")).collect();
    places.join(", ")
}

impl Store {
    /// The people among `ids` whom `viewer` may see, in no order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn people(&self, viewer: &Viewer, ids: &[UserId]) -> Result<Vec<Person>, StoreError> {
        let visible: Vec<i64> = ids.iter().filter(|id| viewer.may_see(**id)).map(|id| id.0).collect();
        if visible.is_empty() {
            return Ok(Vec::new());
        }
        let users = app_user::Entity::find()
            .filter(app_user::Column::Id.is_in(visible.iter().copied()))
            .all(self.reader())
            .await?;
        let rows = offset_span::Entity::find()
            .filter(offset_span::Column::UserId.is_in(visible))
            .order_by_asc(offset_span::Column::FromMs)
            .all(self.reader())
            .await?;
        let mut spans: HashMap<i64, Vec<OffsetSpan>> = HashMap::new();
        for row in rows {
            let span =
                OffsetSpan { from: EpochMs(row.from_ms), to: EpochMs(row.to_ms), offset: row.offset_seconds };
            spans.entry(row.user_id).or_default().push(span);
        }
        let person = |user: app_user::Model| {
            let zone = TimeZone::get(&user.time_zone).unwrap_or(TimeZone::UTC);
            let timeline = OffsetTimeline::new(zone, spans.remove(&user.id).unwrap_or_default());
            Person { store: self.clone(), user: User::from(user), timeline }
        };
        Ok(users.into_iter().map(person).collect())
    }

    /// The linked accounts of people, oldest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn links_of_people(
        &self,
        people: &[Arc<Person>],
    ) -> Result<HashMap<UserId, Vec<LinkedAccount>>, StoreError> {
        use linked_account::Column as C;
        let rows = linked_account::Entity::find()
            .filter(C::UserId.is_in(people.iter().map(|person| person.user.id.0)))
            .order_by_asc(C::Id)
            .all(self.reader())
            .await?;
        let mut links: HashMap<UserId, Vec<LinkedAccount>> = HashMap::new();
        for row in rows {
            let link = LinkedAccount::try_from(row)?;
            links.entry(link.user_id).or_default().push(link);
        }
        Ok(links)
    }

    /// The linked accounts with these ids, in no order.
    ///
    /// # Errors
    /// The database's own.
    pub async fn links_named(&self, ids: &[LinkId]) -> Result<Vec<LinkedAccount>, StoreError> {
        let query = linked_account::Entity::find()
            .filter(linked_account::Column::Id.is_in(ids.iter().map(|id| id.0)));
        query.all(self.reader()).await?.into_iter().map(LinkedAccount::try_from).collect()
    }

    /// When the consents of linked accounts end, of those where it is known.
    ///
    /// # Errors
    /// The database's own.
    pub async fn consent_ends(&self, links: &[LinkId]) -> Result<HashMap<LinkId, EpochMs>, StoreError> {
        use link_token::Column as C;
        let rows: Vec<(i64, Option<i64>)> = link_token::Entity::find()
            .select_only()
            .columns([C::LinkId, C::RefreshExpiresAt])
            .filter(C::LinkId.is_in(links.iter().map(|link| link.0)))
            .into_tuple()
            .all(self.reader())
            .await?;
        Ok(rows.into_iter().filter_map(|(link, end)| Some((LinkId(link), EpochMs(end?)))).collect())
    }

    /// Each of these people in one row: their last `days` days, today included.
    ///
    /// # Errors
    /// The database's own.
    pub async fn summaries(
        &self,
        people: &[Arc<Person>],
        days: u16,
        now: EpochMs,
    ) -> Result<HashMap<UserId, PersonSummary>, StoreError> {
        let links = self.links_of_people(people).await?;
        let moving = self.moving_jobs(people).await?;
        // Today is one of two or three days, wherever on earth they are.
        let mut by_today: BTreeMap<Date, Vec<&Arc<Person>>> = BTreeMap::new();
        for person in people {
            by_today.entry(person.today(now)).or_default().push(person);
        }
        let mut summaries = HashMap::new();
        for (today, group) in by_today {
            let range = DayRange { start: add_days(today, 1 - i64::from(days.max(1))), end: next_day(today) };
            let ids: Vec<i64> = group.iter().map(|person| person.user.id.0).collect();
            let steps = self.steps_of(&ids, range).await?;
            let tallies = self.kept_tallies(&ids, range).await?;
            let last = self.last_days(&ids, range).await?;
            for id in ids.into_iter().map(UserId) {
                let value = |day: Date| steps.get(&(id.0, day)).copied();
                let of_links = links.get(&id).into_iter().flatten();
                let summary = PersonSummary {
                    days: range,
                    last_sync_at: of_links.filter_map(|link| link.last_sync_at).max(),
                    last_data_day: last.get(&id.0).copied(),
                    coverage_share: tallies.get(&id).and_then(|days| share_read(days.values())),
                    steps: range.days().map(value).collect(),
                    active_jobs: moving.get(&id.0).copied().unwrap_or(0),
                };
                summaries.insert(id, summary);
            }
        }
        Ok(summaries)
    }

    async fn moving_jobs(&self, people: &[Arc<Person>]) -> Result<HashMap<i64, u64>, StoreError> {
        let states = [JobState::Planned, JobState::Running, JobState::Waiting].map(JobState::key);
        let mut values: Vec<Value> = states.map(Value::from).into();
        values.extend(people.iter().map(|person| Value::from(person.user.id.0)));
        let sql = format!(
            "SELECT user_id, COUNT(*) FROM sync_job
             WHERE state IN ($1, $2, $3) AND user_id IN ({}) GROUP BY user_id",
            places(3, people.len())
        );
        let mut counts = HashMap::new();
        for row in self.rows(&sql, values).await? {
            counts.insert(
                row.try_get_by_index(0)?,
                u64::try_from(row.try_get_by_index::<i64>(1)?).unwrap_or(0),
            );
        }
        Ok(counts)
    }

    /// Steps of each day: the provider's own number, else what the samples add up to.
    async fn steps_of(&self, ids: &[i64], days: DayRange) -> Result<HashMap<(i64, Date), f64>, StoreError> {
        let sql = format!(
            "SELECT c.user_id, c.day, COALESCE(d.value, b.value_sum)
             FROM day_choice c
             LEFT JOIN daily_value d ON d.user_id = c.user_id AND d.metric = c.metric AND d.day = c.day
                AND d.stream_id = c.stream_id
             LEFT JOIN sample_block b ON d.value IS NULL AND b.user_id = c.user_id AND b.metric = c.metric
                AND b.stream_id = c.stream_id AND b.day = c.day
             WHERE c.metric = $1 AND c.day >= $2 AND c.day < $3 AND c.user_id IN ({})",
            places(3, ids.len())
        );
        let mut steps = HashMap::new();
        for row in self.rows(&sql, with_days(Some(Metric::Steps.code()), days, ids)).await? {
            if let Some(value) = row.try_get_by_index::<Option<f64>>(2)? {
                let day = day_of(&row.try_get_by_index::<String>(1)?)?;
                steps.insert((row.try_get_by_index(0)?, day), value);
            }
        }
        Ok(steps)
    }

    /// The last day of `days` that has a daily value.
    async fn last_days(&self, ids: &[i64], days: DayRange) -> Result<HashMap<i64, Date>, StoreError> {
        // Asked person by person, it is one step in an index each.
        let sql = format!(
            "SELECT u.id, (SELECT MAX(v.day) FROM daily_value v
                WHERE v.user_id = u.id AND v.day >= $1 AND v.day < $2)
             FROM app_user u WHERE u.id IN ({})",
            places(2, ids.len())
        );
        let mut last = HashMap::new();
        for row in self.rows(&sql, with_days(None, days, ids)).await? {
            if let Some(day) = row.try_get_by_index::<Option<String>>(1)? {
                last.insert(row.try_get_by_index(0)?, day_of(&day)?);
            }
        }
        Ok(last)
    }
}

/// Of the metrics and days that were asked for, the share that was read.
fn share_read<'a>(days: impl Iterator<Item = &'a DayTally>) -> Option<f64> {
    let (mut asked, mut read) = (0u32, 0u32);
    for day in days {
        asked += u32::from(day.asked());
        read += u32::from(day.read());
    }
    (asked > 0).then(|| f64::from(read) / f64::from(asked))
}

fn with_days(metric: Option<i16>, days: DayRange, ids: &[i64]) -> Vec<Value> {
    let mut values: Vec<Value> = metric.map(Value::from).into_iter().collect();
    values.extend([day_text(days.start), day_text(days.end)].map(Value::from));
    values.extend(ids.iter().map(|id| Value::from(*id)));
    values
}
