//! Writes answers as text, member by member: pages hold ten thousand points, and most of an answer's time is its writing.

use std::fmt::Write as _;

use serde::Serialize;

use crate::people::Day;

/// JSON text in the making.
#[derive(Debug, Default)]
pub(crate) struct Json {
    pub(crate) text: String,
}

impl Json {
    /// Text that is JSON already, or a part of it.
    pub(crate) fn raw(&mut self, text: &str) -> &mut Json {
        self.text.push_str(text);
        self
    }

    pub(crate) fn int(&mut self, number: i64) -> &mut Json {
        let mut digits = [0u8; 20];
        let mut place = digits.len();
        let mut rest = number.unsigned_abs();
        loop {
            place -= 1;
            digits[place] = b'0' + (rest % 10) as u8;
            rest /= 10;
            if rest == 0 {
                break;
            }
        }
        if number < 0 {
            self.text.push('-');
        }
        self.text.push_str(std::str::from_utf8(&digits[place..]).unwrap_or_default());
        self
    }

    /// An int64: a string in proto JSON.
    pub(crate) fn int64(&mut self, number: i64) -> &mut Json {
        self.text.push('"');
        self.int(number);
        self.text.push('"');
        self
    }

    /// A double; NaN is the string `"NaN"`.
    pub(crate) fn double(&mut self, number: f64) -> &mut Json {
        if number.is_nan() {
            self.raw("\"NaN\"")
        } else if number.fract() == 0.0 && number.abs() < 1e15 {
            self.int(number as i64)
        } else {
            // writing to a string cannot fail
            let _ = write!(self.text, "{number}");
            self
        }
    }

    /// A duration in whole seconds: `"-14400s"`.
    pub(crate) fn seconds(&mut self, seconds: i64) -> &mut Json {
        self.text.push('"');
        self.int(seconds);
        self.raw("s\"")
    }

    fn two(&mut self, number: i64) {
        self.text.push(char::from(b'0' + (number / 10 % 10) as u8));
        self.text.push(char::from(b'0' + (number % 10) as u8));
    }

    /// An instant, epoch seconds: RFC 3339 with `Z`.
    pub(crate) fn instant(&mut self, seconds: i64) -> &mut Json {
        let (year, month, day) = Day::of_local(seconds).ymd();
        let second = seconds.rem_euclid(86_400);
        self.text.push('"');
        self.two(i64::from(year) / 100);
        self.two(i64::from(year) % 100);
        self.text.push('-');
        self.two(i64::from(month));
        self.text.push('-');
        self.two(i64::from(day));
        self.text.push('T');
        self.two(second / 3600);
        self.text.push(':');
        self.two(second / 60 % 60);
        self.text.push(':');
        self.two(second % 60);
        self.raw("Z\"")
    }

    /// `google.type.Date`.
    pub(crate) fn date(&mut self, day: Day) -> &mut Json {
        let (year, month, day) = day.ymd();
        self.raw("{\"year\":").int(year.into()).raw(",\"month\":").int(month.into());
        self.raw(",\"day\":").int(day.into()).raw("}")
    }

    /// The clock at an instant with an offset; members of the time that are zero are left out.
    pub(crate) fn civil(&mut self, instant: i64, offset: i32) -> &mut Json {
        let local = instant + i64::from(offset);
        self.raw("{\"date\":").date(Day::of_local(local)).raw(",\"time\":{");
        let second = local.rem_euclid(86_400);
        let mut first = true;
        for (name, value) in
            [("\"hours\":", second / 3600), ("\"minutes\":", second / 60 % 60), ("\"seconds\":", second % 60)]
        {
            if value > 0 {
                if !first {
                    self.text.push(',');
                }
                first = false;
                self.raw(name).int(value);
            }
        }
        self.raw("}}")
    }

    /// `ObservationTimeInterval`.
    pub(crate) fn interval(
        &mut self,
        (start, offset): (i64, i32),
        (end, end_offset): (i64, i32),
    ) -> &mut Json {
        self.raw("\"interval\":{\"startTime\":").instant(start);
        self.raw(",\"startUtcOffset\":").seconds(offset.into());
        self.raw(",\"endTime\":").instant(end);
        self.raw(",\"endUtcOffset\":").seconds(end_offset.into());
        self.raw(",\"civilStartTime\":").civil(start, offset);
        self.raw(",\"civilEndTime\":").civil(end, end_offset).raw("}")
    }

