//! Zip files, tar.gz files and folders as one export: what is in them, and a reader for each file that is wanted.

mod folder;
mod part;
mod tarball;
mod zipped;

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::File,
    io::{self, BufReader, Read, Seek, SeekFrom},
    path::{Path, PathBuf},
};

use jiff::civil::DateTime;
use pulsekeep_core::{EpochMs, time::local_ms};
use sha2::{Digest as _, Sha256};
use zip::ZipArchive;

use crate::{
    IMPORTER_VERSION, ImportError,
    guard::{Guard, Stretch},
    names::{self, Class},
    report::Problem,
};

/// What an archive may cost.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes that one file may inflate to.
    pub file_bytes: u64,
    /// Bytes that all files together may inflate to.
    pub total_bytes: u64,
    /// Files.
    pub files: usize,
    /// How many times its packed size a file above 64 MiB may inflate to.
    pub ratio: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { file_bytes: 2 << 30, total_bytes: 256 << 30, files: 2_000_000, ratio: 100 }
    }
}

/// Files below this may be packed as well as they like.
const SMALL: u64 = 64 << 20;
/// Files that are held in memory as a whole: sleep, exercises, the profile.
pub(crate) const WHOLE_FILE: u64 = 64 << 20;

/// Where the bytes of an entry are.
#[derive(Debug)]
enum Place {
    /// An entry of the zip file of a part.
    Zip { part: usize, index: usize },
    /// A stretch of the spool, packed.
    Spool { start: u64, length: u64 },
    /// A file of a folder.
    File(PathBuf),
}

/// A file of an archive that may be read.
#[derive(Debug)]
pub(crate) struct Entry {
    /// Its name without folders.
    pub(crate) base: String,
    /// Where it lies, for telling copies.
    folder: String,
    pub(crate) class: Class,
    /// Bytes, unpacked.
    pub(crate) bytes: u64,
    /// CRC-32 of the content.
    sum: u32,
    place: Place,
}

/// What an archive holds, apart from the wanted files.
#[derive(Debug, Default)]
pub(crate) struct Rest {
    /// Files by what they are.
    pub(crate) counts: BTreeMap<&'static str, u64>,
    /// Bytes of files that are never inflated.
    pub(crate) skipped_bytes: u64,
    /// Base names that are not known.
    pub(crate) unknown: BTreeSet<String>,
    /// Whether a folder of Google Fit was seen.
    google_fit: bool,
    /// People that folders are named after.
    people: BTreeSet<String>,
}

/// An opened export.
#[derive(Debug)]
pub struct Archive {
    zips: Vec<ZipArchive<BufReader<File>>>,
    spool: Option<File>,
    pub(crate) entries: Vec<Entry>,
    pub(crate) rest: Rest,
    pub(crate) problems: Vec<Problem>,
    pub(crate) limits: Limits,
    pub(crate) parts: usize,
    pub(crate) bytes: u64,
    pub(crate) digest: [u8; 32],
    pub(crate) exported_at: Option<EpochMs>,
    inflated: u64,
}

/// When an export was made, by the name of a part: `takeout-20260310T172133Z-3-001.zip`.
fn stamp_of(name: &str) -> Option<&str> {
    name.strip_prefix("takeout-")?.split('-').next().filter(|stamp| stamp.len() == 16 && stamp.ends_with('Z'))
}

fn instant_of(stamp: &str) -> Option<EpochMs> {
    let clock = DateTime::strptime("%Y%m%dT%H%M%SZ", stamp).ok()?;
    Some(EpochMs(local_ms(clock)))
}

impl Archive {
    /// Opens all parts of one export, in any order. Parts and files that cannot be read are noted and left out.
    ///
    /// # Errors
    /// When no part can be read, they are of several people or exports, or nothing in them is of Fitbit.
    pub fn open(parts: &[PathBuf], limits: Limits) -> Result<Self, ImportError> {
        let mut archive = Self {
            zips: Vec::new(),
            spool: None,
            entries: Vec::new(),
            rest: Rest::default(),
            problems: Vec::new(),
            limits,
            parts: 0,
            bytes: 0,
            digest: [0; 32],
            exported_at: None,
            inflated: 0,
        };
        let mut stamps = BTreeSet::new();
        let mut sums = BTreeSet::new();
        for path in parts {
            let name = part::name_of(path);
            if let Some(stamp) = stamp_of(&name) {
                stamps.insert(stamp.to_owned());
            }
            if path.is_dir() {
                sums.insert(archive.add_folder(path)?);
            } else if sums.insert(archive.sum_of(path)?) {
                archive.add_file(path, &name)?;
            }
        }
        if stamps.len() > 1 {
            return Err(ImportError::SeveralExports(stamps.len()));
        }
        archive.exported_at = stamps.first().and_then(|stamp| instant_of(stamp)).or(archive.exported_at);
        let mut digest = Sha256::new();
        digest.update([IMPORTER_VERSION]);
        sums.iter().for_each(|sum| digest.update(sum));
        archive.digest = digest.finalize().into();
        archive.leave_copies_out();
        archive.judge()?;
        Ok(archive)
    }

