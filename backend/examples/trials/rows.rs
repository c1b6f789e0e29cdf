//! The table that others keep: a row for each sample, written as fast as its engine lets a client write many rows.

use std::time::Instant;

use pulsekeep_core::{EpochMs, id::UserId};
use pulsekeep_store::Engine;
use pulsekeep_testkit::TestDatabase;
use sqlx::{AssertSqlSafe, Connection as _, PgConnection, SqliteConnection};

/// An instant with minimum, mean and maximum.
pub(crate) type Sample = (i64, [f64; 3]);

const TABLE: &str = "CREATE TABLE sample_row (user_id BIGINT NOT NULL, metric SMALLINT NOT NULL, at BIGINT NOT NULL, \
     low DOUBLE PRECISION NOT NULL, mean DOUBLE PRECISION NOT NULL, high DOUBLE PRECISION NOT NULL, \
     PRIMARY KEY (user_id, metric, at))";
/// Samples of one transaction: about a window.
const WINDOW: usize = 8_640;
/// Points of the coarse reading.
const POINTS: i64 = 2_000;

/// Seconds, and bytes of the table with its index.
pub(crate) struct Measured {
    pub(crate) written: f64,
    pub(crate) read: f64,
    pub(crate) coarse: f64,
    pub(crate) bytes: f64,
}

/// Writes and reads the table in `db`.
pub(crate) async fn measure(
    db: &TestDatabase,
    user: UserId,
    samples: &[Sample],
    (from, to): (EpochMs, EpochMs),
) -> anyhow::Result<Measured> {
    let size = match db.engine() {
        Engine::Sqlite => {
            "SELECT CAST(page_count * page_size AS TEXT) FROM pragma_page_count(), pragma_page_size()"
        }
        Engine::Postgres => "SELECT CAST(pg_total_relation_size('sample_row') AS TEXT)",
    };
    let bytes = async || db.texts(size).await.concat().parse::<f64>();
    db.execute(TABLE).await;
    let before = bytes().await?;
    let width = ((to.0 - from.0) / POINTS).max(1);
    let every = "SELECT at, low, mean, high FROM sample_row WHERE user_id = $1 AND metric = 1 AND at >= $2 AND at < $3 \
         ORDER BY at";
    let few = format!(
        "SELECT (at - $2) / {width}, min(low), avg(mean), max(high) FROM sample_row \
         WHERE user_id = $1 AND metric = 1 AND at >= $2 AND at < $3 GROUP BY 1 ORDER BY 1"
    );
    /// Reads both ways; the macro since the engines' connections have no common type.
    macro_rules! read {
        ($connection:expr) => {{
            let mut seconds = Vec::new();
            for sql in [every, few.as_str()] {
                let begun = Instant::now();
                let query = sqlx::query_as::<_, (i64, f64, f64, f64)>(AssertSqlSafe(sql.to_owned()));
                let found = query.bind(user.0).bind(from.0).bind(to.0).fetch_all($connection).await?;
                anyhow::ensure!(!found.is_empty(), "no rows were read");
                seconds.push(begun.elapsed().as_secs_f64());
            }
            (seconds[0], seconds[1])
        }};
    }
    let begun = Instant::now();
    let (written, (read, coarse)) = match db.engine() {
        Engine::Sqlite => {
            let mut connection = SqliteConnection::connect(db.url()).await?;
            for window in samples.chunks(WINDOW) {
                let mut tx = connection.begin().await?;
                for (at, [low, mean, high]) in window {
                    sqlx::query(
                        "INSERT INTO sample_row VALUES ($1, 1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
                    )
                    .bind(user.0)
                    .bind(at)
                    .bind(low)
                    .bind(mean)
                    .bind(high)
                    .execute(&mut *tx)
                    .await?;
                }
                tx.commit().await?;
            }
            (begun.elapsed().as_secs_f64(), read!(&mut connection))
        }
        Engine::Postgres => {
            let mut connection = PgConnection::connect(db.url()).await?;
            for window in samples.chunks(WINDOW) {
                let column = |n: usize| window.iter().map(|sample| sample.1[n]).collect::<Vec<f64>>();
                let at: Vec<i64> = window.iter().map(|sample| sample.0).collect();
                sqlx::query(
                    "INSERT INTO sample_row SELECT $1, 1, * FROM UNNEST($2::bigint[], $3::float8[], $4::float8[], \
                     $5::float8[]) ON CONFLICT DO NOTHING",
                )
                .bind(user.0)
                .bind(at)
                .bind(column(0))
                .bind(column(1))
                .bind(column(2))
                .execute(&mut connection)
                .await?;
            }
            (begun.elapsed().as_secs_f64(), read!(&mut connection))
        }
    };
    Ok(Measured { written, read, coarse, bytes: bytes().await? - before })
}
