use figment::value::Value;
use serde::Serialize;

use super::{
    ConfigError, Sources,
    keys::{KEYS, flatten, is_secret},
    read::source_of,
};

/// A key as `config show` prints it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ShownKey {
    /// The key.
    pub key: String,
    /// Its value as TOML; secrets are masked.
    pub value: String,
    /// Where the value comes from.
    pub source: String,
}

pub(super) fn keys(sources: &Sources) -> Result<Vec<ShownKey>, ConfigError> {
    let merged = sources.merge()?;
    Ok(flatten(&merged.values)
        .into_iter()
        .filter(|(key, _)| KEYS.contains_key(key))
        .map(|(key, value)| ShownKey {
            value: if is_secret(&key) { masked(&key, value) } else { written(value) },
            source: source_of(&merged, &key),
            key,
        })
        .collect())
}

fn masked(key: &str, value: &Value) -> String {
    let set = "\"(set)\"".to_owned();
    match value {
        Value::String(_, text) if text.is_empty() => "\"\"".to_owned(),
        // An SQLite address holds no password and is what one looks for when data seems to be missing.
        Value::String(_, text) if key == "database.url" && text.starts_with("sqlite://") => written(value),
        Value::Array(_, items) => format!("\"({} set)\"", items.len()),
        _ => set,
    }
}

fn written(value: &Value) -> String {
    match value {
        Value::String(_, text) => format!("{text:?}"),
        Value::Char(_, c) => format!("\"{c}\""),
        Value::Bool(_, flag) => flag.to_string(),
        Value::Num(_, n) => n.to_i128().map_or_else(|| format!("{n:?}"), |n| n.to_string()),
        Value::Array(_, items) => format!("[{}]", items.iter().map(written).collect::<Vec<_>>().join(", ")),
        Value::Dict(..) | Value::Empty(..) => String::new(),
    }
}
