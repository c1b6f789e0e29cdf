//! The pages of a window until it is whole. A window of heart rate at native cadence has dozens, and several windows are
//! read at once: their samples are packed as blocks meanwhile, a byte or so each instead of sixteen.

use pulsekeep_core::{
    EpochMs, Metric,
    observation::{Parsed, SampleBatch, SampleTimes},
};
use pulsekeep_provider::merge_pages;
use pulsekeep_store::{
    StoreError,
    block::{self, Block},
};

/// Samples of a batch from which on it is packed.
const MANY: usize = 2_000;

/// A parsed page, its large batches packed.
#[derive(Debug)]
pub(crate) struct Page {
    /// What is not packed.
    pub(crate) parsed: Parsed,
    packed: Vec<Packed>,
}

#[derive(Debug)]
struct Packed {
    metric: Metric,
    /// Wall-clock readings stand in the place of instants.
    is_local: bool,
    block: Vec<u8>,
}

impl Page {
    pub(crate) fn of(mut parsed: Parsed) -> Self {
        let is_large = |batch: &mut SampleBatch| batch.times.len() >= MANY;
        let packed = parsed.samples.extract_if(.., is_large).map(Packed::of).collect();
        Self { parsed, packed }
    }

    fn whole(self) -> Result<Parsed, StoreError> {
        let mut parsed = self.parsed;
        for packed in self.packed {
            parsed.samples.push(packed.batch()?);
        }
        Ok(parsed)
    }
}

impl Packed {
    fn of(batch: SampleBatch) -> Self {
        let (at, offsets, is_local) = match batch.times {
            SampleTimes::Instants { at, offsets } => {
                (at.into_iter().map(|at| at.0).collect(), offsets, false)
            }
            SampleTimes::Local(at) => (at, Vec::new(), true),
        };
        let block = Block { interval_ms: batch.interval_ms, at, offsets, values: batch.values };
        Self { metric: batch.metric, is_local, block: block::encode(&block) }
    }

    fn batch(self) -> Result<SampleBatch, StoreError> {
        let block = block::decode(&self.block)
            .map_err(|error| StoreError::Damaged { day: "a page".to_owned(), what: error.to_string() })?;
        let times = if self.is_local {
            SampleTimes::Local(block.at)
        } else {
            let at = block.at.into_iter().map(EpochMs).collect();
            SampleTimes::Instants { at, offsets: block.offsets }
        };
        Ok(SampleBatch { metric: self.metric, interval_ms: block.interval_ms, times, values: block.values })
    }
}

/// The pages as one answer.
///
/// # Errors
/// [`StoreError::Damaged`] when one does not unpack.
pub(crate) fn merged(pages: Vec<Page>) -> Result<Parsed, StoreError> {
    Ok(merge_pages(pages.into_iter().map(Page::whole).collect::<Result<_, _>>()?))
}

#[cfg(test)]
mod tests {
    use pulsekeep_core::observation::SampleValues;

    use super::*;

    fn batch(metric: Metric, times: SampleTimes) -> SampleBatch {
        let values = SampleValues::Single((0..times.len()).map(|i| (i % 97) as f64 / 4.0).collect());
        SampleBatch { metric, interval_ms: 0, times, values }
    }

    #[test]
    fn large_batches_come_back_as_they_were() {
        let odd = |count: i64| (0..count).map(|i| 1_795_000_000_000 + i * 5_000 + i % 3 * 1_000);
        let instants =
            |count: i64, offsets| SampleTimes::Instants { at: odd(count).map(EpochMs).collect(), offsets };
        let parsed = Parsed {
            samples: vec![
                batch(Metric::Steps, instants(3, vec![(0, 3600)])),
                batch(Metric::HeartRate, instants(9_000, vec![(7, 3600), (4_000, -12_600)])),
                batch(Metric::Distance, instants(2_500, Vec::new())),
                batch(Metric::Floors, SampleTimes::Local(odd(2_500).collect())),
            ],
            next_page: Some("token".to_owned()),
            ..Parsed::default()
        };
        let page = Page::of(parsed.clone());
        assert_eq!(page.parsed.samples.len(), 1);
        assert_eq!(page.packed.len(), 3);
        assert_eq!(page.whole().unwrap(), parsed);
    }
}
