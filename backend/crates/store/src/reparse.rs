//! Stored answers, as a reparse reads them.

use std::collections::BTreeMap;

use jiff::civil::Date;
use pulsekeep_core::{
    EpochMs, Metric,
    catalogue::Grain,
    coverage::CoverageState,
    id::{LinkId, RawId, StreamId, UserId},
    job::{FailureCode, WindowState},
    time::DayRange,
};
use sea_orm::{ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect, sea_query::Expr};

use crate::{
    Store, StoreError, WindowKey, WriteTx,
    convert::{day_text, range_of},
    entity::{coverage, raw_document, sync_window},
    ingest::{CoverageMark, coverage::grain_code},
    tx::each_day,
};

/// The pages of one answer that no newer answer to the same request has superseded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredAnswer {
    /// The endpoint's key.
    pub endpoint: String,
    /// The days asked for.
    pub days: DayRange,
    /// When the last of its pages was fetched.
    pub fetched_at: EpochMs,
    /// The pages by number, from 0; one may be missing.
    pub pages: Vec<(i32, RawId)>,
}

impl StoredAnswer {
    /// Whether no page before the last stored one is missing. Whether that is the answer's last, only its body tells.
    #[must_use]
    pub fn is_gapless(&self) -> bool {
        (0..).zip(&self.pages).all(|(number, (page, _))| *page == number)
    }
}

/// Largest body that is unpacked.
const MAX_BODY: usize = 256 << 20;

impl Store {
    /// The current answers of these endpoints that speak of a day of `days`, oldest first.
    ///
    /// # Errors
    /// The database's own.
    pub async fn stored_answers(
        &self,
        user: UserId,
        link: LinkId,
        endpoints: &[&str],
        days: DayRange,
    ) -> Result<Vec<StoredAnswer>, StoreError> {
        use raw_document::Column as C;
        type Row = (i64, String, String, String, String, i32, i64);
        let rows: Vec<Row> = raw_document::Entity::find()
            .select_only()
            .columns([C::Id, C::Endpoint, C::RequestKey, C::FromDay, C::ToDay, C::Page, C::FetchedAt])
            .filter(C::UserId.eq(user.0))
            .filter(C::LinkId.eq(link.0))
            .filter(C::Endpoint.is_in(endpoints.iter().copied()))
            .filter(C::FromDay.lt(day_text(days.end)))
            .filter(C::ToDay.gt(day_text(days.start)))
            .filter(C::SupersededAt.is_null())
            .order_by_asc(C::Page)
            .into_tuple()
            .all(self.reader())
            .await?;
        let mut answers: BTreeMap<String, StoredAnswer> = BTreeMap::new();
        for (id, endpoint, key, from, to, page, fetched_at) in rows {
            let days = range_of(&from, &to)?;
            let new = StoredAnswer { endpoint, days, fetched_at: EpochMs(fetched_at), pages: Vec::new() };
            let answer = answers.entry(key).or_insert(new);
            answer.fetched_at = answer.fetched_at.max(EpochMs(fetched_at));
            answer.pages.push((page, RawId(id)));
        }
        let mut answers: Vec<StoredAnswer> = answers.into_values().collect();
        answers.sort_by_key(|answer| answer.fetched_at);
        Ok(answers)
    }

    /// The body of a stored document as received; `None` when it is gone.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] when it does not unpack; the database's own.
    pub async fn stored_body(&self, user: UserId, id: RawId) -> Result<Option<Vec<u8>>, StoreError> {
        let row = raw_document::Entity::find_by_id((user.0, id.0)).one(self.reader()).await?;
        let Some(row) = row else { return Ok(None) };
        let capacity = usize::try_from(row.bytes).unwrap_or(0).min(MAX_BODY);
        let body = zstd::bulk::decompress(&row.body, capacity)
            .map_err(|error| StoreError::Damaged { day: row.from_day, what: error.to_string() })?;
        Ok(Some(body))
    }
}

impl WriteTx {
    /// Notes which version of the parsers has made typed rows of these documents.
    ///
    /// # Errors
    /// The database's own.
    pub async fn set_parser_version(
        &self,
        user: UserId,
        documents: &[RawId],
        version: i16,
    ) -> Result<(), StoreError> {
        use raw_document::Column as C;
        raw_document::Entity::update_many()
            .col_expr(C::ParserVersion, Expr::value(version))
            .filter(C::UserId.eq(user.0))
            .filter(C::Id.is_in(documents.iter().map(|id| id.0)))
            .exec(self.db())
            .await?;
        Ok(())
    }

