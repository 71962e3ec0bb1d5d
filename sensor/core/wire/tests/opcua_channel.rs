//! Secure channels as a listener sees them: chunks, sequence numbers, signatures, encryption, conversations picked up
//! in the middle. OPC 10000-6, 6.7.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]
#![allow(clippy::cast_possible_truncation)]

mod common;
mod opcua_bytes;

use opcua_bytes::{bytes, chunk, framed, open_talk, opened, opening, request, response, talk, Talk, BASIC};
use wire::limits::{OPCUA_CHUNK_BYTES, OPCUA_MESSAGE_BYTES};
use wire::protocol::opcua::PROTOCOL;
use wire::protocol::{Probe, Step, TCP};
use wire::value::{Outcome, Role};

/// ReadRequest of `ns=2;s=<name>`.
fn read(name: &str) -> Vec<u8> {
    request(631).f64(0.0).u32(2).u32(1).text_node(2, name).u32(13).null().u16(0).null().0
}

#[test]
fn a_message_in_chunks_is_put_together() {
    let whole = read("Pump.Speed");
    for cut in 0..whole.len() {
        let mut talk = open_talk();
        talk.kept(true, &chunk('C', 2, 5, &whole[..cut]));
        assert_eq!(talk.kept_bytes(), cut);
        talk.client(&chunk('F', 3, 5, &whole[cut..])).check(&[
            ("node_ids", "ns=2;s=Pump.Speed"),
            ("chunks", "2"),
            ("message_size", &(whole.len() + 48).to_string()),
            ("sequence_number", "3"),
            ("request_id", "5"),
        ]);
        assert_eq!(talk.kept_bytes(), 0);
    }
}

#[test]
fn messages_may_take_turns() {
    let (one, two) = (read("One"), read("Two"));
    let mut talk = open_talk();
    talk.kept(true, &chunk('C', 2, 5, &one[..30]));
    talk.kept(true, &chunk('C', 3, 6, &two[..40]));
    talk.client(&chunk('F', 4, 7, &read("Three"))).check(&[("node_ids", "ns=2;s=Three"), ("chunks", "1")]);
    talk.kept(true, &chunk('C', 5, 5, &one[30..50]));
    talk.client(&chunk('F', 6, 6, &two[40..])).check(&[("node_ids", "ns=2;s=Two"), ("chunks", "2")]);
    talk.client(&chunk('F', 7, 5, &one[50..])).check(&[("node_ids", "ns=2;s=One"), ("chunks", "3")]);
}

#[test]
fn a_message_is_given_up_by_its_sender() {
    let reason = bytes().u32(0x80b8_0000).text("too large").0;
    let mut talk = open_talk();
    talk.client(&chunk('F', 2, 5, &read("One")));
    let asked = talk.record.reference;
    talk.kept(false, &chunk('C', 2, 5, &response(634, 0).0));
    talk.server(&chunk('A', 3, 5, &reason)).check(&[
        ("chunk_type", "A"),
        ("status_name", "BadRequestTooLarge"),
        ("error_reason", "too large"),
        ("service", "read"),
    ]);
    assert_eq!((talk.record.operation, talk.record.reference), (631, asked));
    assert_eq!((talk.record.outcome, talk.record.role), (Outcome::Failure, Role::Response));
    assert_eq!(talk.kept_bytes(), 0);
    // A request that was taken back waits for no answer.
    talk.client(&chunk('A', 3, 6, &reason)).check(&[]);
    assert_eq!((talk.record.role, talk.record.reference), (Role::Unsolicited, None));
}

#[test]
fn sequence_numbers() {
    for (last, next, gap) in [
        (1, 2, false),
        (1, 3, true),
        (5, 5, true),
        (5, 4, true),
        (u32::MAX - 1024, 1, false), // Part 6, 6.7.2.4: starts again below 1024
        (u32::MAX - 500, 1023, false),
        (u32::MAX - 500, 1024, true),
        (u32::MAX - 1025, 1, true),
        (u32::MAX, 0, false),
    ] {
        let mut talk = talk();
        talk.client(&chunk('F', last, 5, &read("One"))).check(&[]);
        talk.client(&chunk('F', next, 6, &read("One")));
        assert_eq!(talk.flaws(), if gap { vec!["opcua.sequence_gap"] } else { vec![] }, "{last} {next}");
    }
    // A gap before an intermediate chunk shows on the message it belongs to, and only there.
    let mut talk = open_talk();
    talk.kept(true, &chunk('C', 4, 5, &read("One")[..30]));
    talk.client(&chunk('F', 5, 5, &read("One")[30..]));
    assert_eq!(talk.flaws(), ["opcua.sequence_gap"]);
    talk.client(&chunk('F', 6, 6, &read("One"))).check(&[]);
    // What was lost on the way to us is not the sender's gap.
    assert!(matches!(talk.step(true, true, &chunk('F', 90, 7, &read("One"))), Step::Message { .. }));
    talk.check(&[("sequence_number", "90")]);
}

