//! The far end of a wire for measuring: `blast DEVICE CAPTURE PACKETS_PER_S SECONDS [CORE]` sends the frames of a
//! capture over and over, as they are, at a steady rate, and prints what it offered as one JSON object.
//!
//! Only on a veth interface, whose other end is on this machine too: never on a wire of a plant.

use std::error::Error;
use std::ffi::CString;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::ptr::null;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};
use tap::{Files, Progress};
use wire::packet::{Lost, Packet, Sink};

/// Frames handed to the kernel in one system call.
const BATCH: usize = 32; // the kernel's own step
const SLOTS: usize = 1024;
const SLOT_BYTES: usize = 4096;
/// Frames of the capture that are kept in memory.
const MOST_BYTES: usize = 1 << 30;
const ETHTOOL_GDRVINFO: u32 = 3; // <linux/ethtool.h>

#[derive(Default)]
struct Frames {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Frames {
    fn get(&self, number: usize) -> &[u8] {
        let begin = if number == 0 { 0 } else { self.ends[number - 1] };
        &self.bytes[begin..self.ends[number]]
    }
}

impl Sink for Frames {
    fn packet(&mut self, packet: &Packet<'_>) {
        if self.bytes.len() + packet.data.len() <= MOST_BYTES {
            self.bytes.extend_from_slice(packet.data);
            self.ends.push(self.bytes.len());
        }
    }

    fn tick(&mut self, _ts_ns: u64) {}

    fn lost(&mut self, _place: Lost, _packets: u64) {}
}

fn done(result: i32) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}

/// The name of the driver behind an interface.
fn driver(device: &str) -> io::Result<String> {
    let socket = std::net::UdpSocket::bind((std::net::Ipv4Addr::UNSPECIFIED, 0))?;
    #[repr(C)]
    struct Answer {
        command: u32,
        driver: [u8; 32],
        rest: [u8; 160],
    }
    let mut answer = Answer { command: ETHTOOL_GDRVINFO, driver: [0; 32], rest: [0; 160] };
    // SAFETY: an ifreq of zeros is valid; its pointer leads to a live structure of the size of ethtool_drvinfo.
    unsafe {
        let mut request: libc::ifreq = zeroed();
        for (place, letter) in request.ifr_name.iter_mut().zip(device.bytes().take(libc::IFNAMSIZ - 1)) {
            *place = letter as libc::c_char;
        }
        request.ifr_ifru.ifru_data = (&raw mut answer).cast();
        done(libc::ioctl(socket.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut request))?;
    }
    let Answer { driver, rest: _, command: _ } = answer;
    Ok(driver.iter().take_while(|byte| **byte != 0).map(|byte| char::from(*byte)).collect())
}

/// A wire of a plant must never be sent on.
fn must_be_veth(device: &str) -> Result<(), Box<dyn Error>> {
    let found = driver(device).map_err(|error| format!("{device}: {error}"))?;
    if found != "veth" {
        return Err(format!("{device}: is driven by {found}; only a veth pair may be sent on").into());
    }
    Ok(())
}

fn set<T>(socket: &OwnedFd, option: i32, value: &T) -> io::Result<()> {
    let length = size_of::<T>() as u32;
    // SAFETY: `value` is live and of the length given; the kernel only reads it.
    done(unsafe { libc::setsockopt(socket.as_raw_fd(), libc::SOL_XDP, option, (&raw const *value).cast(), length) })
}

fn pin(core: usize) -> io::Result<()> {
    // SAFETY: a set of zeros is an empty one; CPU_SET checks its bounds; the set lives for the call.
    unsafe {
        let mut set: libc::cpu_set_t = zeroed();
        libc::CPU_SET(core, &mut set);
        done(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set))
    }
}

/// The queue that frames are sent from: AF_XDP in copy mode, the kernel's shortest way from a program to a driver
/// (`Documentation/networking/af_xdp.rst`).
struct Queue {
    socket: OwnedFd,
    /// Where the frames lie: a slot for each descriptor of the ring.
    slots: *mut u8,
    sending: Ring,
    sent: Ring,
    /// Frames put so far, and frames that the kernel is done with; both turn over.
    put: u32,
    done: u32,
}

