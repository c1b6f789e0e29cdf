use std::{collections::BTreeSet, path::PathBuf, process::ExitCode};

use anyhow::Context as _;

use super::output;
use crate::graphql;

#[derive(Debug, clap::Args)]
pub(super) struct Args {
    /// Compare with this file instead of printing; fails when they differ
    #[arg(long, value_name = "FILE")]
    check: Option<PathBuf>,
}

/// Lines of a difference that are shown.
const SHOWN: usize = 20;

pub(super) fn run(args: &Args) -> anyhow::Result<ExitCode> {
    let ours = graphql::sdl();
    let Some(path) = &args.check else {
        output::say(ours.trim_end());
        return Ok(ExitCode::SUCCESS);
    };
    let theirs = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    if ours == theirs {
        output::remark(format!("{} is up to date.", path.display()));
        return Ok(ExitCode::SUCCESS);
    }
    output::remark(format!("{} is not the schema of this program:", path.display()));
    for line in difference(&theirs, &ours) {
        output::remark(line);
    }
    output::remark("Run `cargo xtask generate` and commit the file.");
    Ok(ExitCode::FAILURE)
}

/// Lines that only one of the two has; the place of a moved line is not told.
fn difference(theirs: &str, ours: &str) -> Vec<String> {
    let set = |text: &str| -> BTreeSet<String> { text.lines().map(|line| line.trim().to_owned()).collect() };
    let (old, new) = (set(theirs), set(ours));
    let gone = old.difference(&new).map(|line| format!("- {line}"));
    let come = new.difference(&old).map(|line| format!("+ {line}"));
    let mut lines: Vec<String> = gone.chain(come).collect();
    if lines.is_empty() {
        lines.push("  the same lines in another order".to_owned());
    }
    if lines.len() > SHOWN {
        let more = lines.len() - SHOWN;
        lines.truncate(SHOWN);
        lines.push(format!("  … and {more} lines more"));
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn a_difference_names_lines_of_both_sides() {
        assert_eq!(difference("type A\n  x: Int\n", "type A\n  y: Int\n"), ["- x: Int", "+ y: Int"]);
        assert_eq!(difference("a\nb", "b\na"), ["  the same lines in another order"]);
    }
}
