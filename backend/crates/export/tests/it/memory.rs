//! A sink in memory that can be cut off between any two steps.

use std::{
    collections::BTreeMap,
    io::Read as _,
    sync::{
        Arc, Mutex,
        atomic::{AtomicI64, Ordering},
    },
};

use async_trait::async_trait;
use pulsekeep_export::target::{Body, ObjectKey, ObjectSink, SinkFailure};
use tokio_util::sync::CancellationToken;

/// Holds objects until it is dropped.
#[derive(Debug)]
pub(crate) struct Memory {
    objects: Mutex<BTreeMap<String, Vec<u8>>>,
    /// Keys that were put, in order.
    puts: Mutex<Vec<String>>,
    /// Steps until the process is gone; below zero it lives for ever.
    left: AtomicI64,
    /// Whether the last step was done, and only nobody was told.
    is_done: bool,
}

impl Memory {
    pub(crate) fn new() -> Arc<Self> {
        Self::with(BTreeMap::new(), -1, false)
    }

    /// With these objects; after `steps` steps it does nothing any more.
    pub(crate) fn with(objects: BTreeMap<String, Vec<u8>>, steps: i64, is_done: bool) -> Arc<Self> {
        let objects = Mutex::new(objects);
        Arc::new(Self { objects, puts: Mutex::default(), left: AtomicI64::new(steps), is_done })
    }

    pub(crate) fn files(&self) -> BTreeMap<String, Vec<u8>> {
        self.objects.lock().unwrap().clone()
    }

    /// What was put since this was last asked, sorted.
    pub(crate) fn take_puts(&self) -> Vec<String> {
        let mut puts = std::mem::take(&mut *self.puts.lock().unwrap());
        puts.sort();
        puts
    }

    /// Whether it was cut off.
    pub(crate) fn is_gone(&self) -> bool {
        self.left.load(Ordering::SeqCst) == 0
    }

    fn step<T>(&self, work: impl FnOnce() -> T) -> Result<T, SinkFailure> {
        let gone = || SinkFailure::passing("the process is gone");
        let before = self.left.load(Ordering::SeqCst);
        self.left.store(if before > 0 { before - 1 } else { before }, Ordering::SeqCst);
        match before {
            0 => Err(gone()),
            1 => {
                if self.is_done {
                    work();
                }
                Err(gone())
            }
            _ => Ok(work()),
        }
    }
}

#[async_trait]
impl ObjectSink for Memory {
    async fn prepare(&self) -> Result<(), SinkFailure> {
        self.step(|| ())
    }

    async fn put(&self, key: &ObjectKey, body: &Body, _: &CancellationToken) -> Result<(), SinkFailure> {
        let bytes = match body {
            Body::Bytes(bytes) => bytes.clone(),
            Body::File(path, _) => std::fs::read(path).unwrap(),
        };
        self.step(|| {
            self.objects.lock().unwrap().insert(key.to_string(), bytes);
            self.puts.lock().unwrap().push(key.to_string());
        })
    }

    async fn get(&self, key: &ObjectKey) -> Result<Option<Body>, SinkFailure> {
        self.step(|| self.objects.lock().unwrap().get(key.as_str()).cloned().map(Body::Bytes))
    }

    async fn delete(&self, key: &ObjectKey) -> Result<(), SinkFailure> {
        self.step(|| drop(self.objects.lock().unwrap().remove(key.as_str())))
    }
}

/// The bytes of a body.
pub(crate) fn bytes_of(body: Body) -> Vec<u8> {
    let mut bytes = Vec::new();
    body.into_reader().unwrap().read_to_end(&mut bytes).unwrap();
    bytes
}
