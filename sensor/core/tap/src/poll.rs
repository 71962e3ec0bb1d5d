//! Waiting for input with a time limit: poll(2).

use std::io;
use std::os::fd::{AsRawFd, BorrowedFd};

/// Wait until one of the descriptors has something to read, or something to complain about; `false` after `limit_ms`.
/// A signal comes back as `Interrupted`.
pub(crate) fn readable(descriptors: &[BorrowedFd<'_>], limit_ms: u16) -> io::Result<bool> {
    let mut waiting: Vec<libc::pollfd> = descriptors
        .iter()
        .map(|descriptor| libc::pollfd { fd: descriptor.as_raw_fd(), events: libc::POLLIN, revents: 0 })
        .collect();
    let count = waiting.len() as libc::nfds_t;
    // SAFETY: `waiting` is a live array of `count` pollfd that nothing else refers to during the call.
    let ready = unsafe { libc::poll(waiting.as_mut_ptr(), count, libc::c_int::from(limit_ms)) };
    if ready < 0 {
        return Err(io::Error::last_os_error());
    }
    Ok(ready > 0)
}
