//! What many people cost: the year of each is written by the product's own engine from answers in memory, then a real
//! server is asked for the page over a hundred of them and for the year of one.

use std::{
    net::{SocketAddr, TcpListener},
    sync::Arc,
    time::{Duration, Instant},
};

use anyhow::{Context as _, bail};
use pulsekeep::auth::NewSecret;
use pulsekeep_core::{
    Metric,
    account::{ProviderKey, Role, Scope, Viewer},
    id::UserId,
    job::JobState,
    time::{DayRange, add_days},
};
use pulsekeep_store::{CreateUser, JobFilter, NewApiToken, NewUser};
use pulsekeep_sync::{Providers, SyncEngine, Vault};
use pulsekeep_testkit::TestDatabase;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpStream,
};

use crate::{
    Report,
    bench::{drop_first_jobs, free, free_quotas},
    outside::Inhabitant,
    process::Process,
    replay::Replay,
    store::{ORIGIN, answers_of, work},
    world::{Pace, Programs, VAULT_KEY, World},
};

/// The query of the web app's first page.
const PEOPLE: &str = include_str!("../../../frontend/graphql/people.graphql");
const YEAR_OF_ONE: &str = "query Year($id: ID!, $from: DateTime!, $to: DateTime!) { user(id: $id) {
    series(metric: HEART_RATE, from: $from, to: $to, maxPoints: 2000) { start min mean max } } }";
/// The metrics of the year: a sample for nearly every minute, and what the daily series of a person has.
const METRICS: [Metric; 3] = [Metric::HeartRate, Metric::Steps, Metric::RestingHeartRate];
/// How often a server is asked the same; the middle answer counts.
const ASKED: usize = 21;
/// How long the server may take until it answers.
const PATIENCE: Duration = Duration::from_secs(30);

#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Args {
    /// How many people
    #[arg(long, default_value_t = 100)]
    people: usize,
    /// Days of each
    #[arg(long, default_value_t = 365)]
    days: i64,
    /// Stop writing after so many minutes, with as many people as there are then
    #[arg(long, default_value_t = 20.0)]
    minutes: f64,
}

pub(crate) async fn run(programs: Programs, db: Arc<TestDatabase>, args: Args) -> anyhow::Result<Report> {
    let mut report = Report::default();
    let address = TcpListener::bind("127.0.0.1:0")?.local_addr()?;
    let mut settings = free();
    settings.push(("http.listen", address.to_string()));
    let world =
        World::open(programs, Pace::starting(ORIGIN, 1)?, db, (args.people, 0), &settings, None).await?;
    free_quotas(&world).await?;
    let inhabitants = world.outside.people().await?;
    let zone = inhabitants.iter().find(|who| who.id == "nora").context("no nora")?.zone.clone();
    // All of them do what one does, on the same clock.
    let everybody: Vec<Inhabitant> = inhabitants
        .into_iter()
        .take(args.people)
        .map(|who| Inhabitant { zone: zone.clone(), ..who })
        .collect();
    let first = world.settle(&everybody[0], ProviderKey::GoogleHealth).await?;
    world.connect(&first).await?;
    drop_first_jobs(&world.engine).await?;
    let end = add_days(world.engine.today(first.user).await?, -1);
    let days = DayRange { start: add_days(end, -args.days), end };
    work(&world.engine, first.user, &METRICS, days).await?;
    let (answers, _) = answers_of(&world).await?;
    let inner = world.engine.provider(ProviderKey::GoogleHealth).context("no provider")?.clone();
    let providers = Providers::new().with(Replay { inner, answers: Arc::new(answers) });
    let engine = SyncEngine::new(
        world.db.store().clone(),
        providers,
        Vault::new(&VAULT_KEY, &[]),
        Arc::new(world.pace.clock()),
        *world.engine.policy(),
    );

    let begun = Instant::now();
    let (mut seconds, mut part) = (Vec::new(), Vec::new());
    let tenth = (args.people / 10).max(1);
    report.say(format!(
        "{:?}, {} days each of heart rate and steps by the minute and resting heart rate",
        world.db.engine(),
        args.days
    ));
    report.say("| people | seconds a person (median of these) | MB a person |");
    report.say("| --: | --: | --: |");
    for who in &everybody[1..] {
        let resident = world.settle(who, ProviderKey::GoogleHealth).await?;
        world.connect(&resident).await?;
        let own = JobFilter { user_id: Some(resident.user), limit: 100, ..JobFilter::default() };
        for job in engine.store().jobs(&Viewer::system(), &own).await? {
            engine.cancel(&Viewer::system(), job.id).await?;
        }
        part.push(work(&engine, resident.user, &METRICS, days).await?);
        let late = begun.elapsed().as_secs_f64() > args.minutes * 60.0;
        if part.len() == tenth || late {
            seconds.append(&mut part.clone());
            let people = seconds.len() + 1;
            let megabytes = database_bytes(&world).await? / 1e6 / people as f64;
            report.say(format!("| {people} | {:.2} | {megabytes:.1} |", middle(&mut part)));
            part.clear();
        }
        if late {
            break;
        }
    }
    let failed = JobFilter {
        states: vec![JobState::Failed, JobState::DoneWithGaps],
        limit: 1,
        ..JobFilter::default()
    };
    if let Some(job) = engine.store().jobs(&Viewer::system(), &failed).await?.first() {
        bail!("a job ended {:?}", job.state);
    }

    let mut server = world.start("serve", &["serve", "--no-worker"])?;
    let token = admin_token(&world).await?;
    let asked = Asked { address, token };
    asked.until_ready(&mut server).await?;
    let page = json!({ "query": PEOPLE, "variables": { "first": 100, "days": 28 } });
    let timeline = world.db.store().timeline(first.user).await?;
    let bounds = [timeline.day_bounds(days.start).0, timeline.day_bounds(days.end).0];
    let [from, to] = bounds.map(|at| jiff::Timestamp::from_millisecond(at.0).map(|at| at.to_string()));
    let id = asked.first_id(&page).await?;
    let year = json!({ "query": YEAR_OF_ONE, "variables": { "id": id, "from": from?, "to": to? } });
    report.say("| a server's answer | milliseconds (median, slowest) | KB |");
    report.say("| --- | --: | --: |");
    for (what, question) in [("the page over 100 people", page), ("a year of one at 2,000 points", year)] {
        let mut took = Vec::new();
        let mut bytes = 0;
        for _ in 0..ASKED {
            let begun = Instant::now();
            bytes = asked.ask(&question).await?.1;
            took.push(begun.elapsed().as_secs_f64() * 1e3);
        }
        let slowest = took.iter().copied().fold(0.0, f64::max);
        report.say(format!(
            "| {what} | {:.1}, {slowest:.1} | {:.0} |",
            middle(&mut took),
            bytes as f64 / 1e3
        ));
    }
    let used = server.stop().await?;
    report.say(format!("memory of the server at most: {:.1} MB", used.peak as f64 / 1e6));
    Ok(report)
}

