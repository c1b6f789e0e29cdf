//! Bodies that are made while they are sent.

use std::io;

use axum::body::{Body, Bytes};
use futures::stream;
use pulsekeep_export::{
    ArrowSink, CsvSink, ExportError, RecordBatch, SeriesQuestion, SeriesReader, Sink, Table,
};
use pulsekeep_store::Store;
use tokio::sync::mpsc;

use super::question::Format;

/// Pieces that wait for the caller. Reading rests while they do.
const PIECES_AHEAD: usize = 2;

/// A sink whose bytes can be taken away.
type Writer = Box<dyn Sink<Out = Vec<u8>> + Send>;

fn writer(format: Format, table: &Table) -> Result<Writer, ExportError> {
    Ok(match format {
        Format::Csv => Box::new(CsvSink::new(Vec::new(), table)?),
        // Parquet never comes here: it has its index at the end and is asked for in ranges.
        Format::Arrow | Format::Parquet => Box::new(ArrowSink::new(Vec::new(), table)?),
    })
}

/// The answer as a body. Where a step fails, the body ends with an error: the connection is broken off, and the caller
/// sees that the answer is not whole.
pub(super) fn body(store: Store, question: SeriesQuestion, format: Format) -> Body {
    let (send, receive) = mpsc::channel::<Result<Bytes, io::Error>>(PIECES_AHEAD);
    tokio::spawn(async move {
        if let Err(error) = produce(store, question, format, &send).await {
            tracing::error!(%error, "an answer of samples was broken off");
            let _ = send.send(Err(io::Error::other("the answer was broken off"))).await;
        }
    });
    let pieces =
        stream::unfold(
            receive,
            |mut receive| async move { receive.recv().await.map(|piece| (piece, receive)) },
        );
    Body::from_stream(pieces)
}

async fn produce(
    store: Store,
    question: SeriesQuestion,
    format: Format,
    send: &mpsc::Sender<Result<Bytes, io::Error>>,
) -> Result<(), ExportError> {
    let mut reader = SeriesReader::new(store, question);
    let mut sink = writer(format, reader.table())?;
    let mut next = reader.next().await?;
    while let Some(batch) = next {
        // One batch is encoded while the next one is read.
        let (written, read) = tokio::join!(write(sink, batch), reader.next());
        let piece;
        (sink, piece) = written?;
        next = read?;
        if send.send(Ok(piece)).await.is_err() {
            // Nobody listens any more.
            return Ok(());
        }
    }
    sink.finish()?;
    let _ = send.send(Ok(std::mem::take(sink.out()).into())).await;
    Ok(())
}

async fn write(mut sink: Writer, batch: RecordBatch) -> Result<(Writer, Bytes), ExportError> {
    let work = move || {
        sink.write(&batch)?;
        let piece = std::mem::take(sink.out());
        Ok((sink, Bytes::from(piece)))
    };
    tokio::task::spawn_blocking(work).await.map_err(|_| ExportError::Encoder)?
}
