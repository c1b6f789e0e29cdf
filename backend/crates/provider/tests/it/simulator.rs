//! The whole road over the simulator: authorize, consent, exchange, identity, every endpoint of the catalogue, and
//! what comes out compared with what the simulated person really did.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{Timestamp, civil::Date, tz::TimeZone};
use pulsekeep_core::{
    Metric,
    account::ProviderKey,
    catalogue::{Cadence, Endpoint, Grain, endpoints_of},
    job::FailureCode,
    metric::Aggregation,
    observation::{Parsed, SampleTimes},
    time::{DayRange, add_days, from_local_ms},
    timeline::OffsetTimeline,
};
use pulsekeep_provider::{
    FetchRequest, Grant, HttpClient, OAuthError, Provider, ProviderConfig, fitbit, google_health, has_passed,
    merge_pages, pkce, random_state,
};
use pulsekeep_simulator::{Simulator, SimulatorConfig};
use secrecy::SecretString;
use serde_json::{Value, json};
use url::Url;

use crate::range::Truth;

/// The simulator's now: a Saturday morning in Stockholm.
const NOW: &str = "2026-11-21T08:00:00Z";

pub(crate) struct World {
    simulator: Simulator,
    http: reqwest::Client,
}

impl World {
    async fn start() -> Self {
        let now = NOW.parse::<Timestamp>().unwrap().as_millisecond();
        let config = SimulatorConfig::new("127.0.0.1:0".parse().unwrap(), Arc::new(move || now));
        Self { simulator: Simulator::start(config).await.unwrap(), http: reqwest::Client::new() }
    }

    fn url(&self, path: &str) -> Url {
        Url::parse(&format!("{}{path}", self.simulator.base_url())).unwrap()
    }

    fn provider(&self, key: ProviderKey) -> Box<dyn Provider> {
        let client_id = "pulsekeep-demo".to_owned();
        let client_secret = SecretString::from("pulsekeep-demo-secret");
        let http = HttpClient::new().unwrap();
        match key {
            ProviderKey::GoogleHealth => Box::new(google_health(
                ProviderConfig {
                    client_id,
                    client_secret,
                    authorize_url: self.url("/google/o/oauth2/v2/auth"),
                    token_url: self.url("/google/token"),
                    revoke_url: self.url("/google/revoke"),
                    api_url: self.url("/google"),
                    routes: false,
                },
                http,
            )),
            ProviderKey::Fitbit => Box::new(fitbit(
                ProviderConfig {
                    client_id,
                    client_secret,
                    authorize_url: self.url("/fitbit/oauth2/authorize"),
                    token_url: self.url("/fitbit/oauth2/token"),
                    revoke_url: self.url("/fitbit/oauth2/revoke"),
                    api_url: self.url("/fitbit"),
                    routes: false,
                },
                http,
            )),
        }
    }

    pub(crate) async fn control(&self, method: reqwest::Method, path: &str, body: Option<Value>) -> Value {
        let mut request = self.http.request(method, self.url(&format!("/control{path}")));
        if let Some(body) = body {
            request = request.json(&body);
        }
        let answer = request.send().await.unwrap();
        let (status, body) = (answer.status(), answer.text().await.unwrap());
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// What `person` did on `day`.
    async fn truth(&self, person: &str, day: Date) -> Value {
        self.control(reqwest::Method::GET, &format!("/people/{person}/truth?day={day}"), None).await
    }

    /// The person's consent to all that is asked, and the exchange of the code.
    async fn connect(&self, provider: &dyn Provider, person: &str) -> Grant {
        self.connect_with(provider, person, "").await
    }

    /// Likewise, with a scope more than is asked for.
    async fn connect_with(&self, provider: &dyn Provider, person: &str, more: &str) -> Grant {
        let redirect = Url::parse("http://127.0.0.1:1/connect/callback").unwrap();
        let ((challenge, verifier), state) = (pkce(), random_state());
        let mut authorize_url = provider.authorize_url(&redirect, &state, &challenge);
        let asked = authorize_url.query_pairs().into_owned().map(|(name, value)| match name.as_str() {
            "scope" if !more.is_empty() => (name, format!("{value} {more}")),
            _ => (name, value),
        });
        let asked: Vec<(String, String)> = asked.collect();
        authorize_url.query_pairs_mut().clear().extend_pairs(asked);
        let consent = json!({ "authorize_url": authorize_url, "person": person });
        let answer = self.control(reqwest::Method::POST, "/consent", Some(consent)).await;
        let back = Url::parse(answer["redirect_to"].as_str().unwrap()).unwrap();
        let parameter = |name: &str| {
            let found = back.query_pairs().find(|(n, _)| n == name);
            found.map(|(_, v)| v.into_owned()).unwrap()
        };
        assert_eq!(parameter("state"), state);
        provider.exchange(&redirect, &SecretString::from(parameter("code")), &verifier).await.unwrap()
    }
}

/// A person's connection and zone.
struct Linked<'p> {
    provider: &'p dyn Provider,
    access: SecretString,
    timeline: OffsetTimeline,
}

