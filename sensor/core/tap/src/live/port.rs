//! One ring on an interface: its socket, its account. Most interfaces have one.

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
    /// Number of the interface among those given.
    pub input: u16,
    /// The first ring of its interface: speaks for it, and counts what the interface itself counts.
    pub is_leader: bool,
    index: c_int,
    pub(super) socket: Socket,
    pub ring: Ring,
    group: Option<u16>,
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
    /// The first ring of an interface; where there are to be several, it makes the group that the others join.
    pub(crate) fn open(
        name: &str,
        input: u16,
        options: &LiveOptions,
        statistics: &Statistics,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Error> {
        let shown = printable(Path::new(name));
        let mut port = Self::listen(name, input, options, Some(statistics))?;
        if let Err(error) = port.socket.ignore_outgoing() {
            warnings.push(format!("{shown}: this kernel also shows what the machine itself sends ({error})"));
        }
        if options.fanout > 1 {
            match port.socket.join(None) {
                Ok(group) => port.group = Some(group),
                Err(error) => {
                    let asked = options.fanout;
                    warnings.push(format!("{shown}: is read through one ring, not {asked} ({error})"));
                }
            }
            port.socket.open_intake().map_err(|error| refused(&shown, &error, options, None))?;
        }
        port.is_leader = true;
        port.before = statistics.of(name).unwrap_or_default();
        port.counters.transmitted_before = port.before.transmitted;
        port.check_link(warnings);
        Ok(port)
    }

    /// A further ring of an interface.
    pub(crate) fn join(name: &str, input: u16, options: &LiveOptions, group: u16) -> Result<Self, Error> {
        let mut port = Self::listen(name, input, options, None)?;
        let _ = port.socket.ignore_outgoing(); // the leader has said it
        let failed = |error: io::Error| refused(&printable(Path::new(name)), &error, options, None);
        port.group = Some(port.socket.join(Some(group)).map_err(failed)?);
        port.socket.open_intake().map_err(failed)?;
        Ok(port)
    }

    /// A ring that fills from now on.
    fn listen(name: &str, input: u16, options: &LiveOptions, statistics: Option<&Statistics>) -> Result<Self, Error> {
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
        let blocks = blocks(options).ok_or_else(|| {
            let (asked, most) = (options.ring_mib, MOST_RING_MIB);
            let least = options.fanout.max(1);
            Error::about(&shown, format_args!("a ring of {asked} MiB cannot be made; choose {least} to {most}"))
        })?;
        socket.request_ring(&ring::request(blocks)).map_err(failed)?;
        let ring = Ring::map(std::os::fd::AsFd::as_fd(&socket), blocks).map_err(failed)?;
        if options.fanout > 1 {
            // Until it has joined the others it would show what they show.
            socket.close_intake().map_err(failed)?;
        }
        socket.receive_from(index).map_err(failed)?;
        if options.promiscuous {
            socket.promiscuous(index).map_err(failed)?;
        }
        Ok(Self {
            name: name.to_owned(),
            input,
            is_leader: false,
            index,
            socket,
            ring,
            group: None,
            counters: Counters::default(),
            before: Counts::default(),
            earlier: Counts::default(),
            state: State::Up,
            is_waited_for: options.wait_for_return,
            latest_ns: 0,
        })
    }

    /// The fanout group of this interface, if it has several rings.
    pub(crate) fn group(&self) -> Option<u16> {
        self.group
    }

    /// Hand the next frame over, and count it. Only after `ring` has shown one.
    #[inline]
    pub(crate) fn deliver<S: Sink>(&mut self, number: &mut u64, sink: &mut S) {
        let Some(frame) = self.ring.frame() else { return };
        self.counters.received += 1;
        *number += 1;
        self.latest_ns = self.latest_ns.max(frame.ts_ns);
        let step = frame.step;
        sink.packet(&Packet {
            ts_ns: frame.ts_ns,
            number: *number,
            input: self.input,
            link: LinkType::Ethernet,
            wire_len: frame.wire_len,
            data: frame.data,
            vlan: frame.vlan,
            offset: 0,
        });
        self.ring.advance(step);
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
        if let Some(now) = statistics.of(&self.name).filter(|_| self.is_leader && self.state != State::Removed) {
            self.counters.transmitted =
                self.earlier.transmitted + now.transmitted.saturating_sub(self.before.transmitted);
            self.counters.nic_dropped = self.earlier.dropped + now.dropped.saturating_sub(self.before.dropped);
        }
    }

    /// Capture again from an interface that has come back by its old name, by the same account. Asked for again and
    /// again until it succeeds. How many packets are lost by it: those that a ring that is given up did not show.
    pub(crate) fn find_again(
        &mut self,
        options: &LiveOptions,
        statistics: &Statistics,
        group: Option<u16>,
        warnings: &mut Vec<String>,
    ) -> u64 {
        let Ok(index) = self.socket.index_of(&self.name) else { return 0 };
        if !self.socket.hardware_type(&self.name).is_ok_and(is_ethernet) {
            return 0;
        }
        let mut lost = 0;
        if self.group.is_none() {
            // Into the same ring.
            if self.socket.receive_from(index).is_err()
                || options.promiscuous && self.socket.promiscuous(index).is_err()
            {
                return 0;
            }
            self.index = index;
        } else {
            // A socket cannot leave its group, and the group belongs to the interface that is gone.
            let ready = (self.is_leader || group.is_some()) && self.is_empty();
            let Some(fresh) = ready.then(|| self.replacement(options, group)).flatten() else { return 0 };
            lost = self.take_dropped();
            (self.socket, self.ring, self.index, self.group) = (fresh.socket, fresh.ring, fresh.index, fresh.group);
        }
        self.state = State::Up;
        if self.is_leader {
            self.earlier = Counts { transmitted: self.counters.transmitted, dropped: self.counters.nic_dropped };
            self.before = statistics.of(&self.name).unwrap_or_default();
            let name = printable(Path::new(&self.name));
            warnings
                .push(format!("{name}: the interface is back and captured again; what came meanwhile was not seen"));
        }
        self.check_link(warnings);
        lost
    }

    fn replacement(&self, options: &LiveOptions, group: Option<u16>) -> Option<Self> {
        let mut fresh = Self::listen(&self.name, self.input, options, None).ok()?;
        let _ = fresh.socket.ignore_outgoing(); // said when it was opened first
        fresh.group = Some(fresh.socket.join(group.filter(|_| !self.is_leader)).ok()?);
        fresh.socket.open_intake().ok()?;
        Some(fresh)
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
        if self.is_leader && (state != self.state || trouble.is_some()) {
            self.say(state, trouble, warnings);
        }
        self.state = state;
    }

    fn say(&self, state: State, trouble: Option<i32>, warnings: &mut Vec<String>) {
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
    }
}

fn is_ethernet(hardware: u16) -> bool {
    hardware == libc::ARPHRD_ETHER || hardware == libc::ARPHRD_LOOPBACK
}

/// 16 GiB: beyond that the kernel's own limits would speak, less clearly.
const MOST_RING_MIB: usize = 16 * 1024;

/// Of one ring.
fn blocks(options: &LiveOptions) -> Option<u32> {
    let rings = usize::from(options.fanout.max(1));
    let per_mib = 1024 * 1024 / ring::BLOCK_BYTES;
    (rings..=MOST_RING_MIB)
        .contains(&options.ring_mib)
        .then(|| u32::try_from(options.ring_mib / rings * per_mib).ok())?
}

/// What a refused system call means to a person.
fn refused(name: &str, error: &io::Error, options: &LiveOptions, statistics: Option<&Statistics>) -> Error {
    match error.raw_os_error() {
        Some(libc::ENODEV | libc::ENXIO) => {
            let there = statistics.map(|statistics| statistics.names().join(", ")).unwrap_or_default();
            Error::about(name, format_args!("no such interface; there are: {there}"))
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
