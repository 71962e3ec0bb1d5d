//! Every kind of tunnel by hand, whole, cut, nested, and lying.

use wire::frame::{decode, Decoded, Digest, Frame, Layer, Layer4, Outline, Path, TunnelKind};
use wire::ledger::Skip;
use wire::packet::{Packet, Tag};

use crate::build::*;
use crate::common::random::Random;
use crate::common::{read_request, Bench};

/// Name, frame, what lies around (kind and id), VLAN inside, and whether the stations inside have MACs of their own.
type Row = (&'static str, Vec<u8>, Vec<(TunnelKind, u32)>, Option<u16>, bool);

fn every_kind() -> Vec<Row> {
    use TunnelKind::*;
    let tagged = ethernet(9, 0x8100, &tag(77, 0x0800, &inner_ip()));
    let control_word = [&[0, 0, 0, 5][..], &inner()].concat();
    let low_mac = [&[0, 0x1b, 0x1b, 1, 2, 3][..], &inner()[6..]].concat();
    // Sequence number and N-PDU number; a UDP port extension, then the session container with QoS flow 9.
    let session = [0, 1, 0, 0x40, 1, 0x08, 0x68, 0x85, 1, 0x10, 0x49, 0];
    let snap = [&[0xaa, 0xaa, 3, 0, 0, 0, 8, 0][..], &inner_ip()].concat();
    let llc = [&[6, 6, 3][..], &inner_ip()].concat();
    let hsr = [&[0x10, 60, 0, 3, 8, 0][..], &inner_ip()].concat();
    let outer6 = |next, content: &[u8]| ethernet(1, 0x86dd, &v6(1, next, content));
    vec![
        ("SNAP", ethernet(9, snap.len() as u16, &snap), vec![], None, true),
        ("802.2 with IP", ethernet(9, llc.len() as u16, &llc), vec![], None, true),
        ("HSR", ethernet(9, 0x892f, &hsr), vec![], None, true),
        (
            "802.1ad",
            ethernet(9, 0x88a8, &tag(5, 0x8100, &tag(77, 0x0800, &inner_ip()))),
            vec![(ServiceVlan, 5)],
            Some(77),
            true,
        ),
        ("MPLS, IPv4", ethernet(9, 0x8847, &mpls(&[100, 16], &inner_ip())), vec![(Mpls, 16)], None, true),
        (
            "MPLS, entropy label",
            ethernet(9, 0x8847, &mpls(&[16, 7, 99_999], &inner_ip())),
            vec![(Mpls, 16)],
            None,
            true,
        ),
        ("MPLS, pseudowire", ethernet(1, 0x8847, &mpls(&[18], &inner())), vec![(Mpls, 18)], None, true),
        ("MPLS, control word", ethernet(1, 0x8847, &mpls(&[18], &control_word)), vec![(Mpls, 18)], None, true),
        ("MPLS, MAC like a control word", ethernet(1, 0x8848, &mpls(&[18], &low_mac)), vec![(Mpls, 18)], None, true),
        ("MPLS in IP", over_ip(137, &mpls(&[19], &inner_ip())), vec![(Mpls, 19)], None, false),
        ("PPPoE", ethernet(9, 0x8864, &pppoe(21, 0x0021, &inner_ip())), vec![(Pppoe, 21)], None, true),
        ("GRE", over_ip(47, &gre(0, 0x0800, &[], &inner_ip())), vec![(Gre, 0)], None, false),
        (
            "GRE, checksum, key, sequence",
            over_ip(47, &gre(0xb000, 0x0800, &[1, 2, 0, 0, 0, 0, 0, 42, 0, 0, 0, 1], &inner_ip())),
            vec![(Gre, 42)],
            None,
            false,
        ),
        ("GRE over IPv6", outer6(47, &gre(0, 0x0800, &[], &inner_ip())), vec![(Gre, 0)], None, false),
        ("GRE with Ethernet", over_ip(47, &gre(0x2000, 0x6558, &[0, 0, 0, 3], &inner())), vec![(Gre, 3)], None, true),
        (
            "NVGRE",
            over_ip(47, &gre(0x2000, 0x6558, &[0, 0x30, 0x39, 1], &tagged)),
            vec![(Nvgre, 12_345)],
            Some(77),
            true,
        ),
        ("ERSPAN I", over_ip(47, &gre(0, 0x88be, &[], &inner())), vec![(Erspan, 0)], None, true),
        ("ERSPAN II", over_ip(47, &erspan2(300, 0, &inner())), vec![(Erspan, 300)], None, true),
        ("ERSPAN II, VLAN", over_ip(47, &erspan2(300, 55, &inner())), vec![(Erspan, 300)], Some(55), true),
        ("ERSPAN III", over_ip(47, &erspan3(301, 55, 0, false, &inner())), vec![(Erspan, 301)], Some(55), true),
        ("ERSPAN III, platform", over_ip(47, &erspan3(301, 0, 0, true, &inner())), vec![(Erspan, 301)], None, true),
        ("ERSPAN III, IP", over_ip(47, &erspan3(301, 55, 2, false, &inner_ip())), vec![(Erspan, 301)], Some(55), false),
        ("VXLAN", over_udp(4789, &vxlan(70_000, &inner())), vec![(Vxlan, 70_000)], None, true),
        ("VXLAN, tagged inside", over_udp(8472, &vxlan(1, &tagged)), vec![(Vxlan, 1)], Some(77), true),
        ("VXLAN over IPv6", outer6(17, &udp(5, 4789, &vxlan(2, &inner()))), vec![(Vxlan, 2)], None, true),
        ("GENEVE", over_udp(6081, &geneve(0x6558, 3, &[], &inner())), vec![(Geneve, 3)], None, true),
        (
            "GENEVE, options",
            over_udp(6081, &geneve(0x0800, 3, &[1, 2, 3, 1, 5, 6, 7, 8], &inner_ip())),
            vec![(Geneve, 3)],
            None,
            false,
        ),
        ("GTP-U", over_udp(2152, &gtpu(0, 0xabcd, &[], &inner_ip())), vec![(GtpU, 0xabcd)], None, false),
        ("GTP-U, extensions", over_udp(2152, &gtpu(6, 1, &session, &inner_ip())), vec![(GtpU, 1)], None, false),
        ("GTP-U, Ethernet", over_udp(2152, &gtpu(0, 2, &[], &tagged)), vec![(GtpU, 2)], Some(77), true),
        ("GTP-U over IPv6", outer6(17, &udp(5, 2152, &gtpu(0, 3, &[], &inner_ip()))), vec![(GtpU, 3)], None, false),
        ("4 in 4", over_ip(4, &inner_ip()), vec![(Ip, 0)], None, false),
        ("4 in 6", outer6(4, &inner_ip()), vec![(Ip, 0)], None, false),
    ]
}

#[test]
fn every_kind_leads_to_the_request_inside() {
    for (name, data, around, vlan, own_macs) in every_kind() {
        let (frame, path) = frame_of(name, &data);
        assert_eq!((frame.payload, frame.missing), (&read_request(1)[..], 0), "{name}");
        assert_eq!((frame.source, frame.destination), stations(9), "{name}");
        assert_eq!((frame.ip_id, frame.ttl, frame.vlan), (7, 64, vlan), "{name}");
        assert_eq!(path.iter().map(|layer| (layer.kind, layer.id)).collect::<Vec<_>>(), around, "{name}");
        assert_eq!(frame.outside == 0, around.is_empty(), "{name}");
        assert_eq!(frame.source_mac[4], if own_macs { 9 } else { 1 }, "{name}");
        let qfi = path.first().and_then(|layer| layer.qfi);
        assert_eq!(qfi, name.contains("extensions").then_some(9), "{name}");
        if name.ends_with("over IPv6") || name == "VXLAN" {
            let outer = path[0].source.unwrap();
            assert_eq!(outer.is_ipv6(), name.ends_with("over IPv6"), "{name}");
            assert_ne!(Some(outer), path[0].destination, "{name}");
        }
    }
}

fn frame_of<'a>(name: &str, data: &'a [u8]) -> (Frame<'a>, Vec<Layer>) {
    with(data, |decoded, path, _| match decoded {
        Decoded::Frame(frame) => (frame, path.layers().to_vec()),
        other => panic!("{name}: {other:?}"),
    })
}

