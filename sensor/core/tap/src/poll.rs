//! Waiting for input with a time limit: poll(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// What a descriptor has to say.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ready {
    No,
    /// There is something to read (or, at the end of a pipe, nothing for ever).
    Read,
    Trouble,
}

/// Wait until one of the descriptors has something to say, or `limit_ms` is over.
/// A signal comes back as `Interrupted`.
pub(crate) fn wait(descriptors: &[BorrowedFd<'_>], limit_ms: u16) -> io::Result<Vec<Ready>> {
    let mut waiting: Vec<libc::pollfd> = descriptors
        .iter()
        .map(|descriptor| libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    let count = waiting.len() as libc::nfds_t;
    // SAFETY: `waiting` is a live array of `count` pollfd that nothing else refers to during the call.
    let result = unsafe { libc::poll(waiting.as_mut_ptr(), count, libc::c_int::from(limit_ms)) };
    if result < 0 {
        return Err(io::Error::last_os_error());
    }
    let said = |entry: &libc::pollfd| match entry.revents {
        0 => Ready::No,
        events if events & (libc::POLLIN | libc::POLLHUP) != 0 => Ready::Read,
        _ => Ready::Trouble,
    };
    Ok(waiting.iter().map(said).collect())
}
