//! What is stored after a backfill is what the simulated people did.

use std::collections::BTreeMap;

use jiff::civil::{Date, date};
use pulsekeep_core::{
    EpochMs, Metric,
    account::ProviderKey,
    catalogue::{Grain, endpoints_of},
    coverage::CoverageState,
    metric::{Aggregation, MetricKind},
    time::DayRange,
    timeline::OffsetTimeline,
};
use pulsekeep_testkit::{DATA_TABLES, on_each_engine, on_sqlite};
use serde_json::Value;

use crate::harness::{FITBIT, GOOGLE, Linked, World, assert_done};

/// What the truth of a day says of a metric.
fn truth_of(metric: Metric, truth: &Value) -> Option<f64> {
    let number = |member: &str| truth[member].as_f64();
    match metric {
        Metric::Steps => number("steps"),
        Metric::Distance => number("distance_m"),
        Metric::Calories => number("calories_kcal"),
        Metric::ActiveZoneMinutes => number("active_zone_minutes"),
        Metric::HeartRate => number("heart_rate_mean"),
        Metric::RestingHeartRate => number("resting_heart_rate"),
        Metric::HeartRateVariability => number("hrv_rmssd_ms"),
        Metric::SkinTemperature => number("skin_temperature_c"),
        Metric::SkinTemperatureRelative => number("skin_temperature_relative_c"),
        Metric::Sleep => {
            let naps = number("nap_minutes_asleep").unwrap_or(0.0);
            number("sleep_minutes_asleep").map(|night| night + naps).or((naps > 0.0).then_some(naps))
        }
        _ => None,
    }
}

/// What the provider would tell of a day, for metrics that the truth of the day does not name.
fn told(range: &Value, metric: Metric, day: Date, timeline: &OffsetTimeline) -> Option<f64> {
    if metric == Metric::Exercise {
        let of_day = |e: &&Value| e["day"].as_str() == Some(day.to_string().as_str());
        let seconds: Vec<f64> = range["exercise"]
            .as_array()?
            .iter()
            .filter(of_day)
            .map(|e| e["active_seconds"].as_f64().unwrap())
            .collect();
        return (!seconds.is_empty()).then(|| seconds.iter().sum::<f64>() / 60.0);
    }
    if let Some(value) = range["daily"][metric.key()][day.to_string()].as_f64() {
        return Some(value);
    }
    let (count, sum) = readings(range, metric, day, timeline);
    (metric.spec().kind == MetricKind::Sampled && count > 0.0).then(|| sum / count)
}

/// Count and sum of a day's readings.
fn readings(range: &Value, metric: Metric, day: Date, timeline: &OffsetTimeline) -> (f64, f64) {
    let rows = range["detail"][metric.key()].as_array();
    let of_day = |row: &&Value| timeline.day_at(EpochMs(row[0].as_i64().unwrap() * 1000)) == day;
    rows.into_iter()
        .flatten()
        .filter(of_day)
        .fold((0.0, 0.0), |(count, sum), row| (count + 1.0, sum + row[1].as_f64().unwrap()))
}

/// How far a total may lie from the truth: providers round days to whole kilocalories and hundredths, and Fitbit's mean
/// of a day is made of its minutes' rounded means.
fn slack(provider: ProviderKey, metric: Metric) -> f64 {
    match metric {
        Metric::Calories | Metric::Distance | Metric::ActiveCalories | Metric::BasalCalories => 1.0,
        Metric::HeartRate if provider == FITBIT => 1.0,
        _ => 0.06,
    }
}

fn metrics_of(provider: ProviderKey) -> Vec<Metric> {
    Metric::all().filter(|m| endpoints_of(provider).any(|e| e.metrics.contains(m))).collect()
}

