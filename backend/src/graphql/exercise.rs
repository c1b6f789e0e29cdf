//! Exercises, and their routes on request.

use async_graphql::{Context, Enum, Object, SimpleObject};
use pulsekeep_core::{
    account::Scope,
    id::{ExerciseId, RawId},
};
use pulsekeep_store::person::Exercise;
use pulsekeep_sync::RouteOutcome;

use super::{
    context::RequestContext as _,
    errors::Reply,
    ids::Id,
    scalars::{Date, DateTime, Long},
};

/// An exercise. What the provider did not say is null.
pub(super) struct ExerciseNode(pub Exercise);

/// An exercise. What the provider did not say is null.
#[Object(name = "Exercise")]
impl ExerciseNode {
    async fn id(&self) -> Id<ExerciseId> {
        Id(self.0.id)
    }

    /// Civil day of its start.
    async fn day(&self) -> Date {
        Date(self.0.day)
    }

    async fn start(&self) -> DateTime {
        DateTime(self.0.start)
    }

    async fn end(&self) -> DateTime {
        DateTime(self.0.end)
    }

    /// Seconds east of UTC at the start.
    async fn start_offset_seconds(&self) -> i32 {
        self.0.start_offset
    }

    /// Seconds east of UTC at the end.
    async fn end_offset_seconds(&self) -> i32 {
        self.0.end_offset
    }

    /// The kind in the provider's word, in lower case.
    async fn kind(&self) -> &str {
        &self.0.kind
    }

    /// The name that the person sees.
    async fn name(&self) -> &str {
        &self.0.name
    }

    /// Seconds of activity, pauses left out.
    async fn active_seconds(&self) -> Option<i32> {
        self.0.active_ms.and_then(|ms| i32::try_from(ms / 1000).ok())
    }

    async fn distance_metres(&self) -> Option<f64> {
        self.0.distance_m
    }

    async fn steps(&self) -> Option<Long> {
        self.0.steps.map(Long)
    }

    async fn energy_kcal(&self) -> Option<f64> {
        self.0.energy_kcal
    }

    /// In beats per minute.
    async fn mean_heart_rate(&self) -> Option<f64> {
        self.0.mean_heart_rate
    }

    async fn elevation_gain_metres(&self) -> Option<f64> {
        self.0.elevation_gain_m
    }

    async fn active_zone_minutes(&self) -> Option<Long> {
        self.0.active_zone_minutes.map(Long)
    }

    /// Whether the provider has a route of it.
    async fn has_route(&self) -> bool {
        self.0.has_route
    }

    /// The raw document with its route, once somebody has asked for it.
    async fn route_document_id(&self) -> Option<Id<RawId>> {
        self.0.route.map(Id)
    }
}

/// What came of asking for a route.
#[derive(Enum, Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ExerciseRouteStatus {
    /// It is stored.
    Ready,
    /// There is no such exercise, or it is not yours.
    NotFound,
    /// The provider has no route of it.
    NoRoute,
    /// The account that it came by is not connected any more.
    NotLinked,
    /// The person has not let us see places.
    MissingScope,
    /// The person has to connect the account again.
    NeedsConsent,
    /// The account's budget of requests is used up; the message says until when.
    Later,
    /// The provider did not give it; the message says why.
    Failed,
}

/// What came of asking for a route.
#[derive(SimpleObject)]
pub(super) struct ExerciseRoutePayload {
    status: ExerciseRouteStatus,
    message: Option<String>,
    /// The raw document whose body is the route, as TCX.
    raw_document_id: Option<Id<RawId>>,
}

/// Mutations on exercises.
#[derive(Default)]
pub(super) struct ExerciseMutation;

#[Object]
impl ExerciseMutation {
    /// Fetches the route of an exercise from the provider and keeps it. One that is kept already costs no request.
    #[graphql(complexity = "50 + child_complexity")]
    async fn request_exercise_route(
        &self,
        ctx: &Context<'_>,
        id: Id<ExerciseId>,
    ) -> Reply<ExerciseRoutePayload> {
        ctx.need(Scope::ReadMetrics)?;
        let viewer = ctx.need(Scope::WriteSync)?;
        let outcome = ctx.services()?.engine.request_route(viewer, id.0, "route").await?;
        Ok(payload(outcome))
    }
}

fn payload(outcome: RouteOutcome) -> ExerciseRoutePayload {
    use ExerciseRouteStatus as S;
    let (status, message) = match outcome {
        RouteOutcome::Ready(id) => {
            let raw_document_id = Some(Id(id));
            return ExerciseRoutePayload { status: S::Ready, message: None, raw_document_id };
        }
        RouteOutcome::NotFound => (S::NotFound, "This exercise is not there.".to_owned()),
        RouteOutcome::NoRoute => (S::NoRoute, "The provider has no route of this exercise.".to_owned()),
        RouteOutcome::NotLinked => {
            (S::NotLinked, "The account that this exercise came by is not connected any more.".to_owned())
        }
        RouteOutcome::MissingScope => (
            S::MissingScope,
            "Routes need the permission for places, which this account has not granted.".to_owned(),
        ),
        RouteOutcome::NeedsConsent => (S::NeedsConsent, "Connect the account again first.".to_owned()),
        RouteOutcome::Later(until) => {
            (S::Later, format!("The account's budget of requests is used up until {until}."))
        }
        RouteOutcome::Failed(code) => (S::Failed, super::advice::on_failure(code).to_owned()),
    };
    ExerciseRoutePayload { status, message: Some(message), raw_document_id: None }
}
