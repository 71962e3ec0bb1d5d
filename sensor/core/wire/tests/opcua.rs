//! What OPC UA services say: OPC 10000-4, read from messages written field by field.
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

use opcua_bytes::{bytes, chunk, framed, open_talk, opened, opening, request, response, talk, Bytes};
use wire::site::Strength;
use wire::value::{Class, Outcome, Role};

/// A final chunk with the next sequence number of a talk that has only seen its opening.
fn message(body: &Bytes) -> Vec<u8> {
    chunk('F', 2, 5, &body.0)
}

const BAD_NODE_ID_UNKNOWN: u32 = 0x8034_0000;
const BAD_ACCESS_DENIED: u32 = 0x801f_0000;

#[test]
fn a_connection_is_greeted_and_refused() {
    let mut talk = talk();
    let hello = bytes().u32(0).u32(65536).u32(8192).u32(0).u32(5).text("opc.tcp://plc:4840");
    talk.client(&framed("HEL", 'F', &hello.0)).check(&[
        ("message_type", "HEL"),
        ("endpoint_url", "opc.tcp://plc:4840"),
        ("receive_buffer_size", "65536"),
        ("send_buffer_size", "8192"),
        ("max_chunk_count", "5"),
    ]);
    let (asked, operation) = (talk.record.reference, talk.record.operation);
    assert_eq!((talk.record.role, talk.record.operation_name), (Role::Request, "hello"));
    talk.server(&framed("ERR", 'F', &bytes().u32(0x8083_0000).text("no such endpoint").0))
        .check(&[("status_name", "BadTcpEndpointUrlInvalid"), ("error_reason", "no such endpoint")]);
    assert_eq!((talk.record.reference, talk.record.operation, talk.record.role), (asked, operation, Role::Response));
    assert_eq!(talk.record.outcome, Outcome::Failure);
    // Later errors answer nothing.
    talk.server(&framed("ERR", 'F', &bytes().u32(0x8080_0000).null().0))
        .check(&[("status_name", "BadTcpMessageTooLarge")]);
    assert_eq!((talk.record.role, talk.record.reference), (Role::Unsolicited, None));
}

#[test]
fn a_server_may_call_in_reverse() {
    let mut talk = talk();
    talk.client(&framed("RHE", 'F', &bytes().text("urn:server").text("opc.tcp://plc:4840").0))
        .check(&[("server_uris", "urn:server"), ("endpoint_url", "opc.tcp://plc:4840")]);
    assert_eq!((talk.record.operation_name, talk.record.role), ("reverse_hello", Role::Unsolicited));
    // From here on whoever reads the conversation knows that the side that opened it is the server.
    assert_eq!(talk.record.from_client, Some(false));
    talk.client(&opening());
    assert_eq!((talk.record.role, talk.record.from_client), (Role::Request, None));
}

#[test]
fn a_channel_opens_and_closes() {
    let mut talk = talk();
    talk.client(&opening()).check(&[
        ("service", "open_secure_channel"),
        ("security_mode", "none"),
        ("request_type", "issue"),
        ("lifetime_ms", "3600000"),
        ("request_handle", "77"),
        ("channel_id", "0"),
    ]);
    let asked = talk.record.reference;
    talk.server(&opened()).check(&[("channel_id", "9"), ("token_id", "1"), ("service_id", "449")]);
    assert_eq!((talk.record.reference, talk.record.operation), (asked, 446));
    let close = bytes().u32(9).u32(1).u32(2).u32(2).raw(&request(452).0);
    talk.client(&framed("CLO", 'F', &close.0)).check(&[("service", "close_secure_channel")]);
    assert_eq!((talk.record.role, talk.record.reference), (Role::Unsolicited, None), "it is never answered");
}

/// ActivateSession: signature, certificates, locales, then the token, then its signature.
fn activation(token: &Bytes) -> Vec<u8> {
    message(&request(467).null().null().null().null().raw(&token.0).null().null())
}

