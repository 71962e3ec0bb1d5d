//! PRP trailers and HSR tags.

use wire::frame::Redundancy;

use crate::build::*;

/// A frame with a PRP trailer; `padding` before it, `behind` after it.
fn trailed(sequence: u16, lan: u8, padding: usize, behind: &[u8]) -> Vec<u8> {
    let mut data = inner();
    data.extend(vec![0; padding]);
    let size = (data.len() - 14 + 6) as u16;
    data.extend(sequence.to_be_bytes());
    data.extend((u16::from(lan) << 12 | size).to_be_bytes());
    data.extend([0x88, 0xfb]);
    data.extend(behind);
    data
}

#[test]
fn the_trailer_is_told_from_padding() {
    let found = |data: &[u8]| frame(data).0.redundancy;
    assert_eq!(found(&trailed(300, 0xa, 0, &[])), Some(Redundancy { sequence: 300, lan: 0xa }));
    assert_eq!(found(&trailed(300, 0xb, 6, &[])), Some(Redundancy { sequence: 300, lan: 0xb }));
    assert_eq!(
        found(&trailed(300, 0xb, 0, &[1, 2, 3, 4])),
        Some(Redundancy { sequence: 300, lan: 0xb }),
        "with checksum"
    );
    assert_eq!(found(&trailed(300, 0xc, 0, &[])), None, "no such LAN");
    assert_eq!(found(&trailed(300, 0xa, 0, &[0; 5])), None, "too far from the end");
    let mut other_size = trailed(300, 0xa, 0, &[]);
    let at = other_size.len() - 3;
    other_size[at] += 1;
    assert_eq!(found(&other_size), None);
    assert_eq!(found(&inner()), None);
    let payload = frame(&trailed(300, 0xa, 6, &[])).0.payload.to_vec();
    assert_eq!(payload, crate::common::read_request(1), "the trailer is no payload");
}

#[test]
fn the_trailer_stands_behind_tags_and_ipv6_too() {
    let with_tag = {
        let mut data = ethernet(9, 0x8100, &tag(7, 0x0800, &inner_ip()));
        let size = (inner_ip().len() + 6) as u16;
        data.extend([0, 9]);
        data.extend((0xa000 | size).to_be_bytes());
        data.extend([0x88, 0xfb]);
        data
    };
    assert_eq!(frame(&with_tag).0.redundancy, Some(Redundancy { sequence: 9, lan: 0xa }));
    let datagram = v6(9, 6, &segment());
    let mut data = ethernet(9, 0x86dd, &datagram);
    data.extend([0, 9]);
    data.extend((0xb000 | (datagram.len() + 6) as u16).to_be_bytes());
    data.extend([0x88, 0xfb]);
    assert_eq!(frame(&data).0.redundancy, Some(Redundancy { sequence: 9, lan: 0xb }));
}

#[test]
fn the_hsr_tag_is_read() {
    let data = ethernet(9, 0x892f, &[&[0x10, 60, 0x12, 0x34, 8, 0][..], &inner_ip()].concat());
    assert_eq!(frame(&data).0.redundancy, Some(Redundancy { sequence: 0x1234, lan: 1 }));
}