impl Linked<'_> {
    /// All pages of `days` at `endpoint`, in windows as wide as it allows.
    async fn read(&self, endpoint: &'static Endpoint, days: DayRange) -> Parsed {
        let mut pages = Vec::new();
        let mut start = days.start;
        while start < days.end {
            let end = add_days(start, endpoint.max_days).min(days.end);
            let bounds = (self.timeline.day_bounds(start).0, self.timeline.day_bounds(end).0);
            let days = DayRange { start, end };
            let last = if endpoint.by_waking { end } else { days.last() };
            let mut request = FetchRequest { endpoint, days, last, bounds, page: None };
            loop {
                let fetched = self.provider.fetch(&self.access, &request).await;
                let fetched = fetched.unwrap_or_else(|e| panic!("{}: {e}", endpoint.key));
                let page = self.provider.parse(endpoint, &fetched.body);
                let mut page = page.unwrap_or_else(|e| panic!("{}: {e}", endpoint.key));
                let passed = fetched.unfiltered && has_passed(endpoint, request.days, &page);
                request.page = page.next_page.take().filter(|_| !passed);
                pages.push(page);
                if request.page.is_none() {
                    break;
                }
            }
            start = end;
        }
        let mut read = merge_pages(pages);
        read.daily.retain(|v| days.contains(v.day));
        read.sleep.retain(|s| days.contains(s.day));
        read.exercises.retain(|e| days.contains(e.day));
        read
    }

    /// Sum and count of the samples of each civil day.
    fn by_day(&self, parsed: &Parsed) -> BTreeMap<Date, (f64, usize)> {
        let mut days = BTreeMap::new();
        for batch in &parsed.samples {
            let day_of = |i: usize| match &batch.times {
                SampleTimes::Instants { at, .. } => self.timeline.day_at(at[i]),
                SampleTimes::Local(at) => from_local_ms(at[i]).date(),
            };
            for (i, value) in batch.values.main().iter().enumerate() {
                let entry: &mut (f64, usize) = days.entry(day_of(i)).or_default();
                entry.0 += value;
                entry.1 += 1;
            }
        }
        days
    }
}

/// The week up to yesterday.
fn week() -> DayRange {
    let today = NOW.parse::<Timestamp>().unwrap().to_zoned(TimeZone::UTC).date();
    DayRange { start: add_days(today, -7), end: today }
}

/// The truth's member for `metric`; `None` where it tells none.
fn member(metric: Metric) -> Option<&'static str> {
    Some(match metric {
        Metric::Steps => "steps",
        Metric::Distance => "distance_m",
        Metric::Calories => "calories_kcal",
        Metric::ActiveZoneMinutes => "active_zone_minutes",
        Metric::HeartRate => "heart_rate_mean",
        Metric::RestingHeartRate => "resting_heart_rate",
        Metric::HeartRateVariability => "hrv_rmssd_ms",
        Metric::SkinTemperature => "skin_temperature_c",
        Metric::SkinTemperatureRelative => "skin_temperature_relative_c",
        Metric::Sleep => "sleep_minutes_asleep",
        Metric::FatBurnZoneMinutes => "fat_burn_zone_minutes",
        Metric::CardioZoneMinutes => "cardio_zone_minutes",
        Metric::PeakZoneMinutes => "peak_zone_minutes",
        Metric::HeartRateVariabilityDeep => "hrv_deep_rmssd_ms",
        _ => return None,
    })
}

/// How far a total may lie from the truth: Fitbit rounds the energy of a day to kilocalories, and both round others to
/// about a hundredth.
fn slack(endpoint: &Endpoint) -> f64 {
    match (endpoint.metrics[0], endpoint.grain) {
        (Metric::Calories, _) | (Metric::Distance, _) => 1.0,
        _ => 0.06,
    }
}