/// One of the two rings that are shared with the kernel.
struct Ring {
    producer: *mut u32,
    consumer: *mut u32,
    entries: *mut u8,
}

impl Queue {
    fn open(device: &str) -> Result<Self, Box<dyn Error>> {
        let name = CString::new(device)?;
        // SAFETY: plain system calls; every pointer leads to a value that lives for its call, but for the slots, which
        // are never given back.
        unsafe {
            let socket = libc::socket(libc::AF_XDP, libc::SOCK_RAW | libc::SOCK_CLOEXEC, 0);
            if socket < 0 {
                return Err(io::Error::last_os_error().into());
            }
            let socket = OwnedFd::from_raw_fd(socket);
            let slots = map(SLOTS * SLOT_BYTES, libc::MAP_PRIVATE | libc::MAP_ANONYMOUS, -1, 0)?;
            let mut memory: libc::xdp_umem_reg = zeroed();
            memory.addr = slots.expose_provenance() as u64;
            memory.len = (SLOTS * SLOT_BYTES) as u64;
            memory.chunk_size = SLOT_BYTES as u32;
            set(&socket, libc::XDP_UMEM_REG, &memory)?;
            for ring in [libc::XDP_UMEM_FILL_RING, libc::XDP_UMEM_COMPLETION_RING, libc::XDP_TX_RING] {
                set(&socket, ring, &(SLOTS as i32))?;
            }
            let mut places: libc::xdp_mmap_offsets = zeroed();
            let mut length = size_of::<libc::xdp_mmap_offsets>() as u32;
            let option = libc::XDP_MMAP_OFFSETS;
            let into = (&raw mut places).cast();
            done(libc::getsockopt(socket.as_raw_fd(), libc::SOL_XDP, option, into, &raw mut length))?;
            let sending = Ring::map(&socket, &places.tx, size_of::<libc::xdp_desc>(), libc::XDP_PGOFF_TX_RING)?;
            let completed = libc::XDP_UMEM_PGOFF_COMPLETION_RING as libc::off_t;
            let sent = Ring::map(&socket, &places.cr, size_of::<u64>(), completed)?;
            let mut address: libc::sockaddr_xdp = zeroed();
            address.sxdp_family = libc::AF_XDP as u16;
            address.sxdp_flags = libc::XDP_COPY;
            address.sxdp_ifindex = libc::if_nametoindex(name.as_ptr());
            let length = size_of::<libc::sockaddr_xdp>() as u32;
            done(libc::bind(socket.as_raw_fd(), (&raw const address).cast(), length))?;
            Ok(Self { socket, slots, sending, sent, put: 0, done: 0 })
        }
    }

    /// Put a frame into the next slot; `false` when no slot is free yet. Frames that do not fit are cut.
    fn put(&mut self, frame: &[u8]) -> bool {
        if self.put.wrapping_sub(self.done) as usize == SLOTS {
            return false;
        }
        let place = self.put as usize % SLOTS;
        let length = frame.len().min(SLOT_BYTES);
        // SAFETY: `place` < SLOTS, so slot and descriptor lie in their mappings; the kernel is done with both.
        unsafe {
            std::ptr::copy_nonoverlapping(frame.as_ptr(), self.slots.add(place * SLOT_BYTES), length);
            let descriptor = libc::xdp_desc { addr: (place * SLOT_BYTES) as u64, len: length as u32, options: 0 };
            self.sending.entries.cast::<libc::xdp_desc>().add(place).write(descriptor);
        }
        self.put = self.put.wrapping_add(1);
        true
    }