#[test]
fn another_channel_is_told_apart() {
    let mut talk = open_talk();
    let stranger = framed("MSG", 'F', &bytes().u32(10).u32(1).u32(50).u32(5).raw(&read("One")).0);
    talk.client(&stranger);
    assert_eq!(talk.flaws(), ["opcua.channel_mismatch"]);
    talk.client(&chunk('F', 2, 5, &read("One"))).check(&[]);
}

/// Bytes that are as good as random, the same every time.
fn noise(count: usize) -> Vec<u8> {
    let mut state = 0x2545_f491_4f6c_dd1du64;
    (0..count)
        .map(|_| {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            (state >> 32) as u8
        })
        .collect()
}

/// An opening under Basic256Sha256: everything behind the certificates is encrypted.
fn secured(channel: u32) -> Vec<u8> {
    let header = bytes().u32(channel).text(BASIC).text("certificate").raw(&[20, 0, 0, 0]).raw(&[7; 20]);
    framed("OPN", 'F', &header.raw(&noise(256)).0)
}

fn secured_talk() -> Talk {
    let mut talk = talk();
    talk.client(&secured(0));
    talk.server(&secured(9));
    talk
}

#[test]
fn an_encrypted_channel_shows_sizes() {
    let mut talk = talk();
    talk.client(&secured(0)).check(&[
        ("service", "open_secure_channel"),
        ("security_policy", BASIC),
        ("security_mode", "unknown"),
        ("security_mode_source", "unknown"),
        ("request_type", "issue"),
        ("encrypted", "true"),
        ("receiver_thumbprint", &"07".repeat(20)),
        ("certificate_sha256", "03d66dd08835c1ca3f128cceacd1f31ac94163096b20f445ae84285bc0832d72"),
        ("request_id", ""),
    ]);
    let asked = talk.record.reference;
    talk.server(&secured(9)).check(&[("channel_id", "9")]);
    assert_eq!((talk.record.reference, talk.record.operation, talk.record.role), (asked, 446, Role::Response));
    let message = |kind, count| framed("MSG", kind, &bytes().u32(9).u32(1).raw(&noise(count)).0);
    talk.client(&message('F', 128)).check(&[
        ("service", "encrypted"),
        ("encrypted", "true"),
        ("security_mode", "sign_and_encrypt"),
        ("security_mode_source", "inferred"),
        ("new_token", ""),
        ("message_size", "144"),
        ("token_id", "1"),
    ]);
    assert_eq!((talk.record.role, talk.record.reference), (Role::Request, None));
    talk.kept(false, &message('C', 1000));
    talk.kept(false, &message('C', 1000));
    talk.server(&message('F', 100)).check(&[("chunks", "3"), ("message_size", "2148")]);
    assert_eq!(talk.kept_bytes(), 0, "nothing is kept of what cannot be read");
    talk.client(&framed("CLO", 'F', &bytes().u32(9).u32(1).raw(&noise(64)).0))
        .check(&[("service", "close_secure_channel"), ("encrypted", "true")]);
}

