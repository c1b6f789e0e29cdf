//! Running other programs.

use std::ffi::{OsStr, OsString};
use std::io::{BufRead, BufReader, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};

use anyhow::{Context, Result, bail};

/// A program to run, shown to the reader before it runs.
pub(crate) struct Cmd {
    command: Command,
    shown: String,
}

impl Cmd {
    pub(crate) fn new(program: impl AsRef<OsStr>) -> Self {
        let mut command = Command::new(&program);
        for name in leaked_by_cargo_run(std::env::vars_os().map(|(name, _)| name)) {
            command.env_remove(name);
        }
        let program = Path::new(program.as_ref());
        let shown = program.file_name().unwrap_or(program.as_os_str()).to_string_lossy().into_owned();
        Self { command, shown }
    }

    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Self {
        self.shown.push(' ');
        self.shown.push_str(&arg.as_ref().to_string_lossy());
        self.command.arg(arg);
        self
    }

    pub(crate) fn args<A: AsRef<OsStr>>(mut self, args: impl IntoIterator<Item = A>) -> Self {
        for arg in args {
            self = self.arg(arg);
        }
        self
    }

    pub(crate) fn env(mut self, name: &str, value: impl AsRef<OsStr>) -> Self {
        self.command.env(name, value);
        self
    }

    pub(crate) fn dir(mut self, dir: impl AsRef<Path>) -> Self {
        self.command.current_dir(dir);
        self
    }

    /// Runs it with our own streams; fails when it does.
    pub(crate) fn run(mut self) -> Result<()> {
        println!("$ {}", self.shown);
        let status = self.command.stdin(Stdio::null()).status().with_context(|| self.cannot_start())?;
        if !status.success() {
            bail!("`{}` failed ({status})", self.shown);
        }
        Ok(())
    }

    /// Replaces this process; returns only when that fails.
    #[cfg(unix)]
    pub(crate) fn exec(mut self) -> anyhow::Error {
        use std::os::unix::process::CommandExt;
        println!("$ {}", self.shown);
        let error = self.command.exec();
        anyhow::Error::new(error).context(self.cannot_start())
    }

    /// What it prints; fails, with its complaint, when it does.
    pub(crate) fn output(mut self) -> Result<String> {
        let output = self.command.stdin(Stdio::null()).output().with_context(|| self.cannot_start())?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed ({})\n{}", self.shown, output.status, said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Writes `input` to it and returns what it prints.
    pub(crate) fn output_with_input(mut self, input: &str) -> Result<String> {
        self.command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| self.cannot_start())?;
        // Taken, so that it is closed at the end of this statement.
        child.stdin.take().context("no stdin")?.write_all(input.as_bytes())?;
        let output = child.wait_with_output()?;
        if !output.status.success() {
            let said = String::from_utf8_lossy(&output.stderr);
            bail!("`{}` failed ({})\n{}", self.shown, output.status, said.trim());
        }
        Ok(String::from_utf8_lossy(&output.stdout).into_owned())
    }

    /// Runs it, shows both of its streams as they come, and returns them as one text with its success.
    pub(crate) fn tee(mut self) -> Result<(bool, String)> {
        println!("$ {}", self.shown);
        self.command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = self.command.spawn().with_context(|| self.cannot_start())?;
        let errors = child.stderr.take().context("no stderr")?;
        let reader = std::thread::spawn(move || copy_lines(errors, |line| eprintln!("{line}")));
        let mut text = copy_lines(child.stdout.take().context("no stdout")?, |line| println!("{line}"));
        let errors = reader.join().map_err(|_| anyhow::anyhow!("reading the output failed"))?;
        text.push_str(&errors);
        Ok((child.wait()?.success(), text))
    }

    /// Starts it and leaves it running, with a pipe as its standard input.
    pub(crate) fn spawn_with_pipe(mut self) -> Result<Child> {
        self.command.stdin(Stdio::piped());
        self.command.spawn().with_context(|| self.cannot_start())
    }

    /// Starts it and leaves it running.
    pub(crate) fn spawn(mut self) -> Result<Child> {
        println!("$ {} &", self.shown);
        self.command.stdin(Stdio::null()).spawn().with_context(|| self.cannot_start())
    }

    fn cannot_start(&self) -> String {
        format!("`{}` could not be started", self.shown)
    }
}

fn copy_lines(stream: impl Read, show: impl Fn(&str)) -> String {
    let mut text = String::new();
    let mut reader = BufReader::new(stream);
    let mut bytes = Vec::new();
    while matches!(reader.read_until(b'\n', &mut bytes), Ok(read) if read > 0) {
        let line = String::from_utf8_lossy(&bytes);
        show(line.trim_end_matches(['\n', '\r']));
        text.push_str(&line);
        bytes.clear();
    }
    text
}

/// The variables that `cargo run` sets for us and that a build must not see: build scripts that look at them
/// would run again at each change between `cargo xtask …` and a plain `cargo build`.
fn leaked_by_cargo_run(names: impl Iterator<Item = OsString>) -> Vec<OsString> {
    let ours = |name: &OsString| {
        let name = name.to_string_lossy();
        name.starts_with("CARGO_PKG_")
            || name.starts_with("CARGO_MANIFEST_")
            || matches!(
                &*name,
                "CARGO" | "CARGO_BIN_NAME" | "CARGO_CRATE_NAME" | "CARGO_PRIMARY_PACKAGE" | "OUT_DIR"
            )
    };
    names.filter(ours).collect()
}

/// Where `program` lies on PATH.
pub(crate) fn find_on_path(program: &str) -> Option<std::path::PathBuf> {
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|dir| dir.join(program)).find(|file| file.is_file())
}

#[cfg(test)]
mod tests {
    use super::{Cmd, find_on_path, leaked_by_cargo_run};

    #[test]
    fn tee_returns_both_streams_and_the_outcome() {
        let (ok, text) = Cmd::new("sh").args(["-c", "echo one; echo two >&2; exit 3"]).tee().unwrap();
        assert!(!ok);
        assert!(text.contains("one\n") && text.contains("two\n"));
    }

    #[test]
    fn a_failing_program_says_why() {
        let error = Cmd::new("sh").args(["-c", "echo because >&2; exit 1"]).output().unwrap_err();
        assert!(error.to_string().contains("because"));
    }

    #[test]
    fn only_cargos_own_variables_are_removed() {
        let names = ["CARGO_PKG_NAME", "CARGO_HOME", "PATH", "OUT_DIR"].map(Into::into);
        assert_eq!(leaked_by_cargo_run(names.into_iter()), ["CARGO_PKG_NAME", "OUT_DIR"]);
    }

    #[test]
    fn programs_are_found_on_the_path() {
        assert!(find_on_path("sh").is_some());
        assert!(find_on_path("no-such-program-here").is_none());
    }
}
