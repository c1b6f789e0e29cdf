//! Whether a request that may carry the web session's cookie comes from our own pages.

use http::{HeaderMap, StatusCode, header};
use url::{Origin, Url};

use super::problem::Problem;

/// Refuses requests of other sites' pages. Programs that send neither header act for nobody else's cookie.
///
/// # Errors
/// A problem with status 403.
pub(super) fn check(headers: &HeaderMap, public_url: &Url) -> Result<(), Problem> {
    let refused = |text: String| Err(Problem::new(StatusCode::FORBIDDEN, "CROSS_ORIGIN", text));
    if let Some(origin) = headers.get(header::ORIGIN) {
        if is_ours(origin.to_str().unwrap_or_default(), public_url) {
            return Ok(());
        }
        let ours = public_url.origin().ascii_serialization();
        return refused(format!(
            "Requests with a web session are taken from {ours} alone. Open Pulsekeep there, or set \
             PULSEKEEP_HTTP__PUBLIC_URL to the address that you use"
        ));
    }
    match headers.get("sec-fetch-site").map(|v| v.to_str().unwrap_or_default()) {
        None | Some("same-origin" | "none") => Ok(()),
        Some(_) => refused("Requests with a web session are not taken from other sites".to_owned()),
    }
}

fn is_ours(origin: &str, public_url: &Url) -> bool {
    Url::parse(origin)
        .is_ok_and(|url| url.origin() == public_url.origin() && matches!(url.origin(), Origin::Tuple(..)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(pairs: &[(&'static str, &'static str)]) -> bool {
        let url = Url::parse("https://pulse.example.org").unwrap();
        let headers = pairs.iter().map(|(k, v)| (k.parse().unwrap(), v.parse().unwrap())).collect();
        check(&headers, &url).is_ok()
    }

    #[test]
    fn our_own_pages_and_programs_pass_and_other_sites_do_not() {
        assert!(verdict(&[]));
        assert!(verdict(&[("origin", "https://pulse.example.org")]));
        assert!(verdict(&[("sec-fetch-site", "same-origin")]));
        assert!(!verdict(&[("origin", "https://pulse.example.org.evil.net")]));
        assert!(!verdict(&[("origin", "http://pulse.example.org")]));
        assert!(!verdict(&[("origin", "null")]));
        assert!(!verdict(&[("sec-fetch-site", "cross-site")]));
        assert!(!verdict(&[("sec-fetch-site", "same-site")]));
    }
}
