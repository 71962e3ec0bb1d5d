//! The few things of bpf(2) that the sender needs. Structures as in <linux/bpf.h>.

use std::ffi::{c_long, CStr};
use std::io;
use std::mem::size_of;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

/// Of an open map or program, as a program names it.
pub type Number = i32;

const MAP_CREATE: i32 = 0;
const PROG_LOAD: i32 = 5;
const PROG_RUN: i32 = 10;
const LINK_CREATE: i32 = 28;
const ARRAY: u32 = 2; // BPF_MAP_TYPE_ARRAY
const MAPPED: u32 = 1 << 10; // BPF_F_MMAPABLE
const XDP: u32 = 6; // BPF_PROG_TYPE_XDP
const ON_A_DEVICE: u32 = 37; // BPF_XDP
const LIVE: u32 = 1 << 1; // BPF_F_TEST_XDP_LIVE_FRAMES
const LICENCE: &CStr = c"Apache-2.0";
const SAID_BYTES: usize = 1 << 16;

fn bpf<T>(command: i32, arguments: &T) -> io::Result<c_long> {
    // SAFETY: the structure lives for the call and is as long as is said; so does what its pointers lead to.
    let result = unsafe { libc::syscall(libc::SYS_bpf, command, &raw const *arguments, size_of::<T>()) };
    if result < 0 {
        Err(io::Error::last_os_error())
    } else {
        Ok(result)
    }
}

fn opened(number: c_long) -> OwnedFd {
    // SAFETY: the kernel has just opened it, and nobody else knows of it.
    unsafe { OwnedFd::from_raw_fd(number as i32) }
}

/// A table of the kernel's that this process sees as memory.
pub struct Map {
    descriptor: OwnedFd,
    memory: *mut u8,
    entry_bytes: usize,
    entries: usize,
}

impl Map {
    /// `entry_bytes`: a multiple of eight.
    pub fn new(entries: usize, entry_bytes: usize) -> io::Result<Self> {
        #[repr(C)]
        struct Arguments {
            kind: u32,
            key_bytes: u32,
            value_bytes: u32,
            entries: u32,
            flags: u32,
        }
        let arguments = Arguments {
            kind: ARRAY,
            key_bytes: 4,
            value_bytes: entry_bytes as u32,
            entries: entries as u32,
            flags: MAPPED,
        };
        let descriptor = opened(bpf(MAP_CREATE, &arguments)?);
        let length = (entries * entry_bytes).next_multiple_of(4096);
        let protection = libc::PROT_READ | libc::PROT_WRITE;
        // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
        let memory = unsafe {
            libc::mmap(std::ptr::null_mut(), length, protection, libc::MAP_SHARED, descriptor.as_raw_fd(), 0)
        };
        if memory == libc::MAP_FAILED {
            return Err(io::Error::last_os_error());
        }
        Ok(Self { descriptor, memory: memory.cast(), entry_bytes, entries })
    }

    pub fn number(&self) -> Number {
        self.descriptor.as_raw_fd()
    }

    /// Write a frame behind its length. It fits, and no program runs meanwhile.
    pub fn put(&mut self, entry: usize, frame: &[u8]) {
        let length = size_of::<u32>();
        assert!(entry < self.entries && frame.len() + length <= self.entry_bytes);
        // SAFETY: inside the mapping, as was just looked at; entries begin at multiples of eight bytes.
        unsafe {
            let place = self.memory.add(entry * self.entry_bytes);
            place.cast::<u32>().write(frame.len() as u32);
            std::ptr::copy_nonoverlapping(frame.as_ptr(), place.add(length), frame.len());
        }
    }

    /// A number of the first entry.
    pub fn number_at(&self, offset: usize) -> u64 {
        assert!(offset + size_of::<u64>() <= self.entry_bytes && offset.is_multiple_of(size_of::<u64>()));
        // SAFETY: inside the mapping and at a multiple of eight, as was just looked at.
        unsafe { self.memory.add(offset).cast::<u64>().read_volatile() }
    }
}

pub struct Program(OwnedFd);

impl Program {
    /// The message of an error ends with what the kernel's verifier says.
    pub fn load(steps: &[u64]) -> io::Result<Self> {
        #[repr(C)]
        struct Arguments {
            kind: u32,
            count: u32,
            steps: *const u64,
            licence: *const i8,
            log_level: u32,
            log_bytes: u32,
            log: *mut u8,
            kernel_version: u32,
            flags: u32,
            name: [u8; 16],
            device: u32,
            attach: u32,
        }
        let mut said = vec![0u8; SAID_BYTES];
        let arguments = Arguments {
            kind: XDP,
            count: steps.len() as u32,
            steps: steps.as_ptr(),
            licence: LICENCE.as_ptr().cast(),
            log_level: 1,
            log_bytes: SAID_BYTES as u32,
            log: said.as_mut_ptr(),
            kernel_version: 0,
            flags: 0,
            name: *b"otus_blast\0\0\0\0\0\0",
            device: 0,
            attach: ON_A_DEVICE,
        };
        let loaded = bpf(PROG_LOAD, &arguments).map_err(|error| {
            let said = CStr::from_bytes_until_nul(&said).map(CStr::to_string_lossy).unwrap_or_default();
            io::Error::new(error.kind(), format!("{error}: {}", said.trim_end()))
        });
        Ok(Self(opened(loaded?)))
    }

    /// Run it on the device until what is returned is closed.
    pub fn attach(&self, device: u32) -> io::Result<OwnedFd> {
        #[repr(C)]
        struct Arguments {
            program: u32,
            device: u32,
            kind: u32,
            flags: u32,
        }
        let program = self.0.as_raw_fd().cast_unsigned();
        Ok(opened(bpf(LINK_CREATE, &Arguments { program, device, kind: ON_A_DEVICE, flags: 0 })?))
    }

    /// Run it again and again, each time on a frame of its own that goes where the program says, until a signal comes
    /// (`Documentation/bpf/bpf_prog_run.rst`, "Running XDP programs in live frame mode").
    pub fn run(&self) -> io::Result<()> {
        #[repr(C)]
        #[derive(Default)]
        struct Arguments {
            program: u32,
            result: u32,
            in_bytes: u32,
            out_bytes: u32,
            data_in: u64,
            data_out: u64,
            times: u32,
            took: u32,
            context_in_bytes: u32,
            context_out_bytes: u32,
            context_in: u64,
            context_out: u64,
            flags: u32,
            core: u32,
            at_once: u32,
            rest: u32,
        }
        let empty = [0u8; 64];
        let arguments = Arguments {
            program: self.0.as_raw_fd().cast_unsigned(),
            in_bytes: empty.len() as u32,
            data_in: empty.as_ptr().expose_provenance() as u64,
            times: u32::MAX,
            flags: LIVE,
            ..Arguments::default()
        };
        match bpf(PROG_RUN, &arguments) {
            Err(error) if error.raw_os_error() != Some(libc::EINTR) => Err(error),
            _ => Ok(()),
        }
    }
}
