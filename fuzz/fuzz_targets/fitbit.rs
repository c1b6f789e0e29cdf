//! Answers of the Fitbit Web API: the last byte chooses the endpoint.
#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| pulsekeep_provider::fuzzing::fitbit(data));