    fn judge(&self) -> Result<(), ImportError> {
        let profiles = self.entries.iter().filter(|entry| entry.class == Class::Profile);
        let profiles: BTreeSet<(u64, u32)> = profiles.map(|entry| (entry.bytes, entry.sum)).collect();
        let people = profiles.len().max(self.rest.people.len());
        if people > 1 {
            return Err(ImportError::MixedPeople(people));
        }
        let is_known = |entry: &Entry| !matches!(entry.class, Class::Unknown | Class::Profile);
        if self.entries.iter().any(is_known) {
            return Ok(());
        }
        let files = self.rest.counts.values().sum::<u64>();
        Err(match self.problems.first() {
            Some(problem) if files == 0 => {
                ImportError::NoArchive(format!("{}: {}", problem.file, problem.why))
            }
            _ if self.rest.google_fit => ImportError::WrongProduct("Google Fit"),
            _ => ImportError::NothingKnown(usize::try_from(files).unwrap_or(usize::MAX)),
        })
    }

    /// The same file may stand under both roots, or in two parts.
    fn leave_copies_out(&mut self) {
        let mut seen = BTreeSet::new();
        self.entries
            .retain(|entry| seen.insert((entry.base.clone(), entry.folder.clone(), entry.bytes, entry.sum)));
        // The order of a plan, and of all that follows from it, is that of names.
        self.entries.sort_by(|a, b| (&a.base, &a.folder).cmp(&(&b.base, &b.folder)));
    }

    /// Notes an entry of this name; whether it is to be read. What is private or useless is counted and left.
    fn admit(&mut self, path: &str, bytes: u64) -> Option<Class> {
        let mut folders = path.split(['/', '\\']).peekable();
        while let Some(folder) = folders.next() {
            if folder == "Fit" {
                self.rest.google_fit = true;
            }
            if folder == "MyFitbitData"
                && let Some(person) = folders.next()
                && folders.peek().is_some()
            {
                self.rest.people.insert(person.to_owned());
            }
        }
        let class = names::classify(path);
        let word = match class {
            Class::Private => "private",
            Class::Bulk => "bulk",
            Class::Text => "text",
            Class::NotImported => "not imported",
            Class::Selection => "selection",
            Class::Unknown => "unknown",
            _ => "wanted",
        };
        *self.rest.counts.entry(word).or_default() += 1;
        let base = names::base_of(path);
        match class {
            Class::Private | Class::Bulk | Class::Text | Class::NotImported => {
                self.rest.skipped_bytes += bytes;
                return None;
            }
            Class::Selection => {
                let why = "it is a selection of days from fitbit.com, whose clock and date order are not told; \
                           use the full archive";
                self.problem(&base, why);
                return None;
            }
            Class::Unknown if !base.to_ascii_lowercase().ends_with(".csv") => {
                self.rest.skipped_bytes += bytes;
                self.unknown(base);
                return None;
            }
            _ => {}
        }
        Some(class)
    }

    pub(crate) fn unknown(&mut self, base: String) {
        if self.rest.unknown.len() < 100 {
            self.rest.unknown.insert(base);
        }
    }

    fn problem(&mut self, file: &str, why: impl Into<String>) {
        self.problems.push(Problem { file: file.to_owned(), why: why.into() });
    }

    fn put(&mut self, path: &str, class: Class, (bytes, sum): (u64, u32), place: Place) {
        let folder = path.rsplit(['/', '\\']).nth(1).map(names::normal).unwrap_or_default();
        self.entries.push(Entry { base: names::base_of(path), folder, class, bytes, sum, place });
    }

    /// Reads an entry from its beginning. The reader stops at the limits; the error says why.
    pub(crate) fn with<T>(
        &mut self,
        index: usize,
        read: impl FnOnce(&mut dyn Read) -> Result<T, String>,
    ) -> Result<T, String> {
        let entry = &self.entries[index];
        let stretch = if entry.base.ends_with("json") { Stretch::Word } else { Stretch::Line };
        let at_most = match entry.class {
            Class::Values(_) | Class::Unknown => self.limits.file_bytes,
            _ => WHOLE_FILE,
        };
        let told = |error: io::Error| error.to_string();
        match &entry.place {
            Place::Zip { part, index } => {
                let (part, index) = (*part, *index);
                let zip = self.zips.get_mut(part).ok_or("its part is gone")?;
                let file = zip.by_index(index).map_err(|error| zipped::sentence(&error))?;
                let mut guard = Guard::new(file, at_most, stretch);
                let answer = read(&mut guard)?;
                // Whatever the parser left is read too: only its end proves the sum.
                io::copy(&mut guard, &mut io::sink()).map_err(told)?;
                Ok(answer)
            }
            Place::Spool { start, length } => {
                let mut spool = self.spool.as_ref().ok_or("the spool is gone")?;
                spool.seek(SeekFrom::Start(*start)).map_err(told)?;
                let packed = zstd::Decoder::new(spool.take(*length)).map_err(told)?;
                read(&mut Guard::new(packed, at_most, stretch))
            }
            Place::File(path) => {
                let file = File::open(path).map_err(told)?;
                read(&mut Guard::new(BufReader::new(file), at_most, stretch))
            }
        }
    }

    /// Reads a file as a whole, for kinds that are small.
    pub(crate) fn bytes_of(&mut self, index: usize) -> Result<Vec<u8>, String> {
        self.with(index, |reader| {
            let mut bytes = Vec::new();
            reader.take(WHOLE_FILE).read_to_end(&mut bytes).map_err(|error| error.to_string())?;
            Ok(bytes)
        })
    }

    /// SHA-256 of a part.
    fn sum_of(&mut self, path: &Path) -> Result<[u8; 32], ImportError> {
        let failed = |source| ImportError::Io { file: part::name_of(path), source };
        let mut file = File::open(path).map_err(failed)?;
        let mut sum = Sha256::new();
        self.bytes += io::copy(&mut file, &mut sum).map_err(failed)?;
        Ok(sum.finalize().into())
    }
}
