//! Fitbit's subscriptions, account by account, and its notifications.

use async_trait::async_trait;
use aws_lc_rs::hmac;
use base64::prelude::{BASE64_STANDARD, Engine as _};
use jiff::civil::Date;
use pulsekeep_core::{EpochMs, job::FailureCode, time::DayRange};
use reqwest::{
    Method, Request,
    header::{CONTENT_LENGTH, HeaderMap, HeaderName, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use subtle::ConstantTimeEq as _;

use super::failure;
use crate::{
    FetchFailure, HttpClient, ProviderConfig,
    http::{Answer, set_bearer},
    push::{Judgement, Notification, Push, PushOperation, PushRefusal},
};

const SIGNATURE: &str = "x-fitbit-signature";
const SUBSCRIBER: HeaderName = HeaderName::from_static("x-fitbit-subscriber-id");
/// The collection of a notice that says that consent was taken back.
const REVOKED: &str = "userRevokedAccess";
/// The collections that we subscribe to, and the scope of each.
const COLLECTIONS: [(&str, &str); 3] = [("activities", "activity"), ("sleep", "sleep"), ("body", "weight")];

/// How Fitbit's subscriptions are set up here.
#[derive(Debug, Clone)]
pub struct FitbitPush {
    /// The code with which Fitbit verifies the subscriber's address.
    pub verify_code: SecretString,
    /// The subscriber's id at Fitbit; `None` for the application's default one.
    pub subscriber_id: Option<String>,
}

/// Judges the calls and administers subscriptions.
#[derive(Debug)]
pub(crate) struct Subscriptions {
    set_up: FitbitPush,
    config: ProviderConfig,
    http: HttpClient,
    key: hmac::Key,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Entry {
    #[serde(default)]
    collection_type: String,
    #[serde(default)]
    date: Option<String>,
    #[serde(default)]
    owner_id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct List {
    #[serde(default)]
    api_subscriptions: Vec<Listed>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    subscription_id: String,
}

impl Subscriptions {
    pub(crate) fn new(set_up: FitbitPush, config: ProviderConfig, http: HttpClient) -> Self {
        let secret = format!("{}&", config.client_secret.expose_secret());
        let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
        Self { set_up, config, http, key }
    }

    async fn send(&self, method: Method, path: &str, access: &SecretString) -> Result<Answer, FetchFailure> {
        let mut request = Request::new(method.clone(), self.config.api(path));
        set_bearer(&mut request, access).ok_or_else(FetchFailure::unusable_token)?;
        if method == Method::POST {
            request.headers_mut().insert(CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        let subscriber = self.set_up.subscriber_id.as_deref();
        if let Some(id) = subscriber.and_then(|id| HeaderValue::from_str(id).ok()) {
            request.headers_mut().insert(SUBSCRIBER, id);
        }
        Ok(self.http.send(request).await?)
    }

    async fn subscribe_to(
        &self,
        collection: &str,
        id: &str,
        access: &SecretString,
        calls: &mut u32,
    ) -> Result<(), FetchFailure> {
        let path = named(collection, id);
        *calls += 1;
        let mut answer = self.send(Method::POST, &path, access).await?;
        if answer.status == 409 {
            // The account is subscribed under another name, of an earlier link: that one goes.
            self.remove_others(collection, id, access, calls).await?;
            *calls += 1;
            answer = self.send(Method::POST, &path, access).await?;
        }
        if matches!(answer.status, 200 | 201) { Ok(()) } else { Err(failure::of(&answer)) }
    }

    async fn remove_others(
        &self,
        collection: &str,
        id: &str,
        access: &SecretString,
        calls: &mut u32,
    ) -> Result<(), FetchFailure> {
        let path = format!("/1/user/-/{collection}/apiSubscriptions.json");
        *calls += 1;
        let answer = self.send(Method::GET, &path, access).await?;
        if answer.status != 200 {
            return Err(failure::of(&answer));
        }
        let list: List = serde_json::from_slice(&answer.body).map_err(|_| {
            FetchFailure::new(FailureCode::BadAnswer, "the list of subscriptions is not JSON")
        })?;
        let ours = subscription(collection, id);
        for other in list.api_subscriptions.iter().filter(|listed| listed.subscription_id != ours) {
            let id = &other.subscription_id;
            let path = format!("/1/user/-/{collection}/apiSubscriptions/{id}.json");
            *calls += 1;
            self.delete(&path, access).await?;
        }
        Ok(())
    }

    async fn delete(&self, path: &str, access: &SecretString) -> Result<(), FetchFailure> {
        let answer = self.send(Method::DELETE, path, access).await?;
        if matches!(answer.status, 200 | 204 | 404) { Ok(()) } else { Err(failure::of(&answer)) }
    }
}

/// A subscription's name: each collection needs one of its own.
fn subscription(collection: &str, id: &str) -> String {
    format!("{id}-{collection}")
}

fn named(collection: &str, id: &str) -> String {
    format!("/1/user/-/{collection}/apiSubscriptions/{}.json", subscription(collection, id))
}

fn allowed(scopes: &[String]) -> impl Iterator<Item = &'static str> {
    COLLECTIONS
        .into_iter()
        .filter(|(_, scope)| scopes.iter().any(|granted| granted == scope))
        .map(|(collection, _)| collection)
}

#[async_trait]
impl Push for Subscriptions {
    fn is_verify_code(&self, code: &str) -> bool {
        code.as_bytes().ct_eq(self.set_up.verify_code.expose_secret().as_bytes()).into()
    }

    async fn judge(&self, headers: &HeaderMap, body: &[u8], _now: EpochMs) -> Judgement {
        let Some(signature) = headers.get(SIGNATURE) else {
            return Judgement::Refused(PushRefusal::Unsigned);
        };
        let genuine = BASE64_STANDARD
            .decode(signature.as_bytes().trim_ascii())
            .is_ok_and(|tag| hmac::verify(&self.key, body, &tag).is_ok());
        if !genuine {
            return Judgement::Refused(PushRefusal::BadSignature);
        }
        match serde_json::from_slice::<Vec<Entry>>(body) {
            Ok(entries) => Judgement::Genuine(entries.into_iter().map(notification).collect()),
            Err(_) => Judgement::Unreadable("the body is not an array of notifications".to_owned()),
        }
    }

    fn is_by_account(&self) -> bool {
        true
    }

    fn calls(&self, scopes: &[String]) -> u32 {
        u32::try_from(allowed(scopes).count()).unwrap_or(u32::MAX)
    }

    async fn subscribe(
        &self,
        access: &SecretString,
        id: &str,
        scopes: &[String],
        calls: &mut u32,
    ) -> Result<(), FetchFailure> {
        let mut none = true;
        for collection in allowed(scopes) {
            self.subscribe_to(collection, id, access, calls).await?;
            none = false;
        }
        if none {
            let text = "none of the scopes activity, sleep and weight was granted";
            return Err(FetchFailure::new(FailureCode::MissingScope, text));
        }
        Ok(())
    }

    async fn unsubscribe(
        &self,
        access: &SecretString,
        id: &str,
        scopes: &[String],
    ) -> Result<(), FetchFailure> {
        for collection in allowed(scopes) {
            self.delete(&named(collection, id), access).await?;
        }
        Ok(())
    }
}

/// The date is that of the person's own clock. A revocation may have none.
fn notification(entry: Entry) -> Notification {
    if entry.collection_type == REVOKED {
        return Notification {
            account: entry.owner_id,
            subject: String::new(),
            operation: PushOperation::Revoked,
            days: None,
        };
    }
    let date: Option<Date> = entry.date.and_then(|date| date.parse().ok());
    Notification {
        account: entry.owner_id,
        subject: entry.collection_type,
        operation: PushOperation::Upsert,
        days: date.map(DayRange::one),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn subscriptions() -> Subscriptions {
        let url: url::Url = "http://127.0.0.1:9/".parse().unwrap();
        let config = ProviderConfig {
            client_id: "23ABCD".to_owned(),
            client_secret: "123ab4567c890d123e4567f8abcdef9a".into(),
            authorize_url: url.clone(),
            token_url: url.clone(),
            revoke_url: url.clone(),
            api_url: url,
            routes: false,
        };
        let set_up = FitbitPush { verify_code: "right".into(), subscriber_id: None };
        Subscriptions::new(set_up, config, HttpClient::new().unwrap())
    }

    async fn judged(signature: Option<&str>, body: &str) -> Judgement {
        let mut headers = HeaderMap::new();
        if let Some(signature) = signature {
            headers.insert(SIGNATURE, signature.parse().unwrap());
        }
        subscriptions().judge(&headers, body.as_bytes(), EpochMs(0)).await
    }

    fn signed(body: &str) -> String {
        BASE64_STANDARD.encode(hmac::sign(&subscriptions().key, body.as_bytes()))
    }

    #[tokio::test]
    async fn a_call_is_genuine_with_the_signature_of_its_bytes() {
        let body = r#"[{"collectionType":"sleep","date":"2026-10-25","ownerId":"26FWFL","ownerType":"user","subscriptionId":"323"},{"collectionType":"userRevokedAccess","ownerId":"26FWFL"}]"#;
        let Judgement::Genuine(told) = judged(Some(&signed(body)), body).await else { panic!("not genuine") };
        assert_eq!(
            (told[0].subject.as_str(), told[0].days),
            ("sleep", Some(DayRange::one(date(2026, 10, 25))))
        );
        assert_eq!((told[1].operation, told[1].days), (PushOperation::Revoked, None));
        assert_eq!(judged(None, body).await, Judgement::Refused(PushRefusal::Unsigned));
        let bad = Judgement::Refused(PushRefusal::BadSignature);
        assert_eq!(judged(Some(&signed(body)), &body.replace("25", "26")).await, bad);
        assert_eq!(judged(Some("AAAA"), body).await, bad);
        assert_eq!(judged(Some("not base64"), body).await, bad);
        assert!(matches!(judged(Some(&signed("{}")), "{}").await, Judgement::Unreadable(_)));
    }

    #[test]
    fn the_signature_is_that_of_openssl() {
        // printf '[]' | openssl dgst -sha1 -hmac '123ab4567c890d123e4567f8abcdef9a&' -binary | base64
        assert_eq!(signed("[]"), "YdptuiMS8ecTMUFSadVHiHj+too=");
    }

    #[test]
    fn only_the_chosen_code_verifies() {
        let push = subscriptions();
        assert!(push.is_verify_code("right"));
        assert!(!push.is_verify_code("wrong") && !push.is_verify_code(""));
    }
}
