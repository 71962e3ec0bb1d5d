//! One interface: its socket, its ring, its account.

use super::ring::{self, Ring};
use super::socket::Socket;
use super::statistics::{Counts, Statistics};
use super::LiveOptions;
use crate::error::printable;
use crate::{Counters, Error};
use std::ffi::c_int;
use std::io;
use std::path::Path;
use wire::packet::{LinkType, Packet, Sink};

pub(crate) struct Port {
    pub name: String,
    index: c_int,
    pub(super) socket: Socket,
    pub ring: Ring,
    pub counters: Counters,
    before: Counts,
    /// What interfaces of this name had counted when they were removed.
    earlier: Counts,
    pub state: State,
    is_waited_for: bool,
    /// Latest packet delivered from here.
    pub latest_ns: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum State {
    Up,
    /// Set down; the kernel goes on by itself when it is up again.
    Down,
    /// The interface does not exist any more. Its ring may still hold packets.
    Removed,
}

impl Port {
    pub(crate) fn open(
        name: &str,
        options: &LiveOptions,
        statistics: &Statistics,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let shown = printable(Path::new(name));
        let failed = |error: io::Error| refused(&shown, &error, options, statistics);
        let socket = Socket::open().map_err(failed)?;
        let index = socket.index_of(name).map_err(failed)?;
        let hardware = socket.hardware_type(name).map_err(failed)?;
        if !is_ethernet(hardware) {
            let what =
                format!("is not an Ethernet interface (hardware type {hardware}); name the port of the mirror or TAP");
            return Err(Error::about(&shown, what));
        }
        let blocks = blocks(options.ring_mib).ok_or_else(|| {
            Error::about(
                &shown,
                format_args!("a ring of {} MiB cannot be made; choose 1 to {MOST_RING_MIB}", options.ring_mib),
            )
        })?;
        socket.request_ring(&ring::request(blocks)).map_err(failed)?;
        let ring = Ring::map(std::os::fd::AsFd::as_fd(&socket), blocks).map_err(failed)?;
        if let Err(error) = socket.ignore_outgoing() {
            warnings.push(format!("{shown}: this kernel also shows what the machine itself sends ({error})"));
        }
        socket.receive_from(index).map_err(failed)?;
        if options.promiscuous {
            socket.promiscuous(index).map_err(failed)?;
        }
        let before = statistics.of(name).unwrap_or_default();
        let counters = Counters { transmitted_before: before.transmitted, ..Counters::default() };
        let state = State::Up;
        let earlier = Counts::default();
        let name = name.to_owned();
        let is_waited_for = options.wait_for_return;
        let mut port =
            Self { name, index, socket, ring, counters, before, earlier, state, is_waited_for, latest_ns: 0 };
        port.check_link(warnings);
        Ok(port)
    }

    /// Hand the next frame over. Only after `ring` has shown one.
    #[inline]
    pub(crate) fn deliver<S: Sink>(&mut self, input: u16, sink: &mut S) {
        let Some(frame) = self.ring.frame() else { return };
        self.counters.received += 1;
        self.latest_ns = self.latest_ns.max(frame.ts_ns);
        sink.packet(&Packet {
            ts_ns: frame.ts_ns,
            number: self.counters.received,
            input,
            link: LinkType::Ethernet,
            wire_len: frame.wire_len,
            data: frame.data,
            vlan: frame.vlan,
            offset: 0,
        });
        self.ring.advance();
    }

    /// The descriptor to wait on, unless the interface is gone for good.
    pub(crate) fn waits_on(&self) -> Option<std::os::fd::BorrowedFd<'_>> {
        (self.state != State::Removed).then(|| std::os::fd::AsFd::as_fd(&self.socket))
    }

    /// Has the ring nothing more to give, now or with the retirement of its open block?
    pub(crate) fn is_empty(&mut self) -> bool {
        self.ring.next_ts_ns().is_none() && self.ring.frames_to_come() == 0
    }

    /// Packets that the kernel dropped since the last call.
    pub(crate) fn take_dropped(&mut self) -> u64 {
        // The only errors are those of a wrong call: there is nothing to report to a person.
        let dropped = self.socket.take_dropped().unwrap_or(0);
        self.counters.dropped_kernel += dropped;
        dropped
    }

    pub(crate) fn close_intake(&self) -> io::Result<()> {
        self.socket.close_intake()
    }

