//! What resolvers take from the request: services, caller, loaders.

use std::sync::Arc;

use async_graphql::Context;
use pulsekeep_core::{
    EpochMs,
    account::{Role, Scope, Viewer},
};

use super::{
    errors::{ApiError, Reply},
    loaders::Loaders,
};
use crate::{http::Caller, services::Services};

/// The caller, as resolvers find it.
#[derive(Clone)]
pub struct SharedCaller(pub Arc<Caller>);

/// Short ways to what a request carries.
pub(super) trait RequestContext {
    fn services(&self) -> Reply<&Arc<Services>>;
    fn caller(&self) -> Reply<&Caller>;
    fn loaders(&self) -> Reply<&Loaders>;

    fn now(&self) -> Reply<EpochMs> {
        Ok(self.services()?.clock.now())
    }

    /// Who is signed in.
    fn viewer(&self) -> Reply<&Viewer> {
        self.caller()?.viewer.as_ref().ok_or_else(ApiError::unauthenticated)
    }

    /// Who is signed in, if they hold `scope`.
    fn need(&self, scope: Scope) -> Reply<&Viewer> {
        let viewer = self.viewer()?;
        if viewer.has(scope) { Ok(viewer) } else { Err(ApiError::missing_scope(scope)) }
    }

    /// Who is signed in, if they may do what admins do.
    fn admin(&self) -> Reply<&Viewer> {
        let viewer = self.viewer()?;
        if viewer.role != Role::Admin {
            return Err(ApiError::admins_only());
        }
        if !viewer.is_admin() {
            return Err(ApiError::forbidden("This token is narrowed to named people; use one that is not"));
        }
        self.need(Scope::Admin)
    }
}

impl RequestContext for Context<'_> {
    fn services(&self) -> Reply<&Arc<Services>> {
        self.data::<Arc<Services>>().map_err(|_| ApiError::internal(&"the schema has no services"))
    }

    fn caller(&self) -> Reply<&Caller> {
        let shared =
            self.data::<SharedCaller>().map_err(|_| ApiError::internal(&"the request has no caller"))?;
        Ok(&shared.0)
    }

    fn loaders(&self) -> Reply<&Loaders> {
        self.data::<Loaders>().map_err(|_| ApiError::internal(&"the request has no loaders"))
    }
}
