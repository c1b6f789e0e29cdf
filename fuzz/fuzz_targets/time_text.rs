//! Times as the providers write them.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsekeep_provider::fuzzing::time_text(data));
