//! OAuth against a server on loopback: what is sent, and what each answer means.

use pulsekeep_provider::{HttpClient, OAuthError, Provider, fitbit, google_health, pkce};
use secrecy::{ExposeSecret, SecretString};
use url::Url;

use crate::server::{Scripted, Server};

const PREFIX: &str = "https://www.googleapis.com/auth/googlehealth.";

fn redirect() -> Url {
    Url::parse("https://pulsekeep.example/connect/callback").unwrap()
}

fn secret(text: &str) -> SecretString {
    SecretString::from(text)
}

async fn google(answers: impl IntoIterator<Item = Scripted>) -> (Server, impl Provider) {
    let server = Server::start(answers).await;
    let provider = google_health(server.config(), HttpClient::new().unwrap());
    (server, provider)
}

async fn legacy(answers: impl IntoIterator<Item = Scripted>) -> (Server, impl Provider) {
    let server = Server::start(answers).await;
    let provider = fitbit(server.config(), HttpClient::new().unwrap());
    (server, provider)
}

fn parameter(url: &Url, name: &str) -> Option<String> {
    url.query_pairs().find(|(n, _)| n == name).map(|(_, v)| v.into_owned())
}

#[tokio::test]
async fn google_asks_for_offline_consent_with_pkce() {
    let (server, provider) = google([]).await;
    let (challenge, _) = pkce();
    let url = provider.authorize_url(&redirect(), "st4te", &challenge);
    assert_eq!(url.host_str(), server.base.host_str());
    assert_eq!(url.path(), "/authorize");
    let scope = [
        "activity_and_fitness.readonly",
        "health_metrics_and_measurements.readonly",
        "sleep.readonly",
        "settings.readonly",
    ]
    .map(|s| format!("{PREFIX}{s}"))
    .join(" ");
    for (name, value) in [
        ("client_id", "client id"),
        ("redirect_uri", redirect().as_str()),
        ("response_type", "code"),
        ("scope", &scope),
        ("state", "st4te"),
        ("code_challenge", &challenge),
        ("code_challenge_method", "S256"),
        ("access_type", "offline"),
        ("prompt", "consent"),
        ("include_granted_scopes", "true"),
    ] {
        assert_eq!(parameter(&url, name).as_deref(), Some(value), "{name}");
    }
}

#[tokio::test]
async fn fitbit_asks_without_googles_parameters() {
    let (_server, provider) = legacy([]).await;
    let url = provider.authorize_url(&redirect(), "s", "c");
    assert_eq!(
        parameter(&url, "scope").as_deref(),
        Some(
            "activity cardio_fitness heartrate oxygen_saturation respiratory_rate sleep temperature weight profile settings"
        )
    );
    assert_eq!(parameter(&url, "access_type"), None);
}

#[tokio::test]
async fn every_endpoints_scope_is_asked_for() {
    use pulsekeep_core::catalogue::endpoints_of;
    let (_a, google) = google([]).await;
    let (_b, fitbit) = legacy([]).await;
    for provider in [&google as &dyn Provider, &fitbit] {
        for endpoint in endpoints_of(provider.key()) {
            assert!(provider.scopes().contains(&endpoint.scope), "{}", endpoint.key);
        }
    }
}

