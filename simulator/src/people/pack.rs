//! Reading `data/people.bin.gz` (format: `data/README.md`).

use std::io::Read;

use flate2::read::GzDecoder;
use serde::Deserialize;

use super::PeopleError;

/// Days of a recorded person: four whole weeks.
pub(crate) const RECORDED_DAYS: i32 = 28;
/// Minutes of a recorded day.
pub(crate) const DAY_MINUTES: usize = 1440;

/// One recorded day.
#[derive(Debug, Deserialize)]
pub(crate) struct RecordedDay {
    minutes: bool,
    pub(crate) steps: Option<f64>,
    pub(crate) distance_km: Option<f64>,
    pub(crate) kcal: Option<Vec<f64>>,
    /// Records, minutes asleep, minutes in bed of the night that ends on this day.
    pub(crate) sleep: Option<[Option<f64>; 3]>,
    pub(crate) weight_kg: Option<f64>,
    pub(crate) fat_percent: Option<f64>,
    pub(crate) manual: Option<bool>,
    /// Steps and intensity by minute; empty when the watch recorded nothing.
    #[serde(skip)]
    pub(crate) step_minutes: Vec<u8>,
    #[serde(skip)]
    pub(crate) intensity_minutes: Vec<u8>,
}

impl RecordedDay {
    /// Millimetres per step of this day (0.7 m where the source has no distance).
    pub(crate) fn stride_mm(&self) -> f64 {
        match (self.steps, self.distance_km) {
            (Some(steps), Some(km)) if steps > 100.0 && km > 0.0 => (km * 1e6 / steps).clamp(400.0, 1100.0),
            _ => 700.0,
        }
    }
}

/// One recorded person.
#[derive(Debug, Deserialize)]
pub(crate) struct Recorded {
    pub(crate) participant: String,
    pub(crate) days: Vec<RecordedDay>,
}

impl Recorded {
    /// Energy of a minute at rest, kcal: the lowest recorded hour by 60.
    pub(crate) fn basal_kcal_per_minute(&self) -> f64 {
        let hours = self.days.iter().filter_map(|day| day.kcal.as_ref()).flatten();
        let lowest = hours.copied().filter(|kcal| *kcal >= 30.0).fold(f64::INFINITY, f64::min);
        if lowest.is_finite() { lowest / 60.0 } else { 1.0 }
    }
}

/// Unpacks the people.
///
/// # Errors
/// The data is not in the format of `data/README.md`.
pub(crate) fn read(bytes: &[u8]) -> Result<Vec<Recorded>, PeopleError> {
    let mut content = Vec::new();
    GzDecoder::new(bytes).read_to_end(&mut content).map_err(|_| PeopleError::Packed("it is not gzip"))?;
    let rest =
        content.strip_prefix(b"PKPEOPLE1\n").ok_or(PeopleError::Packed("the first line is unknown"))?;
    let (length, rest) = rest.split_first_chunk::<4>().ok_or(PeopleError::Packed("it ends in the header"))?;
    let length = u32::from_le_bytes(*length) as usize;
    let (header, mut body) =
        rest.split_at_checked(length).ok_or(PeopleError::Packed("it ends in the header"))?;
    let mut people: Vec<Recorded> =
        serde_json::from_slice(header).map_err(|_| PeopleError::Packed("the header is not as documented"))?;
    for day in people.iter_mut().flat_map(|person| person.days.iter_mut()).filter(|day| day.minutes) {
        for target in [&mut day.step_minutes, &mut day.intensity_minutes] {
            let (minutes, rest) =
                body.split_at_checked(DAY_MINUTES).ok_or(PeopleError::Packed("it ends in a day"))?;
            *target = minutes.to_vec();
            body = rest;
        }
    }
    if people.iter().any(|person| person.days.len() != RECORDED_DAYS as usize) {
        return Err(PeopleError::Packed("a person does not have 28 days"));
    }
    Ok(people)
}