/// Compares daily values, and the blocks that lie behind them, with the truth of each day.
async fn compare(world: &World, linked: &Linked, provider: ProviderKey, person: &str, days: DayRange) {
    let reader = world.person(linked).await;
    let metrics = metrics_of(provider);
    let daily = reader.daily(&metrics, days, None).await.unwrap();
    let range = world.outside.truth_of_range(provider, person, days).await;
    let mut truths: BTreeMap<Date, Value> = BTreeMap::new();
    for day in days.days() {
        truths.insert(day, world.outside.truth(person, day).await);
    }
    for series in &daily {
        let (metric, slack) = (series.metric, slack(provider, series.metric));
        for (day, found) in series.days.iter().zip(&series.values) {
            let is_unknown = truths[day]["minutes_handed_over"].as_u64().unwrap_or(0) == 0;
            let expected = truth_of(metric, &truths[day])
                .or_else(|| told(&range, metric, *day, reader.timeline()))
                .filter(|_| {
                    !(provider == FITBIT && is_unknown && metric.spec().aggregation == Aggregation::Sum)
                });
            let place = format!("{provider} {person} {metric} {day}");
            // A provider that leaves zeros out says the same as one that gives them, but no sum appears from nothing.
            let sum_of_zero = metric.spec().aggregation == Aggregation::Sum && expected == Some(0.0);
            assert!(
                found.is_some() == expected.is_some() || sum_of_zero,
                "{place}: {found:?}, not {expected:?}"
            );
            // Fitbit counts on at rest to the end of a day that its device has told a part of.
            let is_open = truths[day]["minutes_handed_over"].as_u64() < truths[day]["minutes"].as_u64();
            let at_rest = [Metric::Calories, Metric::BasalCalories, Metric::SedentaryMinutes];
            if provider == FITBIT && at_rest.contains(&metric) && is_open {
                continue;
            }
            let (found, expected) = (found.unwrap_or(0.0), expected.unwrap_or(0.0));
            assert!((found - expected).abs() <= slack, "{place}: {found}, not {expected}");
        }
    }
    compare_blocks(world, linked, provider, person, (&truths, &range)).await;
}

async fn compare_blocks(
    world: &World,
    linked: &Linked,
    provider: ProviderKey,
    person: &str,
    (truths, range): (&BTreeMap<Date, Value>, &Value),
) {
    let reader = world.person(linked).await;
    let minute = endpoints_of(provider).filter(|e| e.grain == Grain::Minute);
    for metric in minute.flat_map(|e| e.metrics.iter().copied()) {
        let sql = format!(
            "SELECT day || ' ' || value_sum || ' ' || samples || ' ' || value_min || ' ' || value_max
             FROM sample_block WHERE user_id = {} AND metric = {}",
            linked.user.0,
            metric.code()
        );
        let mut blocks: BTreeMap<Date, Vec<f64>> = BTreeMap::new();
        for row in world.db.texts(&sql).await {
            let (day, numbers) = row.split_once(' ').unwrap();
            blocks.insert(day.parse().unwrap(), numbers.split(' ').map(|n| n.parse().unwrap()).collect());
        }
        let carries_offsets = !matches!(metric, Metric::HeartRate | Metric::Calories);
        if person == "marcus" && !carries_offsets {
            // On a journey nobody knows the minute at which the clock changed, but no minute is lost or doubled.
            let found: f64 = blocks.values().map(|block| block[1]).sum();
            let member = if metric == Metric::HeartRate { "heart_rate_minutes" } else { "minutes" };
            let expected: f64 = truths.values().map(|truth| truth[member].as_f64().unwrap()).sum();
            assert_eq!(found, expected, "minutes of {provider} {person} {metric}");
            continue;
        }
        for (day, truth) in truths {
            let place = format!("minutes of {provider} {person} {metric} {day}");
            let none = vec![0.0; 4];
            let block = blocks.get(day).unwrap_or(&none);
            // The legacy clock shows the hour at the end of summer time twice, and tells of it once.
            if provider == FITBIT && truth["minutes"].as_u64() > Some(1440) {
                if metric != Metric::HeartRate {
                    continue;
                }
                assert!(block[1] <= 1440.0 && block[1] > 1200.0, "{place}: {}", block[1]);
                continue;
            }
            if metric == Metric::HeartRate {
                assert_eq!(Some(block[1]), truth["heart_rate_minutes"].as_f64(), "{place}");
                if provider == GOOGLE && block[1] > 0.0 {
                    assert_eq!(Some(block[2]), truth["heart_rate_min"].as_f64(), "{place}");
                    assert_eq!(Some(block[3]), truth["heart_rate_max"].as_f64(), "{place}");
                }
            } else if metric.spec().aggregation != Aggregation::Sum {
                let (count, sum) = readings(range, metric, *day, reader.timeline());
                assert_eq!(block[1], count, "{place}");
                assert!((block[0] - sum).abs() <= 0.05 * count, "{place}: {}, not {sum}", block[0]);
            } else {
                let is_unknown = truth["minutes_handed_over"].as_u64().unwrap_or(0) == 0;
                let expected = truth_of(metric, truth)
                    .or_else(|| told(range, metric, *day, reader.timeline()))
                    .filter(|_| !(provider == FITBIT && is_unknown))
                    .unwrap_or(0.0);
                assert!(
                    (block[0] - expected).abs() <= slack(provider, metric),
                    "{place}: {}, not {expected}",
                    block[0]
                );
            }
        }
    }
}