#[test]
fn renewed_keys_show_in_an_encrypted_channel() {
    let mut talk = secured_talk();
    let under = |token, kind| framed("MSG", kind, &bytes().u32(9).u32(token).raw(&noise(64)).0);
    talk.client(&under(1, 'F')).check(&[("token_id", "1"), ("new_token", "")]);
    // The channel's id in the request: there is one to renew. What was seen of its mode stays.
    talk.client(&secured(9)).check(&[
        ("request_type", "renew"),
        ("security_mode", "sign_and_encrypt"),
        ("security_mode_source", "inferred"),
    ]);
    talk.server(&secured(9)).check(&[("channel_id", "9"), ("request_type", "")]);
    talk.client(&under(2, 'F')).check(&[("token_id", "2"), ("new_token", "true")]);
    talk.server(&under(1, 'F')).check(&[("token_id", "1"), ("new_token", "")]);
    talk.server(&under(2, 'F')).check(&[("new_token", "")]);
    // Another channel begins.
    talk.client(&secured(0)).check(&[("request_type", "issue"), ("security_mode", "unknown")]);
    talk.server(&secured(9));
    talk.client(&under(3, 'F')).check(&[("new_token", "")]);
}

#[test]
fn an_encrypted_message_may_be_given_up() {
    let mut talk = secured_talk();
    let message = |kind| framed("MSG", kind, &bytes().u32(9).u32(1).raw(&noise(64)).0);
    talk.kept(true, &message('C'));
    talk.client(&message('A')).check(&[("chunks", "2"), ("encrypted", "true"), ("message_size", "160")]);
    assert_eq!((talk.record.operation_name, talk.record.role), ("abort", Role::Unsolicited));
    assert_eq!((talk.record.outcome, talk.record.reference), (Outcome::Failure, None));
}

#[test]
fn keys_are_renewed_in_the_clear() {
    let mut talk = open_talk();
    talk.client(&chunk('F', 2, 2, &read("One"))).check(&[("token_id", "1"), ("security_mode_source", "told")]);
    let header = bytes().u32(9).text(opcua_bytes::NO_POLICY).null().null().u32(3).u32(3);
    let body = request(446).u32(0).u32(1).u32(1).null().u32(600_000);
    talk.client(&framed("OPN", 'F', &header.raw(&body.0).0)).check(&[
        ("request_type", "renew"),
        ("lifetime_ms", "600000"),
        ("security_mode", "none"),
    ]);
    let asked = talk.record.reference;
    let header = bytes().u32(9).text(opcua_bytes::NO_POLICY).null().null().u32(2).u32(3);
    let body = response(449, 0).u32(0).u32(9).u32(2).i64(0).u32(300_000).null();
    talk.server(&framed("OPN", 'F', &header.raw(&body.0).0)).check(&[("token_id", "2"), ("lifetime_ms", "300000")]);
    assert_eq!(talk.record.reference, asked);
    let next = bytes().u32(9).u32(2).u32(4).u32(4).raw(&read("One"));
    talk.client(&framed("MSG", 'F', &next.0)).check(&[("token_id", "2"), ("new_token", "true")]);
}

/// A conversation of which the engine believes the wrong side to be the client, from its first message on.
#[test]
fn a_message_tells_who_is_the_client() {
    let answer = response(634, 0).u32(1).u8(0).null().0;
    let hello = bytes().u32(0).u32(65536).u32(8192).u32(0).u32(5).text("opc.tcp://plc:4840");
    for (told, first, from_client) in [
        ("a hello", framed("HEL", 'F', &hello.0), true),
        ("an opening", opening(), true),
        (
            "a renewal",
            {
                let header = bytes().u32(9).text(opcua_bytes::NO_POLICY).null().null().u32(3).u32(3);
                framed("OPN", 'F', &header.raw(&request(446).u32(0).u32(1).u32(1).null().u32(1).0).0)
            },
            true,
        ),
        ("a request", chunk('F', 90, 5, &read("One")), true),
        ("an answer", chunk('F', 90, 5, &answer), false),
    ] {
        let mut right = talk();
        assert!(matches!(right.step(from_client, false, &first), Step::Message { .. }));
        assert_eq!((right.record.from_client, right.flaws()), (None, vec![]), "{told}");
        let mut wrong = talk();
        assert!(matches!(wrong.step(!from_client, false, &first), Step::Message { .. }));
        assert_eq!((wrong.record.from_client, wrong.flaws()), (Some(from_client), vec![]), "{told}");
        assert_eq!(wrong.record.role, if from_client { Role::Request } else { Role::Response });
        // Once told, the engine has it right. What comes from the other side now is odd, and turns nothing.
        wrong.step(
            !from_client,
            false,
            &chunk('F', 91, 6, if from_client { answer.clone() } else { read("One") }.as_slice()),
        );
        assert_eq!((wrong.record.from_client, wrong.flaws()), (None, vec![]), "{told}");
        wrong.step(
            from_client,
            false,
            &chunk('F', 300, 7, if from_client { answer.clone() } else { read("One") }.as_slice()),
        );
        assert_eq!(wrong.record.from_client, None, "{told}");
        assert!(wrong.flaws().contains(&"opcua.wrong_direction"), "{told}: {:?}", wrong.flaws());
    }
    // A hello is surer than a single request, and then it is settled.
    let mut talk = talk();
    talk.client(&chunk('F', 90, 5, &answer));
    assert_eq!(talk.record.from_client, Some(false));
    talk.server(&framed("HEL", 'F', &hello.0));
    assert_eq!((talk.record.from_client, talk.flaws()), (Some(true), vec![]));
    talk.server(&framed("HEL", 'F', &hello.0));
    assert_eq!((talk.record.from_client, talk.flaws()), (None, vec!["opcua.wrong_direction"]));
}