#[test]
fn identities() {
    let user = bytes().text("policy").text("operator").text("Passw0rd!").null();
    let size = u32::try_from(user.0.len()).unwrap();
    let user = bytes().node(0, 324).u8(1).u32(size).raw(&user.0);
    let mut talk = open_talk();
    talk.client(&activation(&user)).check(&[
        ("service", "activate_session"),
        ("identity_token", "username"),
        ("user_name", "operator"),
        ("password_encrypted", "false"),
    ]);
    let everything = format!("{:?}", talk.record.present().map(|slot| talk.record.get(slot)).collect::<Vec<_>>());
    assert!(!everything.contains("Passw0rd") && !format!("{:?}", talk.record).contains("80, 97, 115, 115, 119"));
    for (kind, token) in [
        ("anonymous", bytes().no_extension()),
        ("anonymous", bytes().node(0, 321).u8(1).u32(4).u32(0)),
        ("certificate", bytes().node(0, 327).u8(1).u32(8).null().null()),
        ("issued", bytes().node(0, 940).u8(1).u32(4).null()),
        ("unknown", bytes().node(2, 940).u8(1).u32(4).null()),
    ] {
        open_talk().client(&activation(&token)).check(&[("identity_token", kind), ("user_name", "")]);
    }
}

/// What crosses in clear is judged and forgotten; what is encrypted, by an algorithm or with the whole message, is not.
#[test]
fn passwords_are_judged() {
    let token = |user: &str, password: Option<&str>, algorithm: Option<&str>| {
        let token = bytes().text("policy").text(user);
        let then = |token: Bytes, said: Option<&str>| match said {
            Some(said) => token.text(said),
            None => token.null(),
        };
        let token = then(then(token, password), algorithm);
        bytes().node(0, 324).u8(1).u32(u32::try_from(token.0.len()).unwrap()).raw(&token.0)
    };
    let oaep = Some("http://www.w3.org/2001/04/xmlenc#rsa-oaep");
    let rows = [
        (token("operator", Some("123456"), None), Some(Strength::Weak)),
        (token("operator", Some("Operator"), Some("")), Some(Strength::Weak)),
        (token("admin", Some("admin"), None), Some(Strength::Default)),
        (token("operator", Some("k2!Quartz-Mill"), None), Some(Strength::Unlisted)),
        (token("operator", None, None), Some(Strength::Empty)),
        (token("operator", Some("123456"), oaep), None),
        (bytes().node(0, 321).u8(1).u32(4).u32(0), None),
    ];
    for (token, strength) in rows {
        let mut talk = open_talk();
        talk.client(&activation(&token));
        assert_eq!(talk.record.password, strength);
        assert!(!format!("{:?}", talk.record).contains("123456"));
    }
}

#[test]
fn a_session_is_created() {
    let description = bytes().text("urn:c").text("urn:p").u8(2).text("Client").u32(1).null().null().null();
    let body = request(461).raw(&description.0).null().text("opc.tcp://plc:4840").text("Session 1").null().null();
    open_talk().client(&message(&body.f64(60_000.0).u32(0))).check(&[
        ("application_uri", "urn:c"),
        ("product_uri", "urn:p"),
        ("application_name", "Client"),
        ("endpoint_url", "opc.tcp://plc:4840"),
        ("session_name", "Session 1"),
        ("lifetime_ms", "60000"),
    ]);
    let endpoint = bytes().text("opc.tcp://plc:4840").text("urn:s").null().u8(0).u32(0).null().null().null();
    let endpoint = endpoint.text("certificate").u32(3).text(opcua_bytes::BASIC);
    let endpoint = endpoint.u32(1).text("id").u32(1).null().null().null().null().u8(0);
    let body = response(464, 0).node(1, 11).raw(&[5, 0, 0]).text("secret token").f64(1000.0).null().null();
    let body = body.u32(1).raw(&endpoint.0).null().null().null().u32(0);
    let mut talk = open_talk();
    talk.server(&message(&body)).check(&[
        ("session_id", "ns=1;i=11"),
        ("endpoint_urls", "opc.tcp://plc:4840"),
        ("security_modes", "sign_and_encrypt"),
        ("security_policies", opcua_bytes::BASIC),
        ("identity_tokens", "username"),
        ("application_uri", "urn:s"),
    ]);
    assert_eq!(talk.record.outcome, Outcome::Success);
}

fn read_value(node: &Bytes) -> Bytes {
    node.clone().u32(13).null().u16(0).null()
}

