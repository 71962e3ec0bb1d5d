//! A fuzz program: some targets of `hostile`, of which `FUZZ_TARGET` names one.

/// The whole program.
#[macro_export]
macro_rules! program {
    ($targets:expr) => {
        static TARGET: std::sync::LazyLock<hostile::Target> = std::sync::LazyLock::new(|| hostile::wanted($targets));

        libfuzzer_sys::fuzz_target!(|data: &[u8]| TARGET.run(data));

        libfuzzer_sys::fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
            let room = data.len().min(max_size);
            TARGET.mutate(&mut data[..room], size.min(room), seed, |bytes, size| match bytes.len() {
                0 => 0, // libFuzzer changes nothing into nothing only by stopping
                most => libfuzzer_sys::fuzzer_mutate(bytes, size, most),
            })
        });
    };
}
