//! What a parser makes of a provider's answer: typed values in the catalogue's units, still free of storage.

use jiff::civil::Date;

use crate::{EpochMs, Metric};

/// When the samples of a batch were taken.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleTimes {
    /// Instants, with the offset in force where the provider tells it.
    Instants {
        /// Starts, in rising order without repeats.
        at: Vec<EpochMs>,
        /// Offset runs: from index on, so many seconds east of UTC. Empty when the provider tells none.
        offsets: Vec<(usize, i32)>,
    },
    /// Wall-clock readings without a zone ([`crate::time::local_ms`]), in rising order without repeats. The person's
    /// offset timeline turns them into instants.
    Local(Vec<i64>),
}

impl SampleTimes {
    /// How many samples.
    #[must_use]
    pub fn len(&self) -> usize {
        match self {
            Self::Instants { at, .. } => at.len(),
            Self::Local(at) => at.len(),
        }
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The values of a batch, as many as there are times.
#[derive(Debug, Clone, PartialEq)]
pub enum SampleValues {
    /// One value each.
    Single(Vec<f64>),
    /// Minimum, mean and maximum of each interval, as a rollup gives them.
    MinMeanMax {
        /// Minima.
        min: Vec<f64>,
        /// Means.
        mean: Vec<f64>,
        /// Maxima.
        max: Vec<f64>,
    },
}

impl SampleValues {
    /// The column that stands for the samples where one is wanted: the values or the means.
    #[must_use]
    pub fn main(&self) -> &[f64] {
        match self {
            Self::Single(values) => values,
            Self::MinMeanMax { mean, .. } => mean,
        }
    }
}

/// Samples of one metric, from one answer.
#[derive(Debug, Clone, PartialEq)]
pub struct SampleBatch {
    /// The metric.
    pub metric: Metric,
    /// Length of the interval that each sample stands for, in milliseconds; 0 for readings at an instant.
    pub interval_ms: i64,
    /// When.
    pub times: SampleTimes,
    /// What, in the catalogue's unit.
    pub values: SampleValues,
}

/// A daily value, in the catalogue's unit.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct DailyValue {
    /// The metric.
    pub metric: Metric,
    /// The civil day as the provider gives it.
    pub day: Date,
    /// The value.
    pub value: f64,
}

/// Level of a stage of sleep.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SleepLevel {
    /// Awake.
    Awake,
    /// Light sleep (stages).
    Light,
    /// Deep sleep (stages).
    Deep,
    /// REM sleep (stages).
    Rem,
    /// Asleep (classic).
    Asleep,
    /// Restless (classic).
    Restless,
}

impl SleepLevel {
    /// All levels, in the order of their stored codes.
    pub const ALL: [Self; 6] =
        [Self::Awake, Self::Light, Self::Deep, Self::Rem, Self::Asleep, Self::Restless];

    /// The stored code.
    #[must_use]
    pub fn code(self) -> u8 {
        self as u8
    }

    /// The level of a stored code.
    #[must_use]
    pub fn from_code(code: u8) -> Option<Self> {
        Self::ALL.get(usize::from(code)).copied()
    }
}

/// A stage of sleep, half-open.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SleepStage {
    /// Start: an instant, or a wall-clock reading where the session's times are local.
    pub start: i64,
    /// End, likewise.
    pub end: i64,
    /// Level.
    pub level: SleepLevel,
}

/// How a provider dates a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SessionTimes {
    /// Instants with offsets at both ends, which may differ (DST, travel).
    Instants {
        /// Start.
        start: EpochMs,
        /// End.
        end: EpochMs,
        /// Seconds east of UTC at the start.
        start_offset: i32,
        /// Seconds east of UTC at the end.
        end_offset: i32,
    },
    /// Wall-clock readings without a zone.
    Local {
        /// Start.
        start: i64,
        /// End.
        end: i64,
    },
}

