use async_graphql::Enum;
use pulsekeep_core::{account, coverage, job, metric, observation};

macro_rules! mirrored {
    ($($(#[$doc:meta])* $name:ident of $remote:literal { $($(#[$of:meta])* $variant:ident),* $(,)? })*) => {$(
        $(#[$doc])*
        #[derive(Enum, Debug, Clone, Copy, PartialEq, Eq, Hash)]
        #[graphql(remote = $remote)]
        pub(super) enum $name { $($(#[$of])* $variant,)* }
    )*};
}

mirrored! {
    /// A metric of the catalogue.
    MetricKey of "metric::Metric" {
        Steps, Distance, Calories, ActiveZoneMinutes, HeartRate, RestingHeartRate, HeartRateVariability,
        SkinTemperature, SkinTemperatureRelative, Sleep, Floors, Elevation, ActiveCalories, BasalCalories,
        FatBurnZoneMinutes, CardioZoneMinutes, PeakZoneMinutes, SedentaryMinutes, LightlyActiveMinutes,
        FairlyActiveMinutes, VeryActiveMinutes, LightHeartZoneMinutes, ModerateHeartZoneMinutes,
        VigorousHeartZoneMinutes, PeakHeartZoneMinutes, HeartRateVariabilityDeep, BreathingRate, OxygenSaturation,
        OxygenSaturationMin, OxygenSaturationMax, OxygenSaturationLowerBound, OxygenSaturationUpperBound,
        #[graphql(name = "VO2_MAX")]
        Vo2Max,
        CoreTemperature, Weight, BodyFat, Exercise,
    }
    /// The form in which a metric's detail comes.
    MetricKind of "metric::MetricKind" { Daily, Sampled, Interval, Session }
    /// How finer values become a coarser one.
    Aggregation of "metric::Aggregation" { Sum, Mean, Last }
    /// An outside source of health data.
    ProviderKey of "account::ProviderKey" { GoogleHealth, Fitbit }
    /// Whether the provider tells us when a linked account has new data.
    PushState of "account::PushState" { None, Active, Failed }
    /// Why a person has to consent again.
    ConsentReason of "account::ConsentReason" { InvalidGrant, NoRefreshToken, VaultKey, AccountNotLinked }
    /// What a user may do.
    Role of "account::Role" { Admin, Member }
    /// What an API token may be used for.
    Scope of "account::Scope" { ReadMetrics, WriteSync, WriteExport, Admin }
    /// What a sync job is for.
    SyncJobKind of "job::JobKind" { Incremental, Backfill, Deep, Reparse }
    /// State of a sync job.
    SyncJobState of "job::JobState" { Planned, Running, Waiting, Paused, Done, DoneWithGaps, Failed, Cancelled }
    /// State of an export job.
    ExportJobState of "job::ExportState" { Planned, Running, Waiting, Done, Failed, Cancelled }
    /// The forms that an export writes.
    ExportFormat of "job::ExportFormat" { Csv, Parquet, Both }
    /// Why a request waits or was given up, and why a day is not covered.
    FailureCode of "job::FailureCode" {
        RateLimited, TokenBusy, ProviderUnreachable, ProviderError, BadAnswer, NeedsConsent, MissingScope, AccountNotLinked,
        RequestRefused, Gone, Disconnected, RawIncomplete, Internal, ProcessingFailed,
    }
    /// Which job goes first.
    Priority of "job::Priority" { High, Normal, Low }
    /// What is known about a metric on a day.
    CoverageState of "coverage::CoverageState" {
        Complete, EmptyConfirmed, Partial, Pending, Failed, NotPermitted,
    }
    /// Whether a sleep session has stages or only asleep, restless and awake.
    SleepKind of "observation::SleepKind" { Stages, Classic }
    /// Level of a stage of sleep.
    SleepLevel of "observation::SleepLevel" { Awake, Light, Deep, Rem, Asleep, Restless }
}

/// State of a linked account.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum LinkedAccountState {
    /// Data is fetched.
    Active,
    /// Data is fetched, but the consent ends soon.
    Expiring,
    /// The person has to consent again; the reason says why.
    NeedsConsent,
    /// Disconnected.
    Revoked,
}

impl From<account::LinkState> for LinkedAccountState {
    fn from(state: account::LinkState) -> Self {
        match state {
            account::LinkState::Active => Self::Active,
            account::LinkState::Expiring => Self::Expiring,
            account::LinkState::NeedsConsent(_) => Self::NeedsConsent,
            account::LinkState::Revoked => Self::Revoked,
        }
    }
}

#[cfg(test)]
mod tests {
    use async_graphql::resolver_utils::EnumType as _;

    use super::*;

    #[test]
    fn every_metric_has_its_key_in_capitals() {
        let ours: Vec<String> = MetricKey::items().iter().map(|item| item.name.to_lowercase()).collect();
        let catalogue: Vec<&str> = metric::METRICS.iter().map(|spec| spec.key).collect();
        assert_eq!(ours, catalogue);
    }
}
