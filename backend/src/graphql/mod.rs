//! The GraphQL API: a thin layer of named types over the store and the sync engine.

mod account;
mod advice;
mod analysis;
mod batch;
mod connection;
mod context;
mod enums;
mod errors;
mod executor;
mod exercise;
mod export;
mod ids;
mod invitation;
mod job;
mod link;
mod loaders;
mod people;
mod plan;
mod query;
mod raw;
mod scalars;
mod series;
mod sleep;
mod subscription;
mod sync;
mod tally;
mod token;
mod user;
mod viewer;

use std::sync::Arc;

use async_graphql::{MergedObject, Schema};

pub use context::SharedCaller;
pub use executor::Executor;
pub use loaders::Loaders;
pub use query::Query;
pub use subscription::Subscription;

use crate::services::Services;

/// Deepest query. The introspection query of a playground needs 15.
const DEPTH: usize = 16;
/// Dearest query: a dashboard of ten metrics over a year costs about a fifth of it.
const COMPLEXITY: usize = 20_000;
/// Most directives on one field.
const DIRECTIVES: usize = 8;

/// All mutations.
#[derive(MergedObject, Default)]
#[graphql(name = "Mutation")]
pub struct Mutation(
    account::AccountMutation,
    sync::SyncMutation,
    batch::BatchMutation,
    link::LinkMutation,
    people::PeopleMutation,
    token::TokenMutation,
    exercise::ExerciseMutation,
    export::ExportMutation,
);

/// The schema.
pub type PulsekeepSchema = Schema<Query, Mutation, Subscription>;

/// Builds the schema; without services it can only be printed.
#[must_use]
pub fn build(services: Option<Arc<Services>>) -> PulsekeepSchema {
    let mut builder = Schema::build(Query, Mutation::default(), Subscription)
        .register_output_type::<scalars::Long>()
        .limit_depth(DEPTH)
        .limit_complexity(COMPLEXITY)
        .limit_directives(DIRECTIVES)
        .disable_suggestions();
    if let Some(services) = services {
        builder = builder.data(services);
    }
    builder.finish()
}

/// The schema as text, as it is committed in `schema.graphql`.
#[must_use]
pub fn sdl() -> String {
    let options = async_graphql::SDLExportOptions::new().prefer_single_line_descriptions().use_space_ident();
    let text = build(None).sdl_with_options(options);
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    lines.dedup_by(|a, b| a.is_empty() && b.is_empty());
    format!("{}\n", lines.join("\n").trim())
}
