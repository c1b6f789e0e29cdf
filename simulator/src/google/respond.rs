//! The system parameters of every method: `prettyPrint`, `fields`, `alt`, `key`, tokens in the query.

use axum::body::Body;
use axum::http::{HeaderMap, HeaderValue, Response, header};
use serde::Serialize;
use serde_json::{Map, Value};

use super::error::GoogleError;
use super::json::pretty;
use crate::oauth::{Fields, bearer};

/// How an answer is written.
#[derive(Clone, Debug)]
pub(crate) struct Wire {
    query: Fields,
    pretty: bool,
}

impl Wire {
    pub(crate) fn of_query(query: &str) -> Wire {
        let query = Fields::read(query.as_bytes());
        let pretty =
            query.get("prettyPrint").or(query.get("$.prettyPrint")).is_none_or(|value| value != "false");
        Wire { query, pretty }
    }

    /// A method's own parameter.
    pub(crate) fn parameter(&self, name: &str) -> Option<&str> {
        self.query.get(name)
    }

    /// The access token of a request, from its header or the query.
    pub(crate) fn token<'a>(&'a self, headers: &'a HeaderMap) -> Option<&'a str> {
        bearer(headers).or_else(|| self.query.get("access_token")).or_else(|| self.query.get("oauth_token"))
    }

    /// Writes an answer.
    pub(crate) fn answer<T: Serialize>(&self, value: &T) -> Result<Response<Body>, GoogleError> {
        if self.query.get("alt").is_some_and(|alt| alt != "json") {
            return Err(GoogleError::invalid_argument());
        }
        let fail = |_| GoogleError::server(500);
        let text = match self.query.get("fields").filter(|fields| *fields != "*") {
            Some(fields) => {
                let selector = Selector::read(fields).ok_or_else(GoogleError::invalid_argument)?;
                self.write(&selector.select(serde_json::to_value(value).map_err(fail)?)).map_err(fail)?
            }
            None => self.write(value).map_err(fail)?,
        };
        Ok(response(200, text))
    }

    /// Writes an answer that is compact JSON already.
    pub(crate) fn answer_text(&self, text: String) -> Result<Response<Body>, GoogleError> {
        if self.query.get("fields").is_some_and(|fields| fields != "*") {
            let value: Value = serde_json::from_str(&text).map_err(|_| GoogleError::server(500))?;
            return self.answer(&value);
        }
        if self.query.get("alt").is_some_and(|alt| alt != "json") {
            return Err(GoogleError::invalid_argument());
        }
        Ok(response(200, if self.pretty { pretty(&text) } else { text }.into_bytes()))
    }

    /// The answer of `exportExerciseTcx`: the file itself with `alt=media`, else the file in a member.
    pub(crate) fn answer_tcx(&self, tcx: String) -> Result<Response<Body>, GoogleError> {
        if self.query.get("alt") != Some("media") {
            return self.answer(&serde_json::json!({ "tcxData": tcx }));
        }
        let mut answer = response(200, tcx.into_bytes());
        let kind = HeaderValue::from_static("application/vnd.garmin.tcx+xml");
        answer.headers_mut().insert(header::CONTENT_TYPE, kind);
        Ok(answer)
    }

    fn write<T: Serialize>(&self, value: &T) -> serde_json::Result<Vec<u8>> {
        if self.pretty { serde_json::to_vec_pretty(value) } else { serde_json::to_vec(value) }
    }

    /// Writes an error.
    pub(crate) fn refuse(&self, error: &GoogleError) -> Response<Body> {
        let mut response = response(error.status.as_u16(), self.write(&error.body).unwrap_or_default());
        for (name, value) in &error.headers {
            if let Ok(value) = HeaderValue::from_str(value) {
                response.headers_mut().insert(name.clone(), value);
            }
        }
        response
    }
}

fn response(status: u16, body: Vec<u8>) -> Response<Body> {
    let mut response = Response::new(Body::from(body));
    *response.status_mut() = axum::http::StatusCode::from_u16(status).unwrap_or_default();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/json; charset=UTF-8"));
    headers.insert(header::VARY, HeaderValue::from_static("Origin, X-Origin, Referer"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("private"));
    response
}

/// A partial response: `a,b/c,d(e,f)`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Selector(Vec<(String, Selector)>);

impl Selector {
    fn read(text: &str) -> Option<Selector> {
        let mut rest = text;
        let selector = Selector::list(&mut rest)?;
        rest.is_empty().then_some(selector)
    }

    fn list(rest: &mut &str) -> Option<Selector> {
        let mut members = Vec::new();
        loop {
            members.push(Selector::member(rest)?);
            match rest.strip_prefix(',') {
                Some(after) => *rest = after,
                None => return Some(Selector(members)),
            }
        }
    }

    fn member(rest: &mut &str) -> Option<(String, Selector)> {
        let end = rest.find([',', '/', '(', ')']).unwrap_or(rest.len());
        let (name, after) = rest.split_at(end);
        if name.is_empty() {
            return None;
        }
        *rest = after;
        if let Some(after) = rest.strip_prefix('/') {
            *rest = after;
            return Some((name.to_owned(), Selector(vec![Selector::member(rest)?])));
        }
        if let Some(after) = rest.strip_prefix('(') {
            *rest = after;
            let inner = Selector::list(rest)?;
            *rest = rest.strip_prefix(')')?;
            return Some((name.to_owned(), inner));
        }
        Some((name.to_owned(), Selector::default()))
    }

    fn select(&self, value: Value) -> Value {
        if self.0.is_empty() {
            return value;
        }
        match value {
            Value::Array(items) => Value::Array(items.into_iter().map(|item| self.select(item)).collect()),
            Value::Object(members) => {
                let chosen = members.into_iter().filter_map(|(name, value)| {
                    let (_, inner) = self.0.iter().find(|(wanted, _)| *wanted == name || wanted == "*")?;
                    Some((name, inner.select(value)))
                });
                Value::Object(chosen.collect::<Map<_, _>>())
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn selectors_keep_what_they_name() {
        let value = json!({"a": [{"b": 1, "c": {"d": 2, "e": 3}}], "f": 4});
        let select = |text: &str| Selector::read(text).map(|selector| selector.select(value.clone()));
        assert_eq!(select("a/c/e"), Some(json!({"a": [{"c": {"e": 3}}]})));
        assert_eq!(select("a(b,c(d)),f"), Some(json!({"a": [{"b": 1, "c": {"d": 2}}], "f": 4})));
        assert_eq!(select("a(b"), None);
        assert_eq!(select(""), None);
    }
}