#[tokio::test]
async fn google_exchanges_with_the_secret_in_the_body() {
    let answer = format!(
        r#"{{"access_token":"ya29.a0","expires_in":3599,"refresh_token":"1//05","scope":"{PREFIX}sleep.readonly {PREFIX}settings.readonly","token_type":"Bearer","refresh_token_expires_in":604799}}"#
    );
    let (server, provider) = google([Scripted::json(200, &answer)]).await;
    let grant =
        provider.exchange(&redirect(), &secret("4/0Acode"), &secret("v".repeat(43).as_str())).await.unwrap();
    assert_eq!(grant.access_token.expose_secret(), "ya29.a0");
    assert_eq!(grant.refresh_token.unwrap().expose_secret(), "1//05");
    assert_eq!((grant.expires_in_s, grant.refresh_expires_in_s), (3599, Some(604_799)));
    assert_eq!(grant.scopes, ["sleep.readonly", "settings.readonly"], "what was granted, not what was asked");
    let [seen] = &server.seen()[..] else { panic!("one request") };
    assert_eq!((seen.method.as_str(), seen.target.as_str()), ("POST", "/token"));
    assert_eq!(seen.header("authorization"), None);
    for (name, value) in [
        ("grant_type", "authorization_code"),
        ("code", "4/0Acode"),
        ("redirect_uri", redirect().as_str()),
        ("client_id", "client id"),
        ("client_secret", "s3cr&t"),
    ] {
        assert_eq!(seen.form(name).as_deref(), Some(value), "{name}");
    }
    assert_eq!(seen.form("code_verifier").unwrap().len(), 43);
}

#[tokio::test]
async fn fitbit_exchanges_with_basic_authentication() {
    let answer = r#"{"access_token":"eyJ","expires_in":28800,"refresh_token":"c643","scope":"sleep activity","token_type":"Bearer","user_id":"26FWFL"}"#;
    let (server, provider) = legacy([Scripted::json(200, answer)]).await;
    let grant = provider.exchange(&redirect(), &secret("code"), &secret("verifier")).await.unwrap();
    assert_eq!(grant.provider_user_id.as_deref(), Some("26FWFL"));
    assert_eq!(grant.scopes, ["sleep", "activity"]);
    let seen = &server.seen()[0];
    // client+id:s3cr%26t, each part form-encoded as RFC 6749, 2.3.1 wants.
    assert_eq!(seen.header("authorization"), Some("Basic Y2xpZW50K2lkOnMzY3IlMjZ0"));
    assert_eq!(seen.form("client_secret"), None);
    assert_eq!(seen.header("user-agent"), Some(concat!("pulsekeep/", env!("CARGO_PKG_VERSION"))));
}

#[tokio::test]
async fn a_refresh_without_a_refresh_token_keeps_the_old_one() {
    let answer = r#"{"access_token":"ya29.b","expires_in":3599,"token_type":"Bearer"}"#;
    let (server, provider) = google([Scripted::json(200, answer)]).await;
    let grant = provider.refresh(&secret("1//05")).await.unwrap();
    assert!(grant.refresh_token.is_none());
    assert_eq!(grant.scopes, [""; 0], "unchanged");
    assert_eq!(server.seen()[0].form("grant_type").as_deref(), Some("refresh_token"));
    assert_eq!(server.seen()[0].form("refresh_token").as_deref(), Some("1//05"));
}

#[tokio::test]
async fn a_dead_grant_needs_consent_in_both_shapes() {
    let token = "c643a63c072f0f05478e9d18b991db80ef6061e4f8e6c822d83fed53e5fafdd7";
    let theirs = format!(
        r#"{{"errors":[{{"errorType":"invalid_grant","message":"Refresh token invalid: {token}. Visit https://dev.fitbit.com/docs/oauth2 for more information on the Fitbit Web API authorization process."}}],"success":false}}"#
    );
    let (_server, provider) = legacy([Scripted::json(400, &theirs)]).await;
    let error = provider.refresh(&secret(token)).await.unwrap_err();
    assert_eq!(error, OAuthError::NeedsConsent { error: "invalid_grant".to_owned() });
    assert!(!format!("{error} {error:?}").contains(token));
    let standard = r#"{"error":"invalid_grant","error_description":"Token has been expired or revoked."}"#;
    let (_server, provider) = google([Scripted::json(400, standard)]).await;
    let error = provider.refresh(&secret(token)).await.unwrap_err();
    assert_eq!(error, OAuthError::NeedsConsent { error: "invalid_grant".to_owned() });
}