/// Compares what was read at `endpoint` with the truths of the days. A metric that does not exist on a day must not be
/// there; only a sum may be zero or absent alike.
fn compare(linked: &Linked<'_>, endpoint: &Endpoint, parsed: &Parsed, truths: &BTreeMap<Date, Value>) {
    let key = endpoint.key;
    let metric = endpoint.metrics[0];
    let Some(member) = member(metric) else { return };
    let minutes = linked.by_day(parsed);
    for (&day, truth) in truths {
        let expected = truth[member].as_f64();
        match endpoint.grain {
            Grain::Day => {
                let found = parsed.daily.iter().find(|v| v.day == day && v.metric == metric).map(|v| v.value);
                let may_be_absent = metric.spec().aggregation == Aggregation::Sum && expected == Some(0.0);
                assert!(found.is_some() == expected.is_some() || may_be_absent, "{key} {day}: {found:?}");
                let (found, expected) = (found.unwrap_or(0.0), expected.unwrap_or(0.0));
                assert!((found - expected).abs() <= slack(endpoint), "{key} {day}: {found}, not {expected}");
            }
            Grain::Minute if endpoint.cadence == Some(Cadence::Minute) => {
                let count = minutes.get(&day).map_or(0, |(_, count)| *count);
                assert_eq!(Some(count as u64), truth["heart_rate_minutes"].as_u64(), "{key} {day}");
            }
            // The samples themselves are compared elsewhere.
            Grain::Minute if metric.spec().aggregation != Aggregation::Sum => {}
            Grain::Minute => {
                let found = minutes.get(&day).map_or(0.0, |(sum, _)| *sum);
                let expected = expected.unwrap_or(0.0);
                assert!((found - expected).abs() <= slack(endpoint), "{key} {day}: {found}, not {expected}");
            }
            Grain::Session => {
                let of_day: Vec<_> = parsed.sleep.iter().filter(|s| s.day == day).collect();
                assert_eq!(Some(of_day.len() as u64), truth["sleep_records"].as_u64(), "{key} {day}");
                let main = of_day.iter().find(|s| s.is_main).and_then(|s| s.summary.asleep);
                assert_eq!(main, truth["sleep_minutes_asleep"].as_i64(), "{key} {day}");
                assert!(of_day.iter().all(|s| !s.stages.is_empty() && s.is_processed), "{key} {day}");
            }
        }
    }
}

async fn walk(key: ProviderKey, person: &str, switches: Option<Value>) {
    let world = World::start().await;
    let provider = world.provider(key);
    let grant = world.connect(&*provider, person).await;
    assert!(grant.scopes.iter().all(|s| provider.scopes().contains(&s.as_str())), "{:?}", grant.scopes);
    assert!(provider.scopes().iter().all(|s| grant.scopes.iter().any(|g| g == s)), "{:?}", grant.scopes);
    let account = provider.account(&grant.access_token).await.unwrap();
    if let Some(id) = &grant.provider_user_id {
        assert_eq!(*id, account.provider_user_id);
    }
    assert!(provider.devices(&grant.access_token).await.unwrap().iter().any(|d| d.is_tracker));
    let zone = TimeZone::get(&account.time_zone.unwrap()).unwrap();
    let linked =
        Linked { provider: &*provider, access: grant.access_token, timeline: OffsetTimeline::of_zone(zone) };
    let mut truths = BTreeMap::new();
    for day in week().days() {
        truths.insert(day, world.truth(person, day).await);
    }
    let at_rest = switches.is_none();
    if let Some(switches) = switches {
        world.control(reqwest::Method::PUT, "/switches", Some(switches)).await;
    }
    let told = Truth::of(&world, key, person, week()).await;
    for endpoint in endpoints_of(key) {
        let parsed = linked.read(endpoint, week()).await;
        if at_rest {
            assert_eq!(parsed.warnings, [], "{}", endpoint.key);
        }
        compare(&linked, endpoint, &parsed, &truths);
        told.compare(endpoint, week(), &parsed, &linked.timeline);
    }
}

#[tokio::test]
async fn google_gives_what_the_person_did() {
    walk(ProviderKey::GoogleHealth, "nora", None).await;
}

#[tokio::test]
async fn fitbit_gives_what_the_person_did() {
    walk(ProviderKey::Fitbit, "nora", None).await;
}

