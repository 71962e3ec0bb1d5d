//! Every place where bytes of a stranger come in, as a function of bytes that panics when something is wrong. libFuzzer
//! calls it (`sensor/core/fuzz`, `make fuzz`), and `tests/replay.rs` with what was found.

mod captures;
mod certificates;
mod frames;
mod mutate;
mod pieces;
mod printed;
mod random;
mod record;
mod rooms;
pub mod seeds;
mod stored;
mod streams;
mod talk;

#[path = "../../wire/tests/hostile/messages.rs"]
mod messages;
#[path = "../../wire/tests/reading/mod.rs"]
mod reading;

pub use random::Random;

type Run = dyn Fn(&[u8]) + Send + Sync;

/// One entrance.
pub struct Target {
    /// `protocol/modbus`, `streams`.
    pub name: String,
    run: Box<Run>,
    /// Bytes in front of the pieces, and of a piece's head, where the input is a list.
    list: Option<(usize, usize)>,
    /// Bytes beyond which an input tells nothing more.
    pub longest: usize,
}

impl Target {
    fn plain(name: &str, longest: usize, run: fn(&[u8])) -> Self {
        Self { name: name.to_owned(), run: Box::new(run), list: None, longest }
    }

    fn list(name: &str, longest: usize, list: (usize, usize), run: fn(&[u8])) -> Self {
        Self { list: Some(list), ..Self::plain(name, longest, run) }
    }

    fn protocol(kind: &'static str) -> Self {
        let talk = talk::Kind::new(kind);
        let run = Box::new(move |input: &[u8]| talk.run(input));
        Self { name: format!("protocol/{kind}"), run, list: Some(talk::LIST), longest: talk::LONGEST }
    }

    /// Panics when an invariant does not hold.
    pub fn run(&self, input: &[u8]) {
        (self.run)(input);
    }

    /// Change `data[..size]`; `inner` changes some bytes of it in place and says how many there are then.
    pub fn mutate(
        &self,
        data: &mut [u8],
        size: usize,
        seed: u32,
        mut inner: impl FnMut(&mut [u8], usize) -> usize,
    ) -> usize {
        match self.list {
            // Now and then without regard to the list: so heads, too, meet what libFuzzer has seen compared.
            Some((front, head)) if size >= front && !seed.is_multiple_of(16) => {
                let (_, list) = data.split_at_mut(front);
                front + mutate::pieces(list, size - front, head, seed, inner)
            }
            _ => inner(data, size),
        }
    }
}

/// Conversations of every protocol.
pub fn protocols() -> Vec<Target> {
    messages::kinds().map(Target::protocol).collect()
}

pub fn frames() -> Vec<Target> {
    vec![Target::list("frames", 512, frames::LIST, frames::run), Target::plain("certificates", 512, certificates::run)]
}

pub fn streams() -> Vec<Target> {
    vec![Target::list("streams", 768, streams::LIST, streams::run)]
}

pub fn captures() -> Vec<Target> {
    vec![Target::plain("captures", 512, captures::run)]
}

pub fn stored() -> Vec<Target> {
    stored::KINDS.iter().map(|(name, run)| Target::plain(name, 1024, *run)).collect()
}

/// A fuzz program and its targets. Few go into one: what a program holds is looked through for every input.
pub type Program = (&'static str, fn() -> Vec<Target>);
pub const PROGRAMS: [Program; 5] =
    [("protocols", protocols), ("frames", frames), ("streams", streams), ("captures", captures), ("stored", stored)];

/// All of them: what is listed is fuzzed, replayed and counted.
pub fn targets() -> Vec<Target> {
    PROGRAMS.iter().flat_map(|(_, targets)| targets()).collect()
}

/// The one that `FUZZ_TARGET` names, of a program's own.
pub fn wanted(targets: Vec<Target>) -> Target {
    let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
    let found = targets.into_iter().find(|target| target.name == name);
    found.unwrap_or_else(|| panic!("FUZZ_TARGET={name}: this program has no such target"))
}
