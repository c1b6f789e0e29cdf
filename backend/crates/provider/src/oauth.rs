//! OAuth 2.0 with PKCE, the same for both providers but for client authentication and the shape of errors.

use std::{
    borrow::Cow,
    fmt,
    pin::Pin,
    sync::atomic::{AtomicU16, Ordering},
};

use base64::prelude::{BASE64_STANDARD, Engine as _};
use oauth2::{
    AsyncHttpClient, AuthType, AuthorizationCode, Client, ClientId, ClientSecret, CsrfToken, EndpointNotSet,
    EndpointSet, ExtraTokenFields, HttpRequest, HttpResponse, PkceCodeChallenge, PkceCodeVerifier,
    RedirectUrl, RefreshToken, RequestTokenError, StandardRevocableToken, StandardTokenResponse,
    TokenResponse, TokenUrl,
    basic::{
        BasicErrorResponse, BasicRevocationErrorResponse, BasicTokenIntrospectionResponse, BasicTokenType,
    },
};
use reqwest::{
    Method, Request, StatusCode,
    header::{AUTHORIZATION, CONTENT_TYPE, HeaderValue},
};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use url::{Url, form_urlencoded};

use crate::{
    HttpClient, ProviderConfig,
    failure::machine_word,
    http::{Answer, HttpError},
};

/// What a token endpoint gives.
#[derive(Debug, Clone)]
pub struct Grant {
    /// For data requests.
    pub access_token: SecretString,
    /// Seconds that it holds.
    pub expires_in_s: i64,
    /// For the next refresh. `None` after a refresh means: keep the old one.
    pub refresh_token: Option<SecretString>,
    /// Seconds that the refresh token holds, where the provider tells it (testing mode of a Google project: 7 days).
    pub refresh_expires_in_s: Option<i64>,
    /// What the person granted, by short names; empty when the answer to a refresh names none, which means unchanged.
    pub scopes: Vec<String>,
    /// The provider's user id, where it comes with the token (Fitbit).
    pub provider_user_id: Option<String>,
}

/// Whose account it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AccountIdentity {
    /// The provider's id of the person; never changes.
    pub provider_user_id: String,
    /// The person's id in the legacy Fitbit Web API, where Google tells it.
    pub legacy_user_id: Option<String>,
    /// IANA name of the zone in the person's profile.
    pub time_zone: Option<String>,
    /// The name that the person gave.
    pub display_name: Option<String>,
}

/// Why there is no grant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum OAuthError {
    /// The code or refresh token is used, expired or revoked: only a new consent helps.
    NeedsConsent {
        /// The provider's word, `invalid_grant`.
        error: String,
    },
    /// The request is wrong: a fault of the set-up (client id, secret, redirect URL).
    Refused {
        /// The provider's word, for example `invalid_client`, `redirect_uri_mismatch`.
        error: String,
        /// The provider's sentence, shortened and without tokens.
        description: String,
    },
    /// No answer, or a server error: try later.
    Unreachable(String),
    /// An answer that is not OAuth's.
    BadAnswer(String),
}

impl std::error::Error for OAuthError {}

impl fmt::Display for OAuthError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NeedsConsent { error } => {
                write!(f, "the provider no longer accepts the grant ({error}); connect the account again")
            }
            Self::Refused { error, description } if description.is_empty() => {
                write!(
                    f,
                    "the provider refused the request: {error}; check client id, secret and redirect URL"
                )
            }
            Self::Refused { error, description } => {
                write!(
                    f,
                    "the provider refused the request: {error} ({description}); check client id, secret and \
                     redirect URL"
                )
            }
            Self::Unreachable(text) | Self::BadAnswer(text) => write!(f, "{text}; try again later"),
        }
    }
}

/// A PKCE pair: the S256 challenge for the authorize URL and the verifier for the exchange (43 characters).
#[must_use]
pub fn pkce() -> (String, SecretString) {
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    (challenge.as_str().to_owned(), SecretString::from(verifier.into_secret()))
}

