//! What OPC UA services say in detail: history, monitoring, references, diagnostics, certificates, structures.
//! OPC 10000-4, -5, -8, -11.
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

use opcua_bytes::{bytes, chunk, open_talk, request, response, Bytes};
use wire::value::Outcome;

const BAD_NODE_ID_UNKNOWN: u32 = 0x8034_0000;
const UNCERTAIN: u32 = 0x4090_0000;
/// 2024-03-01, and a second later.
const MARCH: i64 = 133_537_248_000_000_000;
const LATER: i64 = MARCH + 10_000_000;
const MARCH_SAID: &str = "2024-03-01T00:00:00.0000000Z";
const LATER_SAID: &str = "2024-03-01T00:00:01.0000000Z";

/// A final chunk with the next sequence number of a talk that has only seen its opening.
fn message(body: &Bytes) -> Vec<u8> {
    chunk('F', 2, 5, &body.0)
}

/// An extension object with a body of bytes.
fn inside(type_id: u16, content: &Bytes) -> Bytes {
    bytes().node(0, type_id).u8(1).u32(u32::try_from(content.0.len()).unwrap()).raw(&content.0)
}

/// From which side, and what must be read of it.
#[track_caller]
fn says(from_client: bool, body: &Bytes, fields: &[(&str, &str)]) -> Outcome {
    let mut talk = open_talk();
    talk.step(from_client, false, &message(body));
    talk.check(fields);
    talk.record.outcome
}

fn history_read(details: &Bytes) -> Bytes {
    request(664).raw(&details.0).u32(0).u8(0).u32(1).text_node(2, "Flow").text("1:2").u16(0).null().null()
}

#[test]
fn history_is_read_in_every_way() {
    let between = bytes().i64(MARCH).i64(LATER);
    let field = bytes().node(0, 2041).u32(2).u16(0).text("EnabledState").u16(0).text("Id").u32(13).null();
    let events = bytes().u32(0).raw(&between.0).u32(1).raw(&field.0).null();
    let times = [("start_times", MARCH_SAID), ("end_times", LATER_SAID)];
    for (id, content, kind) in [
        (649, bytes().u8(0).raw(&between.0).u32(10).u8(1), "raw"),
        (649, bytes().u8(1).raw(&between.0).u32(10).u8(0), "modified"),
        (652, bytes().raw(&between.0).f64(1000.0).u32(1).node(0, 2342).raw(&[1, 0, 100, 100, 0]), "processed"),
        (646, events.clone(), "events"),
        (32800, events.u8(1), "events"),
    ] {
        let body = history_read(&inside(id, &content));
        says(true, &body, &[("history_kinds", kind), ("node_ids", "ns=2;s=Flow"), ("index_ranges", "1:2")]);
        says(true, &body, &times);
        let aggregate = if kind == "processed" { "i=2342" } else { "" };
        says(true, &body, &[("aggregates", aggregate)]);
        says(true, &body, &[("event_fields", if kind == "events" { "EnabledState/Id" } else { "" })]);
    }
    let at = bytes().u32(2).i64(MARCH).i64(LATER);
    let both = format!("{MARCH_SAID} | {LATER_SAID}");
    says(true, &history_read(&inside(655, &at.clone().u8(0))), &[("history_kinds", "at_time"), ("times", &both)]);
    says(true, &history_read(&inside(23500, &at)), &[("history_kinds", "annotation"), ("times", &both)]);
    // Open at both ends; details that nobody knows; details that stop short, behind which the nodes are read all the same.
    let open = inside(649, &bytes().u8(0).i64(0).i64(0).u32(1).u8(0));
    says(true, &history_read(&open), &[("start_times", ""), ("end_times", "")]);
    says(true, &history_read(&inside(9999, &bytes().u32(5))), &[("history_kinds", "unknown")]);
    let mut talk = open_talk();
    talk.client(&message(&history_read(&inside(649, &bytes().u8(0)))));
    assert_eq!((talk.get("node_ids"), talk.flaws()), ("ns=2;s=Flow".into(), vec!["opcua.short_body"]));
}