    /// What the interface itself has counted since we opened it. Nothing changes while it is away.
    pub(crate) fn count(&mut self, statistics: &Statistics) {
        if let Some(now) = statistics.of(&self.name).filter(|_| self.state != State::Removed) {
            self.counters.transmitted =
                self.earlier.transmitted + now.transmitted.saturating_sub(self.before.transmitted);
            self.counters.nic_dropped = self.earlier.dropped + now.dropped.saturating_sub(self.before.dropped);
        }
    }

    /// Capture again from an interface that has come back by its old name: into the same ring, by the same account.
    /// Asked for again and again until it succeeds.
    pub(crate) fn find_again(&mut self, options: &LiveOptions, statistics: &Statistics, warnings: &mut Vec<String>) {
        let Ok(index) = self.socket.index_of(&self.name) else { return };
        if !self.socket.hardware_type(&self.name).is_ok_and(is_ethernet) {
            return;
        }
        self.earlier = Counts { transmitted: self.counters.transmitted, dropped: self.counters.nic_dropped };
        if self.socket.receive_from(index).is_err() {
            return;
        }
        let name = printable(Path::new(&self.name));
        if options.promiscuous && self.socket.promiscuous(index).is_err() {
            warnings.push(format!("{name}: shows only what is addressed to this machine (not promiscuous)"));
        }
        self.before = statistics.of(&self.name).unwrap_or_default();
        self.index = index;
        self.state = State::Up;
        warnings.push(format!("{name}: the interface is back and captured again; what came meanwhile was not seen"));
        self.check_link(warnings);
    }

    /// Has the interface gone down, come back, or been removed? Each change is said once.
    pub(crate) fn check_link(&mut self, warnings: &mut Vec<String>) {
        if self.state == State::Removed {
            return;
        }
        let trouble = self.socket.take_error().ok().flatten();
        let state = if !self.socket.exists(self.index) {
            State::Removed
        } else {
            match self.socket.flags(&self.name) {
                Ok(flags) if flags & libc::IFF_UP == 0 => State::Down,
                Ok(_) => State::Up,
                Err(_) => self.state, // renamed: it is there, by another name
            }
        };
        let name = printable(Path::new(&self.name));
        match (self.state, state) {
            (_, State::Removed) => {
                let what = if self.is_waited_for { "capture goes on when it is back" } else { "its capture has ended" };
                warnings.push(format!("{name}: the interface was removed; {what}"));
            }
            (State::Up, State::Down) => {
                warnings.push(format!("{name}: is down, so no packet comes; set it up with: ip link set {name} up"));
            }
            (State::Down, State::Up) => warnings.push(format!("{name}: is up again")),
            (State::Up, State::Up) if trouble == Some(libc::ENETDOWN) => {
                warnings.push(format!("{name}: was down for a moment; packets may be missing"));
            }
            _ => {}
        }
        self.state = state;
    }
}

fn is_ethernet(hardware: u16) -> bool {
    hardware == libc::ARPHRD_ETHER || hardware == libc::ARPHRD_LOOPBACK
}

/// 16 GiB: beyond that the kernel's own limits would speak, less clearly.
const MOST_RING_MIB: usize = 16 * 1024;

fn blocks(ring_mib: usize) -> Option<u32> {
    let per_mib = 1024 * 1024 / ring::BLOCK_BYTES;
    (1..=MOST_RING_MIB).contains(&ring_mib).then(|| u32::try_from(ring_mib * per_mib).ok()).flatten()
}

/// What a refused system call means to a person.
fn refused(name: &str, error: &io::Error, options: &LiveOptions, statistics: &Statistics) -> Error {
    match error.raw_os_error() {
        Some(libc::ENODEV | libc::ENXIO) => {
            Error::about(name, format_args!("no such interface; there are: {}", statistics.names().join(", ")))
        }
        Some(libc::EPERM | libc::EACCES) => {
            Error::about(name, "no permission to capture; run as root, or give the program the capability CAP_NET_RAW")
        }
        Some(libc::ENOMEM | libc::ENOBUFS) => Error::about(
            name,
            format_args!("no memory for a ring of {} MiB per interface; choose a smaller one", options.ring_mib),
        ),
        _ => Error::about(name, format_args!("cannot be captured ({error})")),
    }
}
