//! The store from outside, each test on SQLite and on PostgreSQL.

#[cfg(test)]
mod analysis;
#[cfg(test)]
mod blocks;
#[cfg(test)]
mod changes;
#[cfg(test)]
mod coverage;
#[cfg(test)]
mod daily;
#[cfg(test)]
mod due;
#[cfg(test)]
mod exercises;
#[cfg(test)]
mod formats;
#[cfg(test)]
mod jobs;
#[cfg(test)]
mod levels;
#[cfg(test)]
mod links;
#[cfg(test)]
mod model;
#[cfg(test)]
mod opening;
#[cfg(test)]
mod people;
#[cfg(test)]
mod raw;
#[cfg(test)]
mod reads;
#[cfg(test)]
mod schedule;
#[cfg(test)]
mod sessions;
#[cfg(test)]
mod sleep;
#[cfg(test)]
mod windows;