/// A server that opens the connection to a client that listens on the well-known port.
#[test]
fn a_reverse_connection_has_its_roles_right() {
    let mut bench = common::Bench::default();
    let (mut server, mut client) = (1000u32, 2000u32);
    let mut send = |from_server: bool, flags: u8, payload: &[u8]| {
        let from = if from_server { &mut server } else { &mut client };
        bench.send(&common::Tcp { server_port: 4840, ..common::tcp(from_server, *from, flags, payload) });
        *from += u32::try_from(payload.len()).unwrap() + u32::from(flags & 2 != 0);
    };
    send(true, 0x02, b"");
    send(false, 0x12, b"");
    send(true, 0x18, &framed("RHE", 'F', &bytes().text("urn:server").text("opc.tcp://10.0.0.1:4840").0));
    let hello = bytes().u32(0).u32(65536).u32(65536).u32(0).u32(0).text("opc.tcp://10.0.0.1:4840");
    send(false, 0x18, &framed("HEL", 'F', &hello.0));
    send(true, 0x18, &framed("ACK", 'F', &bytes().u32(0).u32(65536).u32(65536).u32(0).u32(0).0));
    send(false, 0x18, &opening());
    send(true, 0x18, &opened());
    send(false, 0x18, &chunk('F', 2, 2, &read("One")));
    send(true, 0x18, &chunk('F', 2, 2, &response(634, 0).u32(1).u8(0).null().0));
    bench.finish();
    let events = String::from_utf8(bench.engine.take().events).unwrap();
    assert_eq!(events.lines().count(), 7, "{events}");
    for event in events.lines() {
        // 10.0.0.1 opened the connection, and is the server all the same.
        assert!(
            event.contains("\"server.ip\":\"10.0.0.1\"") && event.contains("\"client.ip\":\"10.0.0.2\""),
            "{event}"
        );
        assert!(!event.contains("\"flaws\""), "{event}");
    }
    let paired = events.lines().filter(|event| event.contains("request.frame.number")).count();
    assert_eq!(paired, 3, "{events}");
}

#[test]
fn a_signed_channel_is_read() {
    let signature = noise(32);
    let signed = |body: &[u8]| [body, &signature].concat();
    let mut talk = secured_talk();
    talk.client(&chunk('F', 52, 5, &signed(&read("Pump.Speed")))).check(&[
        ("node_ids", "ns=2;s=Pump.Speed"),
        ("security_mode", "sign"),
        ("security_policy", BASIC),
        ("encrypted", ""),
    ]);
    // Each chunk has a signature of its own.
    let whole = read("Pump.Pressure");
    talk.kept(true, &chunk('C', 53, 6, &signed(&whole[..20])));
    talk.client(&chunk('F', 54, 6, &signed(&whole[20..]))).check(&[("node_ids", "ns=2;s=Pump.Pressure")]);
    talk.client(&chunk('F', 55, 7, &read("Pump.Speed")));
    assert_eq!(talk.flaws(), ["opcua.short_body"], "a message without its signature");
}

#[test]
fn a_clear_opening_under_a_policy_is_odd() {
    let header = bytes().u32(0).text(BASIC).null().null().u32(1).u32(1);
    let body = request(446).u32(0).u32(0).u32(3).null().u32(3_600_000);
    let mut talk = talk();
    talk.client(&framed("OPN", 'F', &header.raw(&body.0).raw(&noise(256)).0));
    assert_eq!(talk.flaws(), ["opcua.clear_opening"]);
    assert_eq!(talk.get("security_mode"), "sign_and_encrypt");
}

