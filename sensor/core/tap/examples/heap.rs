//! What the core keeps on the heap while it reads a capture, by a counting allocator:
//! `heap CAPTURE RULES BASELINE` (`-` for no rules or no baseline) prints live bytes as one line of JSON.
//! RULES is `RuleSet.to_core_json()`, BASELINE a compiled table.

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering::Relaxed};
use std::time::Duration;

use tap::{Files, Progress, Source};
use wire::baseline::Baseline;
use wire::engine::{Engine, Settings, Tables};
use wire::rules::Rules;

struct Counting;

static LIVE: AtomicUsize = AtomicUsize::new(0);
static PEAK: AtomicUsize = AtomicUsize::new(0);

fn grown(bytes: usize) {
    PEAK.fetch_max(LIVE.fetch_add(bytes, Relaxed) + bytes, Relaxed);
}

// SAFETY: every call goes to the system's allocator as it came; the counters beside it own no memory.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        grown(layout.size());
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc_zeroed`.
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller gives back what `alloc` gave, with the same layout.
        unsafe { System.dealloc(pointer, layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        grown(size);
        LIVE.fetch_sub(layout.size(), Relaxed);
        // SAFETY: the caller keeps the contract of `GlobalAlloc::realloc`.
        unsafe { System.realloc(pointer, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

const NO_RULES: &str = r#"{"version": 1, "rules": []}"#;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [capture, rules, baseline] = &arguments[..] else {
        return Err("heap CAPTURE RULES BASELINE".into());
    };
    let given = |path: &str| (path != "-").then(|| path.to_owned());
    let start = LIVE.load(Relaxed);
    let rules = match given(rules) {
        Some(path) => Rules::compile(&std::fs::read_to_string(path)?)?,
        None => Rules::compile(NO_RULES)?,
    };
    let after_rules = LIVE.load(Relaxed);
    let baseline = match given(baseline) {
        Some(path) => Some(Baseline::from_bytes(&std::fs::read(path)?)?),
        None => None,
    };
    let after_baseline = LIVE.load(Relaxed);
    let mut source = Source::Files(Files::open(&[capture])?);
    let before_engine = LIVE.load(Relaxed);
    let mut engine = Engine::new(Settings::default(), Tables::new(rules, baseline));
    let empty = LIVE.load(Relaxed);
    PEAK.store(empty, Relaxed);
    let (mut flows, mut full) = (0, empty);
    while source.read(65_536, Duration::from_secs(1), &mut engine)? != Progress::End {
        drop(engine.take());
        full = LIVE.load(Relaxed).max(full);
        flows = engine.flows().max(flows);
    }
    println!(
        r#"{{"rules": {}, "baseline": {}, "engine": {}, "flows": {}, "most_flows": {flows}, "live": {}, "peak": {}}}"#,
        after_rules - start,
        after_baseline - after_rules,
        empty - before_engine,
        full - empty,
        full - start,
        PEAK.load(Relaxed) - start,
    );
    Ok(())
}
