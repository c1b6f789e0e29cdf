//! The section `export`.

use std::path::PathBuf;

use pulsekeep_export::{
    PseudonymKey, Target,
    target::{Checksums, S3Settings},
};

use super::read::Reader;

/// Section `export`.
#[derive(Debug, Clone)]
pub struct ExportConfig {
    /// Where exports go; `None` for nowhere.
    pub target: Option<Target>,
    /// Objects written at the same time.
    pub parallel: u32,
    /// Minutes after midnight, UTC, at which everybody is exported each day; `None` for never.
    pub nightly_at: Option<i64>,
    /// What pseudonyms are made with.
    pub pseudonyms: Option<PseudonymKey>,
}

pub(super) fn read(reader: &mut Reader) -> ExportConfig {
    let (directory, s3) = (reader.text("export.directory"), s3(reader));
    let target = match reader.text("export.sink").as_str() {
        "" => None,
        "directory" if directory.is_empty() => {
            reader.problem("export.directory", "is missing; name the folder that exports go to");
            None
        }
        "directory" => Some(Target::Directory(PathBuf::from(directory))),
        "s3" => {
            let (settings, deidentified_prefix) = s3;
            if settings.bucket.is_empty() {
                reader.problem("export.s3.bucket", "is missing; name the bucket that exports go to");
            }
            Some(Target::S3 { settings: Box::new(settings), deidentified_prefix, credentials: None })
        }
        _ => {
            reader.problem("export.sink", "must be directory, s3, or empty for no exports");
            None
        }
    };
    let key = reader.text("export.pseudonym_key");
    let pseudonyms = match key.is_empty() {
        true => None,
        false => reader.vault_key("export.pseudonym_key", &key).map(PseudonymKey::new),
    };
    let at = reader.text("export.nightly_at");
    let nightly_at = minutes(&at);
    if nightly_at.is_none() && !at.is_empty() {
        reader.problem("export.nightly_at", "must be a time of day, for example 02:30, or empty for never");
    }
    ExportConfig { target, parallel: reader.number("export.parallel", 1..=64), nightly_at, pseudonyms }
}

/// Minutes after midnight of a time of day: `02:30`.
fn minutes(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':').filter(|_| text.len() == 5)?;
    let number = |text: &str, most: i64| text.parse::<i64>().ok().filter(|n| (0..=most).contains(n));
    Some(number(hours, 23)? * 60 + number(minutes, 59)?)
}

fn s3(reader: &mut Reader) -> (S3Settings, String) {
    let has_endpoint = !reader.text("export.s3.endpoint_url").is_empty();
    let path_style = match reader.word("export.s3.force_path_style").as_str() {
        "true" => Some(true),
        "false" => Some(false),
        "auto" => None,
        _ => {
            reader.problem("export.s3.force_path_style", "must be true, false or auto");
            None
        }
    };
    let checksums = match reader.text("export.s3.checksums").as_str() {
        "auto" => Checksums::Auto,
        "always" => Checksums::Always,
        "when_required" => Checksums::WhenRequired,
        _ => {
            reader.problem("export.s3.checksums", "must be always, when_required or auto");
            Checksums::Auto
        }
    };
    let settings = S3Settings {
        prefix: prefix(reader, "export.s3.prefix"),
        region: Some(reader.text("export.s3.region")).filter(|region| !region.is_empty()),
        endpoint: has_endpoint.then(|| reader.url("export.s3.endpoint_url", true)),
        path_style,
        checksums,
        allow_http: reader.flag("export.s3.allow_http"),
        ..S3Settings::new(reader.text("export.s3.bucket"))
    };
    (settings, prefix(reader, "export.s3.deidentified_prefix"))
}

fn prefix(reader: &mut Reader, key: &str) -> String {
    let text = reader.text(key);
    let is_sound = text.is_empty() || text.ends_with('/') && !text.starts_with('/') && !text.contains("//");
    if !is_sound {
        reader.problem(key, "must be empty or end with one slash, and begin with none: pulsekeep/");
    }
    text
}