#[test]
fn ipv6_inside() {
    let inside = v6(9, 6, &segment());
    for data in [
        over_ip(41, &inside),
        ethernet(1, 0x86dd, &v6(1, 41, &inside)),
        over_ip(47, &gre(0, 0x86dd, &[], &inside)),
        over_udp(2152, &gtpu(0, 1, &[], &inside)),
        over_udp(6081, &geneve(0x86dd, 1, &[], &inside)),
        ethernet(1, 0x8864, &pppoe(1, 0x0057, &inside)),
        ethernet(1, 0x8847, &mpls(&[2], &inside)),
    ] {
        let (frame, path) = frame(&data);
        assert_eq!((frame.payload, frame.source.is_ipv6(), frame.ip_id), (&read_request(1)[..], true, 0));
        assert_eq!(path.len(), 1);
    }
}

#[test]
fn what_a_filter_may_ask_is_what_is_inside() {
    with(&over_udp(4789, &vxlan(7, &inner())), |_, _, outline| {
        assert_eq!(
            (outline.source, outline.destination_port, outline.transport),
            (Some(stations(9).0), Some(502), Some(6))
        );
    });
    let arp = ethernet(9, 0x0806, &[0; 28]);
    with(&over_udp(4789, &vxlan(7, &arp)), |decoded, path, outline| {
        assert!(matches!(decoded, Decoded::Skip(Skip::NotIp)));
        assert_eq!((outline.ethertype, outline.source, outline.destination_port), (0x0806, None, None));
        assert_eq!(path.len(), 1);
    });
}

