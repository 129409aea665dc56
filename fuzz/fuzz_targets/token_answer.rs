#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bqcred_fuzz::check("token_answer", data));
