//! `seeds PCAPS OUT`: write inputs to begin with, a folder a target. Prints a line each: program, target, longest input.

use std::path::Path;

use hostile::seeds::{captured, written};
use sha2::{Digest, Sha256};

fn main() -> std::io::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [pcaps, out] = arguments.as_slice() else { panic!("usage: seeds PCAPS OUT") };
    let mut seeds = written();
    captured(Path::new(pcaps), &mut seeds);
    for (program, targets) in hostile::PROGRAMS {
        for target in targets() {
            let folder = Path::new(out).join(&target.name);
            std::fs::create_dir_all(&folder)?;
            for seed in seeds.get(&target.name).into_iter().flatten() {
                let short = &seed[..seed.len().min(target.longest)];
                let name: String = Sha256::digest(short).iter().take(10).map(|byte| format!("{byte:02x}")).collect();
                std::fs::write(folder.join(name), short)?;
            }
            println!("{program} {} {}", target.name, target.longest);
        }
    }
    Ok(())
}
