use async_graphql::{InputType, InputValueError, InputValueResult, Scalar, ScalarType, Value};
use pulsekeep_core::EpochMs;

/// A whole number of up to 63 bits, as a number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Long(pub i64);

/// A civil date, YYYY-MM-DD.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Date(pub jiff::civil::Date);

/// An instant, RFC 3339.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct DateTime(pub EpochMs);

/// An IANA time zone, for example Europe/Paris.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct TimeZone(pub String);

fn bad<T: InputType>(text: &str) -> InputValueError<T> {
    InputValueError::custom(text).with_extension("code", "BAD_INPUT")
}

/// A whole number of up to 63 bits, as a number.
#[Scalar(name = "Long")]
impl ScalarType for Long {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::Number(n) => n.as_i64().map(Self).ok_or_else(|| bad("a whole number is wanted")),
            _ => Err(bad("a whole number is wanted")),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0)
    }
}

/// A civil date, YYYY-MM-DD.
#[Scalar(name = "Date")]
impl ScalarType for Date {
    fn parse(value: Value) -> InputValueResult<Self> {
        let wanted = "a date is written YYYY-MM-DD, for example 2026-11-21";
        let Value::String(text) = &value else { return Err(bad(wanted)) };
        // Dates of other centuries are slips of the pen, and ranges between them are endless.
        let day = text.parse::<jiff::civil::Date>().ok().filter(|_| text.len() == 10);
        day.filter(|day| (1990..2200).contains(&day.year())).map(Self).ok_or_else(|| bad(wanted))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

/// An instant, RFC 3339.
#[Scalar(name = "DateTime")]
impl ScalarType for DateTime {
    fn parse(value: Value) -> InputValueResult<Self> {
        let wanted = "an instant is written as RFC 3339 says, for example 2026-11-21T05:00:00Z";
        let Value::String(text) = &value else { return Err(bad(wanted)) };
        let instant = text.parse::<jiff::Timestamp>().map_err(|_| bad(wanted))?;
        Ok(Self(EpochMs::from(instant)))
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.to_string())
    }
}

/// An IANA time zone, for example Europe/Paris.
#[Scalar(name = "TimeZone")]
impl ScalarType for TimeZone {
    fn parse(value: Value) -> InputValueResult<Self> {
        match value {
            Value::String(text) if text.len() <= 64 => Ok(Self(text)),
            _ => Err(bad("a time zone is a name such as Europe/Paris")),
        }
    }

    fn to_value(&self) -> Value {
        Value::from(self.0.as_str())
    }
}

/// Whether the name is one of the time zone database.
pub(super) fn is_time_zone(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok()
}

#[cfg(test)]
mod tests {
    use async_graphql::{ScalarType as _, Value};

    use super::{Date, DateTime};

    #[test]
    fn dates_and_instants_are_read_strictly() {
        assert!(Date::parse(Value::from("2026-11-21")).is_ok());
        for bad in ["2026-11-31", "2026-11-21T00:00:00", "20261121", "0001-01-01", "today"] {
            assert!(Date::parse(Value::from(bad)).is_err(), "{bad}");
        }
        let instant = DateTime::parse(Value::from("2026-11-21T05:00:00+02:00")).unwrap();
        assert_eq!(instant.to_value(), Value::from("2026-11-21T03:00:00Z"));
        assert!(DateTime::parse(Value::from("2026-11-21T05:00:00")).is_err(), "an offset is needed");
    }
}
