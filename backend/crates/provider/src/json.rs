//! Reading JSON in one pass without a tree: scalars that bear every form in which the providers write them, and
//! objects and arrays that hand their members to a reader.

use std::{borrow::Cow, fmt, marker::PhantomData};

use jiff::civil::Date;
use pulsekeep_core::observation::Warning;
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use crate::{ParseError, time_text};

/// A scalar that is read from text or a number and bears everything else.
pub(crate) trait Scalar: Sized {
    /// What stands for something unreadable.
    const UNREADABLE: Self;
    /// From a string.
    fn text(text: &str) -> Self;
    /// From a number.
    fn number(_: f64) -> Self {
        Self::UNREADABLE
    }
    /// From a whole number.
    #[expect(clippy::cast_precision_loss, reason = "readings are far below 2^53")]
    fn whole(number: u64) -> Self {
        Self::number(number as f64)
    }
}

struct ScalarVisitor<T>(PhantomData<T>);

impl<'de, T: Scalar> Visitor<'de> for ScalarVisitor<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a scalar")
    }

    fn visit_str<E>(self, text: &str) -> Result<T, E> {
        Ok(T::text(text))
    }

    fn visit_u64<E>(self, number: u64) -> Result<T, E> {
        Ok(T::whole(number))
    }

    #[expect(clippy::cast_precision_loss, reason = "readings are far below 2^53")]
    fn visit_i64<E>(self, number: i64) -> Result<T, E> {
        Ok(T::number(number as f64))
    }

    fn visit_f64<E>(self, number: f64) -> Result<T, E> {
        Ok(T::number(number))
    }

    fn visit_bool<E>(self, _: bool) -> Result<T, E> {
        Ok(T::UNREADABLE)
    }

    fn visit_unit<E>(self) -> Result<T, E> {
        Ok(T::UNREADABLE)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<T, A::Error> {
        while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
        Ok(T::UNREADABLE)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<T, A::Error> {
        while seq.next_element::<IgnoredAny>()?.is_some() {}
        Ok(T::UNREADABLE)
    }
}

/// Reads a scalar.
pub(crate) fn read_scalar<'de, T: Scalar, D: Deserializer<'de>>(deserializer: D) -> Result<T, D::Error> {
    deserializer.deserialize_any(ScalarVisitor(PhantomData))
}

/// Makes scalars readable.
macro_rules! scalar {
    ($($name:ident),*) => {$(
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                $crate::json::read_scalar(deserializer)
            }
        }
    )*};
}
pub(crate) use scalar;

scalar!(Num, Span, Instant, LocalTime, TimeOfDay, Clock, DayText, Offset, Length, Id);

/// A number, written as one or as a string; NaN for anything else, `"NaN"` included.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Num(pub(crate) f64);

impl Scalar for Num {
    const UNREADABLE: Self = Self(f64::NAN);

    fn text(text: &str) -> Self {
        let value = text.trim().parse::<f64>().unwrap_or(f64::NAN);
        Self::number(if value.is_finite() { value } else { f64::NAN })
    }

    fn number(number: f64) -> Self {
        // A negative zero becomes zero, so that equal values have equal bits.
        Self(number + 0.0)
    }
}

impl Num {
    /// The number as whole minutes.
    #[expect(clippy::cast_possible_truncation, reason = "a saturating cast of minutes")]
    pub(crate) fn whole(self) -> Option<i64> {
        (!self.0.is_nan()).then(|| self.0.round() as i64)
    }
}

/// A number of a record that may be missing: no fault. What is there and cannot be is warned of at `place` and left out.
pub(crate) fn quantity(
    number: Option<Num>,
    warnings: &mut Warnings,
    place: impl FnOnce() -> String,
) -> Option<f64> {
    let Num(number) = number?;
    if number.is_nan() || number < 0.0 {
        warnings.add(if number.is_nan() { "not_a_number" } else { "out_of_range" }, place);
        return None;
    }
    Some(number)
}

/// Likewise a count.
pub(crate) fn count(
    number: Option<Num>,
    warnings: &mut Warnings,
    place: impl FnOnce() -> String,
) -> Option<i64> {
    quantity(number, warnings, place).map(Num).and_then(Num::whole)
}

