#![doc = include_str!("../README.md")]
#![deny(missing_docs)]

mod m20261121_raw_packing;
mod m20261121_start;
mod m20261121_sync_engine;
mod m20261122_due_windows;
mod m20261122_lost_leases;
mod m20261122_read_path;
mod m20261123_exports;
mod m20261124_imports;
mod m20261125_coverage_tally;

use sea_orm_migration::prelude::*;

/// All steps, oldest first.
#[derive(Debug)]
pub struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_start::Migration),
            Box::new(m20261121_sync_engine::Migration),
            Box::new(m20261121_raw_packing::Migration),
            Box::new(m20261122_due_windows::Migration),
            Box::new(m20261122_lost_leases::Migration),
            Box::new(m20261122_read_path::Migration),
            Box::new(m20261123_exports::Migration),
            Box::new(m20261124_imports::Migration),
            Box::new(m20261125_coverage_tally::Migration),
        ]
    }
}