/// An unguessable `state` (128 random bits, base64url).
#[must_use]
pub fn random_state() -> String {
    CsrfToken::new_random().into_secret()
}

/// What the providers add to the standard token answer.
#[derive(Debug, Deserialize, Serialize)]
struct Extra {
    #[serde(default)]
    refresh_token_expires_in: Option<i64>,
    #[serde(default)]
    user_id: Option<String>,
}

impl ExtraTokenFields for Extra {}

type TokenAnswer = StandardTokenResponse<Extra, BasicTokenType>;
type TokenError = RequestTokenError<HttpError, BasicErrorResponse>;
type TokenClient = Client<
    BasicErrorResponse,
    TokenAnswer,
    BasicTokenIntrospectionResponse,
    StandardRevocableToken,
    BasicRevocationErrorResponse,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointSet,
>;

/// Sends what the crate builds, and notes the status, which the crate's errors do not tell.
struct Transport {
    http: HttpClient,
    status: AtomicU16,
}

impl Transport {
    /// The status of the answer; 0 when there was none.
    fn status(&self) -> u16 {
        self.status.load(Ordering::Relaxed)
    }

    async fn send(&self, request: HttpRequest) -> Result<HttpResponse, HttpError> {
        let bad_address = |_| HttpError::Unreachable("the token address is not valid".to_owned());
        let Answer { status, headers, body } =
            self.http.send(Request::try_from(request).map_err(bad_address)?).await?;
        self.status.store(status, Ordering::Relaxed);
        let mut response = HttpResponse::new(body);
        *response.status_mut() = StatusCode::from_u16(status).map_err(|_| HttpError::Broken)?;
        *response.headers_mut() = headers;
        Ok(response)
    }
}

impl<'c> AsyncHttpClient<'c> for Transport {
    type Error = HttpError;
    type Future = Pin<Box<dyn Future<Output = Result<HttpResponse, HttpError>> + Send + 'c>>;

    fn call(&'c self, request: HttpRequest) -> Self::Future {
        Box::pin(self.send(request))
    }
}

/// How a provider does OAuth.
#[derive(Debug)]
pub(crate) struct Dialect {
    /// Where client id and secret stand.
    pub(crate) auth: AuthType,
    /// What stands before the short name of a scope.
    pub(crate) scope_prefix: &'static str,
    /// What we ask for.
    pub(crate) scopes: &'static [&'static str],
    /// More parameters of the authorize URL.
    pub(crate) authorize: &'static [(&'static str, &'static str)],
}

/// The OAuth side of one provider.
#[derive(Debug)]
pub(crate) struct OAuth {
    pub(crate) config: ProviderConfig,
    pub(crate) http: HttpClient,
    pub(crate) dialect: Dialect,
}

impl OAuth {
    pub(crate) fn authorize_url(&self, redirect: &Url, state: &str, challenge: &str) -> Url {
        let scope = self
            .dialect
            .scopes
            .iter()
            .map(|s| format!("{}{s}", self.dialect.scope_prefix))
            .collect::<Vec<_>>()
            .join(" ");
        let mut url = self.config.authorize_url.clone();
        url.query_pairs_mut()
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", redirect.as_str())
            .append_pair("response_type", "code")
            .append_pair("scope", &scope)
            .append_pair("state", state)
            .append_pair("code_challenge", challenge)
            .append_pair("code_challenge_method", "S256")
            .extend_pairs(self.dialect.authorize);
        url
    }

    pub(crate) async fn exchange(
        &self,
        redirect: &Url,
        code: &SecretString,
        verifier: &SecretString,
    ) -> Result<Grant, OAuthError> {
        let transport = self.transport();
        let answer = self
            .client()
            .exchange_code(AuthorizationCode::new(code.expose_secret().to_owned()))
            .set_pkce_verifier(PkceCodeVerifier::new(verifier.expose_secret().to_owned()))
            .set_redirect_uri(Cow::Owned(RedirectUrl::from_url(redirect.clone())))
            .request_async(&transport)
            .await
            .map_err(|e| self.error(e, transport.status(), &[code, verifier]))?;
        let mut grant = self.grant(&answer);
        if answer.scopes().is_none() {
            // RFC 6749, 5.1: left out means as asked.
            grant.scopes = self.dialect.scopes.iter().map(|&s| s.to_owned()).collect();
        }
        Ok(grant)
    }

