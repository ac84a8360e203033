#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| duologue_api::fuzzing::ogg_pages(data));
