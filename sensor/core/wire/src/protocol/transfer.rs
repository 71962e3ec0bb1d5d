//! A file that crosses as it is, and nothing else: FTP's data connections (RFC 959 3.2), `nc`, what a foothold fetches
//! its next stage with. Told by the file's front (`content.rs`), so only what is of interest is found: programs, scripts,
//! the test file of the antivirus makers. Nothing of it is kept.
//!
//! `operation`: 1 file.

use super::text::{operation, Operation};
use super::{Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::content::{look, Told, FRONT};
use crate::value::{field, slots, Class, Kind, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "transfer",
    fields: FIELDS,
    flaws: &[],
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[20], probe: &probe, parser: &|| Box::new(Transfer::default()) }),
};

slots! {
    CONTENT = 0 => field("transfer.content", Kind::Text);
}

const FILE: Operation = operation(1, "file", Class::Other);

fn probe(payload: &[u8], _transport: u8) -> Probe {
    match look(payload.get(..FRONT).unwrap_or(payload), true) {
        // Three letters begin a script, and many other things.
        Told::Kind("shell_script" | "server_page") => Probe::Fits,
        Told::Kind(_) => Probe::Sure,
        _ => Probe::No,
    }
}

#[derive(Default)]
struct Transfer {
    /// By sending side, the server's first: its front was looked at.
    seen: [bool; 2],
}

impl Parser for Transfer {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        let [server, client] = &mut self.seen;
        let seen = if context.from_client { client } else { server };
        let used = bytes.len();
        // Behind a gap may stand another file.
        if std::mem::replace(seen, true) && !context.after_gap {
            return Step::Kept { used };
        }
        let front = bytes.get(..FRONT).unwrap_or(bytes);
        let Told::Kind(kind) = look(front, true) else { return Step::Kept { used } };
        FILE.tell(record);
        record.class = if context.from_client { Class::Write } else { Class::Read };
        record.role = Role::Unsolicited;
        record.set(CONTENT, Value::Name(kind));
        Step::Message { used: front.len() }
    }
}
