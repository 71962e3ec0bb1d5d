//! A block of program on its way to or from the station: what its parts add up to.

use sha2::{Digest, Sha256};

use super::detail::Details;
use super::fields as slot;
use super::header::{self, FOOT};
use super::reader::Reader;
use crate::value::{Record, Value};

/// Nothing of the block is kept but the state of its hash and its last bytes, where its foot stands.
#[derive(Debug)]
struct Block {
    hash: Sha256,
    bytes: u64,
    tail: [u8; FOOT],
    has_head: bool,
}

/// Where the parts of a block are in their sequence.
#[derive(Debug, Default)]
enum Progress {
    /// Nobody saw it begin, or something was lost.
    #[default]
    Unknown,
    /// Announced: the next part is the first.
    Announced,
    Running(Block),
}

/// One block down and one up at a time, as stations do it.
#[derive(Debug, Default)]
pub struct Transfers {
    down: Progress,
    up: Progress,
}

/// Empty until a block is announced: most connections never carry one.
#[derive(Debug, Default)]
pub struct Transferred(Option<Box<Transfers>>);

impl Transferred {
    /// A block is to come: the request for a download, or the granted request for an upload.
    pub fn begin(&mut self, up: bool) {
        *self.0.get_or_insert_default().progress(up) = Progress::Announced;
    }

    /// Bytes were lost, or the connection is another.
    pub fn forget(&mut self) {
        self.0 = None;
    }

    pub fn kept_bytes(&self) -> usize {
        self.0.as_ref().map_or(0, |transfers| size_of_val(transfers.as_ref()))
    }

    /// A part of the block. The first tells what its head says, the last what all parts together are.
    pub fn part(&mut self, up: bool, part: &[u8], last: bool, record: &mut Record) {
        let Some(progress) = self.0.as_mut().map(|transfers| transfers.progress(up)) else { return };
        let mut details = Details::default();
        let mut block = match std::mem::take(progress) {
            Progress::Unknown => return,
            Progress::Running(block) => block,
            Progress::Announced => {
                let mut head = Reader::new(part, None);
                let has_head = part.len() >= header::HEAD && part.starts_with(&header::MAGIC.to_be_bytes());
                if has_head && header::head(&mut head, &mut details, record).is_err() {
                    return;
                }
                Block { hash: Sha256::new(), bytes: 0, tail: [0; FOOT], has_head }
            }
        };
        block.hash.update(part);
        block.bytes = block.bytes.saturating_add(part.len() as u64);
        keep_tail(&mut block.tail, part);
        if last {
            if block.has_head && block.bytes >= (header::HEAD + FOOT) as u64 {
                let _ = header::foot(&mut Reader::new(&block.tail, None), &mut details, record);
            }
            record.set_u(slot::BLOCK_BYTES, block.bytes);
            let digest = block.hash.finalize();
            let text = record.write_text(|out| {
                for byte in digest {
                    out.extend_from_slice(format!("{byte:02x}").as_bytes());
                }
            });
            record.set(slot::BLOCK_SHA256, Value::Text(text));
        } else {
            *progress = Progress::Running(block);
        }
        details.finish(record);
    }
}

impl Transfers {
    fn progress(&mut self, up: bool) -> &mut Progress {
        if up {
            &mut self.up
        } else {
            &mut self.down
        }
    }
}

/// The last bytes of all parts so far.
fn keep_tail(tail: &mut [u8; FOOT], part: &[u8]) {
    let end = part.get(part.len().saturating_sub(FOOT)..).unwrap_or_default();
    tail.rotate_left(end.len());
    let at = FOOT.saturating_sub(end.len());
    if let Some(place) = tail.get_mut(at..) {
        place.copy_from_slice(end);
    }
}