#[test]
fn node_ids_of_every_encoding() {
    let body = [
        bytes().raw(&[0, 85]),
        bytes().node(1, 300),
        bytes().u8(2).u16(4).u32(100_000),
        bytes().text_node(2, "Pump.Speed"),
        bytes().u8(4).u16(1).raw(&(0u8..16).collect::<Vec<_>>()),
        bytes().u8(5).u16(1).u32(3).raw(&[1, 2, 3]),
    ]
    .iter()
    .fold(request(631).f64(0.0).u32(2).u32(6), |body, node| body.raw(&read_value(node).0));
    let mut talk = open_talk();
    talk.client(&message(&body)).check(&[
        (
            "node_ids",
            "i=85 | ns=1;i=300 | ns=4;i=100000 | ns=2;s=Pump.Speed | \
             ns=1;g=03020100-0504-0706-0809-0a0b0c0d0e0f | ns=1;b=AQID",
        ),
        ("attribute_ids", "13 | 13 | 13 | 13 | 13 | 13"),
    ]);
    let objects: Vec<_> = talk.record.objects().iter().map(|one| (one.space, one.index, one.text.is_some())).collect();
    assert_eq!(objects[..4], [("node", 0, false), ("node", 1, false), ("node", 4, false), ("node", 2, true)]);
    assert_eq!(talk.record.objects()[2].start, 100_000);
    assert_eq!((talk.record.class, talk.record.operation), (Class::Read, 631));
}

#[test]
fn values_of_every_type() {
    let rows: &[(Bytes, &str)] = &[
        (bytes().raw(&[0]), "null"),
        (bytes().raw(&[1, 1]), "true"),
        (bytes().raw(&[2, 0xff]), "-1"),
        (bytes().raw(&[3, 0xff]), "255"),
        (bytes().u8(4).u16(0x8000), "-32768"),
        (bytes().u8(5).u16(0x8000), "32768"),
        (bytes().u8(6).u32(u32::MAX), "-1"),
        (bytes().u8(7).u32(u32::MAX), "4294967295"),
        (bytes().u8(8).i64(-5), "-5"),
        (bytes().u8(9).i64(-1), "18446744073709551615"),
        (bytes().u8(10).raw(&1.5f32.to_le_bytes()), "1.5"),
        (bytes().u8(11).f64(-0.25), "-0.25"),
        (bytes().u8(12).text("泵"), "泵"),
        (bytes().u8(12).null(), "null"),
        (bytes().u8(13).i64(116_444_736_000_000_000), "1970-01-01T00:00:00.0000000Z"),
        (bytes().u8(14).raw(&[0; 16]), "00000000-0000-0000-0000-000000000000"),
        (bytes().u8(15).u32(2).raw(&[0xab, 0xcd]), "abcd"),
        (bytes().u8(16).text("<a/>"), "3c612f3e"),
        (bytes().u8(17).node(2, 5), "ns=2;i=5"),
        (bytes().raw(&[18, 0xc1, 0]).u16(5).text("urn:x").u32(1), "svr=1;nsu=urn:x;i=5"),
        (bytes().u8(19).u32(BAD_NODE_ID_UNKNOWN), "2150891520"),
        (bytes().u8(20).u16(2).text("Speed"), "2:Speed"),
        (bytes().raw(&[21, 3]).text("de").text("hallo"), "hallo"),
        (bytes().u8(22).node(1, 7).u8(1).u32(2).raw(&[1, 2]), "0102"),
        (bytes().raw(&[23, 1, 3, 7]), "7"),
        (bytes().raw(&[25, 0x31]).u32(0).text("why").u32(5), "diagnostic_info"),
        (bytes().u8(0x86).u32(3).u32(1).u32(2).u32(3), "[1, 2, 3]"),
        (bytes().u8(0xc6).u32(2).u32(1).u32(2).u32(2).u32(2).u32(1), "[1, 2]"),
        (bytes().u8(0x98).u32(2).raw(&[1, 1]).raw(&[3, 9]), "[true, 9]"),
        (bytes().u8(0x8c).null(), "[]"),
    ];
    for (variant, shown) in rows {
        let body = request(673).u32(1).node(2, 1).u32(13).null().u8(1).raw(&variant.0);
        let mut talk = open_talk();
        talk.client(&message(&body)).check(&[("values", shown), ("node_ids", "ns=2;i=1")]);
        assert_eq!(talk.record.class, Class::Write);
        // An answer with status and all four times and fractions says the same.
        let times = bytes().u32(0).i64(1).u16(1).i64(1).u16(1);
        let body = response(634, 0).u32(1).u8(0x3f).raw(&variant.0).raw(&times.0).null();
        open_talk().server(&message(&body)).check(&[("values", shown), ("result_codes", "0")]);
    }
}

