//! What the tests of this module share.

use super::format::Format;
use super::words::Words;

/// The English texts.
pub(crate) fn words() -> Words {
    let locale: serde_json::Value = serde_json::from_str(include_str!("../../locales/en.json")).unwrap();
    serde_json::from_value(locale["vm"].clone()).unwrap()
}

/// English formats.
pub(crate) fn format() -> Format {
    Format::new(words())
}