#[test]
fn history_answers_with_values() {
    let good = bytes().u8(0x05).u8(11).f64(1.5).i64(MARCH);
    let doubtful = bytes().u8(0x3f).u8(11).f64(2.5).u32(UNCERTAIN).i64(LATER).u16(3).i64(MARCH).u16(4);
    let values = bytes().u32(2).raw(&good.0).raw(&doubtful.0);
    let modified = bytes().raw(&values.0).u32(1).i64(MARCH).u32(2).text("operator");
    let event = bytes().u32(1).u32(2).raw(&[12]).text("alarm").raw(&[5]).u16(800);
    let answer = |data: &Bytes| response(667, 0).u32(2).u32(0).null().raw(&data.0).u32(BAD_NODE_ID_UNKNOWN).null();
    let answer = |data: &Bytes| answer(data).no_extension().null();
    for data in [inside(658, &values), inside(11227, &modified)] {
        let outcome = says(
            false,
            &answer(&data),
            &[
                ("values", "1.5 | 2.5"),
                ("times", &format!("{MARCH_SAID} | {LATER_SAID}")),
                ("value_codes", "0 | 1083179008"),
                ("history_counts", "2 | 0"),
                ("result_codes", "0 | 2150891520"),
                ("status_names", "UncertainLastUsableValue | BadNodeIdUnknown"),
            ],
        );
        assert_eq!(outcome, Outcome::Failure);
    }
    says(false, &answer(&inside(661, &event)), &[("values", "alarm | 800"), ("history_counts", "1 | 0")]);
}

#[test]
fn history_is_changed_in_every_way() {
    let node = bytes().node(2, 9);
    let value = bytes().u32(1).u8(0x05).u8(11).f64(1.5).i64(MARCH);
    let event = bytes().null().null().u32(1).u32(1).raw(&[5]).u16(800);
    for (id, rest, fields) in [
        (682, bytes().u32(2).raw(&value.0), &[("history_kinds", "update_data"), ("update_kinds", "replace")][..]),
        (11300, bytes().u32(4).raw(&value.0), &[("history_kinds", "update_structure"), ("update_kinds", "remove")]),
        (682, bytes().u32(1).raw(&value.0), &[("values", "1.5"), ("times", MARCH_SAID), ("update_kinds", "insert")]),
        (685, bytes().u32(3).raw(&event.0), &[("history_kinds", "update_event"), ("values", "800")]),
        (688, bytes().u8(0).i64(MARCH).i64(LATER), &[("history_kinds", "delete_raw"), ("start_times", MARCH_SAID)]),
        (688, bytes().u8(1).i64(MARCH).i64(LATER), &[("history_kinds", "delete_modified"), ("end_times", LATER_SAID)]),
        (691, bytes().u32(1).i64(MARCH), &[("history_kinds", "delete_at_time"), ("times", MARCH_SAID)]),
        (694, bytes().u32(1).text("id"), &[("history_kinds", "delete_event"), ("values", "")]),
    ] {
        let body = request(700).u32(1).raw(&inside(id, &bytes().raw(&node.0).raw(&rest.0)).0);
        says(true, &body, fields);
        says(true, &body, &[("node_ids", "ns=2;i=9")]);
    }
    says(true, &request(700).u32(1).raw(&inside(77, &node).0), &[("history_kinds", "unknown"), ("node_ids", "")]);
    let mut talk = open_talk();
    talk.client(&message(&request(700).u32(1).raw(&inside(682, &node.u32(7).null()).0)));
    assert_eq!((talk.get("update_kinds"), talk.flaws()), ("unknown".into(), vec!["opcua.bad_value"]));
}

/// What to monitor, mode, client handle, sampling interval, filter, queue size, oldest.
fn item(mode: u32, filter: &Bytes) -> Bytes {
    let what = bytes().node(2, 4).u32(13).null().u16(0).null();
    what.u32(mode).u32(201).f64(100.0).raw(&filter.0).u32(1).u8(1)
}

