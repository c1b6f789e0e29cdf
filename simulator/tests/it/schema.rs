//! A small validator of Google's discovery document: every property known, of its type, and required ones there.

use serde_json::{Value, json};

pub(crate) struct Schemas(Value);

impl Schemas {
    pub(crate) fn read() -> Schemas {
        let text = include_str!("../../data/google-health-v4-discovery.json");
        Schemas(serde_json::from_str::<Value>(text).unwrap()["schemas"].clone())
    }

    pub(crate) fn of(schemas: Value) -> Schemas {
        Schemas(schemas)
    }

    /// Everything that is wrong with a value of a named schema.
    pub(crate) fn problems(&self, name: &str, value: &Value) -> Vec<String> {
        let mut problems = Vec::new();
        self.object(name, value, name, &mut problems);
        problems
    }

    fn object(&self, name: &str, value: &Value, place: &str, problems: &mut Vec<String>) {
        let schema = &self.0[name];
        assert!(schema.is_object(), "no schema {name}");
        let Some(members) = value.as_object() else {
            problems.push(format!("{place}: not an object"));
            return;
        };
        for (member, value) in members {
            match schema["properties"].get(member) {
                Some(property) => self.property(property, value, &format!("{place}.{member}"), problems),
                None => problems.push(format!("{place}: unknown property {member}")),
            }
        }
        for (member, property) in schema["properties"].as_object().into_iter().flatten() {
            let required = property["description"]
                .as_str()
                .is_some_and(|description| description.starts_with("Required"));
            if required && !members.contains_key(member) {
                problems.push(format!("{place}: {member} is required"));
            }
        }
    }

    fn property(&self, property: &Value, value: &Value, place: &str, problems: &mut Vec<String>) {
        if let Some(name) = property["$ref"].as_str() {
            return self.object(name, value, place, problems);
        }
        let format = property["format"].as_str().unwrap_or_default();
        let fits = match (property["type"].as_str().unwrap_or_default(), format) {
            ("string", "int64") => value.as_str().is_some_and(|text| text.parse::<i64>().is_ok()),
            ("string", "google-datetime") => value
                .as_str()
                .is_some_and(|text| text.ends_with('Z') && text.parse::<jiff::Timestamp>().is_ok()),
            ("string", "google-duration") => value
                .as_str()
                .and_then(|text| text.strip_suffix('s'))
                .is_some_and(|number| number.parse::<f64>().is_ok()),
            ("string", _) => value.is_string() && enumerated(property, value),
            ("integer", _) => value.as_i64().is_some_and(|number| i32::try_from(number).is_ok()),
            ("number", _) => value.is_number(),
            ("boolean", _) => value.is_boolean(),
            ("array", _) => {
                for (number, item) in value.as_array().into_iter().flatten().enumerate() {
                    self.property(&property["items"], item, &format!("{place}[{number}]"), problems);
                }
                value.is_array()
            }
            ("object", _) => value.is_object(),
            (other, _) => panic!("{place}: the validator does not know the type {other}"),
        };
        if !fits {
            problems.push(format!("{place}: {value} is not of its type"));
        }
    }
}

fn enumerated(property: &Value, value: &Value) -> bool {
    property["enum"].as_array().is_none_or(|values| values.contains(value))
}

fn example() -> Schemas {
    Schemas::of(json!({
        "Outer": { "properties": {
            "inner": { "$ref": "Inner" },
            "list": { "type": "array", "items": { "$ref": "Inner" } },
        } },
        "Inner": { "properties": {
            "count": { "type": "string", "format": "int64", "description": "Required. How many." },
            "mean": { "type": "number", "format": "double" },
            "small": { "type": "integer", "format": "int32" },
            "flag": { "type": "boolean" },
            "kind": { "type": "string", "enum": ["A", "B"] },
            "time": { "type": "string", "format": "google-datetime" },
            "length": { "type": "string", "format": "google-duration" },
        } },
    }))
}

#[test]
fn the_validator_passes_what_is_right() {
    let value = json!({ "inner": { "count": "3", "mean": 1, "small": 2, "flag": true, "kind": "A",
        "time": "2026-01-01T00:00:00Z", "length": "-60s" }, "list": [{ "count": "0" }] });
    assert_eq!(example().problems("Outer", &value), Vec::<String>::new());
}

#[test]
fn the_validator_catches_what_is_wrong() {
    let wrong = [
        (json!({ "other": 1 }), "unknown property"),
        (json!({ "inner": { "count": "1", "extra": 1 } }), "unknown property"),
        (json!({ "inner": { "count": 1 } }), "not of its type"),
        (json!({ "inner": { "count": "1.5" } }), "not of its type"),
        (json!({ "inner": {} }), "count is required"),
        (json!({ "list": [{ "count": "1" }, {}] }), "count is required"),
        (json!({ "list": { "count": "1" } }), "not of its type"),
        (json!({ "inner": { "count": "1", "mean": "1" } }), "not of its type"),
        (json!({ "inner": { "count": "1", "mean": "NaN" } }), "not of its type"),
        (json!({ "inner": { "count": "1", "small": 5_000_000_000i64 } }), "not of its type"),
        (json!({ "inner": { "count": "1", "flag": "true" } }), "not of its type"),
        (json!({ "inner": { "count": "1", "kind": "C" } }), "not of its type"),
        (json!({ "inner": { "count": "1", "time": "2026-01-01" } }), "not of its type"),
        (json!({ "inner": { "count": "1", "length": "60" } }), "not of its type"),
        (json!([]), "not an object"),
    ];
    for (value, expected) in wrong {
        let problems = example().problems("Outer", &value);
        assert!(problems.iter().any(|problem| problem.contains(expected)), "{value}: {problems:?}");
    }
}
