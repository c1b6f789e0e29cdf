use std::io::{Error, Write};

/// A writer that refuses to take more than so many bytes.
#[derive(Debug)]
pub struct Limited<W> {
    out: W,
    limit: u64,
    written: u64,
}

impl<W> Limited<W> {
    /// Takes at most `limit` bytes.
    pub fn new(out: W, limit: u64) -> Self {
        Self { out, limit, written: 0 }
    }

    /// Bytes taken.
    pub fn written(&self) -> u64 {
        self.written
    }

    /// Whether it has refused bytes.
    pub fn is_over(&self) -> bool {
        self.written > self.limit
    }

    /// The writer below.
    pub fn inner(&self) -> &W {
        &self.out
    }
}

impl<W: Write> Write for Limited<W> {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.written.saturating_add(bytes.len() as u64) > self.limit {
            self.written = self.limit.saturating_add(1);
            return Err(Error::other("the file is larger than it may be"));
        }
        let taken = self.out.write(bytes)?;
        self.written += taken as u64;
        Ok(taken)
    }

    fn flush(&mut self) -> std::io::Result<()> {
        self.out.flush()
    }
}
