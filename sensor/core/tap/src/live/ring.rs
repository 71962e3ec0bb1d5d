//! The ring that the kernel fills and we empty: TPACKET_V3, `Documentation/networking/packet_mmap.rst`.
//!
//! A ring is a row of blocks. A block belongs to the kernel until it is full or its time is up ("retired"), then to us
//! until we give it back. Frames are read where the kernel put them.

use std::io;
use std::mem::{offset_of, size_of};
use std::os::fd::{AsRawFd, BorrowedFd};
use std::ptr::NonNull;
use std::sync::atomic::{AtomicU32, Ordering};
use wire::packet::Tag;

/// A block holds many frames, and any frame that a kernel hands over (64 KiB super-frames of offload included).
pub(crate) const BLOCK_BYTES: usize = 256 * 1024;
/// A block that is not full is retired after this time. Together with the kernel's timer steps (10 ms at 100 Hz) it
/// must stay below the hold of the merge.
pub(crate) const RETIRE_MS: u32 = 5;
/// Only divides the block in the kernel's check of the request; frames of version 3 have any length.
const FRAME_BYTES: usize = 2048;

// Positions in a block's descriptor (version 1): the kernel's own layout, as libc has it.
const DESCRIPTOR: usize = offset_of!(libc::tpacket_block_desc, hdr);
const STATUS_AT: usize = DESCRIPTOR + offset_of!(libc::tpacket_hdr_v1, block_status);
const PACKETS_AT: usize = DESCRIPTOR + offset_of!(libc::tpacket_hdr_v1, num_pkts);
const FIRST_AT: usize = DESCRIPTOR + offset_of!(libc::tpacket_hdr_v1, offset_to_first_pkt);

pub(crate) struct Ring {
    memory: NonNull<u8>,
    blocks: usize,
    /// The block that is read next, and what is left to read in it.
    block: usize,
    frames_left: u32,
    frame_at: usize,
}

/// A frame as the kernel recorded it.
pub(crate) struct Frame<'a> {
    pub ts_ns: u64,
    pub wire_len: u32,
    pub vlan: Option<Tag>,
    pub data: &'a [u8],
    /// Bytes to the frame behind it.
    pub step: usize,
}

// SAFETY: the ring is reached only through this value; the kernel, the other side of it, does not care about threads.
unsafe impl Send for Ring {}

/// What is asked of the kernel for a ring of this many blocks.
pub(crate) fn request(blocks: u32) -> libc::tpacket_req3 {
    libc::tpacket_req3 {
        tp_block_size: BLOCK_BYTES as u32,
        tp_block_nr: blocks,
        tp_frame_size: FRAME_BYTES as u32,
        tp_frame_nr: blocks * (BLOCK_BYTES / FRAME_BYTES) as u32,
        tp_retire_blk_tov: RETIRE_MS,
        tp_sizeof_priv: 0,
        tp_feature_req_word: 0,
    }
}