#[tokio::test]
async fn a_wrong_set_up_is_refused_with_the_providers_words() {
    let theirs = r#"{"errors":[{"errorType":"invalid_client","message":"Invalid authorization header format. Received header = undefined."}],"success":false}"#;
    let (_server, provider) = legacy([Scripted::json(401, theirs)]).await;
    let OAuthError::Refused { error, description } =
        provider.exchange(&redirect(), &secret("the-code"), &secret("a-verifier")).await.unwrap_err()
    else {
        panic!("refused")
    };
    assert_eq!(error, "invalid_client");
    assert_eq!(description, "Invalid authorization header format. Received header = undefined.");
    let standard =
        r#"{"error":"redirect_uri_mismatch","error_description":"Bad Request for 4/0Ag-secret-code"}"#;
    let (_server, provider) = google([Scripted::json(400, standard)]).await;
    let error = provider
        .exchange(&redirect(), &secret("4/0Ag-secret-code"), &secret("a-verifier"))
        .await
        .unwrap_err();
    let text = error.to_string();
    assert!(text.contains("redirect_uri_mismatch") && !text.contains("secret-code"), "{text}");
}

#[tokio::test]
async fn other_answers_are_unreachable_gone_or_no_oauth() {
    let page = "<html>Bad gateway</html>";
    let answers = [
        Scripted::new(502, page).header("content-type", "text/html"),
        Scripted::json(503, r#"{"error":"temporarily_unavailable"}"#),
        Scripted::json(429, r#"{"error":"slow_down"}"#),
        Scripted::new(410, ""),
        Scripted::new(200, page).header("content-type", "text/html"),
        Scripted::json(200, r#"{"token_type":"Bearer","access_token":7}"#),
        Scripted::new(302, "").header("location", "/elsewhere"),
        Scripted::json(400, "7"),
    ];
    let (server, provider) = google(answers).await;
    let mut kinds = Vec::new();
    for _ in 0..8 {
        kinds.push(match provider.refresh(&secret("1//05")).await.unwrap_err() {
            OAuthError::Unreachable(_) => "unreachable",
            OAuthError::Refused { error, .. } if error == "gone" => "gone",
            OAuthError::BadAnswer(_) => "no oauth",
            _ => "?",
        });
    }
    let expected =
        ["unreachable", "unreachable", "unreachable", "gone", "no oauth", "no oauth", "no oauth", "no oauth"];
    assert_eq!(kinds, expected);
    assert!(server.seen().iter().all(|s| s.target == "/token"), "the redirect was not followed");
}

#[tokio::test]
async fn nobody_at_the_address_is_unreachable() {
    let server = Server::start([]).await;
    let mut config = server.config();
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    config.token_url = Url::parse(&format!("http://{}/token", listener.local_addr().unwrap())).unwrap();
    drop(listener);
    let provider = google_health(config, HttpClient::new().unwrap());
    let error = provider.refresh(&secret("1//05")).await.unwrap_err();
    assert!(matches!(error, OAuthError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn revoking_is_done_once_it_is_dead() {
    let dead = r#"{"error":"invalid_token","error_description":"Token expired or revoked"}"#;
    let (server, provider) = google([Scripted::json(200, "{}"), Scripted::json(400, dead)]).await;
    provider.revoke(&secret("1//05")).await.unwrap();
    provider.revoke(&secret("1//05")).await.unwrap();
    assert!(matches!(provider.revoke(&secret("1//05")).await, Err(OAuthError::Unreachable(_))), "500");
    let seen = server.seen();
    assert_eq!((seen[0].target.as_str(), seen[0].form("token").as_deref()), ("/revoke", Some("1//05")));
    assert_eq!(seen[0].header("authorization"), None);
    let (server, provider) = legacy([Scripted::new(200, "")]).await;
    provider.revoke(&secret("c643")).await.unwrap();
    assert_eq!(server.seen()[0].header("authorization"), Some("Basic Y2xpZW50K2lkOnMzY3IlMjZ0"));
}