/// Backfills the days from `from` to `to` days ago and compares.
async fn backfilled(world: &World, provider: ProviderKey, person: &str, from: i64, to: i64) -> Linked {
    let linked = world.linked(provider, person).await;
    let days = world.ago(linked.user, from, to).await;
    assert_done(&world.backfill(&linked, days).await);
    compare(world, &linked, provider, person, days).await;
    linked
}

on_each_engine! {
    /// Thirty days back from the 21st of November lie over the end of summer time.
    async fn google_holds_what_the_person_did(db) {
        let world = World::start(db).await;
        backfilled(&world, GOOGLE, "nora", 30, 1).await;
    }

    async fn fitbit_holds_what_the_person_did(db) {
        let world = World::start(db).await;
        backfilled(&world, FITBIT, "nora", 30, 1).await;
    }

    async fn the_same_sync_again_writes_no_data(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            assert_done(&world.incremental(&linked).await);
        }
        world.db.watch_writes(&DATA_TABLES).await;
        for link in world.store().active_links().await.unwrap() {
            let linked = Linked { user: link.user_id, link: link.id };
            assert_done(&world.incremental(&linked).await);
            assert!(world.db.writes().await.is_empty());
        }
    }
}

/// Unworn days, naps, half-hour zones, no nights, hard training; each over both providers.
fn week_of(people: &'static [&'static str]) {
    on_sqlite(move |db| async move {
        let world = World::start(db).await;
        for provider in ProviderKey::ALL {
            for person in people {
                let code = format!("{person}-{provider}");
                let user = pulsekeep_testkit::build::member(world.store(), &code).await.id;
                let linked = world.connected(user, provider, person).await;
                world.drain().await;
                let days = world.ago(user, 8, 1).await;
                assert_done(&world.backfill(&linked, days).await);
                compare(&world, &linked, provider, person, days).await;
            }
        }
    });
}

#[test]
fn other_people_have_what_they_did() {
    week_of(&["ilse", "arjun", "jack"]);
}

#[test]
fn people_who_leave_the_watch_at_home_have_no_heart_rate_then() {
    week_of(&["beatriz", "pavel"]);
}

#[test]
fn two_devices_give_one_merged_total() {
    week_of(&["colette"]);
}

/// The week in Los Angeles, with the day torn in two and the way there and back.
#[test]
fn a_traveller_over_google_has_what_they_did_on_the_days_of_their_own_clock() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        backfilled(&world, GOOGLE, "marcus", 60, 40).await;
    });
}

/// Roll-ups are asked for by instants and carry no offset: before another answer has told of the journey, the last day of
/// a window ends three hours too early.
#[test]
fn a_traveller_over_fitbit_loses_no_step_on_a_day_that_the_journey_made_short() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(FITBIT, "marcus").await;
        for (first, last) in [(date(2026, 8, 26), date(2026, 9, 1)), (date(2026, 10, 1), date(2026, 10, 7))] {
            let days = DayRange::inclusive(first, last).unwrap();
            assert_done(&world.backfill(&linked, days).await);
            let mut short = 0;
            for day in days.days() {
                let truth = world.outside.truth("marcus", day).await;
                let minutes = truth["minutes"].as_i64().unwrap();
                short += i32::from(minutes < 1440);
                let sql = format!(
                    "SELECT CAST(COALESCE(SUM(value_sum), 0) AS TEXT) FROM sample_block WHERE metric = {} AND day = '{day}'",
                    Metric::Steps.code()
                );
                let stored: f64 = world.db.texts(&sql).await.concat().parse().unwrap();
                assert_eq!(Some(stored), truth["steps"].as_f64(), "{day} of {minutes} minutes");
            }
            assert_eq!(short, 1);
        }
    });
}

