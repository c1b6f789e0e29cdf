//! What lies beside the objects: the manifest of the last finished generation, and while the next one is made, what is
//! being replaced.

use std::collections::{BTreeMap, HashMap};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{
    GenerationError,
    listing::{ListReader, ListWriter, ListingError},
};
use crate::target::{Body, ObjectKey, ObjectSink};

/// The form of these files.
const FORMAT: u32 = 1;

/// An object of a generation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestObject {
    /// Its key.
    pub key: ObjectKey,
    /// The person's code or pseudonym.
    pub user: String,
    /// The dataset.
    pub dataset: String,
    /// `csv` or `parquet`.
    pub format: String,
    /// The first day of its period.
    pub from: Date,
    /// The last day of its period.
    pub to: Date,
    /// Rows.
    pub rows: u64,
    /// Bytes.
    pub bytes: u64,
    /// SHA-256 of the bytes in hexadecimal.
    pub sha256: String,
    /// Stands for the data that it was made of.
    pub version: String,
    /// How many of its days are in which state of coverage.
    pub coverage: BTreeMap<String, u32>,
}

/// The head of the manifest.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestHeader {
    /// The form of the file.
    pub format: u32,
    /// The generation that it describes.
    pub generation: String,
    /// When it was finished.
    pub written_at: String,
    /// Whether people stand in it under pseudonyms.
    pub deidentified: bool,
}

/// What a generation adds up to.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestTotal {
    /// Objects.
    pub objects: u64,
    /// Their rows.
    pub rows: u64,
    /// Their bytes.
    pub bytes: u64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct ProgressHeader {
    format: u32,
    pub(super) generation: String,
    started_at: String,
    deidentified: bool,
    /// Generations before this one that were broken off, and whose notes may still lie there.
    pub(super) earlier: Vec<String>,
}

/// What is done to an object while a generation is made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Step {
    /// It is put, or was put since the manifest was written.
    Replace(ObjectKey),
    /// It goes once the manifest is written.
    Remove(ObjectKey),
    /// It was put by a generation that was broken off, and can stay.
    Done(ManifestObject),
}

#[derive(Debug, Serialize, Deserialize)]
struct PartHeader {
    generation: String,
}

fn key(path: String) -> ObjectKey {
    ObjectKey::of(path)
}

pub(super) fn manifest_key() -> ObjectKey {
    key("manifest.json".to_owned())
}

pub(super) fn progress_key() -> ObjectKey {
    key("in-progress.json".to_owned())
}

fn part_key(generation: &str, part: u32) -> ObjectKey {
    key(format!("in-progress/{}/{part:06}.json", crate::target::escaped(generation)))
}

fn strange(key: &ObjectKey, error: &ListingError) -> GenerationError {
    GenerationError::Strange(format!(
        "{key} in the sink cannot be used: {error}. Move it away, and the export begins anew, or choose another place"
    ))
}

/// The manifest in the sink, person by person.
pub(super) struct Previous {
    pub(super) header: Option<ManifestHeader>,
    objects: Option<ListReader<ManifestObject>>,
    next: Option<ManifestObject>,
}

impl Previous {
    /// # Errors
    /// The sink's; a manifest of another kind or a later version.
    pub(super) async fn read(sink: &dyn ObjectSink, deidentified: bool) -> Result<Self, GenerationError> {
        let Some(body) = sink.get(&manifest_key()).await? else {
            return Ok(Self { header: None, objects: None, next: None });
        };
        let read = ListReader::<ManifestObject>::new::<ManifestHeader>(body);
        let (header, objects) = read.map_err(|error| strange(&manifest_key(), &error))?;
        if header.format > FORMAT {
            return Err(GenerationError::Strange(
                "manifest.json in the sink was written by a later version of Pulsekeep; use that one, or another place".to_owned(),
            ));
        }
        if header.deidentified != deidentified {
            return Err(GenerationError::Strange(
                "the sink holds an export of the other kind: one with pseudonyms must not lie beside one with names; give \
                 this one a place of its own"
                    .to_owned(),
            ));
        }
        let mut previous = Self { header: Some(header), objects: Some(objects), next: None };
        previous.step()?;
        Ok(previous)
    }

    fn step(&mut self) -> Result<Option<ManifestObject>, GenerationError> {
        let next = match &mut self.objects {
            Some(objects) => objects.next().map_err(|error| strange(&manifest_key(), &error))?,
            None => None,
        };
        Ok(std::mem::replace(&mut self.next, next))
    }

    /// The name of the next person.
    pub(super) fn person(&self) -> Option<&str> {
        self.next.as_ref().map(|object| object.user.as_str())
    }

