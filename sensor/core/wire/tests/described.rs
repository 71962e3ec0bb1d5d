//! Protocols by description: framing, fields, operations, what is wrong with a description, and hostile bytes.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{bytes, talk, Talk};
use wire::protocol::described::describe;
use wire::protocol::{Probe, Step, TCP};

/// A protocol of a panel and its press: binary, a length, a CRC, a transaction.
const PRESS: &str = include_str!("hostile/press_link.json");

fn described(description: &str) -> Talk {
    talk(&describe(description).unwrap())
}

/// A message of the press; its check sum is worked out bit by bit.
fn press(sequence: u16, command: u8, body: &str) -> Vec<u8> {
    let body = bytes(body);
    let mut message = bytes("aa55");
    message.extend(u16::try_from(body.len() + 3).unwrap().to_le_bytes());
    message.extend(sequence.to_le_bytes());
    message.push(command);
    message.extend(body);
    let sum = crc(&message);
    message.extend(sum.to_le_bytes());
    message
}

fn crc(bytes: &[u8]) -> u16 {
    let bit = |sum: u16, _| if sum & 1 == 1 { (sum >> 1) ^ 0xa001 } else { sum >> 1 };
    bytes.iter().fold(0xffff, |sum, byte| (0..8).fold(sum ^ u16::from(*byte), bit))
}

#[test]
fn a_question_and_its_answer() {
    let mut talk = described(PRESS);
    let asked = talk.read(&press(7, 1, "1000 02"), true, false);
    asked.clean().fields(&[("press_link.sequence", "7"), ("press_link.command", "1"), ("press_link.address", "16")]);
    assert_eq!((asked.name, asked.class, asked.role, asked.operation), ("read_values", "read", "request", 1));
    assert_eq!((asked.reference, &asked.objects), (Some(7), &vec!["value 0 16-17".to_owned()]));
    let answer = talk.read(&press(7, 0x81, "00 0a00 f6ff"), false, false);
    answer.clean().fields(&[("press_link.status", "0"), ("press_link.values", "[1, -1]")]);
    assert_eq!((answer.operation, answer.role, answer.outcome), (1, "response", "success"));
    assert_eq!(answer.reference, Some(7));
    let refused = talk.read(&press(8, 0x81, "05"), false, false);
    assert_eq!((refused.outcome, refused.flaws.len()), ("failure", 0));
}

#[test]
fn bits_names_and_a_password_that_is_not_kept() {
    let mut talk = described(PRESS);
    let set = talk.read(&press(1, 2, "05"), true, false);
    set.clean().fields(&[
        ("press_link.flags", "5"),
        ("press_link.running", "true"),
        ("press_link.mode", "2"),
        ("press_link.mode_name", "automatic"),
    ]);
    talk.read(&press(1, 2, "02"), true, false).fields(&[("press_link.mode", "1"), ("press_link.mode_name", "unknown")]);
    let login = talk.read(&press(2, 3, "05 61646d696e 61646d696e"), true, false);
    assert_eq!((login.clean().user.as_str(), login.password), ("admin", Some("default")));
    assert_eq!(login.fields.len(), 5, "{login:#?}");
    let alarm = talk.read(&press(3, 4, "00000102 ffff"), false, false);
    assert_eq!(alarm.role, "unsolicited");
}

#[test]
fn what_is_odd_is_a_flaw() {
    let mut talk = described(PRESS);
    let mut wrong = press(1, 2, "05");
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(talk.read(&wrong, true, false).flaws, ["press_link.bad_check"]);
    let unknown = talk.read(&press(1, 9, "0102"), true, false);
    assert_eq!(
        (unknown.flaws, unknown.fields["press_link.rest"].as_str()),
        (vec!["press_link.unknown_operation"], "0102")
    );
    assert_eq!(talk.read(&press(1, 2, "05 06"), true, false).flaws, ["press_link.trailing"]);
    assert_eq!(talk.read(&press(1, 1, "10"), true, false).flaws, ["press_link.short"]);
    // Junk in front is lost framing, up to the next start; half a start at the end is kept for the next packet.
    let junk = talk.read(&[&bytes("0102 aa"), press(1, 2, "05").as_slice()].concat(), true, false);
    assert_eq!(junk.step, Step::Lost { used: 3 });
    assert_eq!(talk.read(&bytes("010203 aa"), true, false).step, Step::Lost { used: 3 });
    assert_eq!(talk.read(&press(1, 2, "05")[..6], true, false).step, Step::Short { need: 9 });
}

#[test]
fn its_content_is_known_by_what_proves_it() {
    describe(PRESS).unwrap();
    let press_link = reading::protocol("press_link");
    let message = press(1, 2, "05");
    assert_eq!(press_link.probe(&message, TCP), Probe::Sure);
    assert_eq!(press_link.probe(&message[..7], TCP), Probe::Fits);
    assert_eq!(press_link.probe(b"GET / HTTP/1.1\r\n\r\n", TCP), Probe::No);
    let mut wrong = message;
    *wrong.last_mut().unwrap() ^= 1;
    assert_eq!(press_link.probe(&wrong, TCP), Probe::No);
}

