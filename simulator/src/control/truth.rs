//! What a person really has on a day, in plain units: the numbers that a correct product shows.

use serde_json::{Value, json};

use crate::people::{Day, Sleep, View, Zone};

/// The totals of a civil day. What does not exist is null; steps, distance, energy and zone minutes exist once the day has a minute.
pub(crate) fn of_day(view: &View, day: Day) -> Value {
    let Some(known) = view.day(day) else {
        return json!({ "day": day, "known": false });
    };
    let minutes: Vec<_> = view.minutes_of(&known).collect();
    let sum = |value: fn(&crate::people::Minute) -> f64| minutes.iter().map(value).sum::<f64>();
    let beats: Vec<u32> =
        minutes.iter().flat_map(|minute| known.samples(minute)).map(|sample| sample.bpm).collect();
    let mean = (!beats.is_empty())
        .then(|| beats.iter().map(|bpm| f64::from(*bpm)).sum::<f64>() / beats.len() as f64);
    let with_heart = minutes.iter().filter(|minute| known.samples(minute).next().is_some()).count();
    let zone = |zone: Zone| {
        let earned = minutes.iter().filter(|minute| minute.zone == Some(zone));
        earned.map(|_| zone.minutes()).sum::<u32>()
    };
    let zones = [zone(Zone::FatBurn), zone(Zone::Cardio), zone(Zone::Peak)];
    let sleeps = view.sleeps(day);
    let main = sleeps.iter().find(|sleep| sleep.main);
    let variability = known.variability.filter(|_| view.night_known(day));
    let temperature = view.temperature(day);
    let relative = temperature.and_then(|t| Some(((t.nightly - t.baseline?) * 1000.0).round() / 1000.0));
    let existing = |value: f64| if minutes.is_empty() { Value::Null } else { json!(value) };
    json!({
        "day": day,
        "known": true,
        "minutes": known.minutes.len(),
        "minutes_handed_over": minutes.len(),
        "minutes_worn": minutes.iter().filter(|minute| minute.worn).count(),
        "steps": existing(sum(|minute| f64::from(minute.merged_steps()))),
        "steps_watch": existing(sum(|minute| f64::from(minute.steps))),
        "steps_phone": existing(sum(|minute| f64::from(minute.phone_steps))),
        "distance_m": existing(sum(|minute| f64::from(minute.merged_distance_mm())) / 1000.0),
        "calories_kcal": existing(sum(|minute| f64::from(minute.kcal))),
        "active_zone_minutes": existing(f64::from(zones.iter().sum::<u32>())),
        "fat_burn_zone_minutes": existing(f64::from(zones[0])),
        "cardio_zone_minutes": existing(f64::from(zones[1])),
        "peak_zone_minutes": existing(f64::from(zones[2])),
        "heart_rate_samples": beats.len(),
        "heart_rate_minutes": with_heart,
        "heart_rate_min": beats.iter().min(),
        "heart_rate_mean": mean,
        "heart_rate_max": beats.iter().max(),
        "resting_heart_rate": view.resting(day).map(|(bpm, _)| bpm),
        "hrv_rmssd_ms": variability.map(|variability| variability.rmssd),
        "hrv_deep_rmssd_ms": variability.map(|variability| variability.deep_rmssd),
        "skin_temperature_c": temperature.map(|temperature| temperature.nightly),
        "skin_temperature_relative_c": relative,
        "sleep_minutes_asleep": main.map(Sleep::minutes_asleep),
        "sleep_minutes_in_bed": main.map(Sleep::minutes_in_bed),
        "sleep_records": sleeps.len(),
        "nap_minutes_asleep": sleeps.iter().filter(|sleep| !sleep.main).map(Sleep::minutes_asleep).sum::<u32>(),
        "weight_g": view.weights(day).last().map(|weight| weight.grams),
    })
}
