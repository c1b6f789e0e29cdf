//! Loading data: one request, four states.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

use leptos::prelude::*;

use crate::api::errors::ApiError;

/// A request whose last good answer is kept while the next one is on its way.
pub struct Load<T: 'static> {
    resource: LocalResource<Result<(), ApiError>>,
    data: RwSignal<Option<Arc<T>>>,
    busy: RwSignal<bool>,
    again: RwSignal<u32>,
}

impl<T> std::fmt::Debug for Load<T> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Load").finish_non_exhaustive()
    }
}

impl<T> Clone for Load<T> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T> Copy for Load<T> {}

/// Where a request stands.
#[derive(Debug, Clone, PartialEq)]
pub enum Phase {
    Loading,
    Failed(ApiError),
    Ready,
}

type Fetch = Box<dyn Fn() -> Pin<Box<dyn Future<Output = Result<(), ApiError>>>>>;

/// The part of a load that does not depend on its data, compiled once.
fn resource(fetch: Fetch, busy: RwSignal<bool>, again: RwSignal<u32>) -> LocalResource<Result<(), ApiError>> {
    LocalResource::new(move || {
        again.track();
        let answer = fetch();
        async move {
            busy.set(true);
            let answer = answer.await;
            busy.set(false);
            answer
        }
    })
}

/// Where a request stands, from its last outcome and whether data is there.
fn phase(
    resource: LocalResource<Result<(), ApiError>>,
    has_data: Box<dyn Fn() -> bool + Send + Sync>,
) -> Memo<Phase> {
    Memo::new(move |_| match &*resource.read() {
        Some(Err(ApiError::Unauthenticated)) => Phase::Loading,
        Some(Err(error)) => Phase::Failed(error.clone()),
        _ if has_data() => Phase::Ready,
        _ => Phase::Loading,
    })
}

impl<T: Send + Sync + 'static> Load<T> {
    /// Sends the request, and again whenever a signal that `fetch` reads changes. An older request is then aborted.
    pub fn new<Fut>(fetch: impl Fn() -> Fut + 'static) -> Self
    where
        Fut: Future<Output = Result<T, ApiError>> + 'static,
    {
        let data = RwSignal::new(None);
        let (busy, again) = (RwSignal::new(true), RwSignal::new(0));
        let resource = resource(
            Box::new(move || {
                let answer = fetch();
                Box::pin(async move { answer.await.map(|answer| data.set(Some(Arc::new(answer)))) })
            }),
            busy,
            again,
        );
        Self { resource, data, busy, again }
    }

    /// Sends it again.
    pub fn retry(self) {
        self.again.update(|n| *n += 1);
    }

    /// Whether a request is on its way.
    #[must_use]
    pub fn is_busy(self) -> bool {
        self.busy.get()
    }

    /// The last good answer.
    #[must_use]
    pub fn data(self) -> Option<Arc<T>> {
        self.data.get()
    }

    /// The last good answer, to be changed by what the server tells later.
    #[must_use]
    pub fn signal(self) -> RwSignal<Option<Arc<T>>> {
        self.data
    }

    /// Where the request stands. An ended web session counts as loading: the app is on its way to the sign-in page.
    #[must_use]
    pub fn phase(self) -> Memo<Phase> {
        let data = self.data;
        phase(self.resource, Box::new(move || data.read().is_some()))
    }
}
