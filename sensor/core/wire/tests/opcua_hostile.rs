//! Bytes from strangers: nothing panics, every step moves on, memory stays within its budget.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

mod opcua_bytes;

use opcua_bytes::{bytes, chunk, open_talk, opened, opening, request, response, talk, Talk};
use wire::limits::{LIST_VALUES, NESTING, OPCUA_MESSAGE_BYTES, TEXT_BYTES};
use wire::protocol::Step;

/// xorshift: the same bytes every time.
struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::try_from(self.next() % limit as u64).unwrap()
    }
}

/// Feed as the engine does, with the rest thrown away when more is asked for.
fn feed(talk: &mut Talk, from_client: bool, mut gap: bool, mut bytes: &[u8]) {
    while !bytes.is_empty() {
        let used = match talk.step(from_client, gap, bytes) {
            Step::Short { need } => {
                assert!(need > bytes.len() && need <= OPCUA_MESSAGE_BYTES);
                return;
            }
            Step::Message { used } | Step::Kept { used } => {
                gap = false;
                used
            }
            Step::Lost { used } => {
                gap = true;
                used
            }
        };
        assert!(used > 0 && used <= bytes.len());
        assert!(talk.kept_bytes() <= OPCUA_MESSAGE_BYTES);
        bytes = &bytes[used..];
    }
}

/// Messages of many shapes to be broken.
fn samples() -> Vec<(bool, Vec<u8>)> {
    let variants = bytes().u8(0x98).u32(3).raw(&[1, 1]).raw(&[3, 9]).raw(&[23, 1, 3, 7]);
    let value = bytes().u8(0xc6).u32(2).u32(1).u32(2).u32(2).u32(2).u32(1);
    let user = bytes().text("p").text("operator").text("secret").null();
    let size = u32::try_from(user.0.len()).unwrap();
    let change = bytes().u32(1).u32(201).raw(&[1, 11]).f64(12.5).u32(1).raw(&[0x7f]).raw(&[0; 60]);
    let change = bytes().node(0, 811).u8(1).u32(u32::try_from(change.0.len()).unwrap()).raw(&change.0);
    let reference = bytes().node(0, 35).u8(1).raw(&[0xc1, 0]).u16(7).text("urn:x").u32(3).u16(2).text("Pump");
    let reference = reference.u8(2).text("Pump").u32(1).node(0, 58);
    let bodies = [
        (true, request(673).u32(2).node(2, 1).u32(13).null().u8(1).raw(&variants.0).text_node(2, "x").u32(13).null()),
        (true, request(673).u32(1).node(2, 1).u32(13).null().u8(1).raw(&value.0)),
        (true, request(467).null().null().null().null().node(0, 324).u8(1).u32(size).raw(&user.0).null().null()),
        (false, response(829, 0).u32(78).u32(1).u32(1).u8(0).u32(1).i64(0).u32(1).raw(&change.0).null().null()),
        (false, response(530, 0).u32(1).u32(0).null().u32(1).raw(&reference.0).null()),
        (true, request(712).u32(1).node(2, 1).text_node(2, "start").u32(1).raw(&variants.0)),
    ];
    let mut samples = vec![(true, opening()), (false, opened())];
    for (sequence, (from_client, body)) in (2..).zip(bodies) {
        samples.push((from_client, chunk('C', sequence, sequence, &body.0[..20])));
        samples.push((from_client, chunk('F', sequence + 1, sequence, &body.0[20..])));
        samples.push((from_client, chunk('F', sequence, sequence, &body.0)));
    }
    samples
}

#[test]
fn every_message_cut_anywhere() {
    for (from_client, whole) in samples() {
        for end in 0..whole.len() {
            feed(&mut open_talk(), from_client, false, &whole[..end]);
            // The same with a size that fits what is left: the body is short, the framing is not.
            if end >= 8 {
                let mut cut = whole[..end].to_vec();
                cut[4..8].copy_from_slice(&u32::try_from(end).unwrap().to_le_bytes());
                feed(&mut open_talk(), from_client, false, &cut);
            }
        }
    }
}

#[test]
fn every_byte_changed() {
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for (from_client, whole) in samples() {
        for place in 0..whole.len() {
            for value in [0, 1, 0x7f, 0x80, 0xff, dice.below(256) as u8] {
                let mut changed = whole.clone();
                changed[place] = value;
                feed(&mut open_talk(), from_client, false, &changed);
                feed(&mut talk(), from_client, true, &changed);
            }
        }
    }
}

