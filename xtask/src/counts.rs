//! How many tests ran, read from what the test runners print.

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// Tests that ran, and those that a runner was told to leave out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) passed: u64,
    pub(crate) failed: u64,
    pub(crate) skipped: u64,
}

impl Counts {
    pub(crate) fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

impl std::fmt::Display for Counts {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} passed, {} failed", self.passed, self.failed)?;
        if self.skipped > 0 {
            write!(f, ", {} skipped", self.skipped)?;
        }
        Ok(())
    }
}

/// Reads nextest's closing line:
/// `Summary [ 1.2s] 7/9 tests run: 5 passed (1 slow), 1 failed, 1 timed out, 3 skipped`.
/// Tests that were not reached after a failure count as failed.
pub(crate) fn nextest(text: &str) -> Result<Counts> {
    let summary =
        text.lines().rev().find(|line| line.trim_start().starts_with("Summary [") && line.contains(" run: "));
    let summary = summary.context("nextest printed no summary: it did not come to run tests")?;
    let (head, parts) = summary.split_once(" run: ").context("a summary without counts")?;
    let mut counts = Counts::default();
    for part in without_parentheses(parts).split(',') {
        let (number, what) =
            number_and_word(part).with_context(|| format!("`{}` in `{summary}`", part.trim()))?;
        match what {
            "passed" => counts.passed += number,
            "skipped" => counts.skipped += number,
            "failed" | "timed out" | "exec failed" => counts.failed += number,
            other => bail!("nextest's summary says `{other}`, which is not known here: `{summary}`"),
        }
    }
    let run_of_all = head.split_whitespace().find_map(|word| word.split_once('/'));
    if let Some((run, all)) = run_of_all {
        counts.failed += all.parse::<u64>()?.saturating_sub(run.parse()?);
    }
    Ok(counts)
}

/// Adds up cargo's `test result: ok. 3 passed; 0 failed; 1 ignored; …` lines.
pub(crate) fn cargo_test(text: &str) -> Result<Counts> {
    let mut counts = Counts::default();
    let results = text.lines().filter_map(|line| line.trim_start().strip_prefix("test result: "));
    for line in results {
        let (_, parts) = line.split_once(". ").with_context(|| format!("no counts in `{line}`"))?;
        for part in parts.split(';') {
            match number_and_word(part) {
                Some((number, "passed")) => counts.passed += number,
                Some((number, "failed")) => counts.failed += number,
                Some((number, "ignored")) => counts.skipped += number,
                _ => {}
            }
        }
    }
    Ok(counts)
}

/// Reads the `stats` of Playwright's JSON report. A test that passed only on a later try counts as failed.
pub(crate) fn playwright(report: &str) -> Result<Counts> {
    let report: Value = serde_json::from_str(report).context("Playwright's report is not JSON")?;
    let stat = |name: &str| {
        report["stats"][name].as_u64().with_context(|| format!("Playwright's report has no {name}"))
    };
    let mut counts = Counts {
        passed: stat("expected")?,
        failed: stat("unexpected")? + stat("flaky")?,
        skipped: stat("skipped")?,
    };
    // Errors outside any test: a global setup that failed, a file that does not load.
    if counts.failed == 0 && report["errors"].as_array().is_some_and(|errors| !errors.is_empty()) {
        counts.failed = 1;
    }
    Ok(counts)
}

fn without_parentheses(text: &str) -> String {
    let mut depth = 0_u32;
    let mut kept = String::new();
    for letter in text.chars() {
        match letter {
            '(' => depth += 1,
            ')' => depth = depth.saturating_sub(1),
            _ if depth == 0 => kept.push(letter),
            _ => {}
        }
    }
    kept
}

/// "3 timed out" → (3, "timed out").
fn number_and_word(part: &str) -> Option<(u64, &str)> {
    let (number, what) = part.trim().split_once(' ')?;
    Some((number.parse().ok()?, what.trim()))
}

#[cfg(test)]
mod tests {
    use super::{Counts, cargo_test, nextest, playwright};

    fn counts(passed: u64, failed: u64, skipped: u64) -> Counts {
        Counts { passed, failed, skipped }
    }

    #[test]
    fn nextest_summaries() {
        let read = |line: &str| nextest(&format!("  PASS x\n{line}\nerror: test run failed\n")).unwrap();
        assert_eq!(read("     Summary [   0.01s] 12 tests run: 12 passed, 0 skipped"), counts(12, 0, 0));
        assert_eq!(read("     Summary [   0.01s] 1 test run: 1 passed (1 slow), 2 skipped"), counts(1, 0, 2));
        let mixed = "     Summary [  9.00s] 7 tests run: 4 passed (1 slow, 1 flaky), 1 failed, 1 timed out, 1 exec failed, 0 skipped";
        assert_eq!(read(mixed), counts(4, 3, 0));
        assert_eq!(
            read("     Summary [ 1.00s] 3/9 tests run: 2 passed, 1 failed, 0 skipped"),
            counts(2, 7, 0)
        );
    }

    #[test]
    fn no_summary_is_no_success() {
        assert!(nextest("error: could not compile").is_err());
        assert!(nextest("     Summary [ 1s] 3 tests run: 3 levitated").is_err());
    }

    #[test]
    fn cargo_results_add_up() {
        let text = "test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.00s\n\
                    test result: FAILED. 2 passed; 1 failed; 0 ignored; 0 measured; 0 filtered out; finished in 0.01s\n";
        assert_eq!(cargo_test(text).unwrap(), counts(5, 1, 1));
        assert_eq!(cargo_test("").unwrap(), counts(0, 0, 0));
    }

    #[test]
    fn playwright_reports() {
        let report = |errors: &str| {
            format!(
                r#"{{"errors":[{errors}],"stats":{{"expected":5,"unexpected":0,"flaky":0,"skipped":1}}}}"#
            )
        };
        assert_eq!(playwright(&report("")).unwrap(), counts(5, 0, 1));
        assert_eq!(playwright(&report(r#"{"message":"x"}"#)).unwrap(), counts(5, 1, 1));
        assert!(playwright("{}").is_err());
    }
}
