//! Sleep sessions.

use pulsekeep_core::{
    catalogue::Endpoint,
    observation::{Parsed, SessionTimes, SleepKind, SleepLevel, SleepRecord, SleepStage, SleepSummary},
};
use serde::{Deserialize, de::SeqAccess};

use super::{
    page,
    session::{Interval, Times, id_of},
};
use crate::{
    ParseError,
    json::{Array, Instant, Num, Warnings},
};

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Point {
    /// Reconciled points call it so.
    data_point_name: Option<String>,
    name: Option<String>,
    sleep: Option<Sleep>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sleep {
    interval: Option<Interval>,
    #[serde(rename = "type")]
    kind: Option<String>,
    stages: Option<Vec<Stage>>,
    short_awakenings: Option<Vec<Stage>>,
    metadata: Option<Metadata>,
    summary: Option<Summary>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Stage {
    start_time: Option<Instant>,
    end_time: Option<Instant>,
    #[serde(rename = "type")]
    level: Option<String>,
}

/// Booleans that are false are left out.
#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Metadata {
    main_sleep: bool,
    processed: bool,
}

#[derive(Deserialize, Default)]
#[serde(rename_all = "camelCase", default)]
struct Summary {
    minutes_in_sleep_period: Option<Num>,
    minutes_to_fall_asleep: Option<Num>,
    minutes_asleep: Option<Num>,
    minutes_awake: Option<Num>,
    stages_summary: Option<Vec<StageSummary>>,
}

#[derive(Deserialize)]
struct StageSummary {
    #[serde(rename = "type")]
    level: Option<String>,
    minutes: Option<Num>,
}

fn level(word: Option<&str>) -> Option<SleepLevel> {
    Some(match word? {
        "AWAKE" => SleepLevel::Awake,
        "LIGHT" => SleepLevel::Light,
        "DEEP" => SleepLevel::Deep,
        "REM" => SleepLevel::Rem,
        "ASLEEP" => SleepLevel::Asleep,
        "RESTLESS" => SleepLevel::Restless,
        _ => return None,
    })
}

#[derive(Default)]
struct Rows {
    sleep: Vec<SleepRecord>,
    warnings: Warnings,
}

impl<'de> Array<'de> for Rows {
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error> {
        let Some(point) = seq.next_element::<Point>()? else { return Ok(false) };
        self.add(index, point);
        Ok(true)
    }
}

impl Rows {
    fn warn(&mut self, code: &'static str, index: usize, what: &str) {
        self.warnings.add(code, || format!("dataPoints[{index}]{what}"));
    }

    fn add(&mut self, index: usize, point: Point) {
        let Some(sleep) = point.sleep else { return self.warn("missing_member", index, ".sleep") };
        let Some(times) = sleep.interval.as_ref().and_then(Times::of) else {
            return self.warn("missing_time", index, ".sleep.interval");
        };
        if times.without_offset {
            self.warn("no_offset", index, ".sleep.interval");
        }
        let external_id = id_of(point.data_point_name.or(point.name)).unwrap_or_else(|| {
            self.warn("no_name", index, "");
            format!("at-{}", times.start.0)
        });
        let stages = self.stages(index, "stages", sleep.stages);
        let short_awakenings = self.stages(index, "shortAwakenings", sleep.short_awakenings);
        let kind = self.kind(index, sleep.kind.as_deref(), &stages);
        let metadata = sleep.metadata.unwrap_or(Metadata { main_sleep: true, processed: true });
        self.sleep.push(SleepRecord {
            external_id,
            times: times.session(),
            // Google gives no date; the legacy date is that of waking.
            day: times.end.civil(times.end_offset).date(),
            kind,
            is_main: metadata.main_sleep,
            is_processed: metadata.processed,
            stages,
            short_awakenings,
            summary: summary(&sleep.summary.unwrap_or_default()),
        });
    }

    fn stages(&mut self, index: usize, list: &str, stages: Option<Vec<Stage>>) -> Vec<SleepStage> {
        let mut read = Vec::new();
        for (n, stage) in stages.into_iter().flatten().enumerate() {
            let (Some(Instant(Some(start))), Some(Instant(Some(end)))) = (stage.start_time, stage.end_time)
            else {
                self.warn("missing_time", index, &format!(".sleep.{list}[{n}]"));
                continue;
            };
            match level(stage.level.as_deref()) {
                Some(level) if start < end => read.push(SleepStage { start, end, level }),
                Some(_) => self.warn("reversed", index, &format!(".sleep.{list}[{n}]")),
                None => self.warn("unknown_enum", index, &format!(".sleep.{list}[{n}].type")),
            }
        }
        read.sort_by_key(|s| s.start);
        read
    }

    fn kind(&mut self, index: usize, word: Option<&str>, stages: &[SleepStage]) -> SleepKind {
        match word {
            Some("STAGES") => return SleepKind::Stages,
            Some("CLASSIC") => return SleepKind::Classic,
            Some(_) => self.warn("unknown_enum", index, ".sleep.type"),
            None => {}
        }
        let staged =
            |s: &SleepStage| matches!(s.level, SleepLevel::Light | SleepLevel::Deep | SleepLevel::Rem);
        if stages.iter().any(staged) { SleepKind::Stages } else { SleepKind::Classic }
    }
}

fn summary(given: &Summary) -> SleepSummary {
    let stage = |wanted| {
        let stages = given.stages_summary.iter().flatten();
        let found = stages.into_iter().find(|s| level(s.level.as_deref()) == Some(wanted))?;
        found.minutes.map_or(Some(0), Num::whole)
    };
    SleepSummary {
        asleep: given.minutes_asleep.and_then(Num::whole),
        awake: given.minutes_awake.and_then(Num::whole),
        in_bed: given.minutes_in_sleep_period.and_then(Num::whole),
        to_fall_asleep: given.minutes_to_fall_asleep.and_then(Num::whole),
        deep: stage(SleepLevel::Deep),
        light: stage(SleepLevel::Light),
        rem: stage(SleepLevel::Rem),
        wake_stage: stage(SleepLevel::Awake),
    }
}

pub(super) fn parse(endpoint: &'static Endpoint, body: &[u8]) -> Result<Parsed, ParseError> {
    let mut rows = Rows::default();
    let next_page = page::read(endpoint.key, "dataPoints", body, &mut rows)?;
    let Rows { mut sleep, warnings } = rows;
    sleep.sort_by_key(|s| match s.times {
        SessionTimes::Instants { start, .. } => start.0,
        SessionTimes::Local { start, .. } => start,
    });
    Ok(Parsed { sleep, next_page, warnings: warnings.finish(), ..Parsed::default() })
}
