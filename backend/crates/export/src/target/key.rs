use std::fmt;

use serde::{Deserialize, Serialize};

/// What Hive-partitioned readers take for null.
const HIVE_NULL: &str = "__HIVE_DEFAULT_PARTITION__";

/// The name of an object below the root of its sink: segments between slashes, each of letters, digits and `_ - . = %`,
/// none of them empty, `.` or `..`, so that it is below the root wherever it is used.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ObjectKey(String);

/// A text was no key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("not the key of an exported object")]
pub struct InvalidKey;

fn is_plain(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// A text as part of a segment: what is not a letter, a digit, `_` or `-` is written `%XX`, so that different texts stay
/// different and no text means anything to a file system or to a reader of Hive partitions.
pub(crate) fn escaped(text: &str) -> String {
    if text.is_empty() {
        // No byte is written so.
        return "%".to_owned();
    }
    let mut out = String::with_capacity(text.len());
    for (at, byte) in text.bytes().enumerate() {
        if is_plain(byte) && !(at == 0 && text == HIVE_NULL) {
            out.push(char::from(byte));
        } else {
            out.push_str(&format!("%{byte:02X}"));
        }
    }
    out
}

impl ObjectKey {
    /// The key of these segments, of which each text part was [`escaped`].
    pub(crate) fn of(path: String) -> Self {
        debug_assert!(is_key(&path), "{path}");
        Self(path)
    }

    /// The key as written, with slashes.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn is_key(text: &str) -> bool {
    let is_sound = |segment: &str| {
        !matches!(segment, "" | "." | "..")
            && !segment.starts_with('.')
            && segment.bytes().all(|byte| is_plain(byte) || matches!(byte, b'.' | b'=' | b'%'))
    };
    text.len() <= 900 && text.split('/').all(is_sound)
}

impl TryFrom<String> for ObjectKey {
    type Error = InvalidKey;

    fn try_from(text: String) -> Result<Self, InvalidKey> {
        if is_key(&text) { Ok(Self(text)) } else { Err(InvalidKey) }
    }
}

impl From<ObjectKey> for String {
    fn from(key: ObjectKey) -> Self {
        key.0
    }
}

impl fmt::Display for ObjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use std::path::{Component, Path};

    use proptest::prelude::*;

    use super::*;

    fn unescaped(text: &str) -> Vec<u8> {
        if text == "%" {
            return Vec::new();
        }
        let bytes = text.as_bytes();
        let (mut out, mut at) = (Vec::new(), 0);
        while at < bytes.len() {
            if bytes[at] == b'%' {
                out.push(u8::from_str_radix(&text[at + 1..at + 3], 16).unwrap());
                at += 3;
            } else {
                out.push(bytes[at]);
                at += 1;
            }
        }
        out
    }

    proptest! {
        #[test]
        fn any_text_makes_one_safe_segment_of_its_own(text in any::<String>()) {
            let segment = escaped(&text);
            prop_assert_eq!(unescaped(&segment), text.as_bytes());
            prop_assert!(!segment.is_empty() && !segment.contains(['/', '\\', ':', '=', '.', '\0']));
            prop_assert_ne!(&segment, HIVE_NULL);
            if segment.len() < 400 {
                let key = ObjectKey::try_from(format!("users/{segment}/steps/x.csv")).unwrap();
                let parts: Vec<_> = Path::new(key.as_str()).components().collect();
                prop_assert_eq!(parts.len(), 4);
                prop_assert!(parts.iter().all(|part| matches!(part, Component::Normal(_))));
            }
        }

        #[test]
        fn a_key_that_is_read_stays_below_its_root(text in "[a-z./=%\\\\~ -]{0,24}") {
            if let Ok(key) = ObjectKey::try_from(text) {
                let inside = Path::new(key.as_str()).components().all(|part| matches!(part, Component::Normal(_)));
                prop_assert!(inside, "{}", key);
            }
        }
    }

    #[test]
    fn what_leads_elsewhere_is_no_key() {
        for text in
            ["", "/etc/passwd", "a//b", "../x", "a/../b", "a/./b", ".hidden", "a b", "a\\b", "ä", "a/"]
        {
            assert_eq!(ObjectKey::try_from(text.to_owned()), Err(InvalidKey), "{text}");
        }
        assert_eq!(escaped("ann_01-B"), "ann_01-B");
        assert_eq!([escaped(".."), escaped("a/b"), escaped("")], ["%2E%2E", "a%2Fb", "%"]);
        assert_eq!(escaped(HIVE_NULL), "%5F_HIVE_DEFAULT_PARTITION__");
    }
}
