//! The few options that the commands take.

use anyhow::{Result, bail};

/// What was written after the command's name; options are taken out as they are read.
pub(crate) struct Args {
    words: Vec<String>,
}

impl Args {
    pub(crate) fn new(words: impl Iterator<Item = String>) -> Self {
        Self { words: words.collect() }
    }

    /// Whether `name` was given; takes it out.
    pub(crate) fn flag(&mut self, name: &str) -> bool {
        let before = self.words.len();
        self.words.retain(|word| word != name);
        self.words.len() != before
    }

    /// The value of `--name VALUE` or `--name=VALUE`; takes both words out.
    pub(crate) fn value(&mut self, name: &str) -> Result<Option<String>> {
        let joined = format!("{name}=");
        let Some(at) = self.words.iter().position(|word| word == name || word.starts_with(&joined)) else {
            return Ok(None);
        };
        let word = self.words.remove(at);
        if let Some(value) = word.strip_prefix(&joined) {
            return Ok(Some(value.to_owned()));
        }
        if at >= self.words.len() {
            bail!("{name} needs a value");
        }
        Ok(Some(self.words.remove(at)))
    }

    /// The comma-separated values of `name`; empty when it was not given.
    pub(crate) fn list(&mut self, name: &str) -> Result<Vec<String>> {
        let value = self.value(name)?.unwrap_or_default();
        Ok(value.split(',').map(str::trim).filter(|part| !part.is_empty()).map(str::to_owned).collect())
    }

    /// A port number.
    pub(crate) fn port(&mut self, name: &str) -> Result<Option<u16>> {
        let Some(value) = self.value(name)? else { return Ok(None) };
        match value.parse() {
            Ok(port) => Ok(Some(port)),
            Err(_) => bail!("{name} {value}: a port is a number from 0 to 65535"),
        }
    }

    /// Refuses what no option has taken.
    pub(crate) fn finish(&self) -> Result<()> {
        match self.words.first() {
            None => Ok(()),
            Some(word) => bail!("`{word}` is not understood here; --help lists the options"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::Args;

    fn args(line: &str) -> Args {
        Args::new(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn options_are_taken_out() {
        let mut args = args("--port 80 --no-open --only=a,b");
        assert_eq!(args.port("--port").unwrap(), Some(80));
        assert_eq!(args.list("--only").unwrap(), ["a", "b"]);
        assert!(args.finish().is_err());
        assert!(args.flag("--no-open"));
        args.finish().unwrap();
    }

    #[test]
    fn a_missing_value_is_said() {
        assert!(args("--port").port("--port").is_err());
        assert!(args("--port x").port("--port").is_err());
        assert_eq!(args("").port("--port").unwrap(), None);
    }
}