    /// `ObservationSampleTime`.
    pub(crate) fn sample_time(&mut self, time: i64, offset: i32) -> &mut Json {
        self.raw("\"sampleTime\":{\"physicalTime\":").instant(time);
        self.raw(",\"utcOffset\":").seconds(offset.into());
        self.raw(",\"civilTime\":").civil(time, offset).raw("}")
    }

    /// Anything else.
    pub(crate) fn value<T: Serialize + ?Sized>(&mut self, value: &T) -> &mut Json {
        // what is written here has string keys only and cannot fail
        self.text.push_str(&serde_json::to_string(value).unwrap_or_default());
        self
    }
}

/// The answer of a method that pages: items under a name, left out if there are none, and the token of the next page.
pub(crate) fn page(name: &str, items: &Json, next_page_token: Option<&str>) -> String {
    let mut answer = Json { text: String::with_capacity(items.text.len() + 100) };
    answer.raw("{");
    if !items.text.is_empty() {
        answer.raw("\"").raw(name).raw("\":[").raw(&items.text).raw("]");
    }
    if let Some(token) = next_page_token {
        if !items.text.is_empty() {
            answer.raw(",");
        }
        answer.raw("\"nextPageToken\":").value(token);
    }
    answer.raw("}");
    answer.text
}

/// Compact JSON with line ends and two spaces a level, as answers come unless `prettyPrint=false`.
pub(crate) fn pretty(compact: &str) -> String {
    let mut text = String::with_capacity(compact.len() * 2);
    let (mut depth, mut quoted, mut escaped) = (0usize, false, false);
    let mut letters = compact.chars().peekable();
    let line = |text: &mut String, depth: usize| {
        text.push('\n');
        text.extend(std::iter::repeat_n("  ", depth));
    };
    while let Some(letter) = letters.next() {
        if quoted {
            quoted = escaped || letter != '"';
            escaped = letter == '\\' && !escaped;
            text.push(letter);
            continue;
        }
        match letter {
            '{' | '[' => {
                text.push(letter);
                if let Some(end) = letters.next_if(|next| matches!(next, '}' | ']')) {
                    text.push(end);
                } else {
                    depth += 1;
                    line(&mut text, depth);
                }
            }
            '}' | ']' => {
                depth = depth.saturating_sub(1);
                line(&mut text, depth);
                text.push(letter);
            }
            ',' => {
                text.push(letter);
                line(&mut text, depth);
            }
            ':' => text.push_str(": "),
            _ => {
                quoted = letter == '"';
                text.push(letter);
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn members_are_written_as_proto_json_has_them() {
        let mut json = Json::default();
        json.raw("{\"a\":").int64(-5).raw(",\"b\":").double(71.4).raw(",\"c\":").double(68.0);
        json.raw(",\"d\":")
            .double(f64::NAN)
            .raw(",\"e\":")
            .instant(1_795_255_201)
            .raw(",\"f\":")
            .seconds(-14_400);
        json.raw(",\"g\":").civil(1_795_219_200, 3600).raw(",\"h\":").int(i64::MIN).raw("}");
        let value: Value = serde_json::from_str(&json.text).unwrap();
        let expected = json!({ "a": "-5", "b": 71.4, "c": 68, "d": "NaN", "e": "2026-11-21T10:00:01Z", "f": "-14400s",
            "g": { "date": { "year": 2026, "month": 11, "day": 21 }, "time": { "hours": 1 } }, "h": i64::MIN });
        assert_eq!(value, expected);
    }

    #[test]
    fn pretty_text_is_what_serde_makes_of_it() {
        let value = json!({ "a": [{ "b": "x \"y\\\" : , {", "c": [] }, {}], "d": [1, -2.5], "e": "\\" });
        let compact = serde_json::to_string(&value).unwrap();
        assert_eq!(pretty(&compact), serde_json::to_string_pretty(&value).unwrap());
    }

    #[test]
    fn an_empty_page_is_an_empty_object() {
        let mut items = Json::default();
        assert_eq!(page("dataPoints", &items, None), "{}");
        assert_eq!(page("dataPoints", &items, Some("")), "{\"nextPageToken\":\"\"}");
        items.raw("1");
        assert_eq!(page("dataPoints", &items, Some("t")), "{\"dataPoints\":[1],\"nextPageToken\":\"t\"}");
    }
}
