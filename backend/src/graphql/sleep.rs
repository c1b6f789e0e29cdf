use async_graphql::{Object, SimpleObject};
use pulsekeep_core::{EpochMs, id::SleepId};
use pulsekeep_store::person::SleepSession;

use super::{
    enums::{SleepKind, SleepLevel},
    ids::Id,
    scalars::{Date, DateTime},
};

/// A sleep session, with the provider's own summary.
pub(super) struct SleepSessionNode(pub SleepSession);

fn minutes(value: Option<i64>) -> Option<i32> {
    value.and_then(|minutes| i32::try_from(minutes).ok())
}

/// A sleep session, with the provider's own summary.
#[Object(name = "SleepSession")]
impl SleepSessionNode {
    async fn id(&self) -> Id<SleepId> {
        Id(self.0.id)
    }

    /// Civil day of waking.
    async fn day(&self) -> Date {
        Date(self.0.day)
    }

    async fn start(&self) -> DateTime {
        DateTime(self.0.start)
    }

    async fn end(&self) -> DateTime {
        DateTime(self.0.end)
    }

    /// Seconds east of UTC at the start.
    async fn start_offset(&self) -> i32 {
        self.0.start_offset
    }

    /// Seconds east of UTC at the end.
    async fn end_offset(&self) -> i32 {
        self.0.end_offset
    }

    async fn kind(&self) -> SleepKind {
        self.0.kind.into()
    }

    /// Whether it is the day's main sleep.
    async fn is_main(&self) -> bool {
        self.0.is_main
    }

    async fn minutes_asleep(&self) -> Option<i32> {
        minutes(self.0.summary.asleep)
    }

    async fn minutes_awake(&self) -> Option<i32> {
        minutes(self.0.summary.awake)
    }

    async fn minutes_in_bed(&self) -> Option<i32> {
        minutes(self.0.summary.in_bed)
    }

    async fn minutes_deep(&self) -> Option<i32> {
        minutes(self.0.summary.deep)
    }

    async fn minutes_light(&self) -> Option<i32> {
        minutes(self.0.summary.light)
    }

    async fn minutes_rem(&self) -> Option<i32> {
        minutes(self.0.summary.rem)
    }

    /// In order of time.
    async fn stages(&self) -> Vec<SleepStage> {
        let stage = |stage: &pulsekeep_core::observation::SleepStage| SleepStage {
            start: DateTime(EpochMs(stage.start)),
            end: DateTime(EpochMs(stage.end)),
            level: stage.level.into(),
        };
        self.0.stages.iter().map(stage).collect()
    }
}

/// A stage of sleep, half-open.
#[derive(SimpleObject)]
pub(super) struct SleepStage {
    start: DateTime,
    end: DateTime,
    level: SleepLevel,
}
