use std::fmt::Display;

use async_graphql::{Error, ErrorExtensions as _};
use pulsekeep_core::account::Scope;
use pulsekeep_export::ExportError;
use pulsekeep_store::StoreError;
use pulsekeep_sync::SyncError;

/// An error that a client sees, with its code. What is not an `ApiError` is masked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiError {
    code: &'static str,
    message: String,
}

/// What a resolver gives.
pub(super) type Reply<T> = Result<T, ApiError>;

impl ApiError {
    /// Nobody is signed in.
    pub(super) fn unauthenticated() -> Self {
        let message = "Sign in, or send an API token: Authorization: Bearer pk_…".to_owned();
        Self { code: "UNAUTHENTICATED", message }
    }

    /// The token lacks a scope.
    pub(super) fn missing_scope(scope: Scope) -> Self {
        let message = format!("This needs the scope {}; make an API token that has it", scope.key());
        Self { code: "FORBIDDEN", message }
    }

    /// Only admins may.
    pub(super) fn admins_only() -> Self {
        Self::forbidden("This is for admins; ask one of them")
    }

    /// Not allowed, with the reason.
    pub(super) fn forbidden(message: &str) -> Self {
        Self { code: "FORBIDDEN", message: message.to_owned() }
    }

    /// An argument that cannot be meant.
    pub(super) fn bad_input(message: impl Into<String>) -> Self {
        Self { code: "BAD_INPUT", message: message.into() }
    }

    /// A fault of ours: the log has it, the client does not.
    pub(super) fn internal(error: &dyn Display) -> Self {
        tracing::error!(%error, "a resolver failed");
        Self { code: "INTERNAL", message: "Internal error".to_owned() }
    }
}

impl From<ApiError> for Error {
    fn from(error: ApiError) -> Self {
        Self::new(error.message).extend_with(|_, extensions| extensions.set("code", error.code))
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(&error)
    }
}

impl From<SyncError> for ApiError {
    fn from(error: SyncError) -> Self {
        Self::internal(&error)
    }
}

impl From<ExportError> for ApiError {
    fn from(error: ExportError) -> Self {
        Self::internal(&error)
    }
}

impl From<tower_sessions::session::Error> for ApiError {
    fn from(error: tower_sessions::session::Error) -> Self {
        Self::internal(&error)
    }
}