/// A number, or the middle of a range of two: `"47-51"`.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span(pub(crate) f64);

impl Scalar for Span {
    const UNREADABLE: Self = Self(f64::NAN);

    fn text(text: &str) -> Self {
        let Num(number) = Num::text(text);
        // A minus at the front is a sign.
        let split = text.char_indices().skip(1).find(|(_, c)| matches!(c, '-' | '–'));
        match split {
            Some((at, dash)) if number.is_nan() => {
                let (low, high) = (Num::text(&text[..at]), Num::text(&text[at + dash.len_utf8()..]));
                Self(f64::midpoint(low.0, high.0))
            }
            _ => Self(number),
        }
    }

    fn number(number: f64) -> Self {
        Self(number)
    }
}

/// A time within an answer: with its date, or a time of a day that stands elsewhere.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Clock {
    /// A wall-clock reading.
    Local(i64),
    /// Milliseconds from midnight.
    OfDay(i64),
    /// Neither.
    Unreadable,
}

impl Scalar for Clock {
    const UNREADABLE: Self = Self::Unreadable;

    fn text(text: &str) -> Self {
        let of_day = || time_text::time_of_day(text).map(Self::OfDay);
        time_text::local(text).map(Self::Local).or_else(of_day).unwrap_or(Self::Unreadable)
    }
}

macro_rules! text_scalars {
    ($($(#[$doc:meta])* $name:ident($inner:ty) = $read:path;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy)]
        pub(crate) struct $name(pub(crate) Option<$inner>);

        impl Scalar for $name {
            const UNREADABLE: Self = Self(None);

            fn text(text: &str) -> Self {
                Self($read(text))
            }
        }
    )*};
}

text_scalars! {
    /// An RFC 3339 instant, in epoch milliseconds.
    Instant(i64) = time_text::instant;
    /// A duration in milliseconds.
    Length(i64) = time_text::duration_ms;
    /// A wall-clock reading without a zone.
    LocalTime(i64) = time_text::local;
    /// Milliseconds from midnight.
    TimeOfDay(i64) = time_text::time_of_day;
    /// `YYYY-MM-DD`.
    DayText(Date) = time_text::date;
    /// Seconds east of UTC, written as a duration.
    Offset(i32) = time_text::offset_seconds;
}

impl Length {
    /// The duration in minutes; NaN of an unreadable one.
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a day")]
    pub(crate) fn minutes(self) -> f64 {
        self.0.map_or(f64::NAN, |ms| ms as f64 / 60_000.0)
    }
}

/// An id, written as a string or a whole number.
#[derive(Debug, Clone)]
pub(crate) struct Id(pub(crate) Option<String>);

impl Scalar for Id {
    const UNREADABLE: Self = Self(None);

    fn text(text: &str) -> Self {
        Self((!text.is_empty()).then(|| text.to_owned()))
    }

    fn whole(number: u64) -> Self {
        Self(Some(number.to_string()))
    }
}

/// A civil date as Google writes it.
#[derive(Debug, Clone, Copy, Deserialize)]
pub(crate) struct CivilDate {
    year: Option<Num>,
    month: Option<Num>,
    day: Option<Num>,
}

impl CivilDate {
    pub(crate) fn day(self) -> Option<Date> {
        let part = |n: Option<Num>| n.and_then(Num::whole);
        Date::new(
            i16::try_from(part(self.year)?).ok()?,
            i8::try_from(part(self.month)?).ok()?,
            i8::try_from(part(self.day)?).ok()?,
        )
        .ok()
    }
}

/// Takes the members of an object.
pub(crate) trait Object<'de> {
    /// Takes the value of `key` from `map` and returns `true`, or leaves it and returns `false`.
    fn member<A: MapAccess<'de>>(&mut self, key: &str, map: &mut A) -> Result<bool, A::Error>;
}

/// Takes the elements of an array.
pub(crate) trait Array<'de> {
    /// Takes the element `index` from `seq`; `false` when there is none left.
    fn element<A: SeqAccess<'de>>(&mut self, index: usize, seq: &mut A) -> Result<bool, A::Error>;
}

