//! What the interfaces themselves count: `/proc/net/dev`.
//!
//! The file is opened once: an open one keeps showing the network namespace in which it was opened, as the sockets do,
//! wherever the process goes later. (`/sys/class/net` shows the namespace that mounted it.)

use std::fs::File;
use std::io::{self, Read, Seek};

pub(crate) struct Statistics {
    file: File,
    text: String,
}

/// One interface's counters since it was created.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub transmitted: u64,
    /// `rx_dropped` and `rx_missed_errors` together.
    pub dropped: u64,
}

impl Statistics {
    pub(crate) fn open() -> io::Result<Self> {
        // Of this thread: after setns, another one may stand in another namespace.
        Ok(Self { file: File::open("/proc/thread-self/net/dev")?, text: String::new() })
    }

    pub(crate) fn refresh(&mut self) -> io::Result<()> {
        self.text.clear();
        self.file.rewind()?;
        self.file.read_to_string(&mut self.text).map(|_| ())
    }

    /// As of the last refresh; `None` when there is no such interface.
    pub(crate) fn of(&self, name: &str) -> Option<Counts> {
        lines(&self.text).find(|(found, _)| *found == name).and_then(|(_, numbers)| counts(numbers))
    }

    pub(crate) fn names(&self) -> Vec<&str> {
        lines(&self.text).map(|(name, _)| name).collect()
    }
}

/// Below two lines of headings: `  eth0: 1 2 3 …`.
fn lines(text: &str) -> impl Iterator<Item = (&str, &str)> {
    text.lines().skip(2).filter_map(|line| line.rsplit_once(": ")).map(|(name, numbers)| (name.trim(), numbers))
}

/// Received: bytes packets errors dropped fifo frame compressed multicast. Sent: bytes packets …
fn counts(numbers: &str) -> Option<Counts> {
    let mut numbers = numbers.split_ascii_whitespace().map(str::parse);
    let dropped = numbers.nth(3)?.ok()?;
    let transmitted = numbers.nth(5)?.ok()?;
    Some(Counts { transmitted, dropped })
}

#[cfg(test)]
mod tests {
    use super::{counts, lines, Counts};

    #[test]
    fn reads_the_kernel_table() {
        let text = "Inter-| Receive | Transmit\n face |bytes …\n    lo:    3193      29    0    7    0     0          0         0     3193      31    0    0    0     0       0          0\nvery-long-name0: 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15 16\n";
        let found: Vec<_> = lines(text).map(|(name, numbers)| (name, counts(numbers))).collect();
        let expected = [
            ("lo", Some(Counts { transmitted: 31, dropped: 7 })),
            ("very-long-name0", Some(Counts { transmitted: 10, dropped: 4 })),
        ];
        assert_eq!(found, expected);
        assert_eq!(counts("1 2 3"), None);
        assert_eq!(counts(""), None);
    }
}
