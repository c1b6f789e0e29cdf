//! The value of a day or a minute.

use pulsekeep_core::Metric;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, MapAccess, SeqAccess, Visitor, value::MapAccessDeserializer},
};

use crate::json::{Array, Num, ReadArray, Scalar, Span, scalar};

/// A value: a number (mostly in a string), or an object of which some members are ours.
#[derive(Debug, Default)]
pub(super) struct Value {
    number: Option<Num>,
    inner: Inner,
}

/// Members of all objects that stand as a value (endpoint pages and recorded answers):
///
/// - active zone minutes: `{"fatBurnActiveZoneMinutes":222,"cardioActiveZoneMinutes":50,"activeZoneMinutes":272}`, zones
///   without minutes left out;
/// - heart: `restingHeartRate`, which an unworn day lacks, and `heartRateZones` with `minutes` by name;
/// - variability: `dailyRmssd` and `deepRmssd` by the night, `rmssd` within it;
/// - `SpO2`: `avg`, `min`, `max`; breathing: `breathingRate`, -1 being no value; temperature: `nightlyRelative`;
/// - cardio fitness: `vo2Max`, `"47-51"` or a number in a string after a run with GPS.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Inner {
    active_zone_minutes: Option<Num>,
    fat_burn_active_zone_minutes: Option<Num>,
    cardio_active_zone_minutes: Option<Num>,
    peak_active_zone_minutes: Option<Num>,
    resting_heart_rate: Option<Num>,
    heart_rate_zones: Option<HeartZones>,
    daily_rmssd: Option<Num>,
    deep_rmssd: Option<Num>,
    rmssd: Option<Num>,
    avg: Option<Num>,
    min: Option<Num>,
    max: Option<Num>,
    breathing_rate: Option<Num>,
    nightly_relative: Option<Num>,
    #[serde(rename = "vo2Max")]
    vo2_max: Option<Span>,
}

impl Inner {
    /// Active zone minutes: the total, else the sum of the zones that are there.
    fn zone_minutes(&self) -> Option<Num> {
        let zones = [
            self.fat_burn_active_zone_minutes,
            self.cardio_active_zone_minutes,
            self.peak_active_zone_minutes,
        ];
        self.active_zone_minutes.or_else(|| {
            zones.iter().flatten().next()?;
            Some(Num(zones.iter().flatten().map(|n| n.0).sum()))
        })
    }

    fn heart_zone(&self, zone: usize) -> Option<Num> {
        self.heart_rate_zones.as_ref()?.0[zone]
    }
}

impl Value {
    /// The number of `metric`, if the value has it.
    pub(super) fn of(&self, metric: Metric) -> Option<Num> {
        let inner = &self.inner;
        match metric {
            Metric::ActiveZoneMinutes => inner.zone_minutes().or(self.number),
            Metric::FatBurnZoneMinutes => inner.fat_burn_active_zone_minutes,
            Metric::CardioZoneMinutes => inner.cardio_active_zone_minutes,
            Metric::PeakZoneMinutes => inner.peak_active_zone_minutes,
            Metric::RestingHeartRate => inner.resting_heart_rate,
            Metric::ModerateHeartZoneMinutes => inner.heart_zone(0),
            Metric::VigorousHeartZoneMinutes => inner.heart_zone(1),
            Metric::PeakHeartZoneMinutes => inner.heart_zone(2),
            Metric::HeartRateVariability => inner.daily_rmssd.or(inner.rmssd),
            Metric::HeartRateVariabilityDeep => inner.deep_rmssd,
            Metric::OxygenSaturation => inner.avg.or(self.number),
            Metric::OxygenSaturationMin => inner.min,
            Metric::OxygenSaturationMax => inner.max,
            // So the night says that it has none.
            Metric::BreathingRate => inner.breathing_rate.filter(|n| n.0 != -1.0),
            Metric::SkinTemperatureRelative => inner.nightly_relative,
            Metric::Vo2Max => inner.vo2_max.map(|span| Num(span.0)),
            _ => self.number,
        }
    }
}

impl<'de> Deserialize<'de> for Value {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;

        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value;

            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a number or an object")
            }

            fn visit_str<E>(self, text: &str) -> Result<Value, E> {
                Ok(number(Num::text(text)))
            }

            fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
                Ok(number(Scalar::whole(value)))
            }

            #[expect(clippy::cast_precision_loss, reason = "readings are far below 2^53")]
            fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
                Ok(number(Scalar::number(value as f64)))
            }

            fn visit_f64<E>(self, value: f64) -> Result<Value, E> {
                Ok(number(Scalar::number(value)))
            }

            fn visit_bool<E>(self, _: bool) -> Result<Value, E> {
                Ok(number(Num::UNREADABLE))
            }

            fn visit_unit<E>(self) -> Result<Value, E> {
                Ok(Value::default())
            }

            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value, A::Error> {
                let inner = Inner::deserialize(MapAccessDeserializer::new(map))?;
                Ok(Value { number: None, inner })
            }
        }

        deserializer.deserialize_any(ValueVisitor)
    }
}

fn number(number: Num) -> Value {
    Value { number: Some(number), inner: Inner::default() }
}

/// A heart-rate zone by its English name, which Fitbit writes whatever the person's language. "Out of Range" counts the
/// unworn minutes of a day too and is left, as are zones that a person made.
struct ZoneName(Option<usize>);

impl Scalar for ZoneName {
    const UNREADABLE: Self = Self(None);

    fn text(text: &str) -> Self {
        Self(["Fat Burn", "Cardio", "Peak"].iter().position(|name| *name == text))
    }
}

scalar!(ZoneName);

#[derive(Deserialize)]
struct HeartZone {
    name: Option<ZoneName>,
    /// Missing in a day that is not computed yet.
    minutes: Option<Num>,
}

/// Minutes of the three zones.
#[derive(Debug, Default)]
struct HeartZones([Option<Num>; 3]);

impl<'de> Array<'de> for HeartZones {
    fn element<A: SeqAccess<'de>>(&mut self, _: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(zone) = seq.next_element::<HeartZone>()? else { return Ok(false) };
        if let Some(ZoneName(Some(name))) = zone.name {
            self.0[name] = zone.minutes;
        }
        Ok(true)
    }
}

impl<'de> Deserialize<'de> for HeartZones {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let mut zones = Self::default();
        ReadArray(&mut zones).deserialize(deserializer)?;
        Ok(zones)
    }
}
