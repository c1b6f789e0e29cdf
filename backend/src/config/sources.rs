//! Where values come from: defaults, file, environment.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use figment::{
    Error, Figment, Metadata, Profile, Provider,
    providers::{Format, Toml},
    value::{Dict, Map, Value},
};

use super::{
    ConfigError, DEFAULTS, Problem,
    keys::{KEYS, Kind, is_secret, variable},
};

const PREFIX: &str = "PULSEKEEP_";
/// Variables with our prefix that are no keys.
const NO_KEYS: [&str; 1] = ["PULSEKEEP_CONFIG"];

/// The inputs of a configuration.
#[derive(Debug, Clone, Default)]
pub struct Sources {
    /// The file that was named, which must exist.
    pub file: Option<PathBuf>,
    /// The environment.
    pub env: BTreeMap<String, String>,
    /// Values of the command line, by key; they win over all.
    pub flags: BTreeMap<String, String>,
}

/// Values merged, and what went wrong while reading.
pub(super) struct Merged {
    pub(super) figment: Figment,
    pub(super) values: Dict,
    pub(super) problems: Vec<Problem>,
}

impl Sources {
    /// The process's environment, and the file that was named.
    #[must_use]
    pub fn of_process(file: Option<PathBuf>) -> Self {
        let env = std::env::vars().filter(|(name, _)| name.starts_with(PREFIX)).collect();
        Self { file, env, flags: BTreeMap::new() }
    }

    /// Sets a key as if by a flag of the command line.
    #[must_use]
    pub fn with_flag(mut self, key: &str, value: Option<String>) -> Self {
        if let Some(value) = value {
            self.flags.insert(key.to_owned(), value);
        }
        self
    }

    /// The file in force: the named one, else `pulsekeep.toml` here if there is one.
    fn file_in_force(&self) -> Option<PathBuf> {
        let usual = Path::new("pulsekeep.toml");
        self.file.clone().or_else(|| usual.exists().then(|| usual.to_owned()))
    }

    pub(super) fn merge(&self) -> Result<Merged, ConfigError> {
        let mut problems = Vec::new();
        let mut figment = Figment::from(Layer::new("default", defaults()));
        if let Some(path) = self.file_in_force() {
            figment = figment.merge(Layer::new(&path.display().to_string(), read_file(&path)?));
        }
        figment = figment
            .merge(Layer::new("environment", self.environment(&mut problems)))
            .merge(Layer::new("command line", tree(&self.flags, &mut problems, |key| key.to_owned())));
        let values = super::keys::DefaultData::data_of_default(&figment);
        Ok(Merged { figment, values, problems })
    }

    fn environment(&self, problems: &mut Vec<Problem>) -> Dict {
        let mut texts = BTreeMap::new();
        for (name, value) in &self.env {
            let Some(rest) = name.strip_prefix(PREFIX).filter(|_| !NO_KEYS.contains(&name.as_str())) else {
                continue;
            };
            let key = rest.to_lowercase().replace("__", ".");
            if !key.contains('.') {
                // No key stands alone: this is a slip of the pen, or a variable of somebody else's.
                problems.extend(single_underscores(name, &key));
                continue;
            }
            match key.strip_suffix("_file").filter(|base| !KEYS.contains_key(&key) && is_secret(base)) {
                None => {
                    texts.insert(key, value.clone());
                }
                Some(base) => match std::fs::read_to_string(value) {
                    Ok(text) => {
                        texts.insert(base.to_owned(), text.trim().to_owned());
                    }
                    Err(error) => problems.push(Problem {
                        key: base.to_owned(),
                        source: name.clone(),
                        text: format!("cannot read {value} ({error}); name a file that this user may read"),
                    }),
                },
            }
        }
        tree(&texts, problems, variable)
    }
}

/// The problem of a key written with one underscore where two are wanted.
fn single_underscores(name: &str, written: &str) -> Option<Problem> {
    let meant = KEYS.keys().find(|key| key.replace('.', "_") == written)?;
    let text = format!("sections are parted by two underscores; write {}", variable(meant));
    Some(Problem { key: meant.clone(), source: name.to_owned(), text })
}

fn defaults() -> Dict {
    super::keys::DefaultData::data_of_default(&Figment::from(Toml::string(DEFAULTS)))
}

fn read_file(path: &Path) -> Result<Dict, ConfigError> {
    let problem = |text: String| {
        let key = "pulsekeep.toml".to_owned();
        ConfigError(vec![Problem { key, source: path.display().to_string(), text }])
    };
    let text = std::fs::read_to_string(path)
        .map_err(|e| problem(format!("cannot be read ({e}); check the path given with --config")))?;
    let profiles = Toml::string(&text)
        .data()
        .map_err(|e| problem(format!("is not valid TOML: {}", e.to_string().trim().replace('\n', " "))))?;
    Ok(profiles.get(&Profile::Default).cloned().unwrap_or_default())
}

/// Texts by dotted key as a tree, each turned into what the key holds.
fn tree(
    texts: &BTreeMap<String, String>,
    problems: &mut Vec<Problem>,
    source: impl Fn(&str) -> String,
) -> Dict {
    let mut root = Dict::new();
    for (key, text) in texts {
        let value = match KEYS.get(key) {
            None | Some(Kind::Text) => Value::from(text.as_str()),
            Some(Kind::List) => Value::from(
                text.split(',').map(str::trim).filter(|t| !t.is_empty()).map(Value::from).collect::<Vec<_>>(),
            ),
            Some(kind @ (Kind::Flag | Kind::Number)) => match parse(*kind, text.trim()) {
                Some(value) => value,
                None => {
                    let text = format!("\"{text}\" is not {}", kind.in_words());
                    problems.push(Problem { key: key.clone(), source: source(key), text });
                    continue;
                }
            },
        };
        insert(&mut root, key, value);
    }
    root
}

fn parse(kind: Kind, text: &str) -> Option<Value> {
    match kind {
        Kind::Flag => match text.to_lowercase().as_str() {
            "true" | "yes" | "on" | "1" => Some(Value::from(true)),
            "false" | "no" | "off" | "0" => Some(Value::from(false)),
            _ => None,
        },
        _ => text.parse::<i64>().ok().map(Value::from),
    }
}

fn insert(dict: &mut Dict, key: &str, value: Value) {
    match key.split_once('.') {
        None => {
            dict.insert(key.to_owned(), value);
        }
        Some((head, rest)) => {
            let entry = dict.entry(head.to_owned()).or_insert_with(|| Value::from(Dict::new()));
            if let Value::Dict(_, inner) = entry {
                insert(inner, rest, value);
            }
        }
    }
}

/// A named tree of values.
struct Layer {
    name: String,
    values: Dict,
}

impl Layer {
    fn new(name: &str, values: Dict) -> Self {
        Self { name: name.to_owned(), values }
    }
}

impl Provider for Layer {
    fn metadata(&self) -> Metadata {
        Metadata::named(self.name.clone())
    }

    fn data(&self) -> Result<Map<Profile, Dict>, Error> {
        Ok(Profile::Default.collect(self.values.clone()))
    }
}
