//! A quick way through answers that are as they always are: a strict reader of plain JSON that gives up, without a word,
//! at whatever is unusual (escapes, letters beyond ASCII, repeated or missing members, numbers with exponents). Whoever
//! calls it then takes the other way, which bears everything and says what was wrong; both read the same of what both
//! read. Profiles of pages of heart rate are why it is there: serde_json takes three quarters of the time for strings
//! that nobody wants.

use crate::time_text;

/// Nothing in an answer is nested deeper.
const DEEPEST: usize = 16;
/// Powers of ten that a double holds exactly.
const TENS: [f64; 20] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18,
    1e19,
];

/// The rest of a body. Every method gives `None` for what it does not know.
#[derive(Debug)]
pub(crate) struct Scan<'a> {
    rest: &'a [u8],
}

impl<'a> Scan<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self { rest: body }
    }

    /// The next byte that is no white space; it stays.
    fn peek(&mut self) -> Option<u8> {
        loop {
            match self.rest {
                [b' ' | b'\n' | b'\r' | b'\t', rest @ ..] => self.rest = rest,
                [byte, ..] => return Some(*byte),
                [] => return None,
            }
        }
    }

    /// Takes `byte` if it is next.
    fn take(&mut self, byte: u8) -> bool {
        let is_next = self.peek() == Some(byte);
        if is_next {
            self.rest = &self.rest[1..];
        }
        is_next
    }

    fn expect(&mut self, byte: u8) -> Option<()> {
        self.take(byte).then_some(())
    }

    /// That nothing but white space follows.
    pub(crate) fn end(&mut self) -> Option<()> {
        self.peek().is_none().then_some(())
    }

    /// A string.
    fn string(&mut self) -> Option<&'a str> {
        std::str::from_utf8(self.text()?).ok()
    }

    /// A string, of plain ASCII.
    fn text(&mut self) -> Option<&'a [u8]> {
        self.expect(b'"')?;
        let plain = |byte: u8| matches!(byte, b' '..=b'~') && byte != b'"' && byte != b'\\';
        let length = self.rest.iter().position(|&byte| !plain(byte))?;
        let (text, rest) = self.rest.split_at(length);
        self.rest = rest.strip_prefix(b"\"")?;
        Some(text)
    }

    /// The members of an object; `member` takes each value.
    pub(crate) fn object(&mut self, mut member: impl FnMut(&mut Self, &'a [u8]) -> Option<()>) -> Option<()> {
        self.expect(b'{')?;
        if self.take(b'}') {
            return Some(());
        }
        loop {
            let key = self.text()?;
            self.expect(b':')?;
            member(self, key)?;
            if self.take(b'}') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    /// The elements of an array; `element` takes each.
    pub(crate) fn array(&mut self, mut element: impl FnMut(&mut Self) -> Option<()>) -> Option<()> {
        self.expect(b'[')?;
        if self.take(b']') {
            return Some(());
        }
        loop {
            element(self)?;
            if self.take(b']') {
                return Some(());
            }
            self.expect(b',')?;
        }
    }

    /// Passes over a value.
    pub(crate) fn skip(&mut self) -> Option<()> {
        self.skip_within(DEEPEST)
    }

    fn skip_within(&mut self, depth: usize) -> Option<()> {
        let deeper = depth.checked_sub(1)?;
        match self.peek()? {
            b'"' => self.text().map(drop),
            b'{' => self.object(|scan, _| scan.skip_within(deeper)),
            b'[' => self.array(|scan| scan.skip_within(deeper)),
            b't' => self.word(b"true"),
            b'f' => self.word(b"false"),
            b'n' => self.word(b"null"),
            _ => self.plain_number().map(drop),
        }
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.rest = self.rest.strip_prefix(word)?;
        Some(())
    }

    /// A number without an exponent, as serde_json makes it: its digits as an integer, divided by a power of ten.
    fn plain_number(&mut self) -> Option<f64> {
        let is_negative = self.take(b'-');
        let whole = self.digits()?;
        if whole.len() > 1 && whole[0] == b'0' {
            return None;
        }
        let mut fraction: &[u8] = &[];
        if let Some(rest) = self.rest.strip_prefix(b".") {
            self.rest = rest;
            fraction = self.digits()?;
        }
        // More digits than an integer of 64 bits has, and exponents, are read otherwise.
        if whole.len() + fraction.len() > 19 || matches!(self.rest.first(), Some(b'e' | b'E')) {
            return None;
        }
        let all = whole.iter().chain(fraction);
        let number = all.fold(0_u64, |number, &digit| number * 10 + u64::from(digit - b'0'));
        #[expect(clippy::cast_precision_loss, reason = "as serde_json has it")]
        let number = number as f64 / TENS[fraction.len()];
        Some(if is_negative { -number } else { number } + 0.0)
    }

    /// One digit or more.
    fn digits(&mut self) -> Option<&'a [u8]> {
        let length = self.rest.iter().take_while(|byte| byte.is_ascii_digit()).count();
        let (digits, rest) = self.rest.split_at(length);
        self.rest = rest;
        (length > 0).then_some(digits)
    }

    /// A number, written as one or as a string.
    pub(crate) fn number(&mut self) -> Option<f64> {
        if self.peek()? != b'"' {
            return self.plain_number();
        }
        let text = self.string()?;
        // Whole numbers of a few digits are most of what there is.
        if (1..=9).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit()) {
            return Some(f64::from(
                text.bytes().fold(0, |number, digit| number * 10 + u32::from(digit - b'0')),
            ));
        }
        text.trim().parse::<f64>().ok().filter(|number| number.is_finite()).map(|number| number + 0.0)
    }

    /// An RFC 3339 instant in epoch milliseconds.
    pub(crate) fn instant(&mut self) -> Option<i64> {
        time_text::instant(self.string()?)
    }

    /// Seconds east of UTC, written as a duration.
    pub(crate) fn offset(&mut self) -> Option<i32> {
        time_text::offset_seconds(self.string()?)
    }
}

