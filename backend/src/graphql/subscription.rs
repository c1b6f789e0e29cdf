use async_graphql::{Context, Subscription};
use futures::{Stream, StreamExt as _};
use pulsekeep_core::{
    account::Scope,
    id::{ExportId, UserId},
};
use tokio::sync::broadcast::error::RecvError;

use super::{context::RequestContext as _, export::ExportJobNode, ids::Id, job::SyncJobNode};

/// All subscriptions.
pub struct Subscription;

#[Subscription]
impl Subscription {
    /// A sync job that has changed, of one person or of all whom the viewer may see.
    async fn sync_job_changed(
        &self,
        ctx: &Context<'_>,
        user_id: Option<Id<UserId>>,
    ) -> async_graphql::Result<impl Stream<Item = SyncJobNode> + use<>> {
        let viewer = ctx.need(Scope::ReadMetrics)?.clone();
        let store = ctx.services()?.store.clone();
        let changes = futures::stream::unfold(store.changes(), async |mut changes| {
            loop {
                match changes.recv().await {
                    Ok(change) => return Some((change, changes)),
                    // Some were missed: the next one of each job brings it up to date.
                    Err(RecvError::Lagged(_)) => {}
                    Err(RecvError::Closed) => return None,
                }
            }
        });
        Ok(changes
            .filter_map(move |change| {
                let wanted = user_id.is_none_or(|id| id.0 == change.user) && viewer.may_see(change.user);
                let (store, viewer) = (store.clone(), viewer.clone());
                async move {
                    // Only ids travel: what is sent is read again as the viewer may see it.
                    let job = if wanted { store.job(&viewer, change.job).await } else { Ok(None) };
                    job.inspect_err(|error| tracing::error!(%error, "a changed job cannot be read")).ok()?
                }
            })
            .map(SyncJobNode))
    }

    /// An export job that the viewer may see, as it is and each time that it has changed.
    async fn export_job_changed(
        &self,
        ctx: &Context<'_>,
        id: Id<ExportId>,
    ) -> async_graphql::Result<impl Stream<Item = ExportJobNode> + use<>> {
        let viewer = ctx.need(Scope::ReadMetrics)?.clone();
        let store = ctx.services()?.store.clone();
        let changes = futures::stream::unfold(store.export_changes(), async |mut changes| {
            match changes.recv().await {
                Ok(change) => Some((Some(change), changes)),
                // The one that is watched may be among those that were missed.
                Err(RecvError::Lagged(_)) => Some((None, changes)),
                Err(RecvError::Closed) => None,
            }
        });
        let changes = futures::stream::iter([None]).chain(changes);
        Ok(changes
            .filter_map(move |change| {
                let (store, viewer) = (store.clone(), viewer.clone());
                async move {
                    if change.is_some_and(|change| change != id.0) {
                        return None;
                    }
                    let job = store.export_job(&viewer, id.0).await;
                    job.inspect_err(|error| tracing::error!(%error, "a changed export cannot be read"))
                        .ok()?
                }
            })
            .map(ExportJobNode))
    }
}
