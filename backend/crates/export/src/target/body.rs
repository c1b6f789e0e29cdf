//! The bytes of an object on their way: in memory while they are few, else in a temporary file.

use std::{
    fs::File,
    io::{Cursor, Read, Write},
};

use sha2::{Digest, Sha256};
use tempfile::{NamedTempFile, TempPath};

/// Bytes that are held in memory.
const IN_MEMORY: usize = 1 << 20;

/// The bytes of an object.
#[derive(Debug)]
pub enum Body {
    /// In memory.
    Bytes(Vec<u8>),
    /// In a temporary file, which goes with this value.
    File(TempPath, u64),
}

impl Body {
    /// How many bytes.
    #[must_use]
    pub fn len(&self) -> u64 {
        match self {
            Self::Bytes(bytes) => bytes.len() as u64,
            Self::File(_, length) => *length,
        }
    }

    /// Whether there are none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Reads them from the first; what held them goes with the reader.
    ///
    /// # Errors
    /// When the file cannot be opened.
    pub fn into_reader(self) -> std::io::Result<BodyReader> {
        Ok(match self {
            Self::Bytes(bytes) => BodyReader { bytes: Box::new(Cursor::new(bytes)), _file: None },
            Self::File(path, _) => BodyReader { bytes: Box::new(File::open(&path)?), _file: Some(path) },
        })
    }
}

/// Reads the bytes of an object.
pub struct BodyReader {
    bytes: Box<dyn Read + Send>,
    _file: Option<TempPath>,
}

impl Read for BodyReader {
    fn read(&mut self, into: &mut [u8]) -> std::io::Result<usize> {
        self.bytes.read(into)
    }
}

/// Takes the bytes of an object, counts and digests them.
#[derive(Debug)]
pub struct BodyWriter {
    memory: Vec<u8>,
    file: Option<NamedTempFile>,
    written: u64,
    digest: Sha256,
}

impl Default for BodyWriter {
    fn default() -> Self {
        Self { memory: Vec::new(), file: None, written: 0, digest: Sha256::new() }
    }
}

impl BodyWriter {
    /// The bytes and their SHA-256 in hexadecimal.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self) -> std::io::Result<(Body, String)> {
        let sha256 = hex::encode(self.digest.finalize());
        let body = match self.file.take() {
            None => Body::Bytes(self.memory),
            Some(mut file) => {
                file.write_all(&self.memory)?;
                Body::File(file.into_temp_path(), self.written)
            }
        };
        Ok((body, sha256))
    }
}

impl Write for BodyWriter {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        if self.memory.len() + bytes.len() > IN_MEMORY {
            let file = match &mut self.file {
                Some(file) => file,
                empty => empty.insert(NamedTempFile::new()?),
            };
            file.write_all(&self.memory)?;
            self.memory.clear();
            if bytes.len() > IN_MEMORY {
                file.write_all(bytes)?;
            } else {
                self.memory.extend_from_slice(bytes);
            }
        } else {
            self.memory.extend_from_slice(bytes);
        }
        self.digest.update(bytes);
        self.written += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn many_bytes_go_into_a_file_and_come_back_whole() {
        for (pieces, in_file) in [(3, false), (5_000, true)] {
            let mut writer = BodyWriter::default();
            let mut all = Vec::new();
            for n in 0..pieces {
                let piece = format!("{n},").repeat(100);
                writer.write_all(piece.as_bytes()).unwrap();
                all.extend_from_slice(piece.as_bytes());
            }
            let (body, sha256) = writer.finish().unwrap();
            assert_eq!((matches!(body, Body::File(..)), body.len()), (in_file, all.len() as u64));
            let mut read = Vec::new();
            body.into_reader().unwrap().read_to_end(&mut read).unwrap();
            assert!(read == all);
            assert_eq!(sha256, hex::encode(Sha256::digest(&all)));
        }
        let mut writer = BodyWriter::default();
        writer.write_all(&vec![7; 3 << 20]).unwrap();
        assert_eq!(writer.finish().unwrap().0.len(), 3 << 20);
    }
}
