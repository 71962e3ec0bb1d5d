//! Every target over what fuzzing found, over its seeds, and over seeds that are changed a little: without
//! libFuzzer, as an ordinary test.

use std::panic::{catch_unwind, AssertUnwindSafe};
use std::path::{Path, PathBuf};

use hostile::{seeds, targets, Random, Target};

/// Run an input; what went wrong goes to the list, with all that is needed to run it alone.
fn survives(target: &Target, input: &[u8], failed: &mut Vec<String>) {
    if catch_unwind(AssertUnwindSafe(|| target.run(input))).is_err() {
        let digits: String = input.iter().map(|byte| format!("{byte:02x}")).collect();
        failed.push(format!("{}: {digits}", target.name));
    }
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_file() {
            found.push(entry.path());
        }
    }
    found.sort();
    found
}

fn regressions() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../fuzz/regressions")
}

#[test]
fn what_was_found_stays_mended() {
    let mut failed = Vec::new();
    for target in targets() {
        for path in files(&regressions().join(&target.name)) {
            survives(&target, &std::fs::read(path).unwrap(), &mut failed);
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}

#[test]
fn every_folder_is_one_of_a_target() {
    let names: Vec<String> = targets().into_iter().map(|target| target.name).collect();
    let mut folders = vec![regressions()];
    while let Some(folder) = folders.pop() {
        let entries = std::fs::read_dir(&folder).into_iter().flatten().flatten().map(|entry| entry.path());
        folders.extend(entries.filter(|path| path.is_dir()));
        let name = folder.strip_prefix(regressions()).unwrap().to_str().unwrap().to_owned();
        assert!(files(&folder).is_empty() || names.contains(&name), "{name} is no target's");
    }
}

#[test]
fn seeds_and_what_is_near_them_are_survived() {
    let (mut seeds, mut failed) = (seeds::written(), Vec::new());
    seeds::captured(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../pcaps"), &mut seeds);
    for target in targets() {
        let mut random = Random::new(7);
        let seeds = seeds.get(&target.name).map_or(&[][..], Vec::as_slice);
        assert!(!seeds.is_empty(), "{} has nothing to begin with", target.name);
        for seed in seeds {
            survives(&target, seed, &mut failed);
            for round in 0..8 {
                let mut data = seed.clone();
                data.resize(seed.len() + 16, 0);
                let size = target.mutate(&mut data, seed.len(), round, |bytes, size| {
                    let at = random.below(size);
                    bytes.iter_mut().skip(at).take(1).for_each(|byte| *byte = random.byte());
                    size
                });
                survives(&target, &data[..size], &mut failed);
            }
        }
    }
    assert!(failed.is_empty(), "{failed:#?}");
}
