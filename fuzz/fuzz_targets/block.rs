//! Sample blocks as stored.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsekeep_store::fuzzing::block(data));