#[test]
fn outcomes() {
    for (body, outcome) in [
        (response(634, 0).u32(1).u8(2).u32(BAD_NODE_ID_UNKNOWN).null(), Outcome::Failure),
        (response(634, 0).u32(1).u8(2).u32(0x4000_0000).null(), Outcome::Success),
        (response(676, 0).u32(2).u32(0).u32(BAD_ACCESS_DENIED).null(), Outcome::Failure),
        (response(676, 0).u32(1).u32(0).null(), Outcome::Success),
        (response(676, BAD_ACCESS_DENIED).null().null(), Outcome::Failure),
        (response(715, 0).u32(1).u32(0).null().null().null().null(), Outcome::Success),
        (response(715, 0).u32(1).u32(0).u32(1).u32(0x80ab_0000).null().null().null(), Outcome::Failure),
        (response(491, 0).u32(1).u32(BAD_ACCESS_DENIED).raw(&[0, 0]).null(), Outcome::Failure),
        (response(476, 0), Outcome::Success),
    ] {
        let mut talk = open_talk();
        talk.server(&message(&body)).check(&[("status_code", if body.0[19] == 0 { "0" } else { "2149515264" })]);
        assert_eq!((talk.record.outcome, talk.record.role), (outcome, Role::Response));
    }
}

#[test]
fn a_fault_stands_for_what_was_asked() {
    let mut talk = open_talk();
    talk.client(&message(&request(473).u8(1))).check(&[("service", "close_session")]);
    let asked = talk.record.reference;
    talk.server(&message(&response(397, BAD_ACCESS_DENIED))).check(&[
        ("service", "service_fault"),
        ("service_id", "397"),
        ("status_name", "BadUserAccessDenied"),
    ]);
    assert_eq!(
        (talk.record.operation, talk.record.operation_name, talk.record.reference),
        (473, "close_session", asked)
    );
    assert_eq!((talk.record.class, talk.record.outcome), (Class::Session, Outcome::Failure));
    // Picked up in the middle, nothing is known of the request: the engine fills what it knows.
    let mut late = open_talk();
    late.server(&message(&response(397, BAD_ACCESS_DENIED)));
    assert_eq!((late.record.operation, late.record.operation_name), (0, "service_fault"));
}

#[test]
fn a_method_is_called() {
    let arguments = bytes().u32(2).raw(&[6]).u32(3).raw(&[12]).text("fast");
    let body = request(712).u32(1).node(2, 1).text_node(2, "start").raw(&arguments.0);
    let mut talk = open_talk();
    talk.client(&message(&body)).check(&[
        ("object_ids", "ns=2;i=1"),
        ("method_ids", "ns=2;s=start"),
        ("argument_counts", "2"),
        ("values", "3 | fast"),
    ]);
    assert_eq!((talk.record.class, talk.record.objects().len()), (Class::Control, 1));
}