#[test]
fn a_readable_message_settles_what_was_not_seen_opening() {
    let signed = |body: &[u8]| [body, &noise(32)[..]].concat();
    let mut plain = talk();
    plain.client(&chunk('F', 900, 5, &read("One"))).check(&[("security_mode", "none"), ("security_policy", "")]);
    let mut sign = talk();
    sign.client(&chunk('F', 900, 5, &signed(&read("One")))).check(&[("security_mode", "sign")]);
    let whole = read("Two");
    sign.kept(true, &chunk('C', 901, 6, &signed(&whole[..20])));
    sign.client(&chunk('F', 902, 6, &signed(&whole[20..]))).check(&[("node_ids", "ns=2;s=Two")]);
    let mut hidden = talk();
    hidden.client(&framed("MSG", 'F', &bytes().u32(9).u32(1).raw(&noise(128)).0)).check(&[
        ("security_mode", "sign_and_encrypt"),
        ("service", "encrypted"),
        ("security_policy", ""),
    ]);
    // The end of a message whose beginning was not seen is nobody's flaw.
    plain.client(&chunk('F', 901, 6, b"rest of a long message"));
    assert_eq!(plain.flaws(), ["opcua.unknown_service"], "nothing was lost: it is the sender's");
    assert!(matches!(plain.step(true, true, &chunk('F', 950, 6, b"rest of a long message")), Step::Message { .. }));
    plain.check(&[("service", "unknown")]);
}

#[test]
fn unfinished_messages_are_bounded() {
    let mut talk = open_talk();
    for request in 0..1000u32 {
        talk.kept(true, &chunk('C', request + 2, request + 5, &[1; 4096]));
        assert!(talk.kept_bytes() <= OPCUA_MESSAGE_BYTES);
    }
    talk.client(&chunk('F', 1002, 9999, &read("One")));
    assert_eq!(talk.flaws(), ["opcua.too_many_unfinished"]);
    talk.client(&chunk('F', 1003, 10_000, &read("One"))).check(&[]);
}

#[test]
fn a_message_beyond_the_budget_is_cut() {
    let mut talk = open_talk();
    let start = read("Pump.Speed");
    let start = &start[..start.len() - 6];
    talk.kept(true, &chunk('C', 2, 5, start));
    let part = vec![0u8; 60_000];
    for sequence in 0..20 {
        talk.kept(true, &chunk('C', 3 + sequence, 5, &part));
    }
    talk.client(&chunk('F', 23, 5, &part));
    assert!(talk.flaws().contains(&"opcua.message_too_large"));
    assert_eq!((talk.get("service"), talk.get("chunks")), ("read".into(), "22".into()));
    assert_eq!(talk.kept_bytes(), 0);
}

#[test]
fn of_a_large_chunk_the_front_is_read() {
    let value = vec![0x41u8; 2 * OPCUA_CHUNK_BYTES];
    let length = u32::try_from(value.len()).unwrap();
    let body = request(673).u32(1).node(2, 1).u32(13).null().u8(1).u8(15).u32(length).raw(&value);
    let large = chunk('F', 2, 5, &body.0);
    let mut talk = open_talk();
    assert_eq!(talk.step(true, false, &large[..1000]), Step::Short { need: OPCUA_CHUNK_BYTES });
    assert_eq!(talk.step(true, false, &large[..OPCUA_CHUNK_BYTES]), Step::Message { used: OPCUA_CHUNK_BYTES });
    assert_eq!(talk.flaws(), ["opcua.message_too_large"]);
    assert_eq!((talk.get("node_ids"), talk.get("service")), ("ns=2;i=1".into(), "write".into()));
    let rest = &large[OPCUA_CHUNK_BYTES..];
    assert_eq!(talk.step(true, false, &rest[..500]), Step::Kept { used: 500 });
    let next = chunk('F', 3, 6, &read("One"));
    let rest = [&rest[500..], &next].concat();
    assert_eq!(talk.step(true, false, &rest), Step::Kept { used: rest.len() - next.len() });
    talk.client(&next).check(&[("node_ids", "ns=2;s=One")]);
}