#[test]
fn long_conversations_of_broken_messages() {
    let mut dice = Dice(88_172_645_463_325_252);
    let samples = samples();
    for _ in 0..300 {
        let mut talk = talk();
        for _ in 0..60 {
            let (from_client, mut message) = samples[dice.below(samples.len())].clone();
            for _ in 0..dice.below(4) {
                let place = dice.below(message.len());
                message[place] = dice.below(256) as u8;
            }
            if dice.below(5) == 0 {
                message.truncate(dice.below(message.len()) + 1);
            }
            feed(&mut talk, from_client, dice.below(10) == 0, &message);
        }
    }
}

#[test]
fn plain_noise() {
    let mut dice = Dice(3);
    for _ in 0..2000 {
        let noise: Vec<u8> = (0..dice.below(300)).map(|_| dice.below(256) as u8).collect();
        feed(&mut talk(), true, false, &noise);
        let mut body = bytes().u32(9).u32(1).u32(2).u32(2).node(0, [631, 634, 673, 829, 530, 464][dice.below(6)]);
        body = body.raw(&noise);
        feed(&mut open_talk(), dice.below(2) == 0, false, &opcua_bytes::framed("MSG", 'F', &body.0));
    }
}

#[test]
fn nesting_has_an_end() {
    // Variants in variants, data values in variants, diagnostic infos in themselves.
    for level in [&[0x98u8, 1, 0, 0, 0][..], &[24], &[23, 1]] {
        for (depth, flaws) in [(NESTING - 1, vec![]), (NESTING, vec!["opcua.nesting"]), (20_000, vec!["opcua.nesting"])]
        {
            let body = request(673).u32(1).node(2, 1).u32(13).null().u8(1).raw(&level.repeat(depth)).raw(&[3, 7]);
            let mut talk = open_talk();
            talk.client(&chunk('F', 2, 5, &body.0));
            assert_eq!(talk.flaws(), flaws, "{level:?} {depth}");
        }
    }
    for (depth, flaws) in [(NESTING - 1, vec![]), (NESTING, vec!["opcua.nesting"])] {
        let body = response(676, 0).null().u32(1).raw(&[0x40].repeat(depth)).u8(0);
        let mut talk = open_talk();
        talk.server(&chunk('F', 2, 5, &body.0));
        assert_eq!(talk.flaws(), flaws);
    }
}

#[test]
fn claims_are_not_believed() {
    for body in [
        request(631).f64(0.0).u32(2).u32(0x7fff_ffff),
        request(673).u32(1).node(2, 1).u32(13).null().u8(1).u8(0x86).u32(0x7fff_fff0),
        request(673).u32(1).node(2, 1).u32(13).null().u8(1).u8(12).u32(0x7fff_ffff),
    ] {
        let mut talk = open_talk();
        talk.client(&chunk('F', 2, 5, &body.0));
        assert_eq!(talk.flaws(), ["opcua.short_body"]);
    }
    let mut talk = open_talk();
    talk.server(&chunk('F', 2, 5, &response(634, 0).u32(0x4000_0000).0));
    assert_eq!(talk.flaws(), ["opcua.short_body"]);
    for body in [
        request(631).f64(0.0).u32(2).u32(0xffff_fffe),
        request(673).u32(1).node(2, 1).u32(13).null().u8(1).u8(12).u32(0xffff_fff0),
        request(673).u32(1).node(2, 1).u32(13).null().u8(1).u8(60),
        request(673).u32(1).u8(6),
    ] {
        let mut talk = open_talk();
        talk.client(&chunk('F', 2, 5, &body.0));
        assert_eq!(talk.flaws(), ["opcua.bad_encoding"]);
    }
}

#[test]
fn lists_and_texts_are_cut() {
    let many = u32::try_from(LIST_VALUES + 10).unwrap();
    let body = (0..many).fold(request(560).u32(many), |body, _| body.raw(&[0, 85]));
    let mut talk = open_talk();
    talk.client(&chunk('F', 2, 5, &body.0));
    assert_eq!(talk.flaws(), ["opcua.list_cut"]);
    assert_eq!(talk.get("node_ids").split(" | ").count(), LIST_VALUES);
    assert_eq!(talk.record.objects().len(), LIST_VALUES);
    let long = "长".repeat(TEXT_BYTES);
    let numbers = (0..5000u32).fold(bytes().u8(0x87).u32(5000), |body, number| body.u32(number));
    for variant in [bytes().u8(12).text(&long), bytes().u8(15).text(&long), numbers] {
        let body = request(673).u32(1).node(2, 1).u32(13).null().u8(1).raw(&variant.0);
        let mut talk = open_talk();
        talk.client(&chunk('F', 2, 5, &body.0)).check(&[]);
        let shown = talk.get("values").len();
        assert!(shown > TEXT_BYTES - 3 && shown <= 2 * TEXT_BYTES, "{shown}");
    }
}