#[test]
fn the_address_space_is_browsed_and_changed() {
    let view = bytes().raw(&[0, 0]).i64(0).u32(0);
    let browse = request(527).raw(&view.0).u32(0).u32(1).node(0, 85).u32(0).node(0, 33).u8(1).u32(0).u32(63);
    let path = request(554).u32(1).node(0, 85).u32(2).node(0, 33).raw(&[0, 1]).u16(2).text("Pump");
    let path = path.node(0, 33).raw(&[0, 1]).u16(2).text("Speed");
    let reference = bytes().node(0, 35).u8(1).node(2, 7).u16(2).text("Pump").u8(2).text("Pump").u32(1).node(0, 58);
    let found = response(530, 0).u32(1).u32(0).null().u32(2).raw(&reference.0).raw(&reference.0).null();
    let added = request(488).u32(1).node(0, 85).node(0, 35).raw(&[0, 0]).u16(2).text("New").u32(1);
    let added = added.no_extension().node(0, 58);
    for (from_client, body, class, fields) in [
        (true, browse, Class::Discover, &[("node_ids", "i=85")][..]),
        (true, request(533).u8(1).u32(1).text("point"), Class::Discover, &[("service", "browse_next")]),
        (false, found, Class::Discover, &[("reference_counts", "2"), ("result_codes", "0")]),
        (true, path, Class::Discover, &[("node_ids", "i=85"), ("browse_names", "2:Speed")]),
        (true, added, Class::Program, &[("node_ids", "i=85"), ("browse_names", "2:New")]),
        (true, request(500).u32(1).node(2, 9).u8(1), Class::Program, &[("node_ids", "ns=2;i=9")]),
        (
            true,
            request(506).u32(1).node(2, 9).node(0, 35).u8(1).node(2, 8).u8(1),
            Class::Program,
            &[("node_ids", "ns=2;i=9")],
        ),
        (
            true,
            request(494).u32(1).node(2, 9).node(0, 35).u8(1).null().node(2, 8).u32(1),
            Class::Program,
            &[("node_ids", "ns=2;i=9")],
        ),
        (true, request(560).u32(1).node(2, 9), Class::Session, &[("node_ids", "ns=2;i=9")]),
    ] {
        let mut talk = open_talk();
        talk.step(from_client, false, &message(&body));
        talk.check(fields);
        assert_eq!(talk.record.class, class);
    }
}

#[test]
fn values_are_subscribed_to_and_pushed() {
    let mut talk = open_talk();
    let create = request(787).f64(500.0).u32(10_000).u32(10).u32(0).u8(1).u8(0);
    talk.client(&message(&create)).check(&[("publishing_interval_ms", "500")]);
    let item = read_value(&bytes().node(2, 4)).u32(2).u32(201).f64(100.0).no_extension().u32(1).u8(1);
    talk.client(&chunk('F', 3, 6, &request(751).u32(78).u32(2).u32(1).raw(&item.0).0)).check(&[
        ("subscription_id", "78"),
        ("node_ids", "ns=2;i=4"),
        ("client_handles", "201"),
    ]);
    let change = bytes().u32(1).u32(201).raw(&[1, 11]).f64(12.5).null();
    let change = bytes().node(0, 811).u8(1).u32(u32::try_from(change.0.len()).unwrap()).raw(&change.0);
    let event = bytes().u32(1).u32(5).u32(2).raw(&[12]).text("alarm").raw(&[5]).u16(800);
    let event = bytes().node(0, 916).u8(1).u32(u32::try_from(event.0.len()).unwrap()).raw(&event.0);
    let status = bytes().node(0, 820).u8(1).u32(5).u32(BAD_NODE_ID_UNKNOWN).u8(0);
    let body = response(829, 0).u32(78).u32(1).u32(1).u8(0).u32(1).i64(0).u32(3);
    let body = body.raw(&change.0).raw(&event.0).raw(&status.0).u32(1).u32(0).null();
    talk.server(&message(&body)).check(&[
        ("subscription_id", "78"),
        ("subscription_status", &BAD_NODE_ID_UNKNOWN.to_string()),
        ("status_names", "BadNodeIdUnknown"),
        ("notification_count", "3"),
        ("client_handles", "201 | 5"),
        ("values", "12.5 | alarm | 800"),
        ("result_codes", "0"),
    ]);
    let alive = response(829, 0).u32(78).null().u8(0).u32(1).i64(0).null().null().null();
    talk.server(&chunk('F', 3, 7, &alive.0)).check(&[("notification_count", "0")]);
}

#[test]
fn history_is_read_and_changed() {
    let details = bytes().node(0, 649).u8(1).u32(22).u8(0).i64(0).i64(0).u32(0).u8(0);
    let body = request(664).raw(&details.0).u32(0).u8(0).u32(1).text_node(2, "Flow").null().u16(0).null().null();
    open_talk().client(&message(&body)).check(&[("node_ids", "ns=2;s=Flow")]);
    let details = bytes().node(2, 9).u32(1).null();
    let update = bytes().node(0, 682).u8(1).u32(u32::try_from(details.0.len()).unwrap()).raw(&details.0);
    let mut talk = open_talk();
    talk.client(&message(&request(700).u32(1).raw(&update.0))).check(&[("node_ids", "ns=2;i=9")]);
    assert_eq!(talk.record.class, Class::Write);
    let answer = response(703, 0).u32(1).u32(0).u32(1).u32(BAD_ACCESS_DENIED).null().null();
    let mut talk = open_talk();
    talk.server(&message(&answer)).check(&[("result_codes", "0")]);
    assert_eq!(talk.record.outcome, Outcome::Failure);
}