/// Reads an object into `0`; `null` reads as an object without members.
pub(crate) struct ReadObject<'o, O>(pub(crate) &'o mut O);

impl<'de, O: Object<'de>> DeserializeSeed<'de> for ReadObject<'_, O> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, O: Object<'de>> Visitor<'de> for ReadObject<'_, O> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<(), A::Error> {
        while let Some(Key(key)) = map.next_key::<Key<'de>>()? {
            if !self.0.member(&key, &mut map)? {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(())
    }
}

/// Reads an array into `0`; `null` reads as an empty one.
pub(crate) struct ReadArray<'o, O>(pub(crate) &'o mut O);

impl<'de, O: Array<'de>> DeserializeSeed<'de> for ReadArray<'_, O> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, O: Array<'de>> Visitor<'de> for ReadArray<'_, O> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<(), A::Error> {
        let mut index = 0;
        while self.0.element(index, &mut seq)? {
            index += 1;
        }
        Ok(())
    }
}

/// Reads an object or an array into `0`; `null` reads as neither.
pub(crate) struct ReadEither<'o, O>(pub(crate) &'o mut O);

impl<'de, O: Object<'de> + Array<'de>> DeserializeSeed<'de> for ReadEither<'_, O> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de, O: Object<'de> + Array<'de>> Visitor<'de> for ReadEither<'_, O> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object or an array")
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        ReadObject(self.0).visit_map(map)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, seq: A) -> Result<(), A::Error> {
        ReadArray(self.0).visit_seq(seq)
    }
}

/// A key, borrowed unless it has escapes.
struct Key<'de>(Cow<'de, str>);

impl<'de> Deserialize<'de> for Key<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct KeyVisitor;

        impl<'de> Visitor<'de> for KeyVisitor {
            type Value = Key<'de>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }

            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(text)))
            }

            fn visit_str<E>(self, text: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(text.to_owned())))
            }
        }

        deserializer.deserialize_str(KeyVisitor)
    }
}

/// Reads the whole of `body` by `read`, which is given serde_json's deserializer.
pub(crate) fn read<'de, T>(
    endpoint: &'static str,
    body: &'de [u8],
    read: impl FnOnce(&mut serde_json::Deserializer<serde_json::de::StrRead<'de>>) -> serde_json::Result<T>,
) -> Result<T, ParseError> {
    let text = std::str::from_utf8(body).map_err(|e| not_utf8(body, e))?;
    let mut deserializer = serde_json::Deserializer::from_str(text);
    read(&mut deserializer)
        .and_then(|value| deserializer.end().map(|()| value))
        .map_err(|e| ParseError::of_json(endpoint, body, &e))
}

/// A character that breaks off at the end is a body that breaks off.
fn not_utf8(body: &[u8], error: std::str::Utf8Error) -> ParseError {
    if error.error_len().is_none() {
        return ParseError::Truncated { bytes: body.len() };
    }
    let before = &body[..error.valid_up_to()];
    let line = before.iter().filter(|&&b| b == b'\n').count();
    let column = before.iter().rev().take_while(|&&b| b != b'\n').count();
    ParseError::NotJson { line: line + 1, column: column + 1 }
}

/// More warnings than this are counted in one.
const MOST_WARNINGS: usize = 50;

/// Collects warnings.
#[derive(Debug, Default)]
pub(crate) struct Warnings {
    list: Vec<Warning>,
    more: usize,
}

impl Warnings {
    /// Notes that something at `place` was left out or read with care.
    pub(crate) fn add(&mut self, code: &'static str, place: impl FnOnce() -> String) {
        if self.list.len() < MOST_WARNINGS {
            self.list.push(Warning { code, place: place() });
        } else {
            self.more += 1;
        }
    }

    /// The warnings; the last one tells how many more there were.
    pub(crate) fn finish(mut self) -> Vec<Warning> {
        if self.more > 0 {
            self.list.push(Warning { code: "more_warnings", place: format!("{} more", self.more) });
        }
        self.list
    }
}
