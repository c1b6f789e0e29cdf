//! Brotli beside each text asset, so that the server compresses nothing while it serves.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use brotli::enc::BrotliEncoderParams;

use crate::stamp::sha256;

/// Formats that compress well; pictures and fonts are compressed already.
const TEXT: [&str; 9] = ["html", "js", "mjs", "css", "wasm", "svg", "json", "txt", "webmanifest"];

/// One asset and its sizes in bytes.
pub(crate) struct Asset {
    pub(crate) path: PathBuf,
    pub(crate) bytes: u64,
    /// None for what is served as it is.
    pub(crate) brotli: Option<u64>,
}

impl Asset {
    /// What travels to a browser that accepts brotli.
    pub(crate) fn transfer(&self) -> u64 {
        self.brotli.unwrap_or(self.bytes)
    }
}

/// Writes `FILE.br` beside every compressible file below `dir`. Answers are kept in `cache` by content, since a
/// web build replaces its whole folder and most of its files are the same each time.
pub(crate) fn compress_tree(dir: &Path, cache: &Path) -> Result<()> {
    fs::create_dir_all(cache)?;
    for file in files(dir)? {
        if !is_text(&file) {
            continue;
        }
        let content = fs::read(&file)?;
        let kept = cache.join(sha256(&content));
        if !kept.is_file() {
            let unfinished = cache.join("unfinished");
            fs::write(&unfinished, compress(&content)?)?;
            fs::rename(&unfinished, &kept)?;
        }
        fs::copy(&kept, with_br(&file)).with_context(|| format!("compressing {}", file.display()))?;
    }
    Ok(())
}

/// The assets below `dir`, largest transfer first.
pub(crate) fn assets(dir: &Path) -> Result<Vec<Asset>> {
    let mut assets = Vec::new();
    for path in files(dir)? {
        if path.extension().is_some_and(|extension| extension == "br") {
            continue;
        }
        let brotli = fs::metadata(with_br(&path)).map(|metadata| metadata.len()).ok();
        assets.push(Asset { bytes: fs::metadata(&path)?.len(), brotli, path });
    }
    assets.sort_by_key(|asset| std::cmp::Reverse(asset.transfer()));
    Ok(assets)
}

fn compress(content: &[u8]) -> Result<Vec<u8>> {
    let params =
        BrotliEncoderParams { quality: 11, lgwin: 22, size_hint: content.len(), ..Default::default() };
    let mut compressed = Vec::new();
    brotli::BrotliCompress(&mut &content[..], &mut compressed, &params)?;
    Ok(compressed)
}

fn is_text(file: &Path) -> bool {
    file.extension().is_some_and(|extension| TEXT.iter().any(|known| extension == *known))
}

fn with_br(file: &Path) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(".br");
    name.into()
}

fn files(dir: &Path) -> Result<Vec<PathBuf>> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).with_context(|| format!("reading {}", dir.display()))? {
        let path = entry?.path();
        if path.is_dir() {
            found.extend(files(&path)?);
        } else {
            found.push(path);
        }
    }
    found.sort();
    Ok(found)
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::{assets, compress_tree};

    #[test]
    fn compressed_files_decompress_to_the_same_bytes() {
        let dir = std::env::temp_dir().join(format!("xtask-compress-{}", std::process::id()));
        let (site, cache) = (dir.join("site"), dir.join("cache"));
        fs::create_dir_all(site.join("deep")).unwrap();
        let text = "gaps are gaps. ".repeat(100);
        fs::write(site.join("deep/app.js"), &text).unwrap();
        fs::write(site.join("icon.png"), [1, 2, 3]).unwrap();
        compress_tree(&site, &cache).unwrap();
        compress_tree(&site, &cache).unwrap();

        let packed = fs::read(site.join("deep/app.js.br")).unwrap();
        let mut unpacked = Vec::new();
        brotli::BrotliDecompress(&mut &packed[..], &mut unpacked).unwrap();
        assert_eq!(unpacked, text.as_bytes());
        let assets = assets(&site).unwrap();
        assert_eq!(assets.len(), 2);
        assert_eq!(assets[0].transfer(), packed.len() as u64);
        assert_eq!(assets[1].brotli, None);
        fs::remove_dir_all(&dir).unwrap();
    }
}
