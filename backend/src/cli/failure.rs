//! How a command ends when it fails: one sentence that says what to do, and an exit code.

use std::process::ExitCode;

use crate::config::ConfigError;

use super::output;

/// Something went wrong while the command ran.
const FAILED: u8 = 1;
/// The command or the configuration cannot be meant.
const USAGE: u8 = 2;

/// A sentence for people, which needs no list of causes.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(super) struct Sentence(pub String);

/// An error made of one sentence.
pub(super) fn sentence(text: impl Into<String>) -> anyhow::Error {
    Sentence(text.into()).into()
}

pub(super) fn report(error: &anyhow::Error) -> ExitCode {
    if error.is::<ConfigError>() {
        output::remark(error.to_string());
        return ExitCode::from(USAGE);
    }
    // A cause that its error's own text already holds is not repeated.
    let mut text = error.to_string();
    for cause in error.chain().skip(1).map(ToString::to_string) {
        if !text.contains(&cause) {
            text = format!("{text}: {cause}");
        }
    }
    output::remark(format!("error: {text}"));
    ExitCode::from(FAILED)
}
