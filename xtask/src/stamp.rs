//! Content stamps: a step whose inputs have not changed since it last succeeded is not repeated.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

/// The names below which nothing is an input: what builds write, and what editors keep.
const NOT_INPUT: [&str; 5] = ["target", "dist", "node_modules", "vendor", "test-results"];

/// A digest over named inputs.
pub(crate) struct Inputs {
    hash: Sha256,
}

impl Inputs {
    pub(crate) fn new(version: &str) -> Self {
        Self { hash: Sha256::new_with_prefix(version) }
    }

    /// Adds a file, or every file below a folder. What does not exist counts as absent.
    pub(crate) fn add(mut self, path: &Path) -> Result<Self> {
        let mut files = Vec::new();
        collect(path, &mut files)?;
        files.sort();
        for file in files {
            let content = fs::read(&file).with_context(|| format!("reading {}", file.display()))?;
            self.hash.update(file.to_string_lossy().as_bytes());
            self.hash.update(content.len().to_le_bytes());
            self.hash.update(&content);
        }
        Ok(self)
    }

    pub(crate) fn digest(self) -> String {
        hex(&self.hash.finalize())
    }
}

/// SHA-256 in hexadecimal.
pub(crate) fn sha256(content: &[u8]) -> String {
    hex(&Sha256::digest(content))
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn collect(path: &Path, files: &mut Vec<PathBuf>) -> Result<()> {
    if path.is_file() {
        files.push(path.to_owned());
    }
    if !path.is_dir() {
        return Ok(());
    }
    for entry in fs::read_dir(path).with_context(|| format!("reading {}", path.display()))? {
        let entry = entry?;
        let name = entry.file_name();
        let name = name.to_string_lossy();
        if !name.starts_with('.') && !NOT_INPUT.contains(&&*name) {
            collect(&entry.path(), files)?;
        }
    }
    Ok(())
}

/// Whether the step that keeps its stamp in `file` last succeeded with these inputs.
pub(crate) fn is_fresh(file: &Path, digest: &str) -> bool {
    fs::read_to_string(file).is_ok_and(|kept| kept == digest)
}

/// Forgets a stamp, before the step begins to change what it stands for.
pub(crate) fn forget(file: &Path) -> Result<()> {
    match fs::remove_file(file) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
        _ => Ok(()),
    }
}

/// Remembers that the step succeeded with these inputs.
pub(crate) fn keep(file: &Path, digest: &str) -> Result<()> {
    fs::write(file, digest).with_context(|| format!("writing {}", file.display()))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{Inputs, forget, is_fresh, keep, sha256};

    #[test]
    fn a_changed_file_changes_the_digest_and_a_built_one_does_not() {
        let dir = std::env::temp_dir().join(format!("xtask-stamp-{}", std::process::id()));
        fs::create_dir_all(dir.join("dist")).unwrap();
        fs::write(dir.join("a"), "1").unwrap();
        let digest = || Inputs::new("v1").add(&dir).unwrap().digest();
        let before = digest();
        fs::write(dir.join("dist/out"), "built").unwrap();
        assert_eq!(digest(), before);
        fs::write(dir.join("a"), "2").unwrap();
        assert_ne!(digest(), before);

        let stamp = dir.join("stamp");
        assert!(!is_fresh(&stamp, "x"));
        keep(&stamp, "x").unwrap();
        assert!(is_fresh(&stamp, "x") && !is_fresh(&stamp, "y"));
        forget(&stamp).unwrap();
        forget(&stamp).unwrap();
        assert!(!is_fresh(&stamp, "x"));
        fs::remove_dir_all(&dir).unwrap();
    }

    #[test]
    fn digests_are_sha256() {
        assert_eq!(sha256(b""), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    }
}