    /// Says of days that were read whole whether they have data, now that their answers were read once more. When they
    /// were asked for, and what is said of any other day, stays.
    ///
    /// # Errors
    /// The database's own.
    pub async fn restate_days(
        &self,
        user: UserId,
        (metric, grain): (Metric, Grain),
        stream: StreamId,
        days: &[(Date, bool)],
    ) -> Result<(), StoreError> {
        use coverage::Column as C;
        self.recount_days(user, each_day(days.iter().map(|(day, _)| *day)));
        let closed = [CoverageState::Complete, CoverageState::EmptyConfirmed].map(CoverageState::key);
        for has_data in [true, false] {
            let own: Vec<String> =
                days.iter().filter(|(_, has)| *has == has_data).map(|(day, _)| day_text(*day)).collect();
            let state = CoverageState::of_read(has_data, true);
            for chunk in own.chunks(200) {
                coverage::Entity::update_many()
                    .col_expr(C::State, Expr::value(state.key()))
                    .filter(C::UserId.eq(user.0))
                    .filter(C::Metric.eq(metric.code()))
                    .filter(C::StreamId.eq(stream.0))
                    .filter(C::Grain.eq(grain_code(grain)))
                    .filter(C::Day.is_in(chunk.to_vec()))
                    .filter(C::State.is_in(closed))
                    .exec(self.db())
                    .await?;
            }
        }
        Ok(())
    }

    /// Says of days that failed on the answer behind them what it has told after all.
    ///
    /// # Errors
    /// The database's own.
    pub async fn mend_days(
        &self,
        user: UserId,
        (metric, grain): (Metric, Grain),
        stream: StreamId,
        marks: &[CoverageMark],
    ) -> Result<(), StoreError> {
        use coverage::Column as C;
        let Some(raw) = marks.first().and_then(|mark| mark.raw) else { return Ok(()) };
        self.recount_days(user, each_day(marks.iter().map(|mark| mark.day)));
        let failed = Condition::all()
            .add(C::UserId.eq(user.0))
            .add(C::Metric.eq(metric.code()))
            .add(C::StreamId.eq(stream.0))
            .add(C::Grain.eq(grain_code(grain)))
            .add(C::State.eq(CoverageState::Failed.key()))
            .add(C::RawId.eq(raw.0));
        let days: Vec<String> = coverage::Entity::find()
            .select_only()
            .column(C::Day)
            .filter(failed.clone())
            .into_tuple()
            .all(self.db())
            .await?;
        for mark in marks.iter().filter(|mark| days.contains(&day_text(mark.day))) {
            coverage::Entity::update_many()
                .col_expr(C::State, Expr::value(mark.state.key()))
                .col_expr(C::Code, Expr::value(Option::<String>::None))
                .col_expr(C::WearMinutes, Expr::value(mark.wear_minutes))
                .filter(failed.clone())
                .filter(C::Day.eq(day_text(mark.day)))
                .exec(self.db())
                .await?;
        }
        Ok(())
    }

    /// Adds a window to a job that stands for a part of `key` that was given up, so that its days are told apart from
    /// those that were read.
    ///
    /// # Errors
    /// The database's own.
    pub async fn give_up_part(
        &mut self,
        key: WindowKey,
        days: DayRange,
        code: FailureCode,
        now: EpochMs,
    ) -> Result<(), StoreError> {
        use sync_window::Column as C;
        self.lock_person(key.user.0).await?;
        let rows =
            sync_window::Entity::find().filter(C::UserId.eq(key.user.0)).filter(C::JobId.eq(key.job.0));
        let whole = rows.clone().filter(C::Seq.eq(key.seq)).one(self.db()).await?;
        let last = rows.order_by_desc(C::Seq).one(self.db()).await?;
        let (Some(whole), Some(last)) = (whole, last) else { return Ok(()) };
        let part = sync_window::Model {
            seq: last.seq + 1,
            from_day: day_text(days.start),
            to_day: day_text(days.end),
            state: WindowState::Failed.key().to_owned(),
            code: Some(code.key().to_owned()),
            lease_owner: None,
            lease_until: None,
            requests: 0,
            ..whole
        };
        sync_window::Entity::insert(sync_window::ActiveModel::from(part))
            .exec_without_returning(self.db())
            .await?;
        self.recount_job(key.user, key.job, now);
        Ok(())
    }
}
