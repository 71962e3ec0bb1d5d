//! Slices as files: the packets around an alert as a small capture of their own.

use crate::error::{printable, Error};
use crate::{PcapngWriter, Remark};
use std::fs::File;
use std::os::unix::fs::FileExt;
use std::path::PathBuf;
use wire::evidence::{Kept, Slice};
use wire::packet::Packet;

/// The capture files that a replay reads, to read single packets in them again.
pub struct Originals {
    paths: Vec<PathBuf>,
    /// The one read last: an alert's packets mostly stand in one file, and a thousand files must not stay open.
    open: Option<(u16, File)>,
}

impl Originals {
    /// `paths` by `Packet::input`.
    pub fn new(paths: Vec<PathBuf>) -> Self {
        Self { paths, open: None }
    }

    fn read(&mut self, kept: &Kept, into: &mut Vec<u8>) -> Result<(), Error> {
        let Some(path) = self.paths.get(usize::from(kept.input)) else {
            return Err(Error::new(format!("packet {}: its file is not known", kept.number)));
        };
        let file = match self.open.take() {
            Some((input, file)) if input == kept.input => file,
            _ => File::open(path).map_err(|error| Error::of_file(&printable(path), &error))?,
        };
        // At most what the reader of captures has seen a packet to be (16 MiB and a bit).
        into.resize(kept.len as usize, 0);
        file.read_exact_at(into, kept.offset).map_err(|error| {
            Error::about(&printable(path), format_args!("packet {} cannot be read again ({error})", kept.number))
        })?;
        self.open = Some((kept.input, file));
        Ok(())
    }
}

/// The slice as a pcapng file in memory. `names` are those of the inputs; the packet that raised the alert carries
/// `comment`.
///
/// # Errors
/// When a packet has to be read back from its file, and that was changed or removed meanwhile.
pub fn slice_file(
    slice: &Slice,
    names: &[String],
    comment: &str,
    mut originals: Option<&mut Originals>,
) -> Result<Vec<u8>, Error> {
    let mut writer = PcapngWriter::new(Vec::new(), "evidence", names);
    let mut again = Vec::new();
    for (index, kept) in slice.packets.iter().enumerate() {
        let data = match (slice.bytes(kept), originals.as_deref_mut()) {
            (Some(data), _) => data,
            (None, Some(originals)) => {
                originals.read(kept, &mut again)?;
                &again
            }
            (None, None) => return Err(Error::new(format!("packet {}: nothing of it was kept", kept.number))),
        };
        let packet = Packet {
            ts_ns: kept.ts_ns,
            number: kept.number,
            input: kept.input,
            link: kept.link,
            wire_len: kept.wire_len,
            data,
            vlan: kept.vlan,
            offset: 0,
        };
        let comment = if index == slice.hit { comment } else { "" };
        writer.write(&packet, &Remark { comment, ..Remark::default() })?;
    }
    writer.into_inner()
}
