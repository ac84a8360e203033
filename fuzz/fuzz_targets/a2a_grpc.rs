#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| duologue_a2a::fuzzing::grpc_messages(data));
