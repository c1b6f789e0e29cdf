//! A reader that stops where a file is not what it says: longer than allowed, or one endless line or word.

use std::io::{self, Read};

/// What is wrong with a file that was stopped.
pub(crate) const TOO_LONG: &str = "it inflates to more than is allowed";
/// A line or a word of unbounded length would have to be held in memory.
pub(crate) const ENDLESS: &str = "it has a line without end";

/// What ends a stretch that a parser holds in memory.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Stretch {
    /// A line of a CSV file.
    Line,
    /// A word of a JSON file.
    Word,
}

/// The longest stretch: cells with block text have kilobytes.
const LONGEST: usize = 1 << 20;

/// Passes bytes on within limits.
#[derive(Debug)]
pub(crate) struct Guard<R> {
    inner: R,
    left: u64,
    stretch: Stretch,
    since: usize,
    /// Within a quoted cell, where a new line ends nothing.
    quoted: bool,
}

impl<R: Read> Guard<R> {
    pub(crate) fn new(inner: R, at_most: u64, stretch: Stretch) -> Self {
        Self { inner, left: at_most, stretch, since: 0, quoted: false }
    }

    /// Notes the bytes read; how long the stretch is that they leave open, or was before one ended.
    fn note(&mut self, bytes: &[u8]) -> usize {
        let mut longest = self.since;
        for &byte in bytes {
            self.since += 1;
            let ends = match self.stretch {
                Stretch::Line => {
                    self.quoted ^= byte == b'"';
                    byte == b'\n' && !self.quoted
                }
                Stretch::Word => matches!(byte, b'"' | b',' | b'}' | b']' | b'\n'),
            };
            if ends {
                longest = longest.max(self.since);
                self.since = 0;
            }
        }
        longest.max(self.since)
    }
}

impl<R: Read> Read for Guard<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let n = self.inner.read(buffer)?;
        self.left = self.left.checked_sub(n as u64).ok_or_else(|| io::Error::other(TOO_LONG))?;
        if self.note(&buffer[..n]) > LONGEST {
            return Err(io::Error::other(ENDLESS));
        }
        Ok(n)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8], at_most: u64, stretch: Stretch) -> Result<usize, String> {
        let mut guard = Guard::new(bytes, at_most, stretch);
        io::copy(&mut guard, &mut io::sink()).map(|n| n as usize).map_err(|error| error.to_string())
    }

    #[test]
    fn what_is_too_long_or_endless_is_stopped() {
        let lines = b"a,b\n".repeat(1_000_000);
        assert_eq!(read(&lines, 4_000_000, Stretch::Line), Ok(4_000_000));
        assert_eq!(read(&lines, 3_999_999, Stretch::Line), Err(TOO_LONG.to_owned()));
        let line = b"a,b,".repeat(1_000_000);
        assert_eq!(read(&line, 4_000_000, Stretch::Line), Err(ENDLESS.to_owned()));
        assert_eq!(read(&line, 4_000_000, Stretch::Word), Ok(4_000_000));
        let mut open = b"a,\"".to_vec();
        open.extend_from_slice(&lines);
        assert_eq!(
            read(&open, 5_000_000, Stretch::Line),
            Err(ENDLESS.to_owned()),
            "a quote that nothing closes"
        );
        assert_eq!(read(&vec![b'7'; 2 << 20], 4_000_000, Stretch::Word), Err(ENDLESS.to_owned()));
    }
}
