//! Routes of exercises: fetched when somebody asks for one, never by a plan.

use pulsekeep_core::{
    EpochMs,
    account::{ConsentReason, Viewer},
    catalogue::{route_endpoint, route_request_key},
    id::{ExerciseId, RawId},
    job::{FailureCode, JobKind},
    time::DayRange,
};
use pulsekeep_provider::FetchFailure;
use pulsekeep_store::{
    LinkedAccount,
    ingest::{NewRawDocument, PackedBody},
    person::Exercise,
};

use crate::{Asked, SyncEngine, SyncError, access::Access};

/// What came of asking for a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RouteOutcome {
    /// It is stored, since now or since an earlier request.
    Ready(RawId),
    /// There is no such exercise, or it is not the viewer's to see.
    NotFound,
    /// The provider has no route of it.
    NoRoute,
    /// The account it came by is not connected any more.
    NotLinked,
    /// The person has not let us see places.
    MissingScope,
    /// The person has to connect the account again.
    NeedsConsent,
    /// The budget is used up: ask again from then on.
    Later(EpochMs),
    /// The provider did not give it; asking again may help where the code says so.
    Failed(FailureCode),
}

impl SyncEngine {
    /// Fetches the route of an exercise as a TCX document and keeps it as a raw document. One that is kept already costs
    /// no request; any other costs one of the account's budget, as live sync does.
    ///
    /// # Errors
    /// The store's and the vault's own. What a provider does wrong is an outcome.
    pub async fn request_route(
        &self,
        viewer: &Viewer,
        id: ExerciseId,
        owner: &str,
    ) -> Result<RouteOutcome, SyncError> {
        let Some(user) = self.store.owner_of_exercise(id).await? else { return Ok(RouteOutcome::NotFound) };
        let Some(person) = self.store.person(viewer, user).await? else { return Ok(RouteOutcome::NotFound) };
        let Some(exercise) = person.exercise(id).await? else { return Ok(RouteOutcome::NotFound) };
        if let Some(stored) = exercise.route {
            return Ok(RouteOutcome::Ready(stored));
        }
        if !exercise.has_route {
            return Ok(RouteOutcome::NoRoute);
        }
        let link = match exercise.link_id {
            Some(link) => self.store.link(link).await?,
            None => None,
        };
        let Some(link) = link.filter(|link| self.provider(link.provider).is_some()) else {
            return Ok(RouteOutcome::NotLinked);
        };
        if !link.state.may_fetch() {
            return Ok(RouteOutcome::NeedsConsent);
        }
        let needed = self.enabled(link.provider)?.route_scopes();
        if !needed.iter().all(|scope| link.scopes.iter().any(|granted| granted == scope)) {
            return Ok(RouteOutcome::MissingScope);
        }
        self.fetch_route(&link, &exercise, owner).await
    }

    async fn fetch_route(
        &self,
        link: &LinkedAccount,
        exercise: &Exercise,
        owner: &str,
    ) -> Result<RouteOutcome, SyncError> {
        let _at_work = self.at_work(link);
        let provider = self.enabled(link.provider)?.clone();
        let mut rejected = None;
        loop {
            let (token, generation) = match self.access(link, rejected, owner).await? {
                Access::Ready { token, generation, .. } => (token, generation),
                Access::Busy => return Ok(RouteOutcome::Failed(FailureCode::TokenBusy)),
                Access::Unreachable(why) => {
                    tracing::warn!(link = %link.id, why, "no access token could be had");
                    return Ok(RouteOutcome::Failed(FailureCode::ProviderUnreachable));
                }
                Access::NeedsConsent(reason) => return self.consent_lost(link, reason).await,
            };
            if let Err(not_now) = self.take_request(link, JobKind::Incremental).await? {
                return Ok(RouteOutcome::Later(not_now.until));
            }
            let answer = provider.route(&token, &exercise.external_id).await;
            self.outcomes.count(link.provider, Asked::Route, answer.as_ref().err());
            match answer {
                Ok(fetched) => {
                    if let Some(rate) = fetched.rate {
                        self.hear(link, rate).await?;
                    }
                    return Ok(RouteOutcome::Ready(self.keep_route(link, exercise, &fetched.body).await?));
                }
                Err(failure) if failure.token_rejected && rejected.is_none() => rejected = Some(generation),
                Err(failure) => return self.route_failed(link, &failure).await,
            }
        }
    }

    async fn keep_route(
        &self,
        link: &LinkedAccount,
        exercise: &Exercise,
        body: &[u8],
    ) -> Result<RawId, SyncError> {
        let body = PackedBody::pack(body)?;
        let document = NewRawDocument {
            link: link.id,
            endpoint: route_endpoint(link.provider),
            request_key: &route_request_key(link.provider, &exercise.external_id),
            days: DayRange::one(exercise.day),
            page: 0,
            parser_version: self.enabled(link.provider)?.parser_version(),
            body: &body,
        };
        let tx = self.store.write().await?;
        let stored = tx.put_raw(link.user_id, &document, self.now()).await?;
        tx.commit().await?;
        Ok(stored.id)
    }

    async fn route_failed(
        &self,
        link: &LinkedAccount,
        failure: &FetchFailure,
    ) -> Result<RouteOutcome, SyncError> {
        tracing::info!(link = %link.id, %failure, "a route could not be fetched");
        if failure.token_rejected {
            return self.consent_lost(link, ConsentReason::InvalidGrant).await;
        }
        Ok(match failure.code {
            FailureCode::RateLimited => RouteOutcome::Later(self.close_budget(link, failure).await?),
            FailureCode::MissingScope => RouteOutcome::MissingScope,
            // A record that the provider does not know any more, or never had a route of.
            FailureCode::RequestRefused if failure.status == Some(404) => RouteOutcome::NoRoute,
            code => RouteOutcome::Failed(code),
        })
    }

    async fn consent_lost(
        &self,
        link: &LinkedAccount,
        reason: ConsentReason,
    ) -> Result<RouteOutcome, SyncError> {
        let mut tx = self.store.write().await?;
        self.lose_consent(&mut tx, link, reason).await?;
        tx.commit().await?;
        self.cache.forget(link.id);
        Ok(RouteOutcome::NeedsConsent)
    }
}
