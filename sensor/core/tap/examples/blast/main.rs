//! The far end of a wire for measuring: `blast DEVICE PEER CAPTURE PACKETS_PER_S SECONDS [CORE]` sends the frames of a
//! capture over and over, as they are, at a steady rate, and prints what it offered as one JSON object.
//!
//! Only on a veth pair (DEVICE sends, PEER is its other end on this machine): never on a wire of a plant. Frames are
//! made in the kernel, by a program that it runs for each ([`program`]), and arrive as they do from a network card's
//! driver: what a sender of ordinary sockets, or of AF_XDP, spends on a frame is more than a gigabit leaves for it.

mod kernel;
mod program;

use std::error::Error;
use std::ffi::CString;
use std::io;
use std::mem::{size_of, zeroed};
use std::os::fd::AsRawFd;
use std::time::Duration;

use kernel::{Map, Program};
use tap::{Files, Progress};
use wire::packet::{Lost, Packet, Sink};

/// A slot and what the kernel needs around a frame fit into a page.
const MOST_SLOT_BYTES: usize = 2048;
/// Frames of the capture that are kept in memory.
const MOST_BYTES: usize = 1 << 30;
/// The other end has taken the last frames by then.
const ARRIVES: Duration = Duration::from_millis(100);
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

impl Frames {
    fn each(&self) -> impl Iterator<Item = &[u8]> {
        (0..self.ends.len()).map(|number| self.get(number))
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

fn pin(core: usize) -> io::Result<()> {
    // SAFETY: a set of zeros is an empty one; CPU_SET checks its bounds; the set lives for the call.
    unsafe {
        let mut set: libc::cpu_set_t = zeroed();
        libc::CPU_SET(core, &mut set);
        done(libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const set))
    }
}

/// The number of an interface.
fn number(device: &str) -> Result<u32, Box<dyn Error>> {
    let name = CString::new(device)?;
    // SAFETY: the name ends with a zero and lives for the call.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(format!("{device}: {}", io::Error::last_os_error()).into()),
        number => Ok(number),
    }
}

/// Have the kernel send: what it says of it.
fn send(frames: &Frames, (device, peer): (u32, u32), rate: u64, length: Duration) -> Result<Map, Box<dyn Error>> {
    let slot_bytes = (frames.each().map(<[u8]>::len).max().unwrap_or(0) + program::LENGTH).next_multiple_of(8);
    let count = frames.ends.len().min(MOST_BYTES / slot_bytes);
    let (account, mut slots) = (Map::new(1, program::ACCOUNT)?, Map::new(count, slot_bytes)?);
    frames.each().take(count).enumerate().for_each(|(number, frame)| slots.put(number, frame));
    let _taking = Program::load(&program::pass())?.attach(peer)?;
    let length_ns = u64::try_from(length.as_nanos())?;
    let steps = program::send(account.number(), slots.number(), (count, slot_bytes), (rate, length_ns), device);
    let program = Program::load(&steps)?;
    wake_in(length + ARRIVES)?;
    program.run()?;
    std::thread::sleep(ARRIVES);
    Ok(account)
}

/// Interrupt what this thread waits for, then.
fn wake_in(length: Duration) -> io::Result<()> {
    extern "C" fn nothing(_signal: i32) {}
    let handler: extern "C" fn(i32) = nothing;
    let zero = libc::timeval { tv_sec: 0, tv_usec: 0 };
    let value = libc::timeval { tv_sec: length.as_secs() as _, tv_usec: length.subsec_micros().into() };
    let timer = libc::itimerval { it_interval: zero, it_value: value };
    // SAFETY: the handler does nothing, which is safe at any moment; the timer is only read.
    unsafe {
        libc::signal(libc::SIGALRM, handler as *const () as libc::sighandler_t);
        done(libc::setitimer(libc::ITIMER_REAL, &raw const timer, std::ptr::null_mut()))
    }
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
    let [device, peer, capture, rate, seconds, core @ ..] = &arguments[..] else {
        return Err("blast DEVICE PEER CAPTURE PACKETS_PER_S SECONDS [CORE]".into());
    };
    let (rate, length): (u64, f64) = (rate.parse()?, seconds.parse()?);
    let length = Duration::try_from_secs_f64(length)?;
    if let [core] = core {
        pin(core.parse()?)?;
    }
    let mut files = Files::open(&[capture])?;
    let mut frames = Frames::default();
    while files.read(1_000_000, &mut frames) != Progress::End {}
    if frames.ends.is_empty() {
        return Err(format!("{capture}: holds no packet").into());
    }
    if let Some(short) = frames.each().find(|frame| frame.len() < program::LEAST) {
        return Err(format!("{capture}: holds a frame of {} bytes", short.len()).into());
    }
    if let Some(long) = frames.each().find(|frame| frame.len() + program::LENGTH > MOST_SLOT_BYTES) {
        return Err(format!("{capture}: holds a frame of {} bytes", long.len()).into());
    }
    must_be_veth(device)?;
    must_be_veth(peer)?;
    let mean_bytes = frames.bytes.len() as f64 / frames.ends.len() as f64;
    let account = send(&frames, (number(device)?, number(peer)?), rate, length)?;
    let (offered, behind) = (account.number_at(program::SENT), account.number_at(program::BEHIND));
    let seconds = length.as_secs_f64();
    println!(
        "{{\"offered\": {offered}, \"seconds\": {seconds:.3}, \"packets_per_s\": {:.0}, \"mean_bytes\": {mean_bytes:.1}, \"behind\": {behind}, \"cpu_s\": {:.3}}}",
        offered as f64 / seconds,
        used_s()
    );
    Ok(())
}
