//! Sync jobs and their windows: kinds, states, codes.

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$vdoc:meta])* $variant:ident = $word:literal,)* }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum $name {
            $($(#[$vdoc])* $variant,)*
        }

        impl $name {
            /// All values.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// The word in the database.
            #[must_use]
            pub fn key(self) -> &'static str {
                match self { $(Self::$variant => $word,)* }
            }

            /// The value of a stored word.
            #[must_use]
            pub fn parse(word: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|v| v.key() == word)
            }
        }
    };
}

words! {
    /// What a sync job is for.
    JobKind {
        /// Recent days, by the schedule or on request.
        Incremental = "incremental",
        /// A range of the past.
        Backfill = "backfill",
        /// The last weeks once more, closed days too: what the provider has changed without a sign.
        Deep = "deep",
        /// Typed data made again from stored raw documents.
        Reparse = "reparse",
    }
}

words! {
    /// Which job goes first.
    Priority {
        /// Somebody waits for it.
        High = "high",
        /// The schedule.
        Normal = "normal",
        /// Backfills.
        Low = "low",
    }
}

impl Priority {
    /// Smaller goes first.
    #[must_use]
    pub fn rank(self) -> i16 {
        match self {
            Self::High => 0,
            Self::Normal => 1,
            Self::Low => 2,
        }
    }
}

words! {
    /// State of a sync job.
    JobState {
        /// Written, nothing started.
        Planned = "planned",
        /// At least one window is being worked on or due.
        Running = "running",
        /// Nothing can run before a time; the reason says why.
        Waiting = "waiting",
        /// Held by a person.
        Paused = "paused",
        /// Every window was read.
        Done = "done",
        /// Ended, but some windows could not be read; the codes say why.
        DoneWithGaps = "done_with_gaps",
        /// No window could be read.
        Failed = "failed",
        /// Ended by a person.
        Cancelled = "cancelled",
    }
}

impl Priority {
    /// The priority of a rank; an unknown one goes last.
    #[must_use]
    pub fn of_rank(rank: i16) -> Self {
        Self::ALL.iter().copied().find(|priority| priority.rank() == rank).unwrap_or(Self::Low)
    }
}

impl JobState {
    /// Whether the job will not move again by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::DoneWithGaps | Self::Failed | Self::Cancelled)
    }
}

words! {
    /// State of a window of a sync job.
    WindowState {
        /// Detail that waits for the job's daily series: they tell which of its days are empty.
        Held = "held",
        /// To be fetched when its time has come.
        Due = "due",
        /// Claimed by a worker under a lease.
        Running = "running",
        /// Read and stored.
        Done = "done",
        /// Given up; the code says why.
        Failed = "failed",
        /// Left out because the job was cancelled.
        Cancelled = "cancelled",
    }
}

words! {
    /// Why a window waits or was given up, and why a day is not covered.
    FailureCode {
        /// The rate budget of the account or the app is used up.
        RateLimited = "rate_limited",
        /// Another worker renews the account's token right now.
        TokenBusy = "token_busy",
        /// The provider could not be reached.
        ProviderUnreachable = "provider_unreachable",
        /// The provider answered with a server error or with something that is not its format.
        ProviderError = "provider_error",
        /// The answer broke off or was not valid.
        BadAnswer = "bad_answer",
        /// The person has to consent again.
        NeedsConsent = "needs_consent",
        /// The person did not grant the scope.
        MissingScope = "missing_scope",
        /// The provider account has no health data linked.
        AccountNotLinked = "account_not_linked",
        /// The provider refused the request as wrong: a fault of ours.
        RequestRefused = "request_refused",
        /// The provider has turned the endpoint off.
        Gone = "gone",
        /// The account was disconnected.
        Disconnected = "disconnected",
        /// The stored answers of these days are not whole, so that nothing can be read from them again.
        RawIncomplete = "raw_incomplete",
        /// Something of ours failed; the log has the request id.
        Internal = "internal",
        /// Work on these days broke off each time: a fault of this version. What was fetched is kept for a later one.
        ProcessingFailed = "processing_failed",
    }
}

impl FailureCode {
    /// Whether trying again later can help.
    #[must_use]
    pub fn is_passing(self) -> bool {
        matches!(
            self,
            Self::RateLimited
                | Self::TokenBusy
                | Self::ProviderUnreachable
                | Self::ProviderError
                | Self::BadAnswer
                | Self::Internal
        )
    }
}

words! {
    /// State of an export job.
    ExportState {
        /// Nobody has begun with it.
        Planned = "planned",
        /// At work.
        Running = "running",
        /// To be tried again.
        Waiting = "waiting",
        /// The manifest describes it.
        Done = "done",
        /// Given up; what was exported before is still whole.
        Failed = "failed",
        /// Ended by a person.
        Cancelled = "cancelled",
    }
}

impl ExportState {
    /// Whether nothing moves any more by itself.
    #[must_use]
    pub fn is_final(self) -> bool {
        matches!(self, Self::Done | Self::Failed | Self::Cancelled)
    }
}

words! {
    /// The forms that an export writes.
    ExportFormat {
        /// CSV files.
        Csv = "csv",
        /// A Parquet dataset.
        Parquet = "parquet",
        /// Both.
        Both = "both",
    }
}

impl ExportFormat {
    /// Whether CSV files are written.
    #[must_use]
    pub fn has_csv(self) -> bool {
        self != Self::Parquet
    }

    /// Whether Parquet files are written.
    #[must_use]
    pub fn has_parquet(self) -> bool {
        self != Self::Csv
    }
}

impl std::str::FromStr for ExportFormat {
    type Err = crate::account::UnknownWord;

    fn from_str(word: &str) -> Result<Self, Self::Err> {
        let known = || Self::ALL.iter().map(|format| format.key());
        Self::parse(word).ok_or_else(|| crate::account::UnknownWord::new("format", word, known()))
    }
}
