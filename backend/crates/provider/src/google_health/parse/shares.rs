//! Parts of a day by activity level or heart-rate zone.

use pulsekeep_core::Metric;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, SeqAccess},
};

use crate::json::{Array, Length, ReadArray, Scalar, scalar};

/// Google's words for levels and zones, and the metric that each is. Light and lightly active are different things: a
/// zone of the heart rate and a level of movement.
const PARTS: [(&str, Metric); 8] = [
    ("SEDENTARY", Metric::SedentaryMinutes),
    ("LIGHTLY_ACTIVE", Metric::LightlyActiveMinutes),
    ("MODERATELY_ACTIVE", Metric::FairlyActiveMinutes),
    ("VERY_ACTIVE", Metric::VeryActiveMinutes),
    ("LIGHT", Metric::LightHeartZoneMinutes),
    ("MODERATE", Metric::ModerateHeartZoneMinutes),
    ("VIGOROUS", Metric::VigorousHeartZoneMinutes),
    ("PEAK", Metric::PeakHeartZoneMinutes),
];

/// The place of a word in [`PARTS`].
struct Part(Option<usize>);

impl Scalar for Part {
    const UNREADABLE: Self = Self(None);

    fn text(text: &str) -> Self {
        Self(PARTS.iter().position(|(word, _)| *word == text))
    }
}

scalar!(Part);

/// `{"activityLevelType": …, "totalDuration": "3600s"}` or `{"heartRateZone": …, "duration": "60s"}`.
#[derive(Deserialize)]
struct Row {
    #[serde(rename = "activityLevelType", alias = "heartRateZone")]
    part: Option<Part>,
    #[serde(rename = "totalDuration", alias = "duration")]
    length: Option<Length>,
}

/// Minutes by part. A part that is left out has no value; one that says zero has zero.
#[derive(Debug, Default)]
pub(super) struct Shares {
    minutes: [Option<f64>; 8],
    /// Words that are not in [`PARTS`].
    pub(super) unknown: usize,
}

impl Shares {
    pub(super) fn of(&self, metric: Metric) -> Option<f64> {
        self.minutes[PARTS.iter().position(|(_, part)| *part == metric)?]
    }
}

impl<'de> Array<'de> for Shares {
    fn element<A: SeqAccess<'de>>(&mut self, _: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(row) = seq.next_element::<Row>()? else { return Ok(false) };
        let Some(Part(Some(part))) = row.part else {
            self.unknown += 1;
            return Ok(true);
        };
        if let Some(length) = row.length {
            let known = self.minutes[part].unwrap_or(0.0);
            self.minutes[part] = Some(known + length.minutes());
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for Shares {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut shares = Self::default();
        ReadArray(&mut shares).deserialize(deserializer)?;
        Ok(shares)
    }
}