#[test]
fn probes_and_lost_framing() {
    assert_eq!(PROTOCOL.probe(&opening(), TCP), Probe::Sure);
    assert_eq!(PROTOCOL.probe(&opened()[..8], TCP), Probe::Sure);
    assert_eq!(PROTOCOL.probe(b"MSGF", TCP), Probe::Fits);
    for foreign in [&b"GET / HTTP/1.1\r\n"[..], b"", b"M", b"MSGX\x20\0\0\0", b"MSGF\0\0\0\xff", b"\x03\0\0\x16"] {
        assert_eq!(PROTOCOL.probe(foreign, TCP), Probe::No, "{foreign:?}");
    }
    let mut talk = open_talk();
    let next = chunk('F', 2, 5, &read("One"));
    // A size that cannot be: what is here up to the next header goes with the event.
    let broken = [&b"MSGF\x03\0\0\0xxxx"[..], &next].concat();
    assert_eq!(talk.step(true, false, &broken), Step::Message { used: 12 });
    assert_eq!((talk.flaws(), talk.get("message_type")), (vec!["opcua.bad_length"], "MSG".into()));
    talk.client(&next).check(&[("node_ids", "ns=2;s=One")]);
    // Bytes that are not ours.
    let foreign = [&b"hello hello"[..], &next].concat();
    assert_eq!(talk.step(true, false, &foreign), Step::Lost { used: 11 });
    assert!(matches!(talk.step(true, true, &next), Step::Message { .. }));
    talk.check(&[]);
    // After a hole, the middle of a message is skipped up to the next one.
    let middle = [&vec![0x55; 700][..], &next].concat();
    assert_eq!(talk.step(true, true, &middle), Step::Lost { used: 700 });
    // A chunk type that is none, and one that OPN cannot have.
    for (kind, letter) in [("MSG", 'X'), ("OPN", 'C')] {
        let mut talk = open_talk();
        let header = if kind == "OPN" { opening() } else { chunk('F', 2, 5, &read("One")) };
        talk.client(&framed(kind, letter, &header[8..]));
        assert!(talk.flaws().contains(&"opcua.bad_chunk"));
    }
}

#[test]
fn the_rest_of_a_message_in_clear_is_not_called_encrypted() {
    let mut talk = talk();
    talk.kept(false, &chunk('C', 90, 5, b"middle of a long value"));
    talk.server(&chunk('F', 91, 5, b"end of a long value")).check(&[
        ("service", "unknown"),
        ("encrypted", ""),
        ("security_mode", "unknown"),
        ("request_id", "5"),
    ]);
    assert_eq!((talk.record.role, talk.record.reference), (Role::Other, None));
}

/// A session of one segment per millisecond, then publish requests that wait longer than any answer may take.
#[test]
fn a_publish_request_may_wait() {
    let mut bench = common::Bench::default();
    let (mut client, mut server) = (1000u32, 2000u32);
    let mut send = |bench: &mut common::Bench, to_server: bool, payload: &[u8]| {
        let from = if to_server { &mut client } else { &mut server };
        bench.send(&common::Tcp { server_port: 4840, ..common::tcp(to_server, *from, 0x18, payload) });
        *from += u32::try_from(payload.len()).unwrap();
    };
    send(&mut bench, true, &opening());
    send(&mut bench, false, &opened());
    send(&mut bench, true, &chunk('F', 2, 2, &request(826).null().0));
    for round in 0..10 {
        bench.now_ns += 10 * common::SECOND;
        send(&mut bench, true, &chunk('F', 3 + round, 3 + round, &read("One")));
        send(&mut bench, false, &chunk('F', 2 + round, 3 + round, &response(634, 0).u32(1).u8(0).null().0));
    }
    let alive = response(829, 0).u32(78).null().u8(0).u32(1).i64(0).null().null().null();
    send(&mut bench, false, &chunk('F', 12, 2, &alive.0));
    bench.finish();
    let events = String::from_utf8(bench.engine.take().events).unwrap();
    let last = events.lines().last().unwrap();
    assert!(last.contains("\"publish\"") && last.contains("\"request.frame.number\":3"), "{last}");
    assert!(!events.contains("\"flaws\"") && !last.contains("event.duration"), "{events}");
    assert_eq!(bench.engine.ledger().notes.requests_unanswered, 0);
}
