//! JSON with its keys in no order, as the real service writes them.

use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;

use crate::people::hash;

/// Writes a value with the keys of each object turned by a number.
pub(crate) struct Shuffled<'a>(pub(crate) &'a Value, pub(crate) u64);

impl Serialize for Shuffled<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(members) => {
                let mut members: Vec<_> = members.iter().collect();
                let place =
                    |key: &str| key.bytes().fold(self.1, |sum, byte| hash(sum, 3, i64::from(byte), 0));
                members.sort_by_key(|(key, _)| place(key));
                let mut map = serializer.serialize_map(Some(members.len()))?;
                for (key, value) in members {
                    map.serialize_entry(key, &Shuffled(value, self.1))?;
                }
                map.end()
            }
            Value::Array(items) => {
                let mut seq = serializer.serialize_seq(Some(items.len()))?;
                for item in items {
                    seq.serialize_element(&Shuffled(item, self.1))?;
                }
                seq.end()
            }
            other => other.serialize(serializer),
        }
    }
}
