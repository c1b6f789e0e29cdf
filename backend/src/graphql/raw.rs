use std::sync::Arc;

use async_graphql::{Context, Object};
use pulsekeep_core::{account::Scope, id::RawId};
use pulsekeep_store::{Person, person::RawDocumentMeta};

use super::{
    context::RequestContext as _,
    errors::{ApiError, Reply},
    ids::Id,
    scalars::{Date, DateTime},
};

/// What a provider answered, kept as received.
pub(super) struct RawDocumentNode {
    /// Whose it is.
    pub person: Arc<Person>,
    /// What is known of it without its body.
    pub meta: RawDocumentMeta,
}

fn bounded(bytes: i64) -> i32 {
    i32::try_from(bytes).unwrap_or(i32::MAX)
}

/// What a provider answered, kept as received.
#[Object(name = "RawDocument")]
impl RawDocumentNode {
    async fn id(&self) -> Id<RawId> {
        Id(self.meta.id)
    }

    /// Key of the endpoint that was asked.
    async fn endpoint(&self) -> &str {
        &self.meta.endpoint
    }

    /// First day asked for.
    async fn from(&self) -> Date {
        Date(self.meta.days.start)
    }

    /// Last day asked for.
    async fn to(&self) -> Date {
        Date(self.meta.days.last())
    }

    /// Page, from 0.
    async fn page(&self) -> i32 {
        self.meta.page
    }

    async fn fetched_at(&self) -> DateTime {
        DateTime(self.meta.fetched_at)
    }

    /// Length of the body as received.
    async fn bytes(&self) -> i32 {
        bounded(self.meta.bytes)
    }

    /// Bytes that it takes in the database.
    async fn stored_bytes(&self) -> i32 {
        bounded(self.meta.stored_bytes)
    }

    /// Whether a newer answer to the same request is there.
    async fn superseded(&self) -> bool {
        self.meta.superseded
    }

    /// The body as received.
    #[graphql(complexity = 150)]
    async fn body(&self, ctx: &Context<'_>) -> Reply<String> {
        ctx.need(Scope::ReadMetrics)?;
        let body = self.person.raw_body(self.meta.id).await?;
        let body = body.ok_or_else(|| ApiError::internal(&"a raw document has gone while it was read"))?;
        Ok(String::from_utf8_lossy(&body).into_owned())
    }
}