#[test]
fn items_are_monitored_with_filters() {
    let none = bytes().no_extension();
    let change = inside(724, &bytes().u32(2).u32(1).f64(0.5));
    let select = bytes().node(0, 2041).u32(1).u16(2).text("Severity").u32(13).null();
    let select = select.node(0, 2782).null().u32(1).null();
    let literal = inside(597, &bytes().u8(5).u16(500));
    let only = bytes().u32(1).u32(2).u32(1).raw(&literal.0);
    let events = inside(727, &bytes().u32(2).raw(&select.0).raw(&only.0));
    let average = inside(730, &bytes().i64(MARCH).node(0, 2342).f64(1000.0).raw(&[1, 0, 100, 100, 0]));
    let create = |items: &[Bytes]| {
        let start = request(751).u32(78).u32(2).u32(u32::try_from(items.len()).unwrap());
        items.iter().fold(start, |body, item| body.raw(&item.0))
    };
    let two = create(&[item(2, &none), item(0, &change)]);
    let both = &[
        ("monitoring_modes", "reporting | disabled"),
        ("sampling_intervals_ms", "100 | 100"),
        ("data_change_triggers", "status_value_timestamp"),
        ("deadband_types", "absolute"),
        ("deadbands", "0.5"),
    ];
    says(true, &two, both);
    let of_events = &[("event_fields", "2:Severity | node_id"), ("filter_operators", "greater_than")];
    says(true, &create(&[item(2, &events)]), of_events);
    says(true, &create(&[item(1, &average)]), &[("aggregates", "i=2342"), ("start_times", MARCH_SAID)]);
    let modified = request(763).u32(78).u32(2).u32(1).u32(112).u32(201).f64(50.0).raw(&change.0).u32(1).u8(1);
    let fields = &[("monitored_item_ids", "112"), ("deadbands", "0.5"), ("sampling_intervals_ms", "50")];
    says(true, &modified, fields);
    // A field of an event filter that the server does not know: the item is made without it.
    let result = bytes().u32(2).u32(0).u32(BAD_NODE_ID_UNKNOWN).null().null().null();
    let made = response(754, 0).u32(1).u32(0).u32(112).f64(250.0).u32(1).raw(&inside(736, &result).0).null();
    let fields = &[("status_names", "BadNodeIdUnknown"), ("sampling_intervals_ms", "250"), ("result_codes", "0")];
    assert_eq!(says(false, &made, fields), Outcome::Success);
}

#[test]
fn monitoring_is_steered() {
    let numbers = bytes().u32(2).u32(7).u32(8);
    for (body, fields) in [
        (
            request(769).u32(78).u32(0).raw(&numbers.0),
            &[("monitoring_modes", "disabled"), ("monitored_item_ids", "7 | 8")][..],
        ),
        (
            request(775).u32(78).u32(112).raw(&numbers.0).u32(1).u32(9),
            &[("triggering_item_id", "112"), ("monitored_item_ids", "7 | 8"), ("removed_item_ids", "9")],
        ),
        (request(781).u32(78).raw(&numbers.0), &[("monitored_item_ids", "7 | 8"), ("subscription_id", "78")]),
        (
            request(787).f64(500.0).u32(10_000).u32(10).u32(0).u8(1).u8(0),
            &[("lifetime_count", "10000"), ("keep_alive_count", "10"), ("publishing_enabled", "true")],
        ),
        (request(799).u8(0).raw(&numbers.0), &[("publishing_enabled", "false"), ("subscription_ids", "7 | 8")]),
        (request(832).u32(78).u32(4), &[("notification_sequence", "4")]),
        (request(473).u8(1), &[("delete_subscriptions", "true")]),
        (request(479).u32(5), &[("cancelled_handle", "5")]),
    ] {
        says(true, &body, fields);
    }
    let revised = response(790, 0).u32(78).f64(1.0).u32(60).u32(3);
    says(false, &revised, &[("subscription_id", "78"), ("lifetime_count", "60"), ("keep_alive_count", "3")]);
    says(false, &response(796, 0).f64(1.0).u32(60).u32(3), &[("keep_alive_count", "3")]);
}

#[test]
fn pushed_values_have_statuses() {
    let change = bytes().u32(3).u32(1).raw(&[1, 5]).u16(7).u32(2).raw(&[3, 5]).u16(8).u32(UNCERTAIN);
    let change = change.u32(3).raw(&[2]).u32(BAD_NODE_ID_UNKNOWN).null();
    let body = response(829, 0).u32(78).null().u8(0).u32(41).i64(0).u32(1).raw(&inside(811, &change).0).null().null();
    let fields = &[
        ("client_handles", "1 | 2 | 3"),
        ("values", "7 | 8 | null"),
        ("value_codes", "0 | 1083179008 | 2150891520"),
        ("status_names", "UncertainLastUsableValue | BadNodeIdUnknown"),
        ("notification_sequence", "41"),
    ];
    assert_eq!(says(false, &body, fields), Outcome::Success, "the publishing did not fail");
}