/// Notes what a member holds; a member that comes twice is for others.
pub(crate) fn once<T>(place: &mut Option<T>, value: Option<T>) -> Option<()> {
    if place.is_some() {
        return None;
    }
    *place = Some(value?);
    Some(())
}

/// The rows of `{"<list>": [rows], "nextPageToken": "…"}`, and the token, an empty one being none.
pub(crate) fn page<'a>(
    list: &str,
    body: &'a [u8],
    mut row: impl FnMut(&mut Scan<'a>) -> Option<()>,
) -> Option<Option<String>> {
    let mut scan = Scan::new(body);
    let (mut seen, mut token) = (None, None);
    scan.object(|scan, key| match key {
        b"nextPageToken" => once(&mut token, scan.string()),
        _ if key == list.as_bytes() => once(&mut seen, scan.array(&mut row)),
        _ => None,
    })?;
    scan.end()?;
    seen?;
    Some(token.filter(|token| !token.is_empty()).map(str::to_owned))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn numbers_are_those_of_serde_json() {
        for text in
            ["0", "-0", "71", "71.4", "-12.5", "66.08333333333333", "0.1", "123456789.123456789", "1.10"]
        {
            let theirs: f64 = serde_json::from_str(text).unwrap();
            let mut scan = Scan::new(text.as_bytes());
            assert_eq!(scan.number().map(f64::to_bits), Some((theirs + 0.0).to_bits()), "{text}");
            scan.end().unwrap();
        }
        for text in
            ["01", "1.", ".5", "1e3", "-", "+1", "NaN", "12345678901234567890", "\"NaN\"", "\"1e999\""]
        {
            assert!(Scan::new(text.as_bytes()).number().is_none(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn what_is_skipped_is_json(text in r#"[\[\]{}",:\\ a0-9.tfn-]{0,24}"#) {
            let mut scan = Scan::new(text.as_bytes());
            if scan.skip().and_then(|()| scan.end()).is_some() {
                prop_assert!(serde_json::from_str::<serde_json::Value>(&text).is_ok(), "{text}");
            }
        }

        #[test]
        fn decimals_are_those_of_serde_json(whole in 0u32..100_000, fraction in 0u64..10_000_000_000_000, width in 13usize..14) {
            let text = format!("{whole}.{fraction:0width$}");
            let theirs: f64 = serde_json::from_str(&text).unwrap();
            prop_assert_eq!(Scan::new(text.as_bytes()).number().map(f64::to_bits), Some(theirs.to_bits()));
        }
    }
}
