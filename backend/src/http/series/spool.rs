//! Parquet: written to a temporary file that nobody else sees, then served whole or in a range.

use std::{
    fs::File,
    io::{BufWriter, Seek as _, SeekFrom},
};

use axum::{body::Body, response::Response};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use pulsekeep_export::{
    ExportError, Limited, ParquetSink, RecordBatch, SeriesQuestion, SeriesReader, Sink as _,
};
use pulsekeep_store::Store;
use tokio::io::AsyncReadExt as _;
use tokio_util::io::ReaderStream;

use super::{
    App, Problem,
    question::Asked,
    range::{self, Wanted},
    tag_of, with_headers,
};

/// How often a file is written again because its samples have changed meanwhile.
const TRIES: usize = 3;

type Writer = ParquetSink<Limited<BufWriter<File>>>;

pub(super) async fn answer(
    app: &App,
    headers: &HeaderMap,
    asked: Asked,
    mut version: String,
) -> Result<Response, Problem> {
    let store = &app.services.store;
    let permit = app.series.spools.acquire().await.map_err(|e| Problem::internal(&e))?;
    for _ in 0..TRIES {
        let (file, length) = spool(store, asked.question.clone(), app.options.parquet_limit).await?;
        // A range is only good for the file that its tag names: the tag must be that of what was written.
        let after = asked.question.version(store).await?;
        if after == version {
            drop(permit);
            return serve(headers, &asked, &version, file, length);
        }
        version = after;
    }
    let text =
        "The samples are changing while they are read (a backfill?); try again, or ask for format=arrow";
    Err(Problem::new(StatusCode::SERVICE_UNAVAILABLE, "BUSY", text))
}

fn serve(
    headers: &HeaderMap,
    asked: &Asked,
    version: &str,
    mut file: File,
    length: u64,
) -> Result<Response, Problem> {
    let tag = tag_of(asked, version);
    let wanted = range::of(headers, &tag, length);
    let (status, start, end) = match wanted {
        Wanted::Whole => (StatusCode::OK, 0, length),
        Wanted::Part(start, end) => (StatusCode::PARTIAL_CONTENT, start, end),
        Wanted::Nothing => (StatusCode::RANGE_NOT_SATISFIABLE, 0, 0),
    };
    file.seek(SeekFrom::Start(start)).map_err(|e| Problem::internal(&e))?;
    let part = tokio::fs::File::from_std(file).take(end - start);
    let mut response = with_headers(Response::new(Body::from_stream(ReaderStream::new(part))), asked, &tag);
    *response.status_mut() = status;
    let out = response.headers_mut();
    out.insert(header::ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    out.insert(header::CONTENT_LENGTH, HeaderValue::from(end - start));
    let content_range = match wanted {
        Wanted::Whole => None,
        Wanted::Part(start, end) => Some(format!("bytes {start}-{}/{length}", end - 1)),
        Wanted::Nothing => Some(format!("bytes */{length}")),
    };
    if let Some(value) = content_range.and_then(|text| HeaderValue::from_str(&text).ok()) {
        out.insert(header::CONTENT_RANGE, value);
    }
    Ok(response)
}

/// Writes the answer to a file without a name, and tells its length.
async fn spool(store: &Store, question: SeriesQuestion, limit: u64) -> Result<(File, u64), ExportError> {
    let mut reader = SeriesReader::new(store.clone(), question);
    let file = tempfile::tempfile()?;
    let mut sink = ParquetSink::new(Limited::new(BufWriter::new(file.try_clone()?), limit), reader.table())?;
    let mut next = reader.next().await?;
    while let Some(batch) = next {
        let (written, read) = tokio::join!(step(sink, Some(batch), limit), reader.next());
        (sink, next) = (written?, read?);
    }
    let mut sink = step(sink, None, limit).await?;
    let length = sink.out().written();
    Ok((file, length))
}

/// Writes a batch, or the end of the file.
async fn step(mut sink: Writer, batch: Option<RecordBatch>, limit: u64) -> Result<Writer, ExportError> {
    let work = move || {
        let written = match &batch {
            Some(batch) => sink.write(batch),
            None => sink.finish(),
        };
        match written {
            Ok(()) => Ok(sink),
            Err(_) if sink.out().is_over() => Err(ExportError::TooLarge(limit)),
            Err(error) => Err(error),
        }
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| ExportError::Encoder)?
}
