//! DynamoDB on one `SQLite` file.

use std::fmt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use dynoxide::Database;
use dynoxide::actions::create_table::CreateTableRequest;
use dynoxide::actions::describe_table::DescribeTableRequest;
use dynoxide::actions::update_time_to_live::{TimeToLiveSpecification, UpdateTimeToLiveRequest};
use rusqlite::Connection;
use tokio::net::TcpListener;

use crate::error::StartError;
use crate::net::Shutdown;
use crate::template::TableSpec;

/// How often expired items are removed and the stream is trimmed. AWS takes up to days.
const HOUSEKEEPING: Duration = Duration::from_mins(1);
/// How long AWS keeps stream records, in seconds.
const STREAM_RETENTION: i64 = 24 * 60 * 60;

fn error(reason: impl fmt::Display) -> StartError {
    StartError::service("DynamoDB", reason)
}

/// Opens the file and creates the table unless it is there.
pub(super) fn open(file: &Path, table: &TableSpec) -> Result<Database, StartError> {
    let path = file
        .to_str()
        .ok_or_else(|| error("the path of its file is not UTF-8"))?;
    let database = Database::new(path).map_err(error)?;
    // Also sets `synchronous = NORMAL`, which is what it is called for: with the write-ahead log a
    // crash of the process loses nothing, and no write waits for the disk.
    database.disable_bulk_loading().map_err(error)?;
    let describe = DescribeTableRequest {
        table_name: table.name.clone(),
    };
    if database.describe_table(describe).is_err() {
        create(&database, table)?;
    }
    index_stream(file).map_err(error)?;
    Ok(database)
}

fn create(database: &Database, table: &TableSpec) -> Result<(), StartError> {
    let request: CreateTableRequest =
        serde_json::from_value(table.create.clone()).map_err(error)?;
    database.create_table(request).map_err(error)?;
    if let Some(attribute) = &table.ttl_attribute {
        let specification = TimeToLiveSpecification {
            attribute_name: attribute.clone(),
            enabled: true,
        };
        database
            .update_time_to_live(UpdateTimeToLiveRequest {
                table_name: table.name.clone(),
                time_to_live_specification: specification,
            })
            .map_err(error)?;
    }
    Ok(())
}

/// Every write asks for the last sequence number and every poll for the records after one. Without
/// this index both read the whole stream, and the platform slows down with every write it has seen.
fn index_stream(file: &Path) -> rusqlite::Result<()> {
    Connection::open(file)?.execute_batch(
        "CREATE INDEX IF NOT EXISTS portico_stream_order
         ON _stream_records (table_name, CAST(sequence_number AS INTEGER))",
    )
}

/// Forgets stream records that AWS would have forgotten.
fn trim_stream(file: &Path) -> rusqlite::Result<()> {
    let oldest = jiff::Timestamp::now().as_second() - STREAM_RETENTION;
    Connection::open(file)?
        .execute(
            "DELETE FROM _stream_records WHERE created_at < ?1",
            [oldest],
        )
        .map(drop)
}

/// Answers until the shutdown.
pub(super) async fn serve(listener: TcpListener, database: Database, mut shutdown: Shutdown) {
    let stopped = async move { shutdown.requested().await };
    if let Err(reason) = dynoxide::server::serve_with_shutdown(listener, database, stopped).await {
        tracing::error!(reason, "DynamoDB stopped");
    }
}

/// Removes expired items and old stream records until the shutdown.
pub(super) async fn housekeeping(database: Database, file: PathBuf, mut shutdown: Shutdown) {
    loop {
        let (database, file) = (database.clone(), file.clone());
        let round = tokio::task::spawn_blocking(move || {
            database.sweep_ttl().map_err(|error| error.to_string())?;
            trim_stream(&file).map_err(|error| error.to_string())
        });
        if let Ok(Err(reason)) = round.await {
            tracing::warn!(reason, "DynamoDB housekeeping");
        }
        tokio::select! {
            () = tokio::time::sleep(HOUSEKEEPING) => {}
            () = shutdown.requested() => return,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The index is worth nothing if the statements of the embedded database do not use it.
    #[test]
    fn the_stream_is_read_by_its_index() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("db");
        drop(Database::new(file.to_str().unwrap()).unwrap());
        index_stream(&file).unwrap();
        let connection = Connection::open(&file).unwrap();
        for statement in [
            "SELECT COALESCE(MAX(CAST(sequence_number AS INTEGER)), 0) + 1 FROM _stream_records WHERE table_name = 't'",
            "SELECT event_name FROM _stream_records
             WHERE table_name = 't' AND shard_id = 's' AND CAST(sequence_number AS INTEGER) > 1
             ORDER BY CAST(sequence_number AS INTEGER) ASC LIMIT 100",
        ] {
            let plan: Vec<String> = connection
                .prepare(&format!("EXPLAIN QUERY PLAN {statement}"))
                .unwrap()
                .query_map([], |row| row.get("detail"))
                .unwrap()
                .collect::<Result<_, _>>()
                .unwrap();
            assert_eq!(plan.len(), 1, "nothing is sorted: {plan:?}");
            assert!(plan[0].contains("portico_stream_order"), "{plan:?}");
        }
    }

    #[test]
    fn old_stream_records_are_trimmed_and_new_ones_kept() {
        let folder = tempfile::TempDir::new().unwrap();
        let file = folder.path().join("db");
        drop(Database::new(file.to_str().unwrap()).unwrap());
        let connection = Connection::open(&file).unwrap();
        let now = jiff::Timestamp::now().as_second();
        for (sequence, age) in [(1, STREAM_RETENTION + 60), (2, 60)] {
            connection
                .execute(
                    "INSERT INTO _stream_records (table_name, event_name, keys_json, sequence_number, shard_id, created_at)
                     VALUES ('t', 'INSERT', '{}', ?1, 's', ?2)",
                    [sequence, now - age],
                )
                .unwrap();
        }
        trim_stream(&file).unwrap();
        let left: String = connection
            .query_row(
                "SELECT group_concat(sequence_number) FROM _stream_records",
                [],
                |row| row.get(0),
            )
            .unwrap();
        assert_eq!(left, "2");
    }
}
