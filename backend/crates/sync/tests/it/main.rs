//! The engine against the simulator, with a clock that the tests move.

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
mod kill;
#[cfg(test)]
mod leases;
#[cfg(test)]
mod tokens;
#[cfg(test)]
mod truth;
