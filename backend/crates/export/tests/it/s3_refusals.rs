//! What an S3 service refuses becomes a sentence that says what to do.

use std::time::Duration;

use http::Method;
use pulsekeep_export::target::{
    Checksums, ObjectKey, ObjectSink as _, S3Credentials, S3Settings, S3Sink, SinkFailure,
};
use pulsekeep_testkit::on_sqlite;

use crate::server::{Instead, Server, credentials};

async fn get(settings: S3Settings, credentials: S3Credentials) -> Result<(), SinkFailure> {
    let sink = S3Sink::open(settings, Some(credentials)).await?;
    sink.get(&ObjectKey::try_from("manifest.json".to_owned()).unwrap()).await.map(drop)
}

/// Asks once with each fault; the sentence has to have these words.
async fn refusals(server: &Server) {
    let refuse = |status, code| Instead::Refuse(status, code);
    let cases = [
        (refuse(404, "NoSuchBucket"), false, "there is no bucket health"),
        (
            refuse(403, "AccessDenied"),
            false,
            "access to the bucket health is denied; the credentials need s3:GetObject",
        ),
        (refuse(403, "AllAccessDisabled"), false, "denied"),
        (
            refuse(400, "ExpiredToken"),
            false,
            "credentials have expired; renew them (with SSO: `aws sso login`)",
        ),
        (refuse(403, "InvalidAccessKeyId"), false, "does not know the access key; check AWS_ACCESS_KEY_ID"),
        (refuse(403, "SignatureDoesNotMatch"), false, "check AWS_SECRET_ACCESS_KEY"),
        (refuse(403, "RequestTimeTooSkewed"), false, "clock is wrong"),
        (Instead::Elsewhere("eu-west-3"), false, "set EXPORT__S3__REGION to eu-west-3, where the bucket is"),
        (refuse(400, "AuthorizationHeaderMalformed"), false, "set EXPORT__S3__REGION to the bucket's region"),
        (refuse(503, "SlowDown"), true, "asks to slow down"),
        (refuse(500, "InternalError"), true, "has a fault of its own (InternalError, HTTP 500)"),
        (refuse(507, "QuotaExceeded"), true, "is full; make room there"),
        (refuse(501, "NotImplemented"), false, "set EXPORT__S3__CHECKSUMS to when_required"),
        (refuse(418, "Teapot"), false, "refused it (Teapot, HTTP 418)"),
    ];
    for (instead, is_passing, words) in cases {
        server.fault(Method::GET, "manifest.json", 3, instead.clone());
        let failure = get(server.settings(Checksums::Auto), credentials()).await.unwrap_err();
        assert!(failure.sentence.contains(words), "{instead:?}: {failure}");
        assert_eq!(failure.is_passing, is_passing, "{instead:?}: {failure}");
        assert!(failure.sentence.starts_with("could not read an object: "), "{failure}");
        // What was not asked again does not stay for the next case.
        server.forget_faults();
    }
}

#[test]
fn each_refusal_is_a_sentence_that_says_what_to_do() {
    on_sqlite(|_| async { refusals(&Server::start().await).await });
}

#[test]
fn the_real_answers_of_the_server_are_understood() {
    on_sqlite(|_| async {
        let server = Server::start().await;
        let nowhere = S3Settings { bucket: "nowhere".to_owned(), ..server.settings(Checksums::Auto) };
        let sink = S3Sink::open(nowhere, Some(credentials())).await.unwrap();
        let missing = sink.prepare().await.unwrap_err();
        assert!(missing.sentence.contains("there is no bucket nowhere"), "{missing}");
        let sink = S3Sink::open(server.settings(Checksums::Auto), Some(credentials())).await.unwrap();
        assert_eq!(sink.prepare().await, Ok(()));
        let stranger = S3Credentials::new("nobody", "secret", None, None, "test");
        let failure = get(server.settings(Checksums::Auto), stranger).await.unwrap_err();
        assert!(
            failure.sentence.contains("does not know the access key") || failure.sentence.contains("denied"),
            "{failure}"
        );
        let wrong = S3Credentials::new("key", "other", None, None, "test");
        let failure = get(server.settings(Checksums::Auto), wrong).await.unwrap_err();
        assert!(failure.sentence.contains("the signature is wrong"), "{failure}");
        assert_eq!(
            get(server.settings(Checksums::Auto), credentials()).await,
            Ok(()),
            "nothing there is no failure"
        );
    });
}

#[test]
fn a_service_that_is_not_there_slow_or_another_one_is_told_apart() {
    on_sqlite(|_| async {
        let server = Server::start().await;
        let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let nobody = S3Settings {
            endpoint: Some(format!("http://{closed}").parse().unwrap()),
            ..server.settings(Checksums::Auto)
        };
        let failure = get(nobody, credentials()).await.unwrap_err();
        assert!(failure.is_passing && failure.sentence.contains("cannot be reached"), "{failure}");

        server.fault(Method::GET, "manifest.json", 9, Instead::Silence);
        let hasty =
            S3Settings { answer_within: Duration::from_millis(50), ..server.settings(Checksums::Auto) };
        let failure = get(hasty, credentials()).await.unwrap_err();
        assert!(failure.is_passing && failure.sentence.contains("took too long to answer"), "{failure}");
        server.forget_faults();

        server.fault(Method::GET, "?uploads", 9, Instead::Page);
        let sink = S3Sink::open(server.settings(Checksums::Auto), Some(credentials())).await.unwrap();
        let failure = sink.prepare().await.unwrap_err();
        assert!(!failure.is_passing && failure.sentence.contains("something that is not S3's"), "{failure}");
    });
}

#[test]
fn a_way_without_tls_is_refused_unless_it_is_this_machine_or_allowed() {
    on_sqlite(|_| async {
        let at = |url: &str, allow_http| S3Settings {
            endpoint: Some(url.parse().unwrap()),
            allow_http,
            ..S3Settings::new("health")
        };
        let open = async |settings| S3Sink::open(settings, Some(credentials())).await;
        let failure = open(at("http://minio.lan:9000", false)).await.unwrap_err();
        assert!(failure.sentence.contains("unencrypted"), "{failure}");
        assert!(open(at("http://minio.lan:9000", true)).await.is_ok());
        for url in
            ["https://minio.lan", "http://localhost:9000", "http://127.0.0.1:9000", "http://[::1]:9000"]
        {
            assert!(open(at(url, false)).await.is_ok(), "{url}");
        }
    });
}
