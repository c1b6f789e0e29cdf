//! From a person's days to the bytes of files.

use std::{collections::VecDeque, sync::Arc};

use arrow_array::{ArrayRef, Date32Array, RecordBatch, TimestampMillisecondArray};
use arrow_schema::SchemaRef;
use parquet::arrow::ArrowWriter;
use pulsekeep_core::{
    account::Viewer,
    time::{DayRange, days_between},
};
use pulsekeep_store::{
    Store, User,
    person::{Person, SampleRange},
};

use super::{
    Dataset, Form, Period, hive,
    session::{Rows, schema_of},
    version::{exercises, nights},
};
use crate::{
    CsvSink, ExportError, Resolution, SeriesQuestion, SeriesReader, Sink as _, Table,
    identity::Identity,
    table::{column, epoch_day},
    target::{Body, BodyWriter},
};

/// Days between two files that are read over rather than asked for anew.
const GAP_DAYS: i64 = 14;

/// The bytes of a file.
#[derive(Debug)]
pub(crate) struct Encoded {
    pub(crate) period: Period,
    pub(crate) body: Body,
    pub(crate) sha256: String,
    pub(crate) rows: u64,
}

/// Makes files of one dataset of a person, one after another. What is held in memory is a batch of rows and the part of
/// a file that is not yet encoded.
pub(crate) struct Encoder {
    store: Store,
    person: Person,
    identity: Identity,
    dataset: Dataset,
    form: Form,
    periods: VecDeque<Period>,
    /// Reads the samples of the next files.
    run: Option<Run>,
}

/// A read over files that lie close together.
struct Run {
    reader: SeriesReader,
    table: Table,
    files: usize,
    /// Rows that were read for a file to come.
    rest: Option<RecordBatch>,
}

enum Writer {
    Csv(Box<CsvSink<BodyWriter>>),
    Parquet(Box<ArrowWriter<BodyWriter>>, SchemaRef),
}

impl Encoder {
    /// Files of these periods, in order.
    pub(crate) fn new(
        store: Store,
        (person, identity): (Person, Identity),
        (dataset, form): (Dataset, Form),
        periods: impl IntoIterator<Item = Period>,
    ) -> Self {
        let periods = periods.into_iter().collect();
        Self { store, person, identity, dataset, form, periods, run: None }
    }

    /// The next file.
    ///
    /// # Errors
    /// The store's own; a person who has gone; a temporary file that cannot be written.
    pub(crate) async fn next(&mut self) -> Result<Option<Encoded>, ExportError> {
        let Some(period) = self.periods.front().copied() else { return Ok(None) };
        let encoded = match self.dataset {
            Dataset::Samples(_) | Dataset::Days(_) => self.series(period).await?,
            _ => self.sessions(period).await?,
        };
        self.periods.pop_front();
        Ok(Some(encoded))
    }

    fn begin(&self) -> Run {
        let metric = self.dataset.metric();
        let resolution = match self.dataset {
            Dataset::Days(metric) if metric.has_samples() => Resolution::Day,
            _ => Resolution::Raw,
        };
        let mut days =
            self.periods.front().map_or(DayRange::one(jiff::civil::Date::ZERO), |first| first.days());
        let mut files = 0;
        for period in &self.periods {
            let next = period.days();
            if days_between(days.end, next.start) > GAP_DAYS {
                break;
            }
            (days.end, files) = (next.end, files + 1);
        }
        let user = User { code: self.identity.name.clone(), ..self.person.user().clone() };
        let question = SeriesQuestion {
            viewer: Viewer::system(),
            people: vec![user],
            metrics: vec![metric],
            range: SampleRange::Days(self.identity.lived(days)),
            resolution,
        };
        let table = question.table();
        Run { reader: SeriesReader::new(self.store.clone(), question), table, files, rest: None }
    }

