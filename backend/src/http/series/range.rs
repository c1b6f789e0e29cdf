//! `Range` and `If-Range` (RFC 9110, 14).

use http::{HeaderMap, header};

/// Which bytes of a file are sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wanted {
    Whole,
    /// From, and the first that is left out.
    Part(u64, u64),
    /// A range beyond the file's end.
    Nothing,
}

/// What the headers ask for, of a file with this tag and length. Several ranges at once, other units and what cannot be
/// read are passed over, as a server may: the whole file is sent.
pub(super) fn of(headers: &HeaderMap, tag: &str, length: u64) -> Wanted {
    let text = |name| headers.get(name).and_then(|value: &http::HeaderValue| value.to_str().ok());
    // A date, or a weak tag, does not name these bytes.
    if text(header::IF_RANGE).is_some_and(|known| known.trim() != tag) {
        return Wanted::Whole;
    }
    text(header::RANGE).and_then(|range| part(range, length)).unwrap_or(Wanted::Whole)
}

fn part(range: &str, length: u64) -> Option<Wanted> {
    let (first, last) = range.trim().strip_prefix("bytes=")?.split_once('-')?;
    let number = |text: &str| -> Option<Option<u64>> {
        let text = text.trim();
        if text.is_empty() {
            return Some(None);
        }
        text.bytes().all(|b| b.is_ascii_digit()).then(|| Some(text.parse().unwrap_or(u64::MAX)))
    };
    let (start, end) = match (number(first)?, number(last)?) {
        (Some(start), Some(last)) if last < start => return None,
        (Some(start), Some(last)) => (start, last.saturating_add(1).min(length)),
        (Some(start), None) => (start, length),
        (None, Some(suffix)) => (length - suffix.min(length), length),
        (None, None) => return None,
    };
    Some(if start < end { Wanted::Part(start, end) } else { Wanted::Nothing })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(range: &str, if_range: Option<&str>) -> Wanted {
        let mut headers = HeaderMap::new();
        headers.insert(header::RANGE, range.parse().unwrap());
        if let Some(known) = if_range {
            headers.insert(header::IF_RANGE, known.parse().unwrap());
        }
        of(&headers, "\"a\"", 100)
    }

    #[test]
    fn ranges_are_read_as_the_standard_has_them() {
        assert_eq!(wanted("bytes=0-9", None), Wanted::Part(0, 10));
        assert_eq!(wanted("bytes=90-", None), Wanted::Part(90, 100));
        assert_eq!(wanted("bytes=90-900", None), Wanted::Part(90, 100));
        assert_eq!(wanted("bytes=-8", None), Wanted::Part(92, 100));
        assert_eq!(wanted("bytes=-800", None), Wanted::Part(0, 100));
        assert_eq!(wanted("bytes=100-", None), Wanted::Nothing);
        assert_eq!(wanted("bytes=-0", None), Wanted::Nothing);
        assert_eq!(wanted("bytes=99999999999999999999999-", None), Wanted::Nothing);
        for other in ["bytes=5-4", "bytes=-", "bytes=a-b", "rows=0-9", "bytes=0-1,5-6", "bytes=+1-5"] {
            assert_eq!(wanted(other, None), Wanted::Whole, "{other}");
        }
    }

    #[test]
    fn a_range_of_another_version_is_not_sent() {
        assert_eq!(wanted("bytes=0-9", Some("\"a\"")), Wanted::Part(0, 10));
        for other in ["\"b\"", "W/\"a\"", "Sat, 21 Nov 2026 08:00:00 GMT"] {
            assert_eq!(wanted("bytes=0-9", Some(other)), Wanted::Whole, "{other}");
        }
    }
}
