#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| bqcred_fuzz::check("jupyter_config", data));