/// A protocol of letters that ends its messages, with its check behind the end.
const LETTERS: &str = r#"{
  "protocol": "letter_link", "transports": ["tcp"], "ports": [9200],
  "framing": {"start": "02", "end": "03", "check": {"kind": "sum8", "from": 1, "digits": true, "behind_end": true}},
  "header": [{"name": "command", "type": "text", "length": 2}],
  "operation": "command",
  "operations": [
    {"code": "RD", "name": "read", "class": "read",
     "request": [{"name": "address", "type": "hex", "length": 4}, {"name": "quantity", "type": "decimal", "length": 2}],
     "response": [{"name": "form", "type": "u8", "peek": true},
                  {"name": "text", "type": "text", "length": "rest", "when": {"field": "form", "is": [34]}},
                  {"name": "numbers", "type": "hex", "length": 2, "count": "rest", "unless": {"field": "form", "is": [34]}}]}
  ]
}"#;

#[test]
fn letters_and_digits() {
    let mut talk = described(LETTERS);
    let asked = talk.asks("\u{2}RD01F4 3\u{3}FF");
    assert_eq!(asked.flaws, ["letter_link.bad_check"]);
    let sum = "RD01F4 3\u{3}".bytes().fold(0u8, u8::wrapping_add);
    let asked = talk.asks(&format!("\u{2}RD01F4 3\u{3}{sum:02X}"));
    asked.clean().fields(&[("letter_link.address", "500"), ("letter_link.quantity", "3")]);
    assert_eq!((asked.operation, asked.reference), (0x5244, Some(0x5244)));
    for (body, field, value) in [("0aFF", "letter_link.numbers", "[10, 255]"), ("\"abc", "letter_link.text", "\"abc")] {
        let sum = format!("RD{body}\u{3}").bytes().fold(0u8, u8::wrapping_add);
        talk.answers(&format!("\u{2}RD{body}\u{3}{sum:02X}")).clean().fields(&[(field, value)]);
    }
    assert!(talk.answers("\u{2}RDxx\u{3}00").flaws.contains(&"letter_link.bad_digits"));
    assert_eq!(talk.asks("\u{2}RD01").step, Step::Short { need: 6 });
}

#[test]
fn broken_bytes_break_nothing() {
    let mut talk = described(PRESS);
    let messages = [press(7, 1, "1000 02"), press(2, 3, "05 61646d696e 61646d696e"), press(7, 0x81, "00 0a00 f6ff")];
    for message in &messages {
        for end in 0..message.len() {
            let step = talk.read(&message[..end], true, true).step;
            assert!(!matches!(step, Step::Message { .. }), "{end} bytes are no message: {step:?}");
        }
        for (place, bit) in (0..message.len()).flat_map(|place| (0..8).map(move |bit| (place, bit))) {
            let mut broken = message.clone();
            broken[place] ^= 1 << bit;
            match talk.read(&broken, true, false).step {
                Step::Message { used } | Step::Lost { used } | Step::Kept { used } => {
                    assert!((1..=broken.len()).contains(&used))
                }
                Step::Short { need } => assert!(need > broken.len()),
            }
        }
        talk.read(message, true, false).clean();
    }
}

#[test]
fn a_wrong_description_is_told_with_its_place() {
    let wrong = |from: &str, to: &str| {
        let name = format!("press_{}", to.len() * 1000 + from.len());
        let text = PRESS.replace("\"press_link\"", &format!("{name:?}")).replace(from, to);
        describe(&text).unwrap_err()
    };
    for (from, to, told) in [
        ("\"size\", \"plus\"", "\"sise\", \"plus\"", "sise has no fixed place"),
        ("\"operation\": \"command\"", "\"operation\": \"comand\"", "no field comand"),
        ("\"pair\": [\"sequence\"]", "\"pair\": [\"secuence\"]", "secuence is no plain number"),
        ("\"ports\": [9100]", "\"ports\": []", "ports"),
        ("\"code\": 4", "\"code\": 3", "listed twice"),
        ("\"length\": \"letters\"", "\"length\": \"later\"", "operation login: field operator: no whole number later"),
        ("\"type\": \"i16\"", "\"type\": \"i17\"", "i17"),
        ("\"bits\": [1, 3]", "\"bits\": [3, 1]", "bits: first and last"),
        ("\"start\": \"aa55\"", "\"start\": \"aa5\"", "hexadecimal"),
        ("\"values\", \"type\"", "\"Values\", \"type\"", "a name is a letter"),
    ] {
        let error = wrong(from, to);
        assert!(error.contains(told), "{error} should say {told}");
    }
    let other = PRESS.replace("9100", "9101");
    describe(PRESS).unwrap();
    assert!(describe(&other).unwrap_err().contains("known already"));
    assert!(describe(&PRESS.replace("\"press_link\"", "\"modbus\"")).unwrap_err().contains("known already"));
}