    pub(crate) async fn refresh(&self, token: &SecretString) -> Result<Grant, OAuthError> {
        let transport = self.transport();
        let answer = self
            .client()
            .exchange_refresh_token(&RefreshToken::new(token.expose_secret().to_owned()))
            .request_async(&transport)
            .await
            .map_err(|e| self.error(e, transport.status(), &[token]))?;
        Ok(self.grant(&answer))
    }

    /// The crate's own revocation insists on HTTPS, which a simulator on loopback has not.
    pub(crate) async fn revoke(&self, token: &SecretString) -> Result<(), OAuthError> {
        let request = self.revocation(token);
        let answer = self.http.send(request).await.map_err(|e| OAuthError::Unreachable(e.to_string()))?;
        if answer.status == 200 {
            return Ok(());
        }
        match self.refusal(answer.status, &answer.body, &[token]) {
            OAuthError::NeedsConsent { .. } => Ok(()),
            OAuthError::Refused { error, .. } if error == "invalid_token" => Ok(()),
            error => Err(error),
        }
    }

    fn revocation(&self, token: &SecretString) -> Request {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("token", token.expose_secret());
        let mut request = Request::new(Method::POST, self.config.revoke_url.clone());
        let headers = request.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/x-www-form-urlencoded"));
        if matches!(self.dialect.auth, AuthType::BasicAuth) {
            match self.basic_auth() {
                Some(value) => {
                    headers.insert(AUTHORIZATION, value);
                }
                None => {
                    form.append_pair("client_id", &self.config.client_id);
                }
            }
        }
        *request.body_mut() = Some(form.finish().into());
        request
    }

    fn basic_auth(&self) -> Option<HeaderValue> {
        let secret = self.config.client_secret.expose_secret();
        if secret.is_empty() {
            return None;
        }
        // RFC 6749, 2.3.1: id and secret are form-encoded first.
        let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
        let plain = format!("{}:{}", encode(&self.config.client_id), encode(secret));
        let mut value = HeaderValue::from_str(&format!("Basic {}", BASE64_STANDARD.encode(plain))).ok()?;
        value.set_sensitive(true);
        Some(value)
    }

    fn client(&self) -> TokenClient {
        let client = Client::new(ClientId::new(self.config.client_id.clone()))
            .set_auth_type(self.dialect.auth.clone())
            .set_token_uri(TokenUrl::from_url(self.config.token_url.clone()));
        match self.config.client_secret.expose_secret() {
            "" => client,
            secret => client.set_client_secret(ClientSecret::new(secret.to_owned())),
        }
    }

    fn transport(&self) -> Transport {
        Transport { http: self.http.clone(), status: AtomicU16::new(0) }
    }

    fn grant(&self, answer: &TokenAnswer) -> Grant {
        let short = |s: &str| s.strip_prefix(self.dialect.scope_prefix).unwrap_or(s).to_owned();
        let seconds = |d: std::time::Duration| i64::try_from(d.as_secs()).unwrap_or(i64::MAX);
        let secret = |s: &String| SecretString::from(s.as_str());
        Grant {
            access_token: secret(answer.access_token().secret()),
            // Both providers always tell it; an hour is the shorter of their times.
            expires_in_s: answer.expires_in().map_or(3600, seconds),
            refresh_token: answer.refresh_token().map(|t| secret(t.secret())),
            refresh_expires_in_s: answer.extra_fields().refresh_token_expires_in,
            scopes: answer
                .scopes()
                .into_iter()
                .flatten()
                .filter(|s| !s.is_empty())
                .map(|s| short(s))
                .collect(),
            provider_user_id: answer.extra_fields().user_id.clone(),
        }
    }