#[test]
fn a_tag_that_the_kernel_took_off_is_the_outermost() {
    let data = ethernet(9, 0x8100, &tag(77, 0x0800, &inner_ip()));
    let taken = Packet { vlan: Some(Tag { protocol: 0x88a8, control: 0x2005 }), ..packet(&data) };
    let mut path = Path::default();
    let Decoded::Frame(frame) = decode(&taken, &mut Outline::default(), &mut path) else { panic!() };
    assert_eq!((frame.vlan, path.layers()[0].id), (Some(77), 5));
    assert!(path.id_of(&[TunnelKind::ServiceVlan]) == Some(5));
}

#[test]
fn the_tag_outside_is_kept_with_the_tunnel() {
    let data = ethernet(1, 0x8100, &tag(12, 0x0800, &v4(1, 17, &udp(5, 4789, &vxlan(7, &inner())))));
    let (frame, path) = frame(&data);
    assert_eq!((frame.vlan, path[0].vlan), (None, Some(12)));
}

/// `depth` networks, one in another, around the request.
fn nested(depth: usize) -> Vec<u8> {
    (0..depth).fold(inner(), |inside, depth| over_udp(4789, &vxlan(depth as u32, &inside)))
}

#[test]
fn tunnels_in_tunnels_are_opened_to_a_depth() {
    let mixed = ethernet(
        1,
        0x8847,
        &mpls(&[30], &v4(2, 47, &gre(0, 0x0800, &[], &v4(3, 17, &udp(1, 2152, &gtpu(0, 4, &[], &inner_ip())))))),
    );
    let (found, path) = frame(&mixed);
    assert_eq!(found.payload, read_request(1));
    let kinds: Vec<TunnelKind> = path.iter().map(|layer| layer.kind).collect();
    assert_eq!(kinds, [TunnelKind::Mpls, TunnelKind::Gre, TunnelKind::GtpU]);
    let most = wire::limits::TUNNELS;
    let data = nested(most);
    let (found, path) = frame(&data);
    assert_eq!((found.payload, path.len()), (&read_request(1)[..], most));
    assert_eq!(path[0].id as usize, most - 1, "outermost first");
    assert_eq!(skipped(&nested(most + 1)), Some(Skip::TunnelDepth));
    assert_eq!(skipped(&nested(60)), Some(Skip::TunnelDepth));
}

