//! One big reusable buffer per file: records are read where they lie, and nothing is allocated per packet.

use std::io::{self, Read};

/// How often the buffer tells a reader to come back later is up to the stream (a pipe): see [`Short`].
pub(crate) struct Buffer {
    stream: Box<dyn Read + Send>,
    bytes: Vec<u8>,
    start: usize,
    end: usize,
    /// Position of `bytes[0]` in the (unpacked) stream.
    base: u64,
    /// Bytes still to be passed over before the next record begins.
    debt: u64,
    ended: bool,
    trouble: Option<String>,
}

/// Fewer bytes than asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Short {
    /// Nothing has arrived yet: ask again (a pipe that is still being written to, or a signal).
    Wait,
    /// The stream has ended; what is left is shorter than what was asked for.
    Ended,
}

impl Buffer {
    pub(crate) fn new(stream: Box<dyn Read + Send>, size: usize) -> Self {
        Self { stream, bytes: vec![0; size], start: 0, end: 0, base: 0, debt: 0, ended: false, trouble: None }
    }

    /// Make sure that `wanted` bytes stand at [`Buffer::bytes`]. The caller bounds `wanted`.
    #[inline(always)]
    pub(crate) fn need(&mut self, wanted: usize) -> Result<(), Short> {
        // A debt is only left where the buffer is empty, so the fast path need not look at it.
        if self.end - self.start >= wanted {
            return Ok(());
        }
        self.refill(wanted)
    }

    /// What has been read and not yet consumed.
    #[inline(always)]
    pub(crate) fn bytes(&self) -> &[u8] {
        &self.bytes[self.start..self.end]
    }

    /// Go on behind `count` bytes, whether they have been read yet or not.
    #[inline(always)]
    pub(crate) fn consume(&mut self, count: usize) {
        let here = self.end - self.start;
        if count <= here {
            self.start += count;
        } else {
            self.debt += (count - here) as u64;
            self.start = self.end;
        }
    }

    /// Position of the next byte in the unpacked stream.
    pub(crate) fn position(&self) -> u64 {
        self.base + self.start as u64 + self.debt
    }

    /// The stream has ended in the middle of what [`Buffer::consume`] was to pass over.
    pub(crate) fn owes(&self) -> bool {
        self.debt > 0
    }

    /// Why the stream ended early, if it did: damaged compressed data, a read error.
    pub(crate) fn trouble(&self) -> Option<&str> {
        self.trouble.as_deref()
    }

    #[cold]
    fn refill(&mut self, wanted: usize) -> Result<(), Short> {
        self.bytes.copy_within(self.start..self.end, 0);
        self.base += self.start as u64;
        self.end -= self.start;
        self.start = 0;
        while self.end < wanted {
            if self.ended {
                return Err(Short::Ended);
            }
            if self.end == self.bytes.len() {
                // Only as much as has really arrived is doubled: a length field alone costs nothing.
                self.bytes.resize(self.bytes.len() * 2, 0);
            }
            match self.stream.read(&mut self.bytes[self.end..]) {
                Ok(0) => self.ended = true,
                Ok(count) => {
                    self.end += count;
                    let paid = self.debt.min(self.end as u64) as usize;
                    if paid > 0 {
                        // Everything here is owed: the buffer was empty when the debt was made.
                        self.debt -= paid as u64;
                        self.base += paid as u64;
                        self.bytes.copy_within(paid..self.end, 0);
                        self.end -= paid;
                    }
                }
                Err(error) if matches!(error.kind(), io::ErrorKind::Interrupted | io::ErrorKind::WouldBlock) => {
                    return Err(Short::Wait);
                }
                Err(error) => {
                    self.trouble = Some(error.to_string());
                    self.ended = true;
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::{Buffer, Short};
    use std::io::{self, Read};

    /// One byte per call, and a signal before each.
    struct Drip(Vec<u8>, bool);

    impl Read for Drip {
        fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
            self.1 = !self.1;
            if self.1 {
                return Err(io::ErrorKind::Interrupted.into());
            }
            if self.0.is_empty() {
                return Ok(0);
            }
            out[0] = self.0.remove(0);
            Ok(1)
        }
    }

    fn patiently(buffer: &mut Buffer, wanted: usize) -> Result<(), Short> {
        loop {
            match buffer.need(wanted) {
                Err(Short::Wait) => {}
                other => return other,
            }
        }
    }

    #[test]
    fn grows_passes_over_and_knows_where_it_is() {
        let mut buffer = Buffer::new(Box::new(Drip((0..100).collect(), false)), 2);
        assert_eq!(patiently(&mut buffer, 10), Ok(()));
        assert_eq!(buffer.bytes(), &(0..10).collect::<Vec<u8>>()[..]);
        buffer.consume(50);
        assert_eq!(buffer.position(), 50);
        assert_eq!(patiently(&mut buffer, 3), Ok(()));
        assert_eq!(buffer.bytes(), &[50, 51, 52]);
        buffer.consume(3);
        buffer.consume(40);
        assert_eq!(patiently(&mut buffer, 8), Err(Short::Ended));
        assert_eq!(buffer.bytes(), &(93..100).collect::<Vec<u8>>()[..]);
        buffer.consume(8);
        assert_eq!(patiently(&mut buffer, 1), Err(Short::Ended));
        assert!(buffer.owes());
    }
}
