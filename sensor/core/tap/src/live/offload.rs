//! What a driver does to frames before we see them.

use super::port::Port;
use crate::error::printable;
use std::path::Path;

// <linux/ethtool.h>
const ETHTOOL_RECEIVE_CHECKSUM: u32 = 0x14;
const ETHTOOL_TSO: u32 = 0x1e;
const ETHTOOL_GSO: u32 = 0x23;
const ETHTOOL_FLAGS: u32 = 0x25;
const ETHTOOL_GRO: u32 = 0x2b;
const FLAG_LRO: u32 = 1 << 15;

impl Port {
    /// One line on what the driver does to frames before we see them.
    pub(crate) fn offload(&self) -> String {
        let ask = |command| self.socket.ethtool(&self.name, command);
        let flags = ask(ETHTOOL_FLAGS).map(|flags| flags & FLAG_LRO);
        let settings = [
            ("GRO", ask(ETHTOOL_GRO)),
            ("LRO", flags),
            ("GSO", ask(ETHTOOL_GSO)),
            ("TSO", ask(ETHTOOL_TSO)),
            ("RX checksum", ask(ETHTOOL_RECEIVE_CHECKSUM)),
        ];
        let name = printable(Path::new(&self.name));
        let said: Vec<String> = settings
            .iter()
            .map(|(what, value)| match value {
                Some(0) => format!("{what} off"),
                Some(_) => format!("{what} on"),
                None => format!("{what} unknown"),
            })
            .collect();
        let merged = settings[..2].iter().any(|(_, value)| value.is_some_and(|value| value != 0));
        let advice = if merged {
            format!("; frames may be merged before they are seen: ethtool -K {name} gro off lro off")
        } else {
            String::new()
        };
        format!("{name}: {}{advice}", said.join(", "))
    }
}
