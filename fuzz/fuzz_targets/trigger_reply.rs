#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| cognate_fuzz::trigger_reply::run(data));
