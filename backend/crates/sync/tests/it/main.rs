//! The engine against the simulator, with a clock that the tests move.

#[cfg(test)]
mod batch;
#[cfg(test)]
mod broken;
#[cfg(test)]
mod budget;
#[cfg(test)]
mod consent;
#[cfg(test)]
mod control;
#[cfg(test)]
mod faults;
#[cfg(test)]
mod harness;
#[cfg(test)]
mod health;
#[cfg(test)]
mod imported;
#[cfg(test)]
mod kill;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod open_days;
#[cfg(test)]
mod pages;
#[cfg(test)]
mod planning;
#[cfg(test)]
mod push;
#[cfg(test)]
mod reparse;
#[cfg(test)]
mod routes;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod statements;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod truth;