#[test]
fn loops_of_headers_end() {
    let hsr = |count: usize| {
        (0..count).fold(inner_ip(), |inside, at| {
            [&[0x10, 60, 0, 3][..], &if at == 0 { [8, 0] } else { [0x89, 0x2f] }, &inside].concat()
        })
    };
    assert_eq!(skipped(&ethernet(1, 0x892f, &hsr(1000))), Some(Skip::NotIp));
    let labels = vec![16; 16_000];
    assert_eq!(frame(&ethernet(1, 0x8847, &mpls(&labels, &inner_ip()))).0.payload, read_request(1));
    let never_bottom = [0, 1, 0, 64].repeat(16_000);
    assert_eq!(skipped(&ethernet(1, 0x8847, &never_bottom)), Some(Skip::BadFrame));
    let snap = [0xaa, 0xaa, 3, 0, 0, 0, 0x81, 0, 0, 1, 0, 200].repeat(5000);
    assert_eq!(skipped(&ethernet(1, 200, &snap)), Some(Skip::NotIp));
    let extensions = [1, 0, 0, 0x40].repeat(15_000);
    let data = over_udp(2152, &gtpu(4, 1, &[&[0, 0, 0, 0x40], &extensions[..]].concat(), &inner_ip()));
    assert_eq!(frame(&data).1.len(), 0, "an endless chain of extensions is a datagram like any other");
}

#[test]
fn a_port_alone_makes_no_tunnel() {
    let mut wrong_version = gtpu(0, 1, &[], &inner_ip());
    wrong_version[0] = 0x50;
    let mut echo = gtpu(0, 1, &[], &inner_ip());
    echo[1] = 1;
    let mut no_network = vxlan(7, &inner());
    no_network[0] = 0;
    let mut longer = gtpu(0, 1, &[], &inner_ip());
    longer[2] = 0xff;
    let mut broken = inner();
    broken[14] = 0x65;
    for (port, content) in [
        (4789, vec![]),
        (4789, vec![8, 0, 0, 0, 0, 0, 7, 0]),
        (4789, no_network),
        (4789, vxlan(7, &broken)),
        (8472, b"a text that somebody sends to this port".to_vec()),
        (6081, geneve(0x1234, 7, &[], &inner())),
        (6081, vec![63, 0, 0x65, 0x58, 0, 0, 7, 0, 1]),
        (2152, wrong_version),
        (2152, echo),
        (2152, longer),
        (2152, gtpu(4, 1, &[0, 0, 0, 0x85, 0, 0, 0, 0], &inner_ip())),
        (2152, gtpu(0, 1, &[], b"neither IP nor Ethernet inside")),
    ] {
        let data = over_udp(port, &content);
        let (found, path) = frame(&data);
        assert!(path.is_empty() && found.outside == 0, "{port} {content:02x?}");
        assert_eq!((found.payload, found.source), (&content[..], stations(1).0));
        assert!(matches!(found.layer4, Layer4::Udp { destination_port, .. } if destination_port == port));
        with(&data, |_, _, outline| assert_eq!(outline.destination_port, Some(port)));
    }
}

