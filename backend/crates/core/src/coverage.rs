//! What is known about a person's metric on a day.

/// State of one (person, metric, stream, day).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CoverageState {
    /// Read whole, with data, and the day is closed.
    Complete,
    /// Read whole, the day is closed, and the provider has nothing.
    EmptyConfirmed,
    /// Read whole, but the day is open: later data may still come.
    Partial,
    /// Asked for, not read yet.
    Pending,
    /// The fetch failed; the code says how. Never a statement about the data.
    Failed,
    /// The person did not grant the scope.
    NotPermitted,
}

impl CoverageState {
    /// All states.
    pub const ALL: [Self; 6] = [
        Self::Complete,
        Self::EmptyConfirmed,
        Self::Partial,
        Self::Pending,
        Self::Failed,
        Self::NotPermitted,
    ];

    /// The word in the database.
    #[must_use]
    pub fn key(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::EmptyConfirmed => "empty_confirmed",
            Self::Partial => "partial",
            Self::Pending => "pending",
            Self::Failed => "failed",
            Self::NotPermitted => "not_permitted",
        }
    }

    /// The state of a stored word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|s| s.key() == word)
    }

    /// The state of a day that was read whole.
    #[must_use]
    pub fn of_read(has_data: bool, closed: bool) -> Self {
        match (has_data, closed) {
            (_, false) => Self::Partial,
            (true, true) => Self::Complete,
            (false, true) => Self::EmptyConfirmed,
        }
    }
}
