//! People, links and samples.

use pulsekeep_core::{
    EpochMs, Metric,
    account::{ProviderKey, Role},
    id::{LinkId, StreamId, UserId},
    observation::SampleValues,
    time::MINUTE_MS,
};
use pulsekeep_store::{
    CreateUser, LinkOutcome, LinkTokens, LinkedAccount, NewLink, NewUser, Store, User,
    block::{Block, runs_of},
    ingest::ResolvedSamples,
};

use crate::now;

/// A member who lives by UTC; `name` becomes their code and the first part of their address.
///
/// # Panics
/// When the code is taken.
pub async fn member(store: &Store, name: &str) -> User {
    person(store, name, "UTC", Role::Member).await
}

/// A user in a time zone.
///
/// # Panics
/// When the code is taken.
pub async fn person(store: &Store, name: &str, time_zone: &str, role: Role) -> User {
    let new = NewUser {
        email: format!("{name}@example.org"),
        display_name: name.to_owned(),
        code: Some(name.to_owned()),
        role,
        time_zone: time_zone.to_owned(),
    };
    match store.create_user(new, now()).await.unwrap() {
        CreateUser::Created(user) => user,
        taken => panic!("{name} could not be made: {taken:?}"),
    }
}

/// A consent as it comes from a provider.
#[must_use]
pub fn consent(user: UserId, provider: ProviderKey, account: &str) -> NewLink {
    NewLink {
        user_id: user,
        provider,
        provider_user_id: account.to_owned(),
        legacy_user_id: None,
        scopes: vec!["sleep.readonly".to_owned()],
    }
}

/// Sealed tokens of a generation; the bytes only look sealed.
#[must_use]
pub fn tokens(generation: i64) -> LinkTokens {
    LinkTokens {
        access: format!("sealed access {generation}").into_bytes(),
        access_expires_at: now().plus(3_600_000),
        refresh: Some(format!("sealed refresh {generation}").into_bytes()),
        refresh_expires_at: None,
        previous_refresh: None,
        generation,
    }
}

/// An active link with tokens of generation 1.
///
/// # Panics
/// When the account cannot be linked.
pub async fn link(store: &Store, user: UserId, provider: ProviderKey, account: &str) -> LinkedAccount {
    let tx = store.write().await.unwrap();
    let LinkOutcome::Linked(link) = tx.put_link(consent(user, provider, account), now()).await.unwrap()
    else {
        panic!("{account} could not be linked");
    };
    tx.put_tokens(user, link.id, tokens(1)).await.unwrap();
    tx.commit().await.unwrap();
    link
}

/// The merged stream of a link, and its precedence.
///
/// # Panics
/// When the database fails.
pub async fn stream(store: &Store, user: UserId, link: LinkId, provider: ProviderKey) -> (StreamId, i16) {
    let tx = store.write().await.unwrap();
    let stream = tx.merged_stream(user, link, provider, now()).await.unwrap();
    tx.commit().await.unwrap();
    stream
}

/// One-minute samples: instant, offset in seconds, value, in rising order of time.
#[must_use]
pub fn samples(metric: Metric, points: &[(EpochMs, i32, f64)]) -> ResolvedSamples {
    let block = Block {
        interval_ms: MINUTE_MS,
        at: points.iter().map(|point| point.0.0).collect(),
        offsets: runs_of(points.iter().map(|point| point.1)),
        values: SampleValues::Single(points.iter().map(|point| point.2).collect()),
    };
    ResolvedSamples { metric, block }
}

/// `count` minutes from `start` on, each of `value`.
#[must_use]
pub fn minutes(metric: Metric, start: EpochMs, count: i64, offset: i32, value: f64) -> ResolvedSamples {
    let points: Vec<_> = (0..count).map(|i| (start.plus(i * MINUTE_MS), offset, value)).collect();
    samples(metric, &points)
}