#[test]
fn attributes_and_ranges_are_named() {
    let value = |attribute: u32| bytes().text_node(2, "Pump").u32(attribute).null().u16(0).null();
    let other = |range: &str| bytes().node(2, 1).u32(13).text(range).u16(0).null();
    let read = |items: &[Bytes]| {
        let start = request(631).f64(0.0).u32(2).u32(u32::try_from(items.len()).unwrap());
        items.iter().fold(start, |body, item| body.raw(&item.0))
    };
    says(true, &read(&[value(13), value(13)]), &[("attribute_names", ""), ("index_ranges", "")]);
    says(true, &read(&[value(13), value(24)]), &[("attribute_names", "value | role_permissions")]);
    says(true, &read(&[value(99)]), &[("attribute_names", "unknown"), ("attribute_ids", "99")]);
    let mixed = read(&[value(13), other("2:4"), value(4)]);
    says(true, &mixed, &[("attribute_names", "value | value | display_name"), ("index_ranges", " | 2:4")]);
    let write = request(673).u32(2).node(2, 1).u32(13).text("3").raw(&[1, 1, 1]).node(2, 2).u32(17).null();
    let write = write.raw(&[3, 3, 1]).u32(UNCERTAIN);
    says(
        true,
        &write,
        &[("index_ranges", "3"), ("attribute_names", "value | access_level"), ("value_codes", "0 | 1083179008")],
    );
    // Results: by the short way, by the long one.
    let numbers = response(634, 0).u32(2).raw(&[1, 5]).u16(7).raw(&[3, 5]).u16(8).u32(BAD_NODE_ID_UNKNOWN).null();
    says(false, &numbers, &[("result_codes", "0 | 2150891520"), ("status_names", "BadNodeIdUnknown")]);
    let texts = response(634, 0).u32(2).raw(&[1, 12]).text("a").raw(&[2]).u32(BAD_NODE_ID_UNKNOWN).null();
    says(false, &texts, &[("result_codes", "0 | 2150891520"), ("status_names", "BadNodeIdUnknown")]);
}

#[test]
fn references_have_two_ends() {
    let view = bytes().raw(&[0, 0]).i64(0).u32(0);
    let browse = request(527).raw(&view.0).u32(0).u32(1).node(0, 85).u32(0).node(0, 33).u8(1).u32(0).u32(63);
    says(true, &browse, &[("reference_types", "i=33"), ("node_ids", "i=85")]);
    let found = bytes().node(0, 35).u8(1).node(2, 7).u16(2).text("Pump").u8(2).text("Pump").u32(4).node(0, 58);
    let found = response(530, 0).u32(1).u32(0).null().u32(1).raw(&found.0).null();
    says(false, &found, &[("target_ids", "ns=2;i=7"), ("browse_names", "2:Pump"), ("node_classes", "method")]);
    let given = bytes().u32(63).u8(2).text("New").u8(0).u32(0).u32(0).u8(11).f64(4.5).node(0, 11).u32(u32::MAX);
    let add = request(488).u32(1).node(0, 85).node(0, 35).raw(&[0, 0]).u16(2).text("New").u32(2);
    let add = add.raw(&inside(357, &given).0).node(0, 63);
    says(
        true,
        &add,
        &[
            ("target_ids", "i=85"),
            ("reference_types", "i=35"),
            ("node_classes", "variable"),
            ("type_ids", "i=63"),
            ("values", "4.5"),
        ],
    );
    let join = request(494).u32(1).node(2, 9).node(0, 35).u8(1).null().node(2, 8).u32(1);
    let fields = &[("reference_types", "i=35"), ("target_ids", "ns=2;i=8"), ("node_classes", "object")];
    says(true, &join, fields);
    let part = request(506).u32(1).node(2, 9).node(0, 35).u8(1).node(2, 8).u8(1);
    says(true, &part, &[("reference_types", "i=35"), ("target_ids", "ns=2;i=8")]);
    let translated = response(557, 0).u32(1).u32(0).u32(1).node(2, 1).u32(u32::MAX).null();
    says(false, &translated, &[("target_ids", "ns=2;i=1")]);
}

#[test]
fn methods_of_the_standard_are_named() {
    let call = request(712).u32(2).node(2, 1).node(2, 2).null().node(0, 2253).node(0, 12886).null();
    says(
        true,
        &call,
        &[("method_ids", "ns=2;i=2 | i=12886"), ("method_names", "unknown | request_server_state_change")],
    );
    let called = response(715, 0).u32(1).u32(0x80ab_0000).u32(2).u32(0).u32(0x8074_0000).null().u32(1).u8(1).u8(1);
    let fields = &[
        ("argument_results", "0 | 2155085824"),
        ("status_names", "BadInvalidArgument | BadTypeMismatch"),
        ("values", "true"),
    ];
    assert_eq!(says(false, &called.null(), fields), Outcome::Failure);
}

