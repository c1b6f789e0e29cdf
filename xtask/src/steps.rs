//! A list of named steps: all of them run, then a table says how each went.

use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use crate::counts::Counts;
use crate::repo::Repo;

/// One check.
pub(crate) struct Step {
    pub(crate) name: &'static str,
    pub(crate) about: &'static str,
    pub(crate) run: fn(&Repo) -> Result<Outcome>,
}

/// How a step ended, unless it could not be carried through.
pub(crate) struct Outcome {
    pub(crate) ok: bool,
    /// None for a step that runs no tests.
    pub(crate) counts: Option<Counts>,
}

impl Outcome {
    pub(crate) fn done() -> Self {
        Self { ok: true, counts: None }
    }

    /// What a test runner said, by its exit code and by its counts: both must be well.
    pub(crate) fn tests(ok: bool, counts: Counts) -> Self {
        Self { ok: ok && counts.failed == 0, counts: Some(counts) }
    }
}

/// How a step went, for the table.
struct Row {
    name: &'static str,
    time: Duration,
    result: Result<Outcome>,
}

impl Row {
    fn ok(&self) -> bool {
        self.result.as_ref().is_ok_and(|outcome| outcome.ok)
    }

    /// A step of tests that broke down before it could count counts as one failure.
    fn counts(&self) -> Counts {
        match &self.result {
            Ok(Outcome { counts: Some(counts), ok }) if !ok && counts.failed == 0 => {
                Counts { failed: 1, ..*counts }
            }
            Ok(outcome) if outcome.ok || outcome.counts.is_some() => outcome.counts.unwrap_or_default(),
            _ => Counts { failed: 1, ..Counts::default() },
        }
    }
}

/// Keeps the steps named in `only` (all, when empty) and drops those in `skip`.
pub(crate) fn choose(steps: Vec<Step>, only: &[String], skip: &[String]) -> Result<Vec<Step>> {
    for name in only.iter().chain(skip) {
        if !steps.iter().any(|step| step.name == name) {
            let known: Vec<&str> = steps.iter().map(|step| step.name).collect();
            bail!("there is no step `{name}`; the steps are {}", known.join(", "));
        }
    }
    let wanted = |step: &Step| {
        (only.is_empty() || only.iter().any(|name| name == step.name))
            && !skip.iter().any(|name| name == step.name)
    };
    Ok(steps.into_iter().filter(wanted).collect())
}

/// Runs every step, whatever became of those before it.
pub(crate) fn run_all(repo: &Repo, steps: Vec<Step>) -> ExitCode {
    let mut rows = Vec::new();
    for step in steps {
        println!("\n=== {}: {}", step.name, step.about);
        let start = Instant::now();
        let result = (step.run)(repo);
        if let Err(error) = &result {
            eprintln!("{}: {error:#}", step.name);
        }
        rows.push(Row { name: step.name, time: start.elapsed(), result });
    }
    report(&rows)
}

fn report(rows: &[Row]) -> ExitCode {
    let mut total = Counts::default();
    println!("\n{:<13} {:<7} {:>8}  tests", "step", "status", "time");
    for row in rows {
        let counts = row.counts();
        total.add(counts);
        let tests = if counts == Counts::default() { String::new() } else { counts.to_string() };
        let status = if row.ok() { "ok" } else { "FAILED" };
        println!("{:<13} {:<7} {:>7.1}s  {tests}", row.name, status, row.time.as_secs_f64());
    }
    let failed: Vec<&str> = rows.iter().filter(|row| !row.ok()).map(|row| row.name).collect();
    if !failed.is_empty() {
        println!("\nfailed steps: {}", failed.join(", "));
    }
    println!("\n{total}");
    if failed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::{Outcome, Row, Step, choose};
    use crate::counts::Counts;

    fn step(name: &'static str) -> Step {
        Step { name, about: "", run: |_| Ok(Outcome::done()) }
    }

    fn names(only: &[&str], skip: &[&str]) -> anyhow::Result<Vec<&'static str>> {
        let words = |list: &[&str]| list.iter().map(|word| (*word).to_owned()).collect::<Vec<_>>();
        let steps = choose(vec![step("a"), step("b"), step("c")], &words(only), &words(skip))?;
        Ok(steps.iter().map(|step| step.name).collect())
    }

    #[test]
    fn steps_are_chosen_by_name() {
        assert_eq!(names(&[], &[]).unwrap(), ["a", "b", "c"]);
        assert_eq!(names(&["a", "b"], &["b"]).unwrap(), ["a"]);
        assert!(names(&["x"], &[]).is_err() && names(&[], &["x"]).is_err());
    }

    #[test]
    fn what_broke_down_is_never_counted_as_well() {
        let row = |result| Row { name: "a", time: Duration::ZERO, result };
        let passed = Counts { passed: 2, failed: 0, skipped: 0 };
        assert_eq!(row(Err(anyhow::anyhow!("no"))).counts().failed, 1);
        assert_eq!(row(Ok(Outcome::tests(false, passed))).counts().failed, 1);
        assert_eq!(row(Ok(Outcome { ok: false, counts: None })).counts().failed, 1);
        assert_eq!(row(Ok(Outcome::tests(true, passed))).counts(), passed);
        assert!(!row(Ok(Outcome::tests(true, Counts { failed: 1, ..passed }))).ok());
    }
}
