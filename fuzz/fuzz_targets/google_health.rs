//! Answers of Google Health: the last byte chooses the endpoint.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsekeep_provider::fuzzing::google_health(data));
