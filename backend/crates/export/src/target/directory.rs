//! A directory as sink. An object is written beside, made durable, and then renamed to its place.

use std::{
    fs::{self, DirBuilder, File, OpenOptions},
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use async_trait::async_trait;
use sha2::{Digest as _, Sha256};
use tokio_util::sync::CancellationToken;

use super::{Body, BodyWriter, ObjectKey, ObjectSink, SinkFailure};

/// Where objects are written before they are renamed. No key begins with a dot.
const UNFINISHED: &str = ".unfinished";

/// A directory. Folders and files are readable by their owner alone.
#[derive(Debug, Clone)]
pub struct DirectorySink {
    root: PathBuf,
}

impl DirectorySink {
    /// A sink at `root`, which is made when it is first used.
    #[must_use]
    pub fn new(root: PathBuf) -> Self {
        Self { root }
    }

    fn path(&self, key: &ObjectKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn failure(&self, error: &io::Error) -> SinkFailure {
        let root = self.root.display();
        match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => SinkFailure::passing(format!(
                "the disk of the export directory {root} is full; make room there, and the export goes on"
            )),
            ErrorKind::PermissionDenied => SinkFailure::lasting(format!(
                "the export directory {root} cannot be written; give the user that Pulsekeep runs as the right to, or \
                 set EXPORT__DIRECTORY to another one"
            )),
            ErrorKind::ReadOnlyFilesystem => SinkFailure::lasting(format!(
                "the export directory {root} lies on a file system that is mounted read-only; mount it for writing, or set \
                 EXPORT__DIRECTORY to another one"
            )),
            ErrorKind::NotADirectory | ErrorKind::AlreadyExists => SinkFailure::lasting(format!(
                "the export directory {root}, or a folder in it, is a file; move it away, or set EXPORT__DIRECTORY to \
                 another one"
            )),
            _ => SinkFailure::passing(format!("the export directory {root} could not be used: {error}")),
        }
    }

    /// Runs blocking work off the threads that wait for others.
    async fn blocking<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> Result<T, SinkFailure> {
        match tokio::task::spawn_blocking(work).await {
            Ok(outcome) => outcome.map_err(|error| self.failure(&error)),
            Err(_) => Err(SinkFailure::passing("a thread that writes files broke down")),
        }
    }
}

fn make_folder(path: &Path) -> io::Result<()> {
    let mut make = DirBuilder::new();
    make.recursive(true);
    // What is exported is health data: nobody else on the machine reads it unless somebody lets them.
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut make, 0o700);
    make.create(path)
}

fn new_file(path: &Path) -> io::Result<File> {
    let mut options = OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options.open(path)
}

fn sync_folder(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// `None` for what is not there.
fn found<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        other => other.map(Some),
    }
}

#[async_trait]
impl ObjectSink for DirectorySink {
    async fn prepare(&self) -> Result<(), SinkFailure> {
        let (root, unfinished) = (self.root.clone(), self.root.join(UNFINISHED));
        self.blocking(move || {
            make_folder(&root)?;
            found(fs::remove_dir_all(&unfinished))?;
            make_folder(&unfinished)
        })
        .await
    }

    async fn put(&self, key: &ObjectKey, body: &Body, stop: &CancellationToken) -> Result<(), SinkFailure> {
        if stop.is_cancelled() {
            return Err(SinkFailure::stopped());
        }
        let path = self.path(key);
        // Two keys are never written under one name.
        let unfinished = self.root.join(UNFINISHED).join(hex::encode(Sha256::digest(key.as_str())));
        let source = match body {
            Body::Bytes(bytes) => Ok(bytes.clone()),
            Body::File(path, _) => Err(path.to_path_buf()),
        };
        self.blocking(move || {
            let folder = path.parent().unwrap_or(&path);
            make_folder(folder)?;
            let mut file = new_file(&unfinished)?;
            match source {
                Ok(bytes) => io::Write::write_all(&mut file, &bytes)?,
                Err(path) => io::copy(&mut File::open(path)?, &mut file).map(drop)?,
            }
            file.sync_all()?;
            fs::rename(&unfinished, &path)?;
            sync_folder(folder)
        })
        .await
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Body>, SinkFailure> {
        let path = self.path(key);
        self.blocking(move || {
            let Some(mut file) = found(File::open(path))? else { return Ok(None) };
            let mut copy = BodyWriter::default();
            io::copy(&mut file, &mut copy)?;
            Ok(Some(copy.finish()?.0))
        })
        .await
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), SinkFailure> {
        let (path, root) = (self.path(key), self.root.clone());
        self.blocking(move || {
            if found(fs::remove_file(&path))?.is_none() {
                return Ok(());
            }
            // Folders go with their last file; one that has others stays, and says so by an error.
            let folders = path.ancestors().skip(1).take_while(|folder| *folder != root);
            let gone = folders.take_while(|folder| fs::remove_dir(folder).is_ok()).count();
            path.ancestors().nth(gone + 1).map_or(Ok(()), sync_folder)
        })
        .await
    }
}