/// Whether a session has stages or only asleep, restless and awake.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SleepKind {
    /// Light, deep, REM, awake.
    Stages,
    /// Asleep, restless, awake.
    Classic,
}

/// The provider's own summary of a sleep session, in minutes, as given: it need not add up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SleepSummary {
    /// Minutes asleep.
    pub asleep: Option<i64>,
    /// Minutes awake.
    pub awake: Option<i64>,
    /// Minutes in bed, or in the sleep period.
    pub in_bed: Option<i64>,
    /// Minutes to fall asleep.
    pub to_fall_asleep: Option<i64>,
    /// Minutes of deep sleep.
    pub deep: Option<i64>,
    /// Minutes of light sleep.
    pub light: Option<i64>,
    /// Minutes of REM sleep.
    pub rem: Option<i64>,
    /// Minutes of the stage "awake".
    pub wake_stage: Option<i64>,
}

/// A sleep session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SleepRecord {
    /// The provider's id of it.
    pub external_id: String,
    /// Start and end.
    pub times: SessionTimes,
    /// The civil day of waking, as the provider says or as the end and its offset give.
    pub day: Date,
    /// With stages or classic.
    pub kind: SleepKind,
    /// Whether it is the day's main sleep.
    pub is_main: bool,
    /// Whether the provider has finished working on it; an unfinished one changes later.
    pub is_processed: bool,
    /// Stages in order of time.
    pub stages: Vec<SleepStage>,
    /// Short awakenings, lying on top of the stages.
    pub short_awakenings: Vec<SleepStage>,
    /// The provider's summary.
    pub summary: SleepSummary,
}

/// An exercise session. What the provider does not say is `None`.
#[derive(Debug, Clone, PartialEq)]
pub struct ExerciseRecord {
    /// The provider's id of it.
    pub external_id: String,
    /// Start and end.
    pub times: SessionTimes,
    /// The civil day of its start.
    pub day: Date,
    /// The kind in the provider's word, lower case, for example `walking`.
    pub kind: String,
    /// The name that the person sees, for example `Walk`.
    pub name: String,
    /// Milliseconds of activity, pauses left out.
    pub active_ms: Option<i64>,
    /// Metres.
    pub distance_m: Option<f64>,
    /// Steps.
    pub steps: Option<i64>,
    /// Kilocalories.
    pub energy_kcal: Option<f64>,
    /// Mean heart rate in beats per minute.
    pub mean_heart_rate: Option<f64>,
    /// Metres of height gained.
    pub elevation_gain_m: Option<f64>,
    /// Active zone minutes.
    pub active_zone_minutes: Option<i64>,
    /// Whether the provider has a route of it, which is fetched on request only.
    pub has_route: bool,
}

/// A device of the person.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DeviceRecord {
    /// The provider's id of it.
    pub external_id: String,
    /// Its model, for example `Charge 6`.
    pub model: String,
    /// Whether it is worn: a tracker, not a scale.
    pub is_tracker: bool,
    /// Its last sync.
    pub last_sync: Option<DeviceTime>,
    /// Battery in percent.
    pub battery_percent: Option<i32>,
}

/// When a device was last seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeviceTime {
    /// An instant.
    Instant(EpochMs),
    /// A wall-clock reading without a zone.
    Local(i64),
}

/// Something in an answer that was left out or read with care. It names the place, never the value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// A word for the kind, for example `unknown_enum`.
    pub code: &'static str,
    /// Where in the answer, for example `sleep[3].stages[1].type`.
    pub place: String,
}

/// All that one answer holds.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Parsed {
    /// Samples.
    pub samples: Vec<SampleBatch>,
    /// Daily values.
    pub daily: Vec<DailyValue>,
    /// Sleep sessions.
    pub sleep: Vec<SleepRecord>,
    /// Exercise sessions.
    pub exercises: Vec<ExerciseRecord>,
    /// The token of the next page, if there is one. An empty token is none.
    pub next_page: Option<String>,
    /// What was left out.
    pub warnings: Vec<Warning>,
}