impl Ring {
    /// Map the ring that was requested on this socket with [`request`] and the same number of blocks.
    pub(crate) fn map(socket: BorrowedFd<'_>, blocks: u32) -> io::Result<Self> {
        let blocks = blocks as usize;
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        let (length, descriptor) = (blocks * BLOCK_BYTES, socket.as_raw_fd());
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let memory = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, descriptor, 0) };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        let memory = NonNull::new(memory.cast()).ok_or(io::ErrorKind::OutOfMemory)?;
        Ok(Self { memory, blocks, block: 0, frames_left: 0, frame_at: 0 })
    }

    /// The next frame, if a retired block holds one. It stays the next one until [`Ring::advance`].
    #[inline]
    pub(crate) fn frame(&mut self) -> Option<Frame<'_>> {
        if self.frames_left == 0 && !self.enter_block() {
            return None;
        }
        let header = self.header()?;
        let begin = self.frame_at + usize::from(header.tp_mac);
        let tagged = header.tp_status & libc::TP_STATUS_VLAN_VALID != 0;
        Some(Frame {
            ts_ns: u64::from(header.tp_sec) * 1_000_000_000 + u64::from(header.tp_nsec),
            wire_len: header.tp_len,
            vlan: tagged.then(|| tag(&header)),
            data: self.bytes(begin, header.tp_snaplen as usize),
            step: header.tp_next_offset as usize,
        })
    }

    /// When the next frame was captured.
    #[inline]
    pub(crate) fn next_ts_ns(&mut self) -> Option<u64> {
        if self.frames_left == 0 && !self.enter_block() {
            return None;
        }
        self.header().map(|header| u64::from(header.tp_sec) * 1_000_000_000 + u64::from(header.tp_nsec))
    }

    /// Go on behind the next frame, by its step; the last one of a block gives the block back.
    #[inline]
    pub(crate) fn advance(&mut self, step: usize) {
        if self.frames_left <= 1 || step == 0 {
            self.leave_block();
        } else {
            self.frames_left -= 1;
            self.frame_at += step;
        }
    }

    /// Frames that are in the kernel's open block and will come with its retirement.
    pub(crate) fn frames_to_come(&self) -> u32 {
        if self.number(STATUS_AT).load(Ordering::Acquire) & libc::TP_STATUS_USER != 0 {
            return 0;
        }
        self.number(PACKETS_AT).load(Ordering::Relaxed)
    }

    fn enter_block(&mut self) -> bool {
        for _ in 0..self.blocks {
            if self.number(STATUS_AT).load(Ordering::Acquire) & libc::TP_STATUS_USER == 0 {
                return false;
            }
            self.frames_left = self.number(PACKETS_AT).load(Ordering::Relaxed);
            self.frame_at = self.number(FIRST_AT).load(Ordering::Relaxed) as usize;
            if self.frames_left > 0 && self.header().is_some() {
                return true;
            }
            self.leave_block(); // retired empty, as some kernels do
        }
        false
    }

    fn leave_block(&mut self) {
        self.frames_left = 0;
        // So that `frames_to_come` does not see the old number until the kernel opens the block again.
        self.number(PACKETS_AT).store(0, Ordering::Relaxed);
        self.number(STATUS_AT).store(libc::TP_STATUS_KERNEL, Ordering::Release);
        self.block = (self.block + 1) % self.blocks;
    }

    /// A number in the descriptor of the current block.
    fn number(&self, at: usize) -> &AtomicU32 {
        // SAFETY: `block` < `blocks`, and `at` is one of the three positions above, four bytes aligned and within the
        // descriptor, so it lies in the mapping, which lives as long as `self`. The kernel writes it, hence the atomic.
        unsafe { AtomicU32::from_ptr(self.memory.as_ptr().add(self.block * BLOCK_BYTES + at).cast()) }
    }

    /// The header of the next frame; `None` if it does not lie within the block.
    #[inline]
    fn header(&self) -> Option<libc::tpacket3_hdr> {
        if self.frame_at > BLOCK_BYTES - size_of::<libc::tpacket3_hdr>() {
            return None;
        }
        let at = self.block * BLOCK_BYTES + self.frame_at;
        // SAFETY: the header lies within block `block` of the mapping (checked above). The block is ours (`frames_left`
        // is only set for a retired block), so the kernel does not write it. Any bytes are a valid header.
        Some(unsafe { self.memory.as_ptr().add(at).cast::<libc::tpacket3_hdr>().read_unaligned() })
    }

    /// Bytes of the current block, cut at its end.
    #[inline]
    fn bytes(&self, begin: usize, length: usize) -> &[u8] {
        let begin = begin.min(BLOCK_BYTES);
        let length = length.min(BLOCK_BYTES - begin);
        // SAFETY: the range lies within block `block` of the mapping, which is ours until `leave_block`; that takes
        // `&mut self`, so the slice is gone by then.
        unsafe { std::slice::from_raw_parts(self.memory.as_ptr().add(self.block * BLOCK_BYTES + begin), length) }
    }
}

/// The tag that the driver or the kernel took off. Kernels that do not say which EtherType it had mean 802.1Q.
#[cold]
fn tag(header: &libc::tpacket3_hdr) -> Tag {
    let told = header.tp_status & libc::TP_STATUS_VLAN_TPID_VALID != 0;
    Tag {
        protocol: if told { header.hv1.tp_vlan_tpid } else { libc::ETH_P_8021Q as u16 },
        control: header.hv1.tp_vlan_tci as u16,
    }
}

impl Drop for Ring {
    fn drop(&mut self) {
        // SAFETY: exactly what `map` mapped; no slice of it outlives `self`.
        let result = unsafe { libc::munmap(self.memory.as_ptr().cast(), self.blocks * BLOCK_BYTES) };
        debug_assert_eq!(result, 0, "an address and a length that mmap gave");
    }
}
