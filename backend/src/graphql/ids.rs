use std::{borrow::Cow, fmt::Display, str::FromStr};

use async_graphql::{
    ContextSelectionSet, ID, InputType, InputValueError, InputValueResult, OutputType, Positioned,
    ServerResult, Value, parser::types::Field, registry::Registry,
};
use pulsekeep_core::id::InvalidId;

/// A typed id, which clients see as `ID`. The id of another kind is refused by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Id<T>(pub T);

impl<T> InputType for Id<T>
where
    T: FromStr<Err = InvalidId> + Display + Send + Sync,
{
    type RawValueType = Self;

    fn type_name() -> Cow<'static, str> {
        <ID as InputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <ID as InputType>::create_type_info(registry)
    }

    fn parse(value: Option<Value>) -> InputValueResult<Self> {
        let bad = |text: String| InputValueError::custom(text).with_extension("code", "BAD_INPUT");
        match value {
            Some(Value::String(text)) => text.parse().map(Self).map_err(|e: InvalidId| bad(e.to_string())),
            _ => Err(bad("an id is a text as the API gives it".to_owned())),
        }
    }

    fn to_value(&self) -> Value {
        Value::String(self.0.to_string())
    }

    fn as_raw_value(&self) -> Option<&Self> {
        Some(self)
    }
}

impl<T: Display + Send + Sync> OutputType for Id<T> {
    fn type_name() -> Cow<'static, str> {
        <ID as OutputType>::type_name()
    }

    fn create_type_info(registry: &mut Registry) -> String {
        <ID as OutputType>::create_type_info(registry)
    }

    async fn resolve(&self, _: &ContextSelectionSet<'_>, _: &Positioned<Field>) -> ServerResult<Value> {
        Ok(Value::String(self.0.to_string()))
    }
}