    fn error(&self, error: TokenError, status: u16, secrets: &[&SecretString]) -> OAuthError {
        match error {
            RequestTokenError::Request(error) => OAuthError::Unreachable(error.to_string()),
            RequestTokenError::ServerResponse(answer) if status < 500 && status != 429 => {
                let description = answer.error_description().map_or("", String::as_str);
                self.word(answer.error().as_ref(), description, secrets)
            }
            // Fitbit's shape is not RFC 6749's, so the crate could not read it.
            RequestTokenError::Parse(_, body) => self.refusal(status, &body, secrets),
            RequestTokenError::ServerResponse(_) | RequestTokenError::Other(_) => {
                self.refusal(status, &[], secrets)
            }
        }
    }

    /// What an answer other than 200 says, in either provider's shape.
    fn refusal(&self, status: u16, body: &[u8], secrets: &[&SecretString]) -> OAuthError {
        match status {
            410 => {
                let description = "the provider has turned this API off".to_owned();
                return OAuthError::Refused { error: "gone".to_owned(), description };
            }
            429 | 500.. => {
                return OAuthError::Unreachable(format!("the provider answered with status {status}"));
            }
            _ => {}
        }
        match serde_json::from_slice::<ErrorBody>(body) {
            Ok(ErrorBody { error: Some(error), error_description, .. }) => {
                self.word(&error, error_description.as_deref().unwrap_or(""), secrets)
            }
            Ok(ErrorBody { errors, .. }) if !errors.is_empty() => {
                self.word(&errors[0].error_type, &errors[0].message, secrets)
            }
            _ => OAuthError::BadAnswer(format!(
                "the provider answered with status {status} and something that is not OAuth"
            )),
        }
    }

    fn word(&self, error: &str, description: &str, secrets: &[&SecretString]) -> OAuthError {
        let error = machine_word(error).unwrap_or("unknown_error").to_owned();
        if error == "invalid_grant" {
            return OAuthError::NeedsConsent { error };
        }
        let mut secrets: Vec<&str> = secrets.iter().map(|s| s.expose_secret()).collect();
        secrets.push(self.config.client_secret.expose_secret());
        OAuthError::Refused { error, description: clean(description, &secrets) }
    }
}

/// Both error shapes: RFC 6749's and Fitbit's.
#[derive(Deserialize)]
struct ErrorBody {
    error: Option<String>,
    error_description: Option<String>,
    #[serde(default)]
    errors: Vec<FitbitError>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct FitbitError {
    error_type: String,
    #[serde(default)]
    message: String,
}

/// A provider's sentence without what we sent in secret, without long words (tokens, codes), addresses of people and
/// query strings, at most 200 characters.
fn clean(text: &str, secrets: &[&str]) -> String {
    let mut text = text.chars().take(2000).collect::<String>();
    for secret in secrets.iter().filter(|s| !s.is_empty()) {
        text = text.replace(secret, "[…]");
    }
    let words = text.split_whitespace().map(|word| match word {
        url if url.starts_with("https://") || url.starts_with("http://") => {
            url.split(['?', '#']).next().unwrap_or("")
        }
        word if word.len() > 24 || word.contains('@') => "[…]",
        word => word,
    });
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars().filter(|c| !c.is_control()).take(200).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sentences_lose_tokens_and_addresses() {
        let token = "c643a63c072f0f05478e9d18b991db80ef6061e4f8e6c822d83fed53e5fafdd7";
        let text = format!(
            "Refresh token invalid: {token}. Visit https://dev.fitbit.com/docs/oauth2?x={token} for a@b.example, code s3"
        );
        assert_eq!(
            clean(&text, &["s3"]),
            "Refresh token invalid: […] Visit https://dev.fitbit.com/docs/oauth2 for […] code […]"
        );
        assert!(clean(&"word ".repeat(500), &[]).chars().count() <= 200);
    }

    #[test]
    fn pairs_and_states_are_fresh() {
        let (challenge, verifier) = pkce();
        assert_eq!(challenge.len(), 43);
        assert!((43..=128).contains(&verifier.expose_secret().len()));
        assert_ne!(pkce().0, challenge);
        assert_ne!(random_state(), random_state());
    }
}