#[test]
fn headers_that_lie_have_their_class() {
    for (data, reason) in [
        (over_ip(47, &gre(1, 0x880b, &[], &inner_ip())), Skip::Transport),
        (over_ip(47, &gre(0x4000, 0x0800, &[], &inner_ip())), Skip::Transport),
        (over_ip(47, &gre(0, 0, &[], &[])), Skip::NotIp),
        (over_ip(47, &gre(0x2000, 0x0800, &[], &[])), Skip::BadFrame),
        (over_ip(4, &v6(9, 6, &segment())), Skip::BadFrame),
        (over_ip(41, &inner_ip()), Skip::BadFrame),
        (ethernet(1, 0x8864, &pppoe(1, 0xc021, &[1, 1, 0, 4])), Skip::NotIp),
        (ethernet(1, 0x8864, &[0x12, 0, 0, 1, 0, 4, 0, 0x21, 0, 0]), Skip::BadFrame),
        (ethernet(1, 0x8847, &mpls(&[13], &[0x10, 0, 0, 7, 1, 2])), Skip::NotIp),
        (ethernet(1, 40, &[0x42, 0x42, 3, 0, 0, 0]), Skip::NotIp),
        (ethernet(1, 0x88fb, &[0; 46]), Skip::NotIp),
    ] {
        assert_eq!(skipped(&data), Some(reason), "{data:02x?}");
    }
    // UDP: a length beyond the datagram is refused, one within it is believed.
    let mut lying = over_udp(53, &[1, 2, 3, 4]);
    lying[39] = 13;
    assert_eq!(skipped(&lying), Some(Skip::BadFrame));
    lying[39] = 7;
    assert_eq!(skipped(&lying), Some(Skip::BadFrame));
    lying[39] = 10;
    assert_eq!(frame(&lying).0.payload, [1, 2]);
    lying[39] = 0;
    assert_eq!(frame(&lying).0.payload, [1, 2, 3, 4]);
}

#[test]
fn cut_at_every_byte() {
    for (name, data, ..) in every_kind() {
        for kept in 0..data.len() {
            let cut = Packet { data: &data[..kept], wire_len: data.len() as u32, ..packet(&data) };
            let (mut outline, mut path) = (Outline::default(), Path::default());
            if let Decoded::Frame(found) = decode(&cut, &mut outline, &mut path) {
                if matches!(found.layer4, Layer4::Tcp { .. }) {
                    assert_eq!(found.payload.len() + found.missing as usize, 12, "{name}, {kept}");
                }
                assert_eq!(found.missing as usize, data.len() - kept, "{name}, {kept}");
                assert_eq!(found.checksum_ok(Digest::of(found.segment, (0, 0))), None, "{name}, {kept}");
            }
            // The same bytes as a whole frame: lengths inside promise more than is there.
            with(&data[..kept], |_, _, _| ());
        }
    }
}

#[test]
fn changed_at_random() {
    let (rows, mut random) = (every_kind(), Random::new(4));
    let mut bench = Bench::default();
    for round in 0..40_000 {
        let mut data = rows[random.below(rows.len())].1.clone();
        for _ in 0..1 + random.below(4) {
            let at = random.below(data.len());
            match random.below(4) {
                0 => data[at] = random.byte(),
                1 => data[at] ^= 1 << random.below(8),
                2 => data.truncate(at + 1),
                _ => {
                    let other = &rows[random.below(rows.len())].1;
                    data.splice(at.., other[random.below(other.len())..].iter().copied());
                }
            }
        }
        with(&data, |decoded, path, _| {
            let most = data.len();
            match decoded {
                Decoded::Frame(frame) => {
                    assert!(frame.segment.len() <= most && frame.payload.len() <= frame.segment.len())
                }
                Decoded::Piece(piece) => assert!(piece.bytes.len() <= most && (piece.more || piece.offset > 0)),
                Decoded::Skip(_) => {}
            }
            assert!(path.len() <= wire::limits::TUNNELS);
        });
        if round % 8 == 0 {
            bench.frame(&data);
        }
    }
    bench.finish();
}
