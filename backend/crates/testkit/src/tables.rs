//! Whole tables as text, and counts of writes.

use std::collections::BTreeMap;

use pulsekeep_store::Engine;

use crate::TestDatabase;

/// The tables of health data: what "nothing was written" speaks of.
pub const DATA_TABLES: [&str; 6] =
    ["raw_document", "sample_block", "daily_value", "sleep_session", "exercise_session", "day_choice"];

impl TestDatabase {
    /// Every row of a table as text, sorted, without the columns that differ from run to run.
    ///
    /// # Panics
    /// When there is no such table.
    pub async fn rows(&self, table: &str, without: &[&str]) -> Vec<String> {
        let columns = self.columns(table).await;
        assert!(!columns.is_empty(), "there is no table {table}");
        let kept = columns.iter().filter(|column| !without.contains(&column.as_str()));
        let text: Vec<String> = kept
            .map(|column| match self.engine() {
                Engine::Sqlite => format!(
                    "'{column}=' || coalesce(CASE typeof({column}) WHEN 'blob' THEN hex({column}) ELSE {column} END, '-')"
                ),
                Engine::Postgres => format!("'{column}=' || coalesce({column}::TEXT, '-')"),
            })
            .collect();
        let mut rows = self.texts(&format!("SELECT {} FROM {table}", text.join(" || ' ' || "))).await;
        rows.sort_unstable();
        rows
    }

    async fn columns(&self, table: &str) -> Vec<String> {
        self.texts(&match self.engine() {
            Engine::Sqlite => format!("SELECT name FROM pragma_table_info('{table}')"),
            Engine::Postgres => format!(
                "SELECT column_name::TEXT FROM information_schema.columns WHERE table_name = '{table}' ORDER BY ordinal_position"
            ),
        })
        .await
    }

    /// How many rows a table has.
    pub async fn count(&self, table: &str) -> usize {
        self.rows(table, &[]).await.len()
    }

    /// Counts the rows written in these tables from now on.
    ///
    /// # Panics
    /// When it is called twice on a database.
    pub async fn watch_writes(&self, tables: &[&str]) {
        let mut sql = "CREATE TABLE test_write (what TEXT NOT NULL);".to_owned();
        if self.engine() == Engine::Postgres {
            sql.push_str(
                "CREATE FUNCTION test_note() RETURNS TRIGGER AS $$ BEGIN
                   INSERT INTO test_write VALUES (TG_TABLE_NAME); RETURN NULL; END $$ LANGUAGE plpgsql;",
            );
        }
        for table in tables {
            sql.push_str(&match self.engine() {
                Engine::Sqlite => ["INSERT", "UPDATE", "DELETE"]
                    .map(|act| {
                        format!(
                            "CREATE TRIGGER test_{table}_{act} AFTER {act} ON {table}
                             BEGIN INSERT INTO test_write VALUES ('{table}'); END;"
                        )
                    })
                    .concat(),
                Engine::Postgres => format!(
                    "CREATE TRIGGER test_{table} AFTER INSERT OR UPDATE OR DELETE ON {table}
                     FOR EACH ROW EXECUTE FUNCTION test_note();"
                ),
            });
        }
        self.execute(&sql).await;
    }

    /// Rows written by table since [`TestDatabase::watch_writes`] or the last call of this.
    pub async fn writes(&self) -> BTreeMap<String, usize> {
        let mut counts = BTreeMap::new();
        for table in self.texts("SELECT what FROM test_write").await {
            *counts.entry(table).or_default() += 1;
        }
        self.execute("DELETE FROM test_write").await;
        counts
    }
}