    async fn series(&mut self, period: Period) -> Result<Encoded, ExportError> {
        let mut run = match self.run.take() {
            Some(run) => run,
            None => self.begin(),
        };
        let mut writer = Writer::begin(self.form, &run.table)?;
        let days = period.days();
        let (from, to) = (epoch_day(days.start), epoch_day(days.end));
        let mut rows = 0;
        loop {
            let batch = match run.rest.take() {
                Some(batch) => batch,
                None => match run.reader.next().await? {
                    Some(batch) => shifted(&batch, &self.identity)?,
                    None => break,
                },
            };
            let day: &Date32Array = column(&batch, "day")?;
            let place = |bound: i32| day.values().partition_point(|day| *day < bound);
            let (first, last) = (place(from), place(to));
            let (own, length) = (batch.slice(first, last - first), batch.num_rows());
            rows += own.num_rows() as u64;
            writer = blocking(move || writer.write(&own)).await?;
            if last < length {
                run.rest = Some(batch.slice(last, length - last));
                break;
            }
        }
        run.files -= 1;
        self.run = (run.files > 0).then_some(run);
        let (body, sha256) = blocking(move || Ok(writer.finish()?.finish()?)).await?;
        Ok(Encoded { period, body, sha256, rows })
    }

    async fn sessions(&self, period: Period) -> Result<Encoded, ExportError> {
        let days = self.identity.lived(period.days());
        let rows = match self.dataset {
            Dataset::Exercises => Rows::exercises(&exercises(&self.person, days).await?, &self.identity),
            Dataset::SleepStages => {
                Rows::stages(&nights(&self.person, days).await?, &self.identity, self.person.timeline())
            }
            _ => Rows::nights(&nights(&self.person, days).await?, &self.identity),
        };
        let (form, dataset, count) = (self.form, self.dataset, rows.len() as u64);
        let (body, sha256) = blocking(move || {
            let out = match form {
                Form::Csv => {
                    let mut out = BodyWriter::default();
                    rows.write_csv(&mut out)?;
                    out
                }
                Form::Parquet => {
                    let sorted_by = if dataset == Dataset::SleepStages { "sleep_start" } else { "start" };
                    let mut writer = hive::writer(&schema_of(dataset), sorted_by)?;
                    writer.write(&rows.batch()?)?;
                    writer.into_inner()?
                }
            };
            Ok(out.finish()?)
        })
        .await?;
        Ok(Encoded { period, body, sha256, rows: count })
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ExportError> + Send + 'static,
) -> Result<T, ExportError> {
    tokio::task::spawn_blocking(work).await.map_err(|_| ExportError::Encoder)?
}

impl Writer {
    fn begin(form: Form, table: &Table) -> Result<Self, ExportError> {
        Ok(match form {
            Form::Csv => Self::Csv(Box::new(CsvSink::new(BodyWriter::default(), table)?)),
            Form::Parquet => {
                let schema = hive::schema_of(table);
                Self::Parquet(Box::new(hive::writer(&schema, "time")?), schema)
            }
        })
    }

    fn write(mut self, batch: &RecordBatch) -> Result<Self, ExportError> {
        match &mut self {
            Self::Csv(sink) => sink.write(batch)?,
            Self::Parquet(writer, schema) => writer.write(&hive::in_schema(batch, schema)?)?,
        }
        Ok(self)
    }

    fn finish(self) -> Result<BodyWriter, ExportError> {
        Ok(match self {
            Self::Csv(sink) => sink.into_out(),
            Self::Parquet(writer, _) => writer.into_inner()?,
        })
    }
}

/// The batch with its dates as they are exported.
fn shifted(batch: &RecordBatch, identity: &Identity) -> Result<RecordBatch, ExportError> {
    if identity.shift_days == 0 {
        return Ok(batch.clone());
    }
    let days = i32::try_from(identity.shift_days).unwrap_or(0);
    let schema = batch.schema();
    let mut columns: Vec<ArrayRef> = batch.columns().to_vec();
    let day: &Date32Array = column(batch, "day")?;
    columns[schema.index_of("day")?] =
        Arc::new(day.unary::<_, arrow_array::types::Date32Type>(|day| day + days));
    let time: &TimestampMillisecondArray = column(batch, "time")?;
    let ms = identity.shift_ms();
    let moved = time.unary::<_, arrow_array::types::TimestampMillisecondType>(|time| time + ms);
    columns[schema.index_of("time")?] = Arc::new(moved.with_timezone("UTC"));
    Ok(RecordBatch::try_new(schema, columns)?)
}
