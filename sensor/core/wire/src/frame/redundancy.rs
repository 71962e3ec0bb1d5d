//! Frames sent twice on purpose. IEC 62439-3: PRP (4, redundancy control trailer) and HSR (5, HSR tag).

/// What a doubled frame says about itself. The two copies have one sequence number and different LANs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Redundancy {
    pub sequence: u16,
    /// PRP: 0xa or 0xb. HSR: path id (its lowest bit tells the directions apart).
    pub lan: u8,
}

/// Last two bytes of the trailer.
const SUFFIX: u16 = 0x88fb;
/// Bytes that may stand behind the trailer: a captured checksum, or padding where a tag was taken off.
const BEHIND: usize = 4;

/// The PRP trailer behind a datagram of `used` bytes. `lsdu` begins where the datagram begins and ends with the frame.
///
/// ```text
/// | sequence | LAN, size (4 + 12 bits) | 88 fb |
/// ```
///
/// The size counts from the datagram's first byte to the trailer's last, which is what makes a chance match unlikely.
#[cold]
pub(super) fn trailer(lsdu: &[u8], used: usize) -> Option<Redundancy> {
    (0..=BEHIND).find_map(|behind| {
        let end = lsdu.len().checked_sub(behind)?;
        let padding = lsdu.get(used..end)?;
        let [a, b, c, d, e, f] = *padding.last_chunk::<6>()?;
        let size = u16::from_be_bytes([c & 0x0f, d]);
        let lan = c >> 4;
        let ours = u16::from_be_bytes([e, f]) == SUFFIX && usize::from(size) == end && matches!(lan, 0xa | 0xb);
        ours.then(|| Redundancy { sequence: u16::from_be_bytes([a, b]), lan })
    })
}
