//! Who was seen, after a restart.
//!
//! ```text
//! assets: count u32, then each: segment u16, ip, MAC
//! links:  count u32, then each: segment u16, client, server, port u16, protocol
//! ```

use super::{Asset, Link, Newsroom};
use crate::baseline::saved::{Reader, Writer};
use crate::engine::Before;
use crate::limits;
use crate::protocol;

impl Newsroom {
    pub(crate) fn write(&self, out: &mut Writer) {
        let mut assets: Vec<&Asset> = self.assets.iter().collect();
        assets.sort_unstable();
        out.rows(&assets, |out, (segment, ip, mac)| {
            out.u16(*segment);
            out.ip(*ip);
            out.raw(mac);
        });
        let mut links: Vec<&Link> = self.links.iter().collect();
        links.sort_unstable();
        out.rows(&links, |out, (segment, client, server, port, protocol)| {
            out.u16(*segment);
            out.ip(*client);
            out.ip(*server);
            out.u16(*port);
            out.text(protocol);
        });
    }

    /// Who is in a segment that is gone, or speaks a protocol that this version does not, is forgotten.
    pub(crate) fn read(rows: &mut Reader<'_>, before: &Before) -> Option<Self> {
        let mut newsroom = Self::default();
        for _ in 0..rows.count()? {
            let (segment, ip, mac) = (rows.u16()?, rows.ip()?, *rows.raw(6)?.first_chunk::<6>()?);
            if let Some(segment) = before.segment(segment)? {
                newsroom.assets.insert((segment, ip, mac));
            }
        }
        for _ in 0..rows.count()? {
            let (segment, client, server, port) = (rows.u16()?, rows.ip()?, rows.ip()?, rows.u16()?);
            let protocol = rows.protocol()?.and_then(protocol::at);
            if let (Some(segment), Some(protocol)) = (before.segment(segment)?, protocol) {
                newsroom.links.insert((segment, client, server, port, protocol.name));
            }
        }
        (newsroom.assets.len().max(newsroom.links.len()) <= limits::ASSETS).then_some(newsroom)
    }
}
