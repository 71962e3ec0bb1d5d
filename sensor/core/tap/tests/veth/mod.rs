//! Two namespaces of our own and the wires between them. Needs root and `ip`; says so where they are missing.
#![allow(dead_code, clippy::unwrap_used, clippy::panic)] // every test binary uses its own part

use crate::common::{skipped, Keep};
use std::fs::File;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};
use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant, SystemTime};
use tap::{Live, LiveOptions, Progress};

/// Two namespaces, joined by veth pairs: frames leave on `srcN` and arrive on `capN`.
pub struct Wire {
    pub sender: String,
    pub taker: String,
}

impl Wire {
    /// `None`, and a line that says why, where this machine cannot do it.
    pub fn lay(pairs: usize) -> Option<Self> {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let run = format!("otus-tap-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
        let wire = Self { sender: format!("{run}-s"), taker: format!("{run}-t") };
        for name in [&wire.sender, &wire.taker] {
            if !ip(&["netns", "add", name]) {
                skipped("no network namespace can be made here (needs root and iproute2)");
                return None;
            }
        }
        for pair in 0..pairs {
            wire.pair(pair);
        }
        Some(wire)
    }

    /// Lay one pair (again).
    pub fn pair(&self, pair: usize) {
        let (source, capture) = (format!("src{pair}"), format!("cap{pair}"));
        let peer = ["peer", "name", &capture, "netns", &self.taker];
        assert!(ip_in(&self.sender, &[&["link", "add", &source, "type", "veth"], &peer[..]].concat()));
        for (namespace, device) in [(&self.sender, &source), (&self.taker, &capture)] {
            inside(namespace, || {
                // The kernel's own neighbour discovery would be traffic that nobody sent.
                let path = format!("/proc/sys/net/ipv6/conf/{device}/disable_ipv6");
                let _ = std::fs::write(path, "1"); // where there is no IPv6 there is nothing to switch off
            });
            assert!(ip_in(namespace, &["link", "set", device, "arp", "off", "up"]));
        }
    }

    pub fn open(&self, names: &[&str], options: LiveOptions) -> Live {
        inside(&self.taker, || Live::open(names, options)).unwrap_or_else(|error| panic!("{error}"))
    }

    pub fn refusal(&self, names: &[&str], options: LiveOptions) -> String {
        match inside(&self.taker, || Live::open(names, options)) {
            Ok(_) => panic!("opened"),
            Err(error) => error.to_string(),
        }
    }

    pub fn send(&self, device: &str) -> Sender {
        inside(&self.sender, || Sender::open(device))
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        ip(&["netns", "del", &self.sender]);
        ip(&["netns", "del", &self.taker]);
    }
}

pub fn ip(arguments: &[&str]) -> bool {
    Command::new("ip").args(arguments).output().is_ok_and(|output| output.status.success())
}

/// Not `ip -n`: that also remounts /sys, which fails in a chroot whose root is no mount point.
pub fn ip_in(namespace: &str, arguments: &[&str]) -> bool {
    inside(namespace, || ip(arguments))
}

/// Run `work` in a namespace: a thread of its own goes there, and no other one notices.
pub fn inside<T: Send>(namespace: &str, work: impl FnOnce() -> T + Send) -> T {
    let place = File::open(format!("/run/netns/{namespace}")).unwrap();
    std::thread::scope(|scope| {
        let there = scope.spawn(|| {
            // SAFETY: a live descriptor of a namespace; only this thread changes.
            assert_eq!(unsafe { libc::setns(place.as_raw_fd(), libc::CLONE_NEWNET) }, 0);
            work()
        });
        there.join().unwrap()
    })
}

/// A raw socket that puts whole frames on an interface.
pub struct Sender(pub OwnedFd);

impl Sender {
    pub fn open(device: &str) -> Self {
        let name = std::ffi::CString::new(device).unwrap();
        // SAFETY: plain system calls; the name and the address live for their calls.
        unsafe {
            let socket = libc::socket(libc::AF_PACKET, libc::SOCK_RAW, 0);
            assert!(socket >= 0);
            let mut address: libc::sockaddr_ll = std::mem::zeroed();
            address.sll_family = libc::AF_PACKET as u16;
            address.sll_ifindex = libc::if_nametoindex(name.as_ptr()) as i32;
            let length = std::mem::size_of_val(&address) as u32;
            assert_eq!(libc::bind(socket, (&raw const address).cast(), length), 0);
            Self(OwnedFd::from_raw_fd(socket))
        }
    }

    pub fn put(&self, frame: &[u8]) {
        loop {
            // SAFETY: `frame` is live and of the length given.
            let sent = unsafe { libc::send(self.0.as_raw_fd(), frame.as_ptr().cast(), frame.len(), 0) };
            if sent == frame.len() as isize {
                return;
            }
            assert_eq!(std::io::Error::last_os_error().raw_os_error(), Some(libc::ENOBUFS));
            std::thread::yield_now();
        }
    }
}

/// A frame that nobody knows: its number stands behind the Ethernet header.
pub fn frame(number: u32, length: usize) -> Vec<u8> {
    let mut frame = vec![0x02, 0, 0, 0, 0, 1, 0x02, 0, 0, 0, 0, 2, 0x88, 0xb5]; // local experimental EtherType
    frame.extend_from_slice(&number.to_be_bytes());
    frame.resize(length, 0xa5);
    frame
}

pub fn number(data: &[u8]) -> u32 {
    u32::from_be_bytes([data[14], data[15], data[16], data[17]])
}

/// Read until `count` packets are here, but no longer than ten seconds.
pub fn take(live: &mut Live, sink: &mut Keep, count: usize) {
    let end = Instant::now() + Duration::from_secs(10);
    while sink.packets.len() < count && Instant::now() < end {
        live.read(1_000, Duration::from_millis(50), sink).unwrap();
    }
}

/// Read until a warning says `what`, for five seconds at most.
pub fn said(live: &mut Live, sink: &mut Keep, what: &str) {
    let end = Instant::now() + Duration::from_secs(5);
    let mut lines = Vec::new();
    while Instant::now() < end {
        live.read(100, Duration::from_millis(50), sink).unwrap();
        lines.extend(live.warnings());
        if lines.iter().any(|line: &String| line.contains(what)) {
            return;
        }
    }
    panic!("{what:?} not in {lines:?}");
}

/// Set the flag, and read to the end.
pub fn stop(live: &mut Live, sink: &mut Keep) -> Duration {
    let begin = Instant::now();
    live.stop_flag().store(true, Ordering::Relaxed);
    while live.read(1_000, Duration::from_secs(5), sink).unwrap() != Progress::End {}
    begin.elapsed()
}

pub fn utc_ns() -> u64 {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap().as_nanos() as u64
}

pub const SMALL: LiveOptions =
    LiveOptions { ring_mib: 8, fanout: 1, hold_ms: 20, promiscuous: true, wait_for_return: false };
