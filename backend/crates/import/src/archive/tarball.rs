//! tar.gz files can only be read from front to back: what is wanted of them goes, packed, into a temporary file without a
//! name; everything else is passed over.

use std::{
    fs::File,
    io::{self, BufReader, Read, Seek as _, SeekFrom, Write},
    path::Path,
};

use flate2::{Crc, bufread::MultiGzDecoder};
use pulsekeep_core::EpochMs;
use tar::{Archive as Tar, EntryType};

use super::{Archive, Place};
use crate::{
    guard::TOO_LONG,
    names::{self, Class},
};

/// Counts and sums what is written.
struct Summed<W> {
    inner: W,
    sum: Crc,
}

impl<W: Write> Write for Summed<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.inner.write(bytes)?;
        self.sum.update(&bytes[..n]);
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

/// An error of reading the part, not of writing the spool.
enum Broken {
    Part,
    Spool(io::Error),
}

impl Archive {
    /// # Errors
    /// When the temporary file cannot be written.
    pub(super) fn add_tarball(&mut self, path: &Path, name: &str) -> io::Result<()> {
        let unpacked = MultiGzDecoder::new(BufReader::with_capacity(1 << 16, File::open(path)?));
        // What is passed over is inflated all the same.
        let mut tar = Tar::new(unpacked.take(self.limits.total_bytes));
        let Ok(entries) = tar.entries() else {
            self.problem(name, "it is no tar file");
            return Ok(());
        };
        let mut files = 0_usize;
        for entry in entries {
            let outcome = match entry {
                Ok(entry) => self.spool(entry, name),
                Err(_) => Err(Broken::Part),
            };
            match outcome {
                Ok(()) => files += 1,
                Err(Broken::Spool(error)) => return Err(error),
                Err(Broken::Part) => {
                    self.problem(
                        name,
                        format!("it is cut off or damaged after {files} files; download it again"),
                    );
                    return Ok(());
                }
            }
            if files >= self.limits.files {
                self.problem(name, "it has more files than are allowed");
                return Ok(());
            }
        }
        Ok(())
    }

    fn spool<R: Read>(&mut self, mut entry: tar::Entry<'_, R>, part: &str) -> Result<(), Broken> {
        let path = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        let base = names::base_of(&path);
        let kind = entry.header().entry_type();
        if kind == EntryType::Directory || kind.is_pax_global_extensions() {
            return Ok(());
        }
        if !names::is_honest(&path) || !matches!(kind, EntryType::Regular | EntryType::Continuous) {
            self.problem(&base, "it has a name that leads out of the archive, or is a link; refused");
            return Ok(());
        }
        let bytes = entry.size();
        let Some(class) = self.admit(&path, bytes) else { return Ok(()) };
        if class == Class::Unknown && bytes > super::WHOLE_FILE {
            self.unknown(base);
            return Ok(());
        }
        if bytes > self.limits.file_bytes || self.inflated + bytes > self.limits.total_bytes {
            self.problem(&base, TOO_LONG);
            return Ok(());
        }
        self.inflated += bytes;
        let made = entry.header().mtime().ok().and_then(|second| i64::try_from(second).ok());
        self.exported_at = self
            .exported_at
            .max(made.filter(|second| *second > 1_230_768_000).map(|second| EpochMs(second * 1000)));
        if self.spool.is_none() {
            self.spool = Some(tempfile::tempfile().map_err(Broken::Spool)?);
        }
        let Some(spool) = self.spool.as_mut() else { return Ok(()) };
        let start = spool.seek(SeekFrom::End(0)).map_err(Broken::Spool)?;
        let packed = zstd::Encoder::new(&mut *spool, 1).map_err(Broken::Spool)?;
        let mut out = Summed { inner: packed, sum: Crc::new() };
        let mut buffer = vec![0; 1 << 16];
        let mut read = 0;
        loop {
            let n = entry.read(&mut buffer).map_err(|_| Broken::Part)?;
            if n == 0 {
                break;
            }
            read += n as u64;
            out.write_all(&buffer[..n]).map_err(Broken::Spool)?;
        }
        let sum = out.sum.sum();
        out.inner.finish().map_err(Broken::Spool)?;
        if read != bytes {
            tracing::debug!(part, "a file of a tar.gz is shorter than its head says");
            return Err(Broken::Part);
        }
        let length = spool.stream_position().map_err(Broken::Spool)? - start;
        self.put(&path, class, (bytes, sum), Place::Spool { start, length });
        Ok(())
    }
}