#[test]
fn hours_that_were_not_asked_for_on_a_journey_are_asked_for_when_its_offset_is_learnt() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "marcus").await;
        let days = world.ago(linked.user, 56, 51).await;
        let last = days.last();
        let states = async || {
            let rows = world.person(&linked).await.coverage(&[Metric::HeartRate], days).await.unwrap();
            let of = |day: Date| rows.iter().find(|row| row.day == day).map(|row| row.state);
            (of(days.start), of(last))
        };
        let complete = Some(CoverageState::Complete);
        assert_done(&world.backfill_of(&linked, &[Metric::HeartRate], days).await);
        assert_eq!(states().await, (complete, complete));
        assert_done(&world.backfill_of(&linked, &[Metric::Steps], days).await);
        assert_eq!(
            states().await,
            (complete, Some(CoverageState::Partial)),
            "the first day was asked for whole"
        );
        let bare = readings_stored(&world, &linked, last).await;
        assert_done(&world.backfill_of(&linked, &[Metric::HeartRate], days).await);
        assert_eq!(states().await, (complete, complete));
        let whole = readings_stored(&world, &linked, last).await;
        assert!(whole > bare + 100, "{bare} minutes before, {whole} now");
        let told = world.outside.truth_of_range(GOOGLE, "marcus", days).await;
        let timeline = world.person(&linked).await.timeline().clone();
        assert_eq!(whole as f64, readings(&told, Metric::HeartRate, last, &timeline).0);
    });
}

/// Heart rates stored of a day.
async fn readings_stored(world: &World, linked: &Linked, day: Date) -> i64 {
    let sql = format!(
        "SELECT CAST(samples AS TEXT) FROM sample_block WHERE user_id = {} AND metric = {} AND day = '{day}'",
        linked.user.0,
        Metric::HeartRate.code()
    );
    world.db.texts(&sql).await.concat().parse().unwrap_or(0)
}

#[test]
fn days_after_the_devices_last_sync_are_open_and_without_values_until_it_syncs() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        for provider in ProviderKey::ALL {
            let code = format!("harriet-{provider}");
            let user = pulsekeep_testkit::build::member(world.store(), &code).await.id;
            let linked = world.connected(user, provider, "harriet").await;
            world.drain().await;
            let (days, recent) = (world.ago(user, 8, 0).await, world.ago(user, 2, 0).await);
            assert_done(&world.backfill(&linked, days).await);
            compare(&world, &linked, provider, "harriet", days).await;
            let coverage = world.person(&linked).await.coverage(&metrics_of(provider), days).await.unwrap();
            for row in &coverage {
                let open = row.state == CoverageState::Partial;
                let closed = matches!(row.state, CoverageState::Complete | CoverageState::EmptyConfirmed);
                assert!(open || closed, "{row:?}");
                assert!(open || !recent.contains(row.day), "{provider}: nothing is known of {row:?}");
            }
            let first = coverage.iter().filter(|row| row.day == days.start);
            assert!(first.clone().count() > 0);
            assert!(first.clone().all(|row| row.state != CoverageState::Partial));
        }
    });
}

#[test]
fn a_late_device_fills_its_open_days_and_they_close() {
    on_sqlite(|db| async {
        let world = World::start(db).await;
        let linked = world.linked(GOOGLE, "harriet").await;
        let days = world.ago(linked.user, 8, 0).await;
        assert_done(&world.backfill(&linked, days).await);
        // The last evening's readings come with the night that follows.
        world.clock.advance(6 * 86_400_000);
        let job = world.backfill(&linked, days).await;
        assert_done(&job);
        compare(&world, &linked, GOOGLE, "harriet", days).await;
        let metrics = metrics_of(GOOGLE);
        let coverage = world.person(&linked).await.coverage(&metrics, days).await.unwrap();
        assert!(coverage.iter().all(|row| row.state != CoverageState::Partial), "{coverage:?}");
        let days = world.ago(linked.user, 14, 7).await;
        let again = world.backfill(&linked, days).await;
        assert_eq!(again.windows_total, 0, "closed days are not asked for again");
    });
}

on_each_engine! {
    async fn the_requests_are_those_of_the_plan(db) {
        let world = World::start(db).await;
        for (provider, person) in [(GOOGLE, "nora"), (FITBIT, "ilse")] {
            let linked = world.linked(provider, person).await;
            let days = world.ago(linked.user, 14, 1).await;
            let request = world.request(&linked, pulsekeep_core::job::JobKind::Backfill, Some(days));
            let plan = world.engine.plan(&request).await.unwrap().unwrap();
            world.outside.forget_requests().await;
            let job = world.backfill(&linked, days).await;
            assert_done(&job);
            let devices = world.outside.requests("evices", &[]).await;
            let asked = world.outside.requests("", &[]).await - devices - world.outside.requests("token", &[]).await;
            // The daily series have left nothing out that was not proved empty.
            assert!(i64::from(asked) <= plan.expected(), "{provider}: {asked} of {}", plan.expected());
            assert_eq!((job.requests_expected, job.requests_done), (asked, asked));
            assert_eq!(job.retries, 0);
            assert!(plan.at_most() >= plan.expected());
        }
    }
}
