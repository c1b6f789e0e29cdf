//! Files into zip or tar.gz parts.

use std::io::{Cursor, Error, Write as _};

use flate2::{Compression, write::GzEncoder};
use zip::{CompressionMethod, DateTime, ZipWriter, write::SimpleFileOptions};

use super::File;

/// How an archive is packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Packing {
    /// Zip files.
    Zip,
    /// tar.gz files.
    TarGz,
}

/// Packs files into `parts` parts, dealt one by one, as Takeout does. `made_at` is epoch seconds; names follow from it.
///
/// # Errors
/// When a name cannot be written in the format.
pub fn pack(files: &[File], packing: Packing, parts: usize, made_at: i64) -> Result<Vec<File>, Error> {
    let stamp =
        jiff::Timestamp::from_second(made_at).unwrap_or_default().strftime("%Y%m%dT%H%M%SZ").to_string();
    let parts = parts.max(1);
    (0..parts)
        .map(|part| {
            let own = files.iter().skip(part).step_by(parts);
            let (bytes, extension) = match packing {
                Packing::Zip => (zipped(own, made_at)?, "zip"),
                Packing::TarGz => (tarred(own, made_at)?, "tgz"),
            };
            Ok((format!("takeout-{stamp}-1-{:03}.{extension}", part + 1), bytes))
        })
        .collect()
}

fn zipped<'f>(files: impl Iterator<Item = &'f File>, made_at: i64) -> Result<Vec<u8>, Error> {
    let made = jiff::Timestamp::from_second(made_at).unwrap_or_default().to_zoned(jiff::tz::TimeZone::UTC);
    let part = |number: i8| u8::try_from(number).unwrap_or(0);
    let made = DateTime::from_date_and_time(
        u16::try_from(made.year()).unwrap_or(1980),
        part(made.month()),
        part(made.day()),
        part(made.hour()),
        part(made.minute()),
        0,
    );
    let options = SimpleFileOptions::default()
        .compression_method(CompressionMethod::Deflated)
        .compression_level(Some(1))
        .last_modified_time(made.unwrap_or_default());
    let mut zip = ZipWriter::new(Cursor::new(Vec::new()));
    for (path, bytes) in files {
        zip.start_file(path.as_str(), options).map_err(Error::other)?;
        zip.write_all(bytes)?;
    }
    Ok(zip.finish().map_err(Error::other)?.into_inner())
}

fn tarred<'f>(files: impl Iterator<Item = &'f File>, made_at: i64) -> Result<Vec<u8>, Error> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, bytes) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(bytes.len() as u64);
        header.set_mode(0o644);
        header.set_mtime(u64::try_from(made_at).unwrap_or(0));
        tar.append_data(&mut header, path, &bytes[..])?;
    }
    tar.into_inner()?.finish()
}
