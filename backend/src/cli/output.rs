//! The only place that writes to the terminal.

use serde::Serialize;

/// A line of the command's result.
#[expect(clippy::print_stdout, reason = "a command's result goes to standard output")]
pub(super) fn say(line: impl AsRef<str>) {
    println!("{}", line.as_ref());
}

/// A remark beside the result, which a script that reads the result does not see.
#[expect(clippy::print_stderr, reason = "remarks and errors go to standard error")]
pub(super) fn remark(line: impl AsRef<str>) {
    eprintln!("{}", line.as_ref());
}

/// The result for a script.
pub(super) fn json(value: &impl Serialize) -> anyhow::Result<()> {
    say(serde_json::to_string_pretty(value)?);
    Ok(())
}