/// Unworn days, naps, two devices, travel, half-hour zones, no nights. Harriet's device is days late: Fitbit then has
/// zeros where nothing is known, which is told apart by the device's last sync, not here.
const OTHERS: [&str; 9] =
    ["walter", "ilse", "arjun", "jack", "colette", "marcus", "beatriz", "haruto", "dana"];

#[tokio::test]
async fn google_gives_what_others_did() {
    for person in OTHERS.into_iter().chain(["harriet"]) {
        walk(ProviderKey::GoogleHealth, person, None).await;
    }
}

#[tokio::test]
async fn fitbit_gives_what_others_did() {
    for person in OTHERS {
        walk(ProviderKey::Fitbit, person, None).await;
    }
}

#[tokio::test]
async fn googles_open_questions_make_no_difference() {
    let switches = json!({
        "google_nan_strings": true,
        "google_empty_page_with_token": true,
        "google_empty_next_page_token": true,
        "google_unsorted_pages": true,
        "google_daily_roll_up_end_inclusive": true,
        "google_sleep_filter_refused": true,
        "google_true_zero": "without_count",
        "google_empty_windows_present": true,
        "google_roll_up_descending": true,
    });
    walk(ProviderKey::GoogleHealth, "ilse", Some(switches)).await;
}

#[tokio::test]
async fn fitbits_open_questions_make_no_difference() {
    let switches = json!({ "fitbit_redirect_fragment": false, "fitbit_minimal_heart_zones": true });
    walk(ProviderKey::Fitbit, "ilse", Some(switches)).await;
}

#[tokio::test]
async fn routes_come_as_tcx_to_those_who_may_see_places() {
    let world = World::start().await;
    let month = DayRange { start: add_days(week().end, -28), end: week().end };
    for key in ProviderKey::ALL {
        let provider = world.provider(key);
        let places = match key {
            ProviderKey::GoogleHealth => "https://www.googleapis.com/auth/googlehealth.location.readonly",
            ProviderKey::Fitbit => "location",
        };
        let without = world.connect(&*provider, "marcus").await;
        let timeline = OffsetTimeline::of_zone(TimeZone::UTC);
        let linked = Linked { provider: &*provider, access: without.access_token.clone(), timeline };
        let list = endpoints_of(key).find(|e| e.metrics == [Metric::Exercise]).unwrap();
        let exercises = linked.read(list, month).await.exercises;
        let routed = exercises.iter().find(|e| e.has_route).expect("marcus runs outside");
        let refused = provider.route(&without.access_token, &routed.external_id).await.unwrap_err();
        assert_eq!(refused.code, FailureCode::MissingScope, "{key}: {refused}");
        let with = world.connect_with(&*provider, "marcus", places).await;
        assert!(
            provider.route_scopes().iter().all(|s| with.scopes.iter().any(|g| g == s)),
            "{:?}",
            with.scopes
        );
        let route = provider.route(&with.access_token, &routed.external_id).await.unwrap();
        let text = String::from_utf8(route.body).unwrap();
        assert!(text.contains("<TrainingCenterDatabase") && text.contains("<Trackpoint>"), "{key}");
    }
}

#[tokio::test]
async fn grants_are_refreshed_rotated_and_revoked() {
    let world = World::start().await;
    for key in ProviderKey::ALL {
        let provider = world.provider(key);
        let first = world.connect(&*provider, "nora").await.refresh_token.unwrap();
        let second = provider.refresh(&first).await.unwrap();
        provider.account(&second.access_token).await.unwrap();
        let current = match key {
            ProviderKey::GoogleHealth => {
                assert!(second.refresh_token.is_none(), "Google keeps the refresh token");
                first
            }
            ProviderKey::Fitbit => {
                let used = provider.refresh(&first).await.unwrap_err();
                assert_eq!(used, OAuthError::NeedsConsent { error: "invalid_grant".to_owned() });
                second.refresh_token.unwrap()
            }
        };
        provider.revoke(&current).await.unwrap();
        let dead = provider.refresh(&current).await.unwrap_err();
        assert_eq!(dead, OAuthError::NeedsConsent { error: "invalid_grant".to_owned() }, "{key}");
        let failure = provider.account(&second.access_token).await.unwrap_err();
        assert!(failure.token_rejected, "{key}: {failure}");
    }
}
