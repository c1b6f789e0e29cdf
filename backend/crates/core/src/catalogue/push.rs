//! What a provider's notifications speak of: Google's data types and Fitbit's collections, and the metrics that may have
//! changed when one is named.
//!
//! Neither provider tells of everything that it serves. What has no subject of its own stands with the one that changes
//! together with it: Google's zones with heart rate, Fitbit's nightly values with sleep, its heart rate with
//! activities. Core temperature is entered by hand and is told by nobody: only the schedule's own syncs find it.

use crate::{Metric as M, account::ProviderKey};

/// A subject of notifications.
#[derive(Debug, Clone, Copy)]
pub struct PushSubject {
    /// Whose.
    pub provider: ProviderKey,
    /// The provider's word: a data type (Google) or a collection (Fitbit).
    pub name: &'static str,
    /// The metrics that may have changed.
    pub metrics: &'static [M],
}

const fn google(name: &'static str, metrics: &'static [M]) -> PushSubject {
    PushSubject { provider: ProviderKey::GoogleHealth, name, metrics }
}

const fn fitbit(name: &'static str, metrics: &'static [M]) -> PushSubject {
    PushSubject { provider: ProviderKey::Fitbit, name, metrics }
}

/// Google: the types of its webhook guide that the catalogue asks for. Fitbit: the collections that need a scope of ours.
pub const PUSH_SUBJECTS: &[PushSubject] = &[
    google(
        "steps",
        &[
            M::Steps,
            M::SedentaryMinutes,
            M::LightlyActiveMinutes,
            M::FairlyActiveMinutes,
            M::VeryActiveMinutes,
        ],
    ),
    google("distance", &[M::Distance]),
    google("floors", &[M::Floors]),
    google("altitude", &[M::Elevation]),
    google("total-calories", &[M::Calories, M::ActiveCalories, M::BasalCalories]),
    google(
        "active-zone-minutes",
        &[M::ActiveZoneMinutes, M::FatBurnZoneMinutes, M::CardioZoneMinutes, M::PeakZoneMinutes],
    ),
    google(
        "heart-rate",
        &[
            M::HeartRate,
            M::LightHeartZoneMinutes,
            M::ModerateHeartZoneMinutes,
            M::VigorousHeartZoneMinutes,
            M::PeakHeartZoneMinutes,
        ],
    ),
    google("daily-resting-heart-rate", &[M::RestingHeartRate]),
    google("daily-heart-rate-variability", &[M::HeartRateVariability, M::HeartRateVariabilityDeep]),
    google("daily-sleep-temperature-derivations", &[M::SkinTemperature]),
    google(
        "daily-oxygen-saturation",
        &[M::OxygenSaturation, M::OxygenSaturationLowerBound, M::OxygenSaturationUpperBound],
    ),
    google("sleep", &[M::Sleep, M::BreathingRate]),
    google("exercise", &[M::Exercise, M::Vo2Max]),
    google("weight", &[M::Weight]),
    google("body-fat", &[M::BodyFat]),
    fitbit(
        "activities",
        &[
            M::Steps,
            M::Distance,
            M::Floors,
            M::Elevation,
            M::Calories,
            M::ActiveCalories,
            M::BasalCalories,
            M::ActiveZoneMinutes,
            M::FatBurnZoneMinutes,
            M::CardioZoneMinutes,
            M::PeakZoneMinutes,
            M::SedentaryMinutes,
            M::LightlyActiveMinutes,
            M::FairlyActiveMinutes,
            M::VeryActiveMinutes,
            M::HeartRate,
            M::RestingHeartRate,
            M::ModerateHeartZoneMinutes,
            M::VigorousHeartZoneMinutes,
            M::PeakHeartZoneMinutes,
            M::HeartRateVariability,
            M::HeartRateVariabilityDeep,
            M::Exercise,
            M::Vo2Max,
        ],
    ),
    fitbit(
        "sleep",
        &[
            M::Sleep,
            M::RestingHeartRate,
            M::HeartRateVariability,
            M::HeartRateVariabilityDeep,
            M::BreathingRate,
            M::OxygenSaturation,
            M::OxygenSaturationMin,
            M::OxygenSaturationMax,
            M::SkinTemperatureRelative,
        ],
    ),
    fitbit("body", &[M::Weight, M::BodyFat]),
];

/// The subjects of `provider`.
pub fn push_subjects(provider: ProviderKey) -> impl Iterator<Item = &'static PushSubject> {
    PUSH_SUBJECTS.iter().filter(move |subject| subject.provider == provider)
}

/// The subject that `provider` calls `name`; `None` for one that nothing of ours follows from.
#[must_use]
pub fn push_subject(provider: ProviderKey, name: &str) -> Option<&'static PushSubject> {
    push_subjects(provider).find(|subject| subject.name == name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::endpoints_of;

    #[test]
    fn every_metric_of_a_provider_is_told_of_but_core_temperature() {
        for provider in ProviderKey::ALL {
            let told: Vec<M> = push_subjects(provider).flat_map(|s| s.metrics).copied().collect();
            for metric in endpoints_of(provider).flat_map(|e| e.metrics).copied() {
                let expected = metric != M::CoreTemperature;
                assert_eq!(told.contains(&metric), expected, "{metric} of {provider}");
            }
            for metric in told {
                let served = endpoints_of(provider).any(|e| e.metrics.contains(&metric));
                assert!(served, "{metric} of {provider} is told of and cannot be asked for");
            }
        }
    }

    #[test]
    fn googles_subjects_are_data_types_of_the_catalogue() {
        for subject in push_subjects(ProviderKey::GoogleHealth) {
            assert!(endpoints_of(subject.provider).any(|e| e.path == subject.name), "{}", subject.name);
        }
    }
}
