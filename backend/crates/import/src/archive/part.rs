//! Telling what kind of file a part is.

use std::{fs::File, io::Read as _, path::Path};

use super::Archive;
use crate::ImportError;

/// The file name of a part.
pub(super) fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

impl Archive {
    /// Adds a part by its first bytes, whatever its name.
    pub(super) fn add_file(&mut self, path: &Path, name: &str) -> Result<(), ImportError> {
        let failed = |source| ImportError::Io { file: name.to_owned(), source };
        let mut start = [0; 4];
        let mut file = File::open(path).map_err(failed)?;
        let read = file.read(&mut start).map_err(failed)?;
        self.parts += 1;
        match &start[..read] {
            [b'P', b'K', ..] => self.add_zip(path, name),
            [0x1f, 0x8b, ..] => self.add_tarball(path, name).map_err(failed)?,
            _ => self.problem(name, "it is neither a zip file nor a tar.gz file"),
        }
        Ok(())
    }
}