#[test]
fn diagnostics_are_read_from_the_string_table() {
    // Header: symbol 0, text 1, additional text, an inner status and an inner one with symbol 2.
    let own = bytes().u8(0x75).u32(0).u32(1).text("line 7").u32(BAD_NODE_ID_UNKNOWN).u8(0x01).u32(2);
    let header = bytes().node(0, 676).i64(0).u32(77).u32(0x8000_0000).raw(&own.0);
    let header = header.u32(3).text("BadThing").text("It broke").text("Inner").no_extension();
    let body = header.u32(1).u32(0x8000_0000).u32(1).u8(0x09).u32(1).u32(0);
    let mut talk = open_talk();
    talk.server(&message(&body)).check(&[
        ("diagnostics", "BadThing: It broke: line 7: Inner | It broke"),
        ("status_names", "BadNodeIdUnknown | Bad"),
    ]);
    // The next message has a table of its own: none. Points beyond it point nowhere.
    let next = response(676, 0).u32(1).u32(0).u32(1).u8(0x01).u32(0);
    talk.server(&chunk('F', 3, 6, &next.0)).check(&[("diagnostics", "")]);
}

#[test]
fn structures_of_every_server_are_read() {
    let texts = |texts: &[&str]| texts.iter().fold(bytes(), |out, text| out.text(text));
    let build = texts(&["urn:p", "Maker", "Gateway", "1.4.2", "77"]).i64(MARCH);
    let status = bytes().i64(MARCH).i64(MARCH).u32(4).raw(&build.0).u32(5).u8(0);
    let unit = bytes().text("urn:u").u32(4_408_652).u8(2).text("°C").u8(0);
    for (content, value, state) in [
        (inside(340, &build), "Gateway", ""),
        (inside(864, &status), "shutdown", "shutdown"),
        (inside(886, &bytes().f64(-5.0).f64(120.5)), "-5..120.5", ""),
        (inside(889, &unit), "°C", ""),
        (inside(864, &bytes().i64(1)), "0100000000000000", ""), // not what it says it is
    ] {
        let body = response(634, 0).u32(1).u8(1).u8(22).raw(&content.0).null();
        says(false, &body, &[("values", value), ("server_state", state)]);
    }
    let body = response(634, 0).u32(1).u8(1).u8(22).raw(&inside(864, &status).0).null();
    let fields = &[
        ("manufacturer", "Maker"),
        ("product_name", "Gateway"),
        ("software_version", "1.4.2"),
        ("product_uri", "urn:p"),
    ];
    says(false, &body, fields);
}

#[test]
fn servers_are_listed_with_names_and_kinds() {
    let application =
        bytes().text("urn:s").null().u8(2).text("Pump house").u32(3).null().null().u32(1).text("opc.tcp://s");
    says(
        false,
        &response(425, 0).u32(1).raw(&application.0),
        &[("server_names", "Pump house"), ("server_uris", "urn:s")],
    );
    let server = bytes().text("urn:s").null().u32(1).u8(2).text("Local").u32(3).null().null().null().u8(1);
    says(
        true,
        &request(437).raw(&server.0),
        &[("application_type", "discovery_server"), ("application_name", "Local")],
    );
    let found = response(12209, 0).i64(0).u32(1).u32(1).text("press").text("opc.tcp://s").null();
    says(false, &found, &[("server_names", "press"), ("endpoint_urls", "opc.tcp://s")]);
}

#[test]
fn a_session_says_whose_server_and_certificate_it_means() {
    let client = bytes().text("urn:c").text("urn:p").u8(2).text("Client").u32(1).null().null().null();
    let body = request(461).raw(&client.0).text("urn:s").text("opc.tcp://plc").text("Session").null();
    let body = body.text("certificate").f64(60_000.0).u32(0);
    says(
        true,
        &body,
        &[
            ("server_uris", "urn:s"),
            ("application_type", "client"),
            ("certificate_sha1", "735ad571c189d7ba84464bf4a9f1d2280175b128"),
        ],
    );
    let token = inside(327, &bytes().text("policy").text("certificate"));
    let body = request(467).null().null().null().null().raw(&token.0).null().null();
    says(
        true,
        &body,
        &[("identity_token", "certificate"), ("certificate_sha1", "735ad571c189d7ba84464bf4a9f1d2280175b128")],
    );
}
