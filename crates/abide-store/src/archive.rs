//! Intervals in Parquet, in folders that DuckDB, Spark, Trino and Athena know as partitions.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use abide_ledger::note::hex;
use abide_ledger::tree::sha256;
use jiff::Timestamp;
use jiff::tz::TimeZone;
use parquet::basic::Compression;
use parquet::data_type::{ByteArray, ByteArrayType, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::properties::WriterProperties;
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::file::writer::{SerializedFileWriter, SerializedRowGroupWriter};
use parquet::record::RowAccessor;
use parquet::schema::parser::parse_message_type;
use serde_json::{Value, json};

use crate::snapshot::{Status, Subject};
use crate::{Interval, StoreError};

/// Rows of a row group: a reader that wants one resource reads little.
const GROUP: usize = 20_000;

/// Optional columns come last; their order is that of [`row_group`].
const SCHEMA: &str = "message intervals {
    REQUIRED BYTE_ARRAY stream (STRING);
    REQUIRED INT64 input;
    REQUIRED BYTE_ARRAY address (STRING);
    REQUIRED BYTE_ARRAY type (STRING);
    REQUIRED BYTE_ARRAY policy (STRING);
    REQUIRED BYTE_ARRAY status (STRING);
    REQUIRED BYTE_ARRAY detail (STRING);
    REQUIRED INT64 from_scan;
    REQUIRED INT64 from_at (TIMESTAMP(MILLIS,true));
    OPTIONAL INT64 to_scan;
    OPTIONAL INT64 to_at (TIMESTAMP(MILLIS,true));
}";

/// A file of the archive.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ArchiveFile {
    /// Where it is, below the archive's folder.
    pub path: String,
    /// Its SHA-256, in hexadecimal.
    pub sha256: String,
    /// Intervals in it.
    pub rows: usize,
}

/// An interval with what a row of the archive has besides.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Archived {
    /// The stream.
    pub stream: String,
    /// The interval.
    pub interval: Interval,
    /// When its first scan was, in milliseconds since 1970.
    pub from_at: i64,
    /// When the first scan without it was.
    pub to_at: Option<i64>,
}

fn failed(path: &Path, error: &dyn std::fmt::Display) -> StoreError {
    StoreError::Archive(format!("{}: {error}", path.display()))
}

/// A value in the name of a folder, as Hive escapes it.
fn escaped(text: &str) -> String {
    text.bytes().fold(String::new(), |mut name, byte| {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' => name.push(char::from(byte)),
            _ => name.push_str(&format!("%{byte:02X}")),
        }
        name
    })
}

/// Writes intervals below a folder, by the month in which they began: `intervals/tenant=…/year=…/month=…/NAME.parquet`.
///
/// # Errors
/// If a file cannot be written, or one of that name with another content is there.
pub fn write_intervals(
    folder: &Path,
    tenant: &str,
    name: &str,
    rows: &[Archived],
) -> Result<Vec<ArchiveFile>, StoreError> {
    let mut months: BTreeMap<(i16, i8), Vec<&Archived>> = BTreeMap::new();
    for row in rows {
        let at = Timestamp::from_millisecond(row.from_at)
            .map_err(|error| StoreError::Damaged(format!("the time of a scan: {error}")))?;
        let day = TimeZone::UTC.to_datetime(at).date();
        months
            .entry((day.year(), day.month()))
            .or_default()
            .push(row);
    }
    let files = months.iter().map(|((year, month), rows)| {
        let path = format!(
            "intervals/tenant={}/year={year}/month={month:02}/{name}.parquet",
            escaped(tenant)
        );
        let bytes = file(rows).map_err(|error| failed(&folder.join(&path), &error))?;
        put(&folder.join(&path), &bytes)?;
        Ok(ArchiveFile {
            path,
            sha256: hex(&sha256(&bytes)),
            rows: rows.len(),
        })
    });
    files.collect()
}

/// Writes a file whole and on the disk; one with the same content may be there.
fn put(path: &Path, bytes: &[u8]) -> Result<(), StoreError> {
    let failed = |error: std::io::Error| failed(path, &error);
    if let Ok(there) = fs::read(path) {
        return match there == bytes {
            true => Ok(()),
            false => Err(StoreError::Archive(format!(
                "{} is there with another content: is it the archive of another store? Name another folder",
                path.display()
            ))),
        };
    }
    let parent = path.parent().unwrap_or(Path::new("."));
    fs::create_dir_all(parent).map_err(failed)?;
    let temporary = path.with_extension(format!("{}.tmp", std::process::id()));
    let written = File::create(&temporary).and_then(|file| {
        let mut file = BufWriter::new(file);
        file.write_all(bytes)?;
        file.into_inner()?.sync_all()
    });
    let moved = written.and_then(|()| fs::rename(&temporary, path));
    // The name is on the disk only with its folder.
    moved
        .and_then(|()| File::open(parent)?.sync_all())
        .map_err(failed)
}

fn file(rows: &[&Archived]) -> Result<Vec<u8>, ParquetError> {
    let schema = Arc::new(parse_message_type(SCHEMA)?);
    let properties = WriterProperties::builder()
        .set_compression(Compression::SNAPPY)
        .set_created_by("abide".to_owned())
        .build();
    let mut bytes = Vec::new();
    let mut writer = SerializedFileWriter::new(&mut bytes, schema, Arc::new(properties))?;
    for group in rows.chunks(GROUP) {
        let mut group_writer = writer.next_row_group()?;
        row_group(&mut group_writer, group)?;
        group_writer.close()?;
    }
    writer.close()?;
    Ok(bytes)
}

