//! An archive that somebody has unpacked already. Links are not followed.

use std::{
    fs::{self, File},
    io::{self, Read as _},
    path::Path,
};

use flate2::Crc;
use sha2::{Digest as _, Sha256};

use super::{Archive, Place, part::name_of};
use crate::ImportError;

impl Archive {
    /// Adds all files below a folder; returns a sum over what is wanted of them.
    pub(super) fn add_folder(&mut self, root: &Path) -> Result<[u8; 32], ImportError> {
        let failed = |source| ImportError::Io { file: name_of(root), source };
        self.parts += 1;
        let mut left = vec![root.to_owned()];
        let mut sums: Vec<(String, [u8; 32])> = Vec::new();
        while let Some(folder) = left.pop() {
            for entry in fs::read_dir(&folder).map_err(failed)? {
                let entry = entry.map_err(failed)?;
                let kind = entry.file_type().map_err(failed)?;
                if kind.is_dir() {
                    left.push(entry.path());
                }
                if !kind.is_file() {
                    continue;
                }
                let path = entry.path();
                let inside = path.strip_prefix(root).unwrap_or(&path).to_string_lossy().into_owned();
                let bytes = entry.metadata().map_err(failed)?.len();
                let Some(class) = self.admit(&inside, bytes) else { continue };
                if bytes > self.limits.file_bytes {
                    self.problem(&crate::names::base_of(&inside), crate::guard::TOO_LONG);
                    continue;
                }
                let (sha, sum) = sums_of(&path).map_err(failed)?;
                self.bytes += bytes;
                self.put(&inside, class, (bytes, sum), Place::File(path));
                sums.push((inside, sha));
            }
        }
        sums.sort_unstable();
        let mut digest = Sha256::new();
        for (name, sum) in &sums {
            digest.update(name.as_bytes());
            digest.update(sum);
        }
        Ok(digest.finalize().into())
    }
}

fn sums_of(path: &Path) -> io::Result<([u8; 32], u32)> {
    let (mut sha, mut crc) = (Sha256::new(), Crc::new());
    let mut file = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let n = file.read(&mut buffer)?;
        if n == 0 {
            return Ok((sha.finalize().into(), crc.sum()));
        }
        sha.update(&buffer[..n]);
        crc.update(&buffer[..n]);
    }
}
