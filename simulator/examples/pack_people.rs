//! Packs the chosen people of the Fitabase export into `simulator/data/people.bin.gz`.
//!
//! `cargo run -p pulsekeep-simulator --example pack_people -- FOLDER OUTPUT`
//!
//! The folder holds `minute_steps.csv`, `minute_intensities.csv`, `hourly_calories.csv`, `daily_activity.csv`,
//! `sleep_days.csv` and `weights.csv`. Whole weeks are taken (28 days from Wednesday 2016-04-13), so that a
//! repetition keeps the weekday. The format is described in `simulator/data/README.md`.

use std::collections::HashMap;
use std::fs::File;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

type Failure = Box<dyn std::error::Error>;

/// The participants that the roster of the simulator names.
const PARTICIPANTS: [&str; 12] = [
    "8378563200",
    "6962181067",
    "5553957443",
    "4445114986",
    "8877689391",
    "4388161847",
    "7086361926",
    "6117666160",
    "4702921684",
    "2026352035",
    "5577150313",
    "4020332650",
];

fn main() -> Result<(), Failure> {
    let mut arguments = std::env::args().skip(1);
    let (Some(folder), Some(output)) = (arguments.next(), arguments.next()) else {
        return Err("usage: pack_people FOLDER OUTPUT".into());
    };
    let folder = Path::new(&folder);
    let steps = minutes(&folder.join("minute_steps.csv"))?;
    let intensities = minutes(&folder.join("minute_intensities.csv"))?;
    let calories = hours(&folder.join("hourly_calories.csv"))?;
    let activity = rows(&folder.join("daily_activity.csv"))?;
    let sleep = rows(&folder.join("sleep_days.csv"))?;
    let weights = rows(&folder.join("weights.csv"))?;

    let mut header = Vec::new();
    let mut body = Vec::new();
    for participant in PARTICIPANTS {
        let mut days = Vec::new();
        for date in dates() {
            let key = (participant.to_owned(), date.clone());
            let minutes = steps.get(&key).zip(intensities.get(&key));
            if let Some((steps, intensities)) = minutes {
                body.extend_from_slice(steps);
                body.extend_from_slice(intensities);
            }
            days.push(json!({
                "minutes": minutes.is_some(),
                "steps": number(&activity, &key, 0),
                "distance_km": number(&activity, &key, 1),
                "kcal": calories.get(&key).map(|hours| hours.to_vec()),
                "sleep": sleep.get(&key).map(|_| [number(&sleep, &key, 0), number(&sleep, &key, 1), number(&sleep, &key, 2)]),
                "weight_kg": number(&weights, &key, 0),
                "fat_percent": number(&weights, &key, 1),
                "manual": weights.get(&key).map(|fields| fields[3] == "true"),
            }));
        }
        header.push(json!({ "participant": participant, "days": days }));
    }
    let header = serde_json::to_vec(&Value::Array(header))?;
    let mut encoder = GzEncoder::new(File::create(output)?, Compression::best());
    encoder.write_all(b"PKPEOPLE1\n")?;
    encoder.write_all(&u32::try_from(header.len())?.to_le_bytes())?;
    encoder.write_all(&header)?;
    encoder.write_all(&body)?;
    encoder.finish()?;
    Ok(())
}

/// The 28 days that are taken.
fn dates() -> impl Iterator<Item = String> {
    let april = (13..=30).map(|day| format!("2016-04-{day:02}"));
    april.chain((1..=10).map(|day| format!("2016-05-{day:02}")))
}

fn lines(path: &Path) -> Result<impl Iterator<Item = Result<Vec<String>, Failure>>, Failure> {
    let reader = BufReader::new(File::open(path)?);
    Ok(reader.lines().skip(1).map(|line| Ok(line?.split(',').map(str::to_owned).collect())))
}

/// (participant, date) to 1,440 values.
fn minutes(path: &Path) -> Result<HashMap<(String, String), Vec<u8>>, Failure> {
    let mut days: HashMap<(String, String), Vec<u8>> = HashMap::new();
    for fields in lines(path)? {
        let fields = fields?;
        let hour: usize = fields[2].parse()?;
        let day = days.entry((fields[0].clone(), fields[1].clone())).or_insert_with(|| vec![0; 1440]);
        for (minute, field) in fields[3..63].iter().enumerate() {
            day[hour * 60 + minute] = if field.is_empty() { 0 } else { field.parse()? };
        }
    }
    Ok(days)
}

/// (participant, date) to 24 hourly values; an hour without a row is 0.
fn hours(path: &Path) -> Result<HashMap<(String, String), [u16; 24]>, Failure> {
    let mut days: HashMap<(String, String), [u16; 24]> = HashMap::new();
    for fields in lines(path)? {
        let fields = fields?;
        let hour: usize = fields[2].parse()?;
        days.entry((fields[0].clone(), fields[1].clone())).or_default()[hour] = fields[3].parse()?;
    }
    Ok(days)
}

/// (participant, date) to the fields after them.
fn rows(path: &Path) -> Result<HashMap<(String, String), Vec<String>>, Failure> {
    let mut days = HashMap::new();
    for fields in lines(path)? {
        let fields = fields?;
        days.insert((fields[0].clone(), fields[1].clone()), fields[2..].to_vec());
    }
    Ok(days)
}

fn number(
    rows: &HashMap<(String, String), Vec<String>>,
    key: &(String, String),
    field: usize,
) -> Option<f64> {
    rows.get(key)?.get(field)?.parse().ok()
}