fn row_group(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    rows: &[&Archived],
) -> Result<(), ParquetError> {
    let texts: [fn(&Archived) -> &str; 6] = [
        |row| &row.interval.subject.address,
        |row| &row.interval.subject.resource_type,
        |row| &row.interval.policy,
        |row| row.interval.status.as_str(),
        |row| &row.interval.detail,
        |row| &row.stream,
    ];
    let [address, kind, policy, status, detail, stream] = texts;
    text(group, rows, stream)?;
    number(
        group,
        rows,
        |row| Some(i64::from(row.interval.subject.input)),
        false,
    )?;
    for column in [address, kind, policy, status, detail] {
        text(group, rows, column)?;
    }
    number(group, rows, |row| Some(row.interval.from), false)?;
    number(group, rows, |row| Some(row.from_at), false)?;
    number(group, rows, |row| row.interval.to, true)?;
    number(group, rows, |row| row.to_at, true)
}

fn missing() -> ParquetError {
    ParquetError::General("a column is missing".to_owned())
}

fn text(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    rows: &[&Archived],
    of: fn(&Archived) -> &str,
) -> Result<(), ParquetError> {
    let values: Vec<ByteArray> = rows.iter().map(|row| ByteArray::from(of(row))).collect();
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column
        .typed::<ByteArrayType>()
        .write_batch(&values, None, None)?;
    column.close()
}

fn number(
    group: &mut SerializedRowGroupWriter<'_, &mut Vec<u8>>,
    rows: &[&Archived],
    of: impl Fn(&Archived) -> Option<i64>,
    optional: bool,
) -> Result<(), ParquetError> {
    let values: Vec<i64> = rows.iter().filter_map(|row| of(row)).collect();
    let there: Vec<i16> = rows
        .iter()
        .map(|row| i16::from(of(row).is_some()))
        .collect();
    let levels = optional.then_some(there.as_slice());
    let mut column = group.next_column()?.ok_or_else(missing)?;
    column
        .typed::<Int64Type>()
        .write_batch(&values, levels, None)?;
    column.close()
}

/// Writes the list of files that one pruning made; gives its digest, which the ledger keeps.
pub(crate) fn write_list(folder: &Path, files: &[ArchiveFile]) -> Result<String, StoreError> {
    let files = files
        .iter()
        .map(|file| json!({"path": file.path, "sha256": file.sha256, "rows": file.rows}));
    let text = json!({"files": files.collect::<Vec<_>>()}).to_string();
    let digest = hex(&sha256(text.as_bytes()));
    put(&list_path(folder, &digest), text.as_bytes())?;
    Ok(digest)
}

fn list_path(folder: &Path, digest: &str) -> PathBuf {
    folder.join("lists").join(format!("{digest}.json"))
}

/// Reads back what an entry of the ledger says was moved to the archive; everything must
/// have the digest it had.
pub(crate) fn read(folder: &Path, tenant: &str, body: &Value) -> Result<Vec<Interval>, StoreError> {
    let digest = body["list"].as_str().unwrap_or_default();
    let stream = body["stream"].as_str().unwrap_or_default();
    if digest.len() != 64 || !digest.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err(StoreError::Damaged(
            "no digest of the list of files".to_owned(),
        ));
    }
    let bytes = whole(&list_path(folder, digest), digest)?;
    let list: Value = serde_json::from_slice(&bytes)
        .map_err(|error| failed(&list_path(folder, digest), &error))?;
    let prefix = format!("intervals/tenant={}/", escaped(tenant));
    let mut rows = Vec::new();
    for file in list["files"].as_array().into_iter().flatten() {
        let name = file["path"].as_str().unwrap_or_default();
        // The list is as the ledger has it, and is not trusted to name other files.
        if !name.starts_with(&prefix) || name.contains("..") {
            return Err(StoreError::Archive(format!(
                "`{name}` is no file of `{tenant}`"
            )));
        }
        let path = folder.join(name);
        let bytes = whole(&path, file["sha256"].as_str().unwrap_or_default())?;
        let read = parse(bytes).map_err(|error| failed(&path, &error))?;
        rows.extend(
            read.into_iter()
                .filter(|row| row.stream == stream)
                .map(|row| row.interval),
        );
    }
    Ok(rows)
}

/// The content of a file that must have this digest.
fn whole(path: &Path, digest: &str) -> Result<Vec<u8>, StoreError> {
    let bytes = fs::read(path).map_err(|error| failed(path, &error))?;
    match hex(&sha256(&bytes)) == digest {
        true => Ok(bytes),
        false => Err(StoreError::Archive(format!(
            "{} is not the file that was written: its digest is another",
            path.display()
        ))),
    }
}

fn parse(bytes: Vec<u8>) -> Result<Vec<Archived>, ParquetError> {
    let reader = SerializedFileReader::new(bytes::Bytes::from(bytes))?;
    let mut rows = Vec::new();
    for row in reader.get_row_iter(None)? {
        let row = row?;
        let wrong = |what: &str| ParquetError::General(format!("not a {what}"));
        let subject = Subject {
            input: u32::try_from(row.get_long(1)?).map_err(|_| wrong("number of an input"))?,
            address: row.get_string(2)?.clone(),
            resource_type: row.get_string(3)?.clone(),
        };
        rows.push(Archived {
            stream: row.get_string(0)?.clone(),
            interval: Interval {
                subject,
                policy: row.get_string(4)?.clone(),
                status: Status::parse(row.get_string(5)?).ok_or_else(|| wrong("status"))?,
                detail: row.get_string(6)?.clone(),
                from: row.get_long(7)?,
                to: row.get_long(9).ok(),
            },
            from_at: row.get_timestamp_millis(8)?,
            to_at: row.get_timestamp_millis(10).ok(),
        });
    }
    Ok(rows)
}