fn middle(figures: &mut [f64]) -> f64 {
    figures.sort_by(f64::total_cmp);
    figures.get(figures.len() / 2).copied().unwrap_or(f64::NAN)
}

async fn database_bytes(world: &World) -> anyhow::Result<f64> {
    let sql = match world.db.engine() {
        pulsekeep_store::Engine::Sqlite => {
            "SELECT CAST(page_count * page_size AS TEXT) FROM pragma_page_count(), pragma_page_size()"
        }
        pulsekeep_store::Engine::Postgres => "SELECT CAST(pg_database_size(current_database()) AS TEXT)",
    };
    Ok(world.db.texts(sql).await.concat().parse()?)
}

/// An API token of a new admin.
async fn admin_token(world: &World) -> anyhow::Result<String> {
    let new = NewUser {
        email: "admin@example.org".to_owned(),
        display_name: "Admin".to_owned(),
        code: None,
        role: Role::Admin,
        time_zone: "UTC".to_owned(),
    };
    let CreateUser::Created(admin) = world.db.store().create_user(new, world.pace.now()).await? else {
        bail!("the admin could not be added");
    };
    let secret = NewSecret::api_token()?;
    let token = NewApiToken {
        user_id: UserId(admin.id.0),
        name: "trial".to_owned(),
        hash: secret.hash,
        scopes: vec![Scope::ReadMetrics, Scope::Admin],
        expires_at: None,
        people: None,
    };
    world.db.store().create_api_token(token, world.pace.now()).await?;
    Ok(secret.text.expose_secret().to_owned())
}

/// A client of the server under trial.
struct Asked {
    address: SocketAddr,
    token: String,
}

impl Asked {
    async fn until_ready(&self, server: &mut Process) -> anyhow::Result<()> {
        let begun = Instant::now();
        while self.ask(&json!({ "query": "{ __typename }" })).await.is_err() {
            server.check()?;
            if begun.elapsed() > PATIENCE {
                bail!("the server does not answer");
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        Ok(())
    }

    /// Asks by HTTP 1.0 on a fresh connection: the answer ends where the connection does. Returns it, and its length.
    async fn ask(&self, question: &Value) -> anyhow::Result<(Value, usize)> {
        let body = question.to_string();
        let head = format!(
            "POST /graphql HTTP/1.0\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n\
             Content-Length: {}\r\n\r\n",
            self.address,
            self.token,
            body.len()
        );
        let mut connection = TcpStream::connect(self.address).await?;
        connection.write_all(format!("{head}{body}").as_bytes()).await?;
        let mut answer = Vec::new();
        connection.read_to_end(&mut answer).await?;
        let answer = String::from_utf8(answer)?;
        let (_, body) = answer.split_once("\r\n\r\n").context("the answer has no head")?;
        let value: Value = serde_json::from_str(body)?;
        if !value["errors"].is_null() {
            bail!("the server answers {}", value["errors"]);
        }
        Ok((value, body.len()))
    }

    /// The first person on the page who has data.
    async fn first_id(&self, page: &Value) -> anyhow::Result<String> {
        let (answer, _) = self.ask(page).await?;
        let people = answer["data"]["users"]["nodes"].as_array().context("no people")?;
        let with_data = people.iter().find(|person| !person["summary"]["lastDataDay"].is_null());
        let id = with_data.and_then(|person| person["id"].as_str()).context("nobody has data")?;
        Ok(id.to_owned())
    }
}