    /// The objects of the next person, all of them.
    pub(super) fn take(&mut self) -> Result<Vec<ManifestObject>, GenerationError> {
        let mut objects: Vec<ManifestObject> = Vec::new();
        while self
            .next
            .as_ref()
            .is_some_and(|next| objects.first().is_none_or(|first| first.user == next.user))
        {
            objects.extend(self.step()?);
        }
        Ok(objects)
    }
}

/// A manifest in the making. Objects come person by person, in the order of the people's names.
pub(super) struct Manifest {
    list: ListWriter,
    total: ManifestTotal,
}

impl Manifest {
    pub(super) fn new(generation: &str, written_at: String, deidentified: bool) -> std::io::Result<Self> {
        let generation = generation.to_owned();
        let header = ManifestHeader { format: FORMAT, generation, written_at, deidentified };
        Ok(Self { list: ListWriter::new(&header)?, total: ManifestTotal::default() })
    }

    pub(super) fn push(&mut self, object: &ManifestObject) -> std::io::Result<()> {
        self.total.objects += 1;
        self.total.rows += object.rows;
        self.total.bytes += object.bytes;
        self.list.push(object)
    }

    pub(super) fn finish(self) -> std::io::Result<Body> {
        self.list.finish(&self.total)
    }
}

/// What `in-progress.json` says: a generation was begun and has not ended.
#[derive(Debug)]
pub(super) struct Interrupted {
    pub(super) generations: Vec<String>,
    /// Objects of which the manifest may not be true; whether they were to go.
    pub(super) keys: HashMap<ObjectKey, bool>,
    /// Objects that were put, as they are now.
    pub(super) done: HashMap<ObjectKey, ManifestObject>,
}

impl Interrupted {
    /// # Errors
    /// The sink's; a file that is not ours.
    pub(super) async fn read(
        sink: &dyn ObjectSink,
        manifest: Option<&ManifestHeader>,
    ) -> Result<Option<Self>, GenerationError> {
        let Some(body) = sink.get(&progress_key()).await? else { return Ok(None) };
        let read = ListReader::<Step>::new::<ProgressHeader>(body);
        let (header, mut steps) = read.map_err(|error| strange(&progress_key(), &error))?;
        // Broken off after the manifest was written: what it lists is as it says.
        let is_written = manifest.is_some_and(|manifest| manifest.generation == header.generation);
        let (mut keys, mut done) = (HashMap::new(), HashMap::new());
        while let Some(step) = steps.next().map_err(|error| strange(&progress_key(), &error))? {
            match step {
                Step::Remove(key) => drop(keys.insert(key, true)),
                Step::Replace(key) if !is_written => drop(keys.insert(key, false)),
                Step::Done(object) if !is_written => {
                    keys.insert(object.key.clone(), false);
                    done.insert(object.key.clone(), object);
                }
                _ => {}
            }
        }
        if !is_written {
            let mut part = 1;
            while let Some(body) = sink.get(&part_key(&header.generation, part)).await? {
                let read = ListReader::<ManifestObject>::new::<PartHeader>(body);
                let (_, mut objects) =
                    read.map_err(|error| strange(&part_key(&header.generation, part), &error))?;
                let strange = |error| strange(&part_key(&header.generation, part), &error);
                while let Some(object) = objects.next().map_err(strange)? {
                    done.insert(object.key.clone(), object);
                }
                part += 1;
            }
        }
        let mut generations = header.earlier;
        generations.push(header.generation);
        Ok(Some(Self { generations, keys, done }))
    }
}

/// Says what a generation is about to do, before it does it.
pub(super) fn progress(
    (generation, earlier): (&str, &[String]),
    (started_at, deidentified): (String, bool),
) -> std::io::Result<ListWriter> {
    let (generation, earlier) = (generation.to_owned(), earlier.to_vec());
    ListWriter::new(&ProgressHeader { format: FORMAT, generation, started_at, deidentified, earlier })
}

/// A note of objects that were put, so that a generation which is broken off need not be begun anew.
pub(super) fn part(
    generation: &str,
    number: u32,
    objects: &[ManifestObject],
) -> std::io::Result<(ObjectKey, Body)> {
    let mut list = ListWriter::new(&PartHeader { generation: generation.to_owned() })?;
    for object in objects {
        list.push(object)?;
    }
    Ok((part_key(generation, number), list.finish(&objects.len())?))
}

/// Removes the notes of generations: the last of each first, since they are found from the first on.
pub(super) async fn drop_parts(sink: &dyn ObjectSink, generations: &[String]) -> Result<(), GenerationError> {
    for generation in generations {
        let mut parts = 0;
        while sink.get(&part_key(generation, parts + 1)).await?.is_some() {
            parts += 1;
        }
        for part in (1..=parts).rev() {
            sink.delete(&part_key(generation, part)).await?;
        }
    }
    Ok(())
}
