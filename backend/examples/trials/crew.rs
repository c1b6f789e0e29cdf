//! The product's processes, and what is done to them.

use std::time::{Duration, Instant};

use pulsekeep_store::Engine;
use rand::{Rng as _, rngs::StdRng};

use crate::{
    process::{Process, Usage},
    world::World,
};

/// A process, or the time at which it is started again.
enum Seat {
    Working(Process),
    Frozen(Process, Instant),
    Gone(Instant),
}

/// Named processes that are to run all the time.
pub(crate) struct Crew {
    seats: Vec<(String, Vec<&'static str>, Seat)>,
    /// A worker that is frozen stays so for this long: longer than its lease.
    freeze: Duration,
    pub(crate) kills: usize,
    pub(crate) freezes: usize,
    /// Most memory of any process of a name, and the time of all of them.
    pub(crate) used: Vec<(String, Usage)>,
}

impl Crew {
    /// One server without workers and `workers` beside it; on SQLite one server with its workers inside.
    pub(crate) fn start(world: &World, workers: usize, freeze: Duration) -> anyhow::Result<Self> {
        let mut roles: Vec<(String, Vec<&'static str>)> = Vec::new();
        match world.db.engine() {
            Engine::Sqlite => roles.push(("serve".to_owned(), vec!["serve"])),
            Engine::Postgres => {
                roles.push(("serve".to_owned(), vec!["serve", "--no-worker"]));
                roles.extend((1..=workers).map(|n| (format!("worker-{n}"), vec!["worker"])));
            }
        }
        let mut seats = Vec::new();
        for (name, args) in roles {
            let process = world.start(&name, &args)?;
            seats.push((name, args, Seat::Working(process)));
        }
        Ok(Self { seats, freeze, kills: 0, freezes: 0, used: Vec::new() })
    }

    /// Something happens to somebody: mostly `kill -9`, sometimes a freeze.
    pub(crate) fn disturb(&mut self, dice: &mut StdRng) -> anyhow::Result<()> {
        let at = dice.random_range(0..self.seats.len());
        let back = Instant::now() + Duration::from_millis(dice.random_range(200..=3_000));
        let freeze = dice.random_bool(0.35);
        let (name, args, seat) = self.seats.remove(at);
        let seat = match seat {
            Seat::Working(process) if freeze => {
                process.signal("STOP")?;
                self.freezes += 1;
                Seat::Frozen(process, Instant::now() + self.freeze)
            }
            Seat::Working(process) => {
                let used = process.kill()?;
                self.note(&name, used);
                self.kills += 1;
                Seat::Gone(back)
            }
            other => other,
        };
        self.seats.insert(at, (name, args, seat));
        Ok(())
    }

    /// Brings back whose time has come; fails when somebody has ended by themselves.
    pub(crate) fn tend(&mut self, world: &World) -> anyhow::Result<()> {
        self.bring_back(world, Instant::now())
    }

    /// Brings everybody back at once.
    pub(crate) fn gather(&mut self, world: &World) -> anyhow::Result<()> {
        self.bring_back(world, Instant::now() + Duration::from_secs(3600))
    }

    fn bring_back(&mut self, world: &World, now: Instant) -> anyhow::Result<()> {
        for (name, args, seat) in std::mem::take(&mut self.seats) {
            let seat = match seat {
                Seat::Gone(back) if back <= now => Seat::Working(world.start(&name, &args)?),
                Seat::Frozen(process, back) if back <= now => {
                    process.signal("CONT")?;
                    Seat::Working(process)
                }
                Seat::Working(mut process) => {
                    process.usage();
                    process.check()?;
                    Seat::Working(process)
                }
                other => other,
            };
            self.seats.push((name, args, seat));
        }
        Ok(())
    }

    fn note(&mut self, name: &str, used: Usage) {
        match self.used.iter_mut().find(|(known, _)| known == name) {
            Some((_, sum)) => {
                sum.peak = sum.peak.max(used.peak);
                sum.cpu_ms += used.cpu_ms;
            }
            None => self.used.push((name.to_owned(), used)),
        }
    }

    /// Stops everybody in good order.
    pub(crate) async fn dismiss(&mut self) -> anyhow::Result<()> {
        for (name, _, seat) in std::mem::take(&mut self.seats) {
            let (Seat::Working(process) | Seat::Frozen(process, _)) = seat else { continue };
            // A frozen process hears nothing.
            process.signal("CONT")?;
            let used = process.stop().await?;
            self.note(&name, used);
        }
        self.used.sort_by(|a, b| a.0.cmp(&b.0));
        Ok(())
    }
}
