//! What is told, and how it is signed.

use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::Inner;
use super::deliver::Parcel;
use super::keys::Keys;
use crate::faults::Provider;
use crate::people::{Day, Person, hash};
use crate::switches::Switches;

/// A data type or collection and the stretch of time that is new in it.
#[derive(Clone, Debug)]
pub(super) struct News {
    /// Google's data type or Fitbit's collection.
    pub(super) subject: String,
    /// Epoch seconds, half-open.
    pub(super) from: i64,
    pub(super) to: i64,
}

/// The parcels of Google to everybody who subscribes to the person: one for each type, or all in one.
pub(super) fn google(
    inner: &Inner,
    switches: &Switches,
    person: &Person,
    operation: &str,
    news: &[News],
    now: i64,
) -> Vec<Parcel> {
    let mut parcels = Vec::new();
    for subscriber in inner.subscribers.0.values() {
        let mut entries = Vec::new();
        for one in news {
            for name in subscriber.subscribed(person.profile.google_id, &one.subject) {
                let name = name.unwrap_or_else(|| random_name(person, one, now));
                entries.push((one.subject.clone(), entry(switches, person, operation, one, &name)));
            }
        }
        let parcel = |subjects: Vec<String>, body: &Value| Parcel {
            provider: Provider::Google,
            person: person.profile.id.to_owned(),
            subjects,
            endpoint: subscriber.endpoint.clone(),
            secret: subscriber.secret.clone(),
            body: body.to_string().into_bytes(),
            due: now,
            made: now,
            attempt: 0,
        };
        if switches.google_webhook_array {
            if !entries.is_empty() {
                let (subjects, bodies): (Vec<String>, Vec<Value>) = entries.into_iter().unzip();
                parcels.push(parcel(subjects, &Value::Array(bodies)));
            }
        } else {
            parcels.extend(entries.into_iter().map(|(subject, body)| parcel(vec![subject], &body)));
        }
    }
    parcels
}

/// An automatic subscription gets a random UUID as its name, another one each time.
fn random_name(person: &Person, news: &News, now: i64) -> String {
    let word = |salt| hash(person.seed ^ now as u64, salt, news.from, news.to);
    let subject = news.subject.bytes().fold(7_u64, |sum, byte| sum.wrapping_mul(31) + u64::from(byte));
    let text = format!("{:016x}{:016x}", word(1) ^ subject, word(2));
    format!("{}-{}-4{}-a{}-{}", &text[..8], &text[8..12], &text[13..16], &text[17..20], &text[20..32])
}

