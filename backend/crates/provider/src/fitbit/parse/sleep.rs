//! Sleep logs, version 1.2.

use pulsekeep_core::{
    catalogue::Endpoint,
    observation::{Parsed, SessionTimes, SleepKind, SleepLevel, SleepRecord, SleepStage, SleepSummary},
    time::from_local_ms,
};
use serde::{
    Deserialize,
    de::{DeserializeSeed, MapAccess, SeqAccess},
};

use crate::{
    ParseError,
    json::{self, Array, DayText, Id, LocalTime, Num, Object, ReadArray, ReadObject, Warnings},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Log {
    log_id: Option<Id>,
    date_of_sleep: Option<DayText>,
    start_time: Option<LocalTime>,
    end_time: Option<LocalTime>,
    #[serde(rename = "type")]
    kind: Option<String>,
    /// Archives call it `mainSleep`.
    #[serde(alias = "mainSleep")]
    is_main_sleep: Option<bool>,
    minutes_asleep: Option<Num>,
    minutes_awake: Option<Num>,
    minutes_to_fall_asleep: Option<Num>,
    time_in_bed: Option<Num>,
    levels: Option<Levels>,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Levels {
    data: Option<Vec<Stage>>,
    short_data: Option<Vec<Stage>>,
    summary: Option<LevelSummary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    date_time: Option<LocalTime>,
    level: Option<String>,
    seconds: Option<Num>,
}

#[derive(Deserialize, Default)]
#[serde(default)]
struct LevelSummary {
    deep: Option<LevelMinutes>,
    light: Option<LevelMinutes>,
    rem: Option<LevelMinutes>,
    #[serde(alias = "awake")]
    wake: Option<LevelMinutes>,
}

#[derive(Deserialize)]
struct LevelMinutes {
    minutes: Option<Num>,
}

fn level(word: Option<&str>) -> Option<SleepLevel> {
    Some(match word? {
        "wake" | "awake" => SleepLevel::Awake,
        "light" => SleepLevel::Light,
        "deep" => SleepLevel::Deep,
        "rem" => SleepLevel::Rem,
        "asleep" => SleepLevel::Asleep,
        "restless" => SleepLevel::Restless,
        _ => return None,
    })
}

#[derive(Default)]
struct Logs {
    sleep: Vec<SleepRecord>,
    warnings: Warnings,
    found: bool,
}

impl<'de> Object<'de> for Logs {
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error> {
        if key != "sleep" {
            return Ok(false);
        }
        self.found = true;
        map.next_value_seed(ReadArray(self))?;
        Ok(true)
    }
}

impl<'de> Array<'de> for Logs {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(log) = seq.next_element::<Log>()? else { return Ok(false) };
        self.add(index, log);
        Ok(true)
    }
}

impl Logs {
    fn warn(&mut self, code: &'static str, index: usize, what: &str) {
        self.warnings.add(code, || format!("sleep[{index}]{what}"));
    }

    fn add(&mut self, index: usize, log: Log) {
        let (Some(LocalTime(Some(start))), Some(LocalTime(Some(end)))) = (log.start_time, log.end_time)
        else {
            return self.warn("missing_time", index, "");
        };
        if end <= start && start - end > 2 * 3_600_000 {
            // A night over the end of summer time may end on an earlier clock reading, but not by more than this.
            return self.warn("reversed", index, "");
        }
        let external_id = log.log_id.as_ref().and_then(|id| id.0.clone()).unwrap_or_else(|| {
            self.warn("no_name", index, ".logId");
            format!("at-{start}")
        });
        let levels = log.levels.unwrap_or_default();
        let stages = self.stages(index, "data", levels.data);
        let short_awakenings = self.stages(index, "shortData", levels.short_data);
        let kind = self.kind(index, log.kind.as_deref(), &stages);
        let sums = levels.summary.unwrap_or_default();
        let minutes = |level: Option<LevelMinutes>| level?.minutes.and_then(Num::whole);
        self.sleep.push(SleepRecord {
            external_id,
            times: SessionTimes::Local { start, end },
            day: log.date_of_sleep.and_then(|d| d.0).unwrap_or_else(|| from_local_ms(end).date()),
            kind,
            is_main: log.is_main_sleep.unwrap_or(true),
            // Fitbit does not say; the settling days of the catalogue read it again.
            is_processed: true,
            stages,
            short_awakenings,
            summary: SleepSummary {
                asleep: log.minutes_asleep.and_then(Num::whole),
                awake: log.minutes_awake.and_then(Num::whole),
                in_bed: log.time_in_bed.and_then(Num::whole),
                to_fall_asleep: log.minutes_to_fall_asleep.and_then(Num::whole),
                deep: minutes(sums.deep),
                light: minutes(sums.light),
                rem: minutes(sums.rem),
                wake_stage: minutes(sums.wake),
            },
        });
    }

    fn stages(&mut self, index: usize, list: &str, stages: Option<Vec<Stage>>) -> Vec<SleepStage> {
        let mut read = Vec::new();
        for (n, stage) in stages.into_iter().flatten().enumerate() {
            let place = format!(".levels.{list}[{n}]");
            let (Some(LocalTime(Some(start))), Some(seconds)) =
                (stage.date_time, stage.seconds.and_then(Num::whole))
            else {
                self.warn("missing_time", index, &place);
                continue;
            };
            match level(stage.level.as_deref()) {
                Some(level) if seconds > 0 => {
                    read.push(SleepStage { start, end: start + seconds * 1000, level });
                }
                Some(_) => self.warn("reversed", index, &place),
                None => self.warn("unknown_enum", index, &format!("{place}.level")),
            }
        }
        // Fitbit gives them in order of time; sorting would put the doubled hour of a change of clocks out of order.
        read
    }

    fn kind(&mut self, index: usize, word: Option<&str>, stages: &[SleepStage]) -> SleepKind {
        match word {
            Some("stages") => return SleepKind::Stages,
            Some("classic") => return SleepKind::Classic,
            Some(_) => self.warn("unknown_enum", index, ".type"),
            None => {}
        }
        let staged =
            |s: &SleepStage| matches!(s.level, SleepLevel::Light | SleepLevel::Deep | SleepLevel::Rem);
        if stages.iter().any(staged) { SleepKind::Stages } else { SleepKind::Classic }
    }
}

pub(super) fn parse(endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
    let mut logs = Logs::default();
    json::read(endpoint.key, body, |d| ReadObject(&mut logs).deserialize(d))?;
    if !logs.found {
        return Err(ParseError::NotThisEndpoint { endpoint: endpoint.key, line: 0, column: 0 });
    }
    let Logs { mut sleep, warnings, .. } = logs;
    sleep.sort_by_key(|s| match s.times {
        SessionTimes::Local { start, .. } => start,
        SessionTimes::Instants { start, .. } => start.0,
    });
    Ok(Parsed { sleep, warnings: warnings.finish(), ..Parsed::default() })
}