#[test]
fn every_other_service_is_read_to_its_end() {
    let numbers = bytes().u32(2).u32(1).u32(2);
    let parameters = bytes().u32(5).f64(1.0).no_extension().u32(1).u8(1);
    let server = bytes().text("urn:s").null().u32(1).u8(0).u32(0).null().u32(1).text("opc.tcp://s").null().u8(1);
    let application = bytes().text("urn:s").null().u8(0).u32(0).null().null().u32(1).text("opc.tcp://s");
    let view = bytes().raw(&[0, 0]).i64(0).u32(0);
    let set = bytes().node(2, 1).node(2, 2).u32(1).raw(&[3, 1]);
    for (service, body) in [
        (422, request(422).text("opc.tcp://s").null().u32(1).text("urn:s")),
        (425, response(425, 0).u32(1).raw(&application.0)),
        (428, request(428).text("opc.tcp://s").null().null()),
        (437, request(437).raw(&server.0)),
        (440, response(440, 0)),
        (12211, request(12211).raw(&server.0).u32(1).no_extension()),
        (12212, response(12212, 0).u32(1).u32(0).null()),
        (12208, request(12208).u32(0).u32(0).u32(1).text("DA")),
        (12209, response(12209, 0).i64(0).u32(1).u32(1).text("s").text("opc.tcp://s").null()),
        (479, request(479).u32(5)),
        (482, response(482, 0).u32(1)),
        (566, request(566).u32(1).node(2, 9)),
        (569, response(569, 0)),
        (615, request(615).raw(&view.0).u32(1).node(2, 1).u8(1).null().u32(1).u32(2).u32(1).no_extension().i64(0)),
        (618, response(618, 0).u32(1).raw(&set.0).null().u32(1).u32(0).raw(&numbers.0).null().null().null().null()),
        (621, request(621).u8(0).text("point")),
        (624, response(624, 0).u32(1).raw(&set.0).null()),
        (557, response(557, 0).u32(1).u32(0).u32(1).node(2, 1).u32(u32::MAX).null()),
        (667, response(667, 0).u32(1).u32(0).null().no_extension().null()),
        (763, request(763).u32(78).u32(0).u32(1).u32(112).raw(&parameters.0)),
        (766, response(766, 0).u32(1).u32(0).f64(1.0).u32(1).no_extension().null()),
        (769, request(769).u32(78).u32(2).raw(&numbers.0)),
        (772, response(772, 0).raw(&numbers.0).null()),
        (775, request(775).u32(78).u32(112).raw(&numbers.0).null()),
        (778, response(778, 0).raw(&numbers.0).null().null().null()),
        (781, request(781).u32(78).raw(&numbers.0)),
        (790, response(790, 0).u32(78).f64(1.0).i64(0)),
        (793, request(793).u32(78).f64(1.0).i64(0).u32(0).u8(0)),
        (796, response(796, 0).f64(1.0).i64(0)),
        (799, request(799).u8(1).raw(&numbers.0)),
        (832, request(832).u32(78).u32(1)),
        (835, response(835, 0).u32(1).i64(0).null()),
        (841, request(841).raw(&numbers.0).u8(1)),
        (844, response(844, 0).u32(1).u32(0).raw(&numbers.0).null()),
        (847, request(847).raw(&numbers.0)),
    ] {
        // Reading stops at the last byte: one byte more is seen, one byte less is missed.
        let mut talk = open_talk();
        let from_client = !wire::protocol::opcua::names::service(service).unwrap().is_response;
        talk.step(from_client, false, &message(&body));
        talk.check(&[("service_id", &service.to_string())]);
        for (body, flaw) in
            [(body.clone().u8(0).0, "opcua.trailing_bytes"), (body.0[..body.0.len() - 1].to_vec(), "opcua.short_body")]
        {
            let mut talk = open_talk();
            talk.step(from_client, false, &chunk('F', 2, 5, &body));
            assert_eq!(talk.flaws(), [flaw], "{service}");
        }
    }
}