fn entry(switches: &Switches, person: &Person, operation: &str, news: &News, name: &str) -> Value {
    let offset = |instant| i64::from(person.timeline.offset_at(instant));
    let physical = |instant| jiff::Timestamp::from_second(instant).unwrap_or_default().to_string();
    let clock = |instant: i64| {
        let local = instant + offset(instant);
        (Day::of_local(local), local.rem_euclid(86_400))
    };
    let civil = |instant| {
        let (day, second) = clock(instant);
        let (year, month, day) = day.ymd();
        let mut time = json!({});
        // proto3 leaves zeros out
        for (name, value) in
            [("hours", second / 3600), ("minutes", second / 60 % 60), ("seconds", second % 60)]
        {
            if value > 0 {
                time[name] = value.into();
            }
        }
        json!({ "date": { "year": year, "month": month, "day": day }, "time": time })
    };
    let iso = |instant| {
        let (day, second) = clock(instant);
        format!("{day}T{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
    };
    // as clients have seen it
    let (version, operation) = match (switches.google_webhook_v4, operation) {
        (true, "UPSERT") => ("v4", "UPDATE"),
        (true, other) => ("v4", other),
        (false, other) => ("1", other),
    };
    json!({ "data": {
        "version": version,
        "clientProvidedSubscriptionName": name,
        "healthUserId": person.profile.google_id,
        "operation": operation,
        "dataType": news.subject,
        "intervals": [{
            "physicalTimeInterval": { "startTime": physical(news.from), "endTime": physical(news.to) },
            "civilDateTimeInterval": { "startDateTime": civil(news.from), "endDateTime": civil(news.to) },
            "civilIso8601TimeInterval": { "startTime": iso(news.from), "endTime": iso(news.to) },
        }],
    } })
}

/// The parcel of Fitbit: an array with an entry for each collection and day; none where nobody subscribes.
pub(super) fn fitbit(
    inner: &Inner,
    client_secret: &str,
    person: &Person,
    news: &[News],
    now: i64,
) -> Option<Parcel> {
    let endpoint = inner.fitbit.endpoint()?;
    let mut entries = Vec::new();
    for one in news {
        let names = inner.fitbit.subscribed(person.profile.id, &one.subject);
        let day = |instant| person.timeline.day_at(instant);
        let (mut at, last) = (day(one.from), day((one.to - 1).max(one.from)));
        while at <= last {
            entries.extend(names.iter().map(|name| {
                json!({
                    "collectionType": one.subject,
                    "date": at.to_string(),
                    "ownerId": person.profile.fitbit_id,
                    "ownerType": "user",
                    "subscriptionId": name,
                })
            }));
            at = at.plus(1);
        }
    }
    (!entries.is_empty()).then(|| parcel(endpoint, client_secret, person, news, &Value::Array(entries), now))
}

/// What Fitbit tells when a person takes the consent back; it has no date.
pub(super) fn fitbit_revoked(
    inner: &Inner,
    client_secret: &str,
    person: &Person,
    now: i64,
) -> Option<Parcel> {
    let endpoint = inner.fitbit.endpoint()?;
    let name = inner.fitbit.any_subscription(person.profile.id)?;
    let body = json!([{
        "collectionType": "userRevokedAccess",
        "ownerId": person.profile.fitbit_id,
        "ownerType": "user",
        "subscriptionId": name,
    }]);
    let news = [News { subject: "userRevokedAccess".to_owned(), from: 0, to: 0 }];
    Some(parcel(endpoint, client_secret, person, &news, &body, now))
}

fn parcel(
    endpoint: &str,
    client_secret: &str,
    person: &Person,
    news: &[News],
    body: &Value,
    now: i64,
) -> Parcel {
    Parcel {
        provider: Provider::Fitbit,
        person: person.profile.id.to_owned(),
        subjects: news.iter().map(|one| one.subject.clone()).collect(),
        endpoint: endpoint.to_owned(),
        secret: client_secret.to_owned(),
        body: body.to_string().into_bytes(),
        due: now,
        made: now,
        attempt: 0,
    }
}

/// The headers of an attempt, as the switches have them.
pub(super) fn headers(keys: &mut Keys, switches: &Switches, parcel: &Parcel) -> Vec<(String, String)> {
    let mut headers = vec![("content-type".to_owned(), "application/json".to_owned())];
    let mut add = |name: &str, value: String| headers.push((name.to_owned(), value));
    match parcel.provider {
        Provider::Google => {
            add("user-agent", "Google-Health-API-Webhooks".to_owned());
            if !switches.google_webhook_without_authorization {
                add("authorization", parcel.secret.clone());
            }
            let signature =
                if switches.push_forged { keys.forge(&parcel.body) } else { keys.sign(&parcel.body) };
            if let Some(signature) = signature.filter(|_| !switches.push_unsigned) {
                add("google-health-api-signature", signature);
            }
        }
        Provider::Fitbit => {
            let secret = if switches.push_forged {
                "somebody else's&".to_owned()
            } else {
                format!("{}&", parcel.secret)
            };
            let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret.as_bytes());
            if !switches.push_unsigned {
                add("x-fitbit-signature", STANDARD.encode(hmac::sign(&key, &parcel.body)));
            }
        }
    }
    headers
}
