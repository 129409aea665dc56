#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bqcred::internals::fuzz_broker(data));
