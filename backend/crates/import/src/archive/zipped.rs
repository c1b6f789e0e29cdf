//! Zip files: the directory at their end tells all names and sizes, so that nothing is inflated in vain.

use std::{fs::File, io::BufReader, path::Path};

use pulsekeep_core::{EpochMs, time::local_ms};
use zip::{ZipArchive, result::ZipError};

use super::{Archive, Place, SMALL};
use crate::names::{self, Class};

/// Why a zip file or an entry cannot be read.
pub(super) fn sentence(error: &ZipError) -> String {
    match error {
        ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED) => "it is locked by a password".to_owned(),
        ZipError::UnsupportedArchive(_) => "it is packed in a way that is not read".to_owned(),
        ZipError::InvalidArchive(_) => "it is cut off or damaged; download it again".to_owned(),
        ZipError::Io(error) => error.to_string(),
        _ => "it cannot be read".to_owned(),
    }
}

/// What one entry's directory row says.
struct Found {
    path: String,
    bytes: u64,
    packed: u64,
    sum: u32,
    is_locked: bool,
    is_link: bool,
    is_folder: bool,
    made_at: Option<EpochMs>,
}

fn found(zip: &mut ZipArchive<BufReader<File>>, index: usize) -> Result<Found, ZipError> {
    let file = zip.by_index_raw(index)?;
    let clock = file.last_modified().and_then(|at| {
        let date = jiff::civil::Date::new(
            i16::try_from(at.year()).ok()?,
            i8::try_from(at.month()).ok()?,
            i8::try_from(at.day()).ok()?,
        );
        let (hour, minute) = (i8::try_from(at.hour()).ok()?, i8::try_from(at.minute()).ok()?);
        // Tools that date nothing write 1980.
        let date = date.ok().filter(|date| date.year() > 2008 && hour < 24 && minute < 60)?;
        Some(EpochMs(local_ms(date.at(hour, minute, 0, 0))))
    });
    Ok(Found {
        path: file.name().to_owned(),
        bytes: file.size(),
        packed: file.compressed_size(),
        sum: file.crc32(),
        is_locked: file.encrypted(),
        is_link: file.is_symlink(),
        is_folder: file.is_dir(),
        made_at: clock,
    })
}

impl Archive {
    pub(super) fn add_zip(&mut self, path: &Path, name: &str) {
        let opened =
            File::open(path).map_err(ZipError::Io).and_then(|file| ZipArchive::new(BufReader::new(file)));
        let mut zip = match opened {
            Ok(zip) => zip,
            Err(error) => return self.problem(name, sentence(&error)),
        };
        let part = self.zips.len();
        for index in 0..zip.len() {
            if self.entries.len() >= self.limits.files {
                self.problem(name, "it has more files than are allowed");
                break;
            }
            match found(&mut zip, index) {
                Ok(entry) if entry.is_folder => {}
                Ok(entry) => self.add_entry(part, index, &entry),
                Err(error) => self.problem(name, format!("entry {index}: {}", sentence(&error))),
            }
        }
        self.zips.push(zip);
    }

    fn add_entry(&mut self, part: usize, index: usize, entry: &Found) {
        let base = names::base_of(&entry.path);
        if !names::is_honest(&entry.path) || entry.is_link {
            return self.problem(&base, "it has a name that leads out of the archive; refused");
        }
        let Some(class) = self.admit(&entry.path, entry.bytes) else { return };
        if entry.is_locked {
            return self.problem(&base, "it is locked by a password");
        }
        let is_bomb = entry.bytes > SMALL && entry.bytes / entry.packed.max(1) > self.limits.ratio;
        let is_long =
            entry.bytes > self.limits.file_bytes || self.inflated + entry.bytes > self.limits.total_bytes;
        if (is_bomb || is_long) && class != Class::Unknown {
            return self.problem(&base, crate::guard::TOO_LONG);
        }
        self.inflated += entry.bytes;
        // Takeout dates its files by the export; older archives by nothing that is later.
        self.exported_at = self.exported_at.max(entry.made_at);
        self.put(&entry.path, class, (entry.bytes, entry.sum), Place::Zip { part, index });
    }
}
