//! The packet socket and what the kernel knows about an interface. Nothing here can send: no address is ever given a
//! frame, the socket is bound for receiving only.

use std::ffi::c_int;
use std::io;
use std::mem::size_of;
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, FromRawFd, OwnedFd};

pub(crate) struct Socket(OwnedFd);

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Socket {
    /// A packet socket that receives nothing yet.
    pub(crate) fn open() -> io::Result<Self> {
        let kind = libc::SOCK_RAW | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: no pointer is passed.
        let descriptor = unsafe { libc::socket(libc::AF_PACKET, kind, 0) };
        if descriptor < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: a descriptor that the kernel has just given us, and that nobody else owns.
        Ok(Self(unsafe { OwnedFd::from_raw_fd(descriptor) }))
    }

    /// Ask for a ring; [`super::ring::Ring::map`] maps it.
    pub(crate) fn request_ring(&self, request: &libc::tpacket_req3) -> io::Result<()> {
        self.set(libc::SOL_PACKET, libc::PACKET_VERSION, &(libc::tpacket_versions::TPACKET_V3 as c_int))?;
        self.set(libc::SOL_PACKET, libc::PACKET_RX_RING, request)
    }

    /// Leave out what this machine itself sends there (on `lo` every packet would come twice).
    pub(crate) fn ignore_outgoing(&self) -> io::Result<()> {
        self.set(libc::SOL_PACKET, libc::PACKET_IGNORE_OUTGOING, &1)
    }

    pub(crate) fn promiscuous(&self, index: c_int) -> io::Result<()> {
        let mr_type = libc::PACKET_MR_PROMISC as libc::c_ushort;
        let request = libc::packet_mreq { mr_ifindex: index, mr_type, mr_alen: 0, mr_address: [0; 8] };
        self.set(libc::SOL_PACKET, libc::PACKET_ADD_MEMBERSHIP, &request)
    }

    /// Let no further packet in. What the ring holds stays.
    pub(crate) fn close_intake(&self) -> io::Result<()> {
        // One instruction of the classic filter: return 0, keep no byte.
        let mut nothing = libc::sock_filter { code: (libc::BPF_RET | libc::BPF_K) as u16, jt: 0, jf: 0, k: 0 };
        self.set(libc::SOL_SOCKET, libc::SO_ATTACH_FILTER, &libc::sock_fprog { len: 1, filter: &mut nothing })
    }

    /// Let packets in again.
    pub(crate) fn open_intake(&self) -> io::Result<()> {
        self.set(libc::SOL_SOCKET, libc::SO_DETACH_FILTER, &0)
    }

    /// Begin to receive everything that arrives on one interface.
    pub(crate) fn receive_from(&self, index: c_int) -> io::Result<()> {
        let address = libc::sockaddr_ll {
            sll_family: libc::AF_PACKET as u16,
            sll_protocol: (libc::ETH_P_ALL as u16).to_be(),
            sll_ifindex: index,
            sll_hatype: 0,
            sll_pkttype: 0,
            sll_halen: 0,
            sll_addr: [0; 8],
        };
        let length = size_of::<libc::sockaddr_ll>() as libc::socklen_t;
        // SAFETY: `address` is a live sockaddr_ll of the length given; the kernel only reads it.
        let result = unsafe { libc::bind(self.0.as_raw_fd(), (&raw const address).cast(), length) };
        done(result)
    }

    /// Share what arrives with the other sockets of a fanout group: each packet goes to one of them, by the hash of its
    /// addresses, or to the next one whose ring has room. `None` makes a group; the number is that of the group.
    pub(crate) fn join(&self, group: Option<u16>) -> io::Result<u16> {
        let mode = libc::PACKET_FANOUT_HASH | libc::PACKET_FANOUT_FLAG_ROLLOVER;
        let unique = if group.is_none() { libc::PACKET_FANOUT_FLAG_UNIQUEID } else { 0 };
        let request = u32::from(group.unwrap_or(0)) | ((mode | unique) << 16);
        self.set(libc::SOL_PACKET, libc::PACKET_FANOUT, &request)?;
        self.get(libc::SOL_PACKET, libc::PACKET_FANOUT, 0_u32).map(|answer| (answer & 0xffff) as u16)
    }

    /// Packets that the ring had no room for since the last call: reading resets the kernel's counter.
    pub(crate) fn take_dropped(&self) -> io::Result<u64> {
        let zero = libc::tpacket_stats_v3 { tp_packets: 0, tp_drops: 0, tp_freeze_q_cnt: 0 };
        self.get(libc::SOL_PACKET, libc::PACKET_STATISTICS, zero).map(|statistics| u64::from(statistics.tp_drops))
    }

    /// An error that the kernel left on the socket, once.
    pub(crate) fn take_error(&self) -> io::Result<Option<i32>> {
        self.get(libc::SOL_SOCKET, libc::SO_ERROR, 0).map(|error: c_int| (error != 0).then_some(error))
    }

    pub(crate) fn index_of(&self, name: &str) -> io::Result<c_int> {
        let answer = self.ask(libc::SIOCGIFINDEX, named(name, [0; 24])?)?;
        Ok(first_number(&answer))
    }

    /// Does the interface with this index still exist?
    pub(crate) fn exists(&self, index: c_int) -> bool {
        let mut request = Request { name: [0; 16], body: [0; 24] };
        request.body[..4].copy_from_slice(&index.to_ne_bytes());
        !matches!(self.ask(libc::SIOCGIFNAME, request), Err(error) if error.raw_os_error() == Some(libc::ENODEV))
    }

    /// The kernel's hardware type (`ARPHRD_…`).
    pub(crate) fn hardware_type(&self, name: &str) -> io::Result<u16> {
        let answer = self.ask(libc::SIOCGIFHWADDR, named(name, [0; 24])?)?;
        Ok(u16::from_ne_bytes([answer.body[0], answer.body[1]]))
    }

    /// `IFF_UP`, `IFF_RUNNING`, …
    pub(crate) fn flags(&self, name: &str) -> io::Result<c_int> {
        let answer = self.ask(libc::SIOCGIFFLAGS, named(name, [0; 24])?)?;
        Ok(c_int::from(i16::from_ne_bytes([answer.body[0], answer.body[1]])))
    }

    /// One on/off setting of the interface, by its `ETHTOOL_G…` number; `None` where the driver does not know it.
    pub(crate) fn ethtool(&self, name: &str, command: u32) -> Option<u32> {
        let mut value = [command, 0]; // struct ethtool_value
        let mut body = [0; 24];
        let pointer = value.as_mut_ptr().expose_provenance().to_ne_bytes();
        body[..pointer.len()].copy_from_slice(&pointer);
        let mut request = named(name, body).ok()?;
        // SAFETY: `request` has the size of struct ifreq and holds a pointer to `value`, a live struct ethtool_value;
        // the commands used here read and write no more than its eight bytes.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), libc::SIOCETHTOOL as _, &raw mut request) };
        (result == 0).then_some(value[1])
    }

    fn ask(&self, number: libc::c_ulong, mut request: Request) -> io::Result<Request> {
        // SAFETY: `request` has the size of struct ifreq, and the numbers used here (SIOCGIF…) read and write only it.
        let result = unsafe { libc::ioctl(self.0.as_raw_fd(), number as _, &raw mut request) };
        done(result).map(|()| request)
    }

    fn set<T: Copy>(&self, level: c_int, option: c_int, value: &T) -> io::Result<()> {
        let length = size_of::<T>() as libc::socklen_t;
        // SAFETY: `value` is a live value of the length given; the kernel only reads it (and what a sock_fprog points
        // to, which the caller keeps alive for the call).
        let result =
            unsafe { libc::setsockopt(self.0.as_raw_fd(), level, option, std::ptr::from_ref(value).cast(), length) };
        done(result)
    }

    /// `T` is a plain C structure of numbers; `value` is what stands in it if the kernel writes less.
    fn get<T: Copy>(&self, level: c_int, option: c_int, mut value: T) -> io::Result<T> {
        let mut length = size_of::<T>() as libc::socklen_t;
        // SAFETY: the kernel writes at most `length` bytes to `value`, and any bytes are valid numbers.
        let result =
            unsafe { libc::getsockopt(self.0.as_raw_fd(), level, option, (&raw mut value).cast(), &raw mut length) };
        done(result).map(|()| value)
    }
}

/// struct ifreq: the interface's name, and 24 bytes that each request uses in its own way.
#[repr(C, align(8))]
#[derive(Clone, Copy)]
struct Request {
    name: [u8; libc::IFNAMSIZ],
    body: [u8; 24],
}

const _: () = assert!(size_of::<Request>() == size_of::<libc::ifreq>());

fn named(name: &str, body: [u8; 24]) -> io::Result<Request> {
    let mut request = Request { name: [0; libc::IFNAMSIZ], body };
    // One byte stays for the closing zero. The kernel's answer to a name that is too long.
    if name.is_empty() || name.len() >= libc::IFNAMSIZ || name.contains('\0') {
        return Err(io::Error::from_raw_os_error(libc::ENODEV));
    }
    request.name[..name.len()].copy_from_slice(name.as_bytes());
    Ok(request)
}

fn first_number(answer: &Request) -> c_int {
    let [a, b, c, d, ..] = answer.body;
    c_int::from_ne_bytes([a, b, c, d])
}

fn done(result: c_int) -> io::Result<()> {
    if result == 0 {
        Ok(())
    } else {
        Err(io::Error::last_os_error())
    }
}
