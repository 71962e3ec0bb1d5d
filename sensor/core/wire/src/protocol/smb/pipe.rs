//! What is called through a named pipe: the interface that a DCE/RPC bind names. C706 chapter 12.6.4.3.

use super::fields::*;
use crate::cursor::{Cursor, Short};
use crate::value::{Record, Value};

const VERSION: u8 = 5;
const BIND: u8 = 11;
const ALTER_CONTEXT: u8 = 14;
/// Header, sizes and group, number of contexts, then the first context's number.
const BEFORE_INTERFACE: usize = 32;

/// Tell the interface that these bytes bind to. False where they do not bind.
pub fn bind(data: &[u8], record: &mut Record) -> bool {
    let [VERSION, 0 | 1, BIND | ALTER_CONTEXT, _, order, ..] = *data else { return false };
    interface(data, order & 0x10 != 0, record).is_ok()
}

/// Find a bind in a message of SMB1 that carries one somewhere behind its parameters.
pub fn find(data: &[u8], record: &mut Record) -> bool {
    let begins = memchr::memmem::find_iter(data, &[VERSION, 0, BIND]);
    begins.take(4).any(|at| bind(data.get(at..).unwrap_or_default(), record))
}

fn interface(data: &[u8], little: bool, record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(data);
    cursor.skip(BEFORE_INTERFACE)?;
    let (mut first, mut second, mut third) = (cursor.array::<4>()?, cursor.array::<2>()?, cursor.array::<2>()?);
    let rest = cursor.array::<8>()?;
    if little {
        first.reverse();
        second.reverse();
        third.reverse();
    }
    let parts =
        [&first[..], &second[..], &third[..], rest.get(..2).unwrap_or_default(), rest.get(2..).unwrap_or_default()];
    let text = record.write_text(|out| {
        for (place, part) in parts.into_iter().enumerate() {
            if place > 0 {
                out.push(b'-');
            }
            for byte in part {
                out.extend(
                    [byte >> 4, byte & 0x0f].map(|digit| char::from_digit(digit.into(), 16).map_or(b'0', |c| c as u8)),
                );
            }
        }
    });
    let name = named(record.text(text));
    record.set(INTERFACE, Value::Text(text));
    record.set(INTERFACE_NAME, Value::Name(name));
    Ok(())
}

fn named(interface: &str) -> &'static str {
    match interface {
        "367abb81-9844-35f1-ad32-98f038001003" => "svcctl",
        "1ff70682-0a51-30e8-076d-740be8cee98b" => "atsvc",
        "86d35949-83c9-4044-b424-db363231fd0c" => "task_scheduler",
        "12345778-1234-abcd-ef00-0123456789ac" => "samr",
        "12345778-1234-abcd-ef00-0123456789ab" => "lsarpc",
        "4b324fc8-1670-01d3-1278-5a47bf6ee188" => "srvsvc",
        "6bffd098-a112-3610-9833-46c3f87e345a" => "wkssvc",
        "338cd001-2244-31f1-aaaa-900038001003" => "winreg",
        "e3514235-4b06-11d1-ab04-00c04fc2dcd2" => "drsuapi",
        "12345678-1234-abcd-ef00-01234567cffb" => "netlogon",
        "12345678-1234-abcd-ef00-0123456789ab" => "spoolss",
        "e1af8308-5d1f-11c9-91a4-08002b14a0fa" => "epmapper",
        "c681d488-d850-11d0-8c52-00c04fd90f7e" => "efsrpc",
        "82273fdc-e32a-18c3-3f78-827929dc23ea" => "eventlog",
        "4fc742e0-4a10-11cf-8273-00aa004ae673" => "netdfs",
        "99fcfec4-5260-101b-bbcb-00aa0021347a" => "object_exporter",
        _ => "unknown",
    }
}

/// Pipes that Windows has, by the name that is opened: they tell where the share was not seen.
pub fn known(name: &str) -> bool {
    let name = name.trim_start_matches('\\');
    matches!(
        name,
        "svcctl"
            | "atsvc"
            | "samr"
            | "lsarpc"
            | "lsass"
            | "srvsvc"
            | "wkssvc"
            | "winreg"
            | "netlogon"
            | "spoolss"
            | "epmapper"
            | "eventlog"
            | "efsrpc"
            | "netdfs"
            | "browser"
            | "ntsvcs"
    )
}