    /// Send what was put.
    fn send(&mut self) -> io::Result<()> {
        // SAFETY: the rings' numbers lie in mappings that live as long as the process; no pointer is passed.
        let (sent, error) = unsafe {
            AtomicU32::from_ptr(self.sending.producer).store(self.put, Ordering::Release);
            let sent = libc::sendto(self.socket.as_raw_fd(), null(), 0, libc::MSG_DONTWAIT, null(), 0);
            let error = io::Error::last_os_error();
            self.done = AtomicU32::from_ptr(self.sent.producer).load(Ordering::Acquire);
            AtomicU32::from_ptr(self.sent.consumer).store(self.done, Ordering::Release);
            (sent, error)
        };
        match error.raw_os_error() {
            _ if sent >= 0 => Ok(()),
            Some(libc::ENOBUFS | libc::EINTR | libc::EAGAIN | libc::EBUSY) => Ok(()),
            _ => Err(error),
        }
    }

    /// Frames that the driver has taken.
    fn taken(&self) -> u32 {
        // SAFETY: as in `send`.
        unsafe { AtomicU32::from_ptr(self.sending.consumer).load(Ordering::Acquire) }
    }
}

impl Ring {
    fn map(socket: &OwnedFd, places: &libc::xdp_ring_offset, entry_bytes: usize, at: libc::off_t) -> io::Result<Self> {
        let length = places.desc as usize + SLOTS * entry_bytes;
        let memory = map(length, libc::MAP_SHARED | libc::MAP_POPULATE, socket.as_raw_fd(), at)?;
        // SAFETY: the kernel says where in the mapping the numbers and the entries stand.
        let place = |offset: u64| unsafe { memory.add(offset as usize) };
        Ok(Self {
            producer: place(places.producer).cast(),
            consumer: place(places.consumer).cast(),
            entries: place(places.desc),
        })
    }
}

fn map(length: usize, flags: i32, descriptor: i32, at: libc::off_t) -> io::Result<*mut u8> {
    let protection = libc::PROT_READ | libc::PROT_WRITE;
    // SAFETY: a new mapping at an address of the kernel's choice touches no memory of ours.
    let memory = unsafe { libc::mmap(std::ptr::null_mut(), length, protection, flags, descriptor, at) };
    if memory == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(memory.cast())
}

/// Seconds of a processor that this thread has used, in user mode and in the kernel.
fn used_s() -> f64 {
    let mut time = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: `time` lives for the call.
    unsafe { libc::clock_gettime(libc::CLOCK_THREAD_CPUTIME_ID, &raw mut time) };
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [device, capture, rate, seconds, core @ ..] = &arguments[..] else {
        return Err("blast DEVICE CAPTURE PACKETS_PER_S SECONDS [CORE]".into());
    };
    let (rate, length): (f64, f64) = (rate.parse()?, seconds.parse()?);
    if let [core] = core {
        pin(core.parse()?)?;
    }
    let mut files = Files::open(&[capture])?;
    let mut frames = Frames::default();
    while files.read(1_000_000, &mut frames) != Progress::End {}
    if frames.ends.is_empty() {
        return Err(format!("{capture}: holds no packet").into());
    }
    must_be_veth(device)?;
    let mut queue = Queue::open(device)?;
    let mean_bytes = frames.bytes.len() as f64 / frames.ends.len() as f64;
    let (mut offered, mut place, mut behind) = (0_usize, 0, 0);
    let begin = Instant::now();
    let end = Duration::from_secs_f64(length);
    let mut gone = Duration::ZERO;
    while gone < end {
        let due = (gone.as_secs_f64() * rate) as usize;
        // What could not be sent in time is made up for, a batch at a time.
        behind = behind.max(due.saturating_sub(offered));
        let mut put = 0;
        while put < BATCH && offered + put < due && queue.put(frames.get(place)) {
            place = (place + 1) % frames.ends.len();
            put += 1;
        }
        queue.send()?;
        offered += put;
        gone = begin.elapsed();
    }
    while queue.taken() != queue.put {
        queue.send()?;
    }
    let seconds = gone.as_secs_f64();
    println!(
        "{{\"offered\": {offered}, \"seconds\": {seconds:.3}, \"packets_per_s\": {:.0}, \"mean_bytes\": {mean_bytes:.1}, \"behind\": {behind}, \"cpu_s\": {:.3}}}",
        offered as f64 / seconds,
        used_s()
    );
    Ok(())
}
