//! MySQL and MariaDB: who logs in, and what is done. "MySQL Internals: Client/Server Protocol" (8.0): connection phase,
//! command phase; MariaDB's description of the same. Of statements the first word is told, of rows nothing.
//!
//! `operation`: the command's number; 0x100 greeting, 0x101 login, 0x102 the wish for TLS.

mod login;

use super::{place_of, tls, Context, Parser, Probe, Protocol, Scope, Spoken, Step, TCP};
use crate::cursor::{Cursor, Short};
use crate::limits::{DATABASE_FRONT_BYTES, TEXT_BYTES};
use crate::sql;
use crate::value::{field, flaws, slots, Class, Kind, Outcome, Record, Role, Value};

pub const PROTOCOL: Protocol = Protocol {
    name: "mysql",
    fields: FIELDS,
    flaws: FLAWS,
    scope: Scope::Office,
    spoken: Some(Spoken { transports: &[TCP], ports: &[3306], probe: &probe, parser: &|| Box::new(Mysql::default()) }),
};

slots! {
    VERSION = 0 => field("mysql.server_version", Kind::Text);
    PLUGIN = 1 => field("mysql.plugin", Kind::Text);
    DATABASE = 2 => field("mysql.database", Kind::Text);
    COMMAND = 3 => field("mysql.command", Kind::Unsigned);
    STATEMENT = 4 => field("mysql.statement", Kind::Text);
    ERROR = 5 => field("mysql.error_code", Kind::Unsigned);
    ERROR_TEXT = 6 => field("mysql.error_message", Kind::Text);
    STATE = 7 => field("mysql.sql_state", Kind::Text);
    LENGTH = 8 => field("mysql.length", Kind::Unsigned);
    LOCAL_FILE = 9 => field("mysql.local_file", Kind::Text);
}

flaws! {
    TRUNCATED = 0 => "mysql.truncated";
    COMMAND_FLAW = 1 => "mysql.unknown_command";
}

const HEADER: usize = 4;
const GREETING: u32 = 0x100;
const LOGIN: u32 = 0x101;
const START_TLS: u32 = 0x102;
const REFERENCE: u64 = 1;
const TLS: u8 = place_of("tls");

/// What is expected next.
#[derive(Default)]
enum Stage {
    /// Nothing was seen.
    #[default]
    Unknown,
    Greeted,
    /// A login waits for its end.
    LoggingIn,
    /// Commands; whether one waits for the front of its answer.
    Commands {
        asked: bool,
    },
    Inside(Box<dyn Parser>),
    /// Compressed or otherwise not to be read.
    Sealed,
}

#[derive(Default)]
struct Mysql {
    stage: Stage,
    /// Bytes of a packet that are passed over, from server and client.
    skip: [usize; 2],
    /// The client asked for compression, which begins when it is let in.
    compressed: bool,
    /// Which clear password the server may be asking for.
    clear: bool,
}

fn probe(payload: &[u8], _transport: u8) -> Probe {
    let Some([low, middle, high, sequence, kind]) = payload.first_chunk::<5>() else { return Probe::No };
    let length = u32::from_le_bytes([*low, *middle, *high, 0]) as usize;
    match (sequence, kind) {
        // A greeting: protocol 10, and a version of digits with a zero behind it.
        (0, 10) if (30..1024).contains(&length) => {
            let version = payload.get(5..).unwrap_or_default().split(|byte| *byte == 0).next().unwrap_or_default();
            let digits = version.first().is_some_and(u8::is_ascii_digit) && version.contains(&b'.');
            let here = payload.len() >= length.saturating_add(HEADER).min(48);
            match digits && here && version.iter().all(|byte| (b' '..=b'~').contains(byte)) {
                true => Probe::Sure,
                false => Probe::Fits,
            }
        }
        (0 | 1, _) if length > 0 && length < 1 << 20 => Probe::Fits,
        _ => Probe::No,
    }
}

impl Parser for Mysql {
    fn message(&mut self, bytes: &[u8], context: &Context<'_>, record: &mut Record) -> Step {
        if context.after_gap && probe(bytes, context.transport) == Probe::Sure && !context.from_client {
            *self = Self::default();
        }
        match &mut self.stage {
            Stage::Sealed => return Step::Kept { used: bytes.len() },
            Stage::Inside(inner) => {
                let step = inner.message(bytes, context, record);
                record.protocol = Some(TLS);
                return step;
            }
            _ => {}
        }
        let [server, client] = &mut self.skip;
        let skip = if context.from_client { client } else { server };
        if context.after_gap {
            *skip = 0;
        }
        if *skip > 0 {
            let used = (*skip).min(bytes.len());
            *skip = skip.saturating_sub(used);
            return Step::Kept { used };
        }
        let Some([low, middle, high, sequence]) = bytes.first_chunk::<HEADER>() else {
            return Step::Short { need: HEADER };
        };
        let length = u32::from_le_bytes([*low, *middle, *high, 0]) as usize;
        // Rows have nothing to tell, however many come.
        if !context.from_client && matches!(self.stage, Stage::Commands { asked: false }) {
            let used = HEADER.saturating_add(length).min(bytes.len());
            *skip = HEADER.saturating_add(length).saturating_sub(used);
            return Step::Kept { used };
        }
        let front = length.min(DATABASE_FRONT_BYTES);
        let Some(content) = bytes.get(HEADER..HEADER.saturating_add(front)) else {
            return Step::Short { need: HEADER.saturating_add(front) };
        };
        let used = HEADER.saturating_add(length).min(bytes.len());
        *skip = HEADER.saturating_add(length).saturating_sub(used);
        record.class = Class::Session;
        let read = if context.from_client {
            self.client(*sequence, content, length, context, record)
        } else {
            self.server(content, record)
        };
        match read {
            Ok(true) => {}
            Ok(false) => return Step::Kept { used },
            Err(Short) => record.flaw(flaw::TRUNCATED),
        }
        Step::Message { used }
    }

    fn kept_bytes(&self) -> usize {
        match &self.stage {
            Stage::Inside(inner) => inner.kept_bytes(),
            _ => 0,
        }
    }
}

impl Mysql {
    fn client(
        &mut self,
        sequence: u8,
        content: &[u8],
        length: usize,
        context: &Context<'_>,
        record: &mut Record,
    ) -> Result<bool, Short> {
        match self.stage {
            Stage::Greeted => {
                record.operation = LOGIN;
                record.operation_name = "login";
                if login::wishes_tls(content) {
                    (record.operation, record.operation_name) = (START_TLS, "start_tls");
                    record.role = Role::Unsolicited;
                    self.stage = Stage::Inside(tls::parser());
                    return Ok(true);
                }
                (record.role, record.reference) = (Role::Request, Some(REFERENCE));
                self.stage = Stage::LoggingIn;
                self.compressed = login::read(content, context, record)?;
                Ok(true)
            }
            Stage::LoggingIn if sequence > 0 => {
                // More of the proof. A password that was asked for in clear is one.
                if !std::mem::take(&mut self.clear) {
                    return Ok(false);
                }
                record.operation = LOGIN;
                record.operation_name = "login";
                (record.role, record.reference) = (Role::Request, Some(REFERENCE));
                record.login(&[], Some(content.strip_suffix(&[0]).unwrap_or(content)), context.site);
                Ok(true)
            }
            // Parts of a file or of a statement of more than 16 MiB.
            _ if sequence > 0 => Ok(false),
            _ => {
                let code = Cursor::new(content).u8()?;
                self.stage = Stage::Commands { asked: true };
                command(code, content, record);
                record.set_u(LENGTH, length as u64);
                Ok(true)
            }
        }
    }

    fn server(&mut self, content: &[u8], record: &mut Record) -> Result<bool, Short> {
        let mut cursor = Cursor::new(content);
        let first = cursor.u8()?;
        match self.stage {
            Stage::Unknown => {
                if first == 0xff {
                    // A server that is full, or does not know this client's address.
                    record.operation = GREETING;
                    record.operation_name = "greeting";
                    record.role = Role::Unsolicited;
                    failed(&mut cursor, record)?;
                    return Ok(true);
                }
                if first != 10 {
                    self.stage = Stage::Commands { asked: false };
                    return Ok(false);
                }
                record.operation = GREETING;
                record.operation_name = "greeting";
                record.role = Role::Unsolicited;
                self.stage = Stage::Greeted;
                login::greeting(&mut cursor, record)?;
                Ok(true)
            }
            Stage::LoggingIn => {
                record.operation = LOGIN;
                record.operation_name = "login";
                (record.role, record.reference) = (Role::Response, Some(REFERENCE));
                match first {
                    0 => {
                        record.outcome = Outcome::Success;
                        self.stage = if self.compressed { Stage::Sealed } else { Stage::Commands { asked: false } };
                    }
                    0xff => {
                        self.stage = Stage::Commands { asked: false };
                        failed(&mut cursor, record)?;
                    }
                    0xfe => {
                        // Another way to prove it.
                        (record.operation, record.operation_name) = (LOGIN, "other_plugin");
                        (record.role, record.reference) = (Role::Unsolicited, None);
                        let plugin = until_zero(&mut cursor);
                        self.clear = plugin == b"mysql_clear_password";
                        record.set_text(PLUGIN, plugin);
                    }
                    _ => return Ok(false),
                }
                Ok(true)
            }
            Stage::Commands { .. } => {
                self.stage = Stage::Commands { asked: false };
                record.operation_name = "result";
                record.class = Class::Other;
                (record.role, record.reference) = (Role::Response, Some(REFERENCE));
                record.outcome = Outcome::Success;
                match first {
                    0xff => failed(&mut cursor, record)?,
                    // The server asks for a file of the client's.
                    0xfb => {
                        let name = cursor.rest();
                        record.set_text(LOCAL_FILE, name.get(..TEXT_BYTES).unwrap_or(name));
                    }
                    _ => {}
                }
                Ok(true)
            }
            _ => Ok(false),
        }
    }
}

fn until_zero<'a>(cursor: &mut Cursor<'a>) -> &'a [u8] {
    let rest = cursor.rest();
    let length = memchr::memchr(0, rest).unwrap_or(rest.len());
    let text = cursor.take(length).unwrap_or_default();
    let _zero = cursor.skip(1);
    text.get(..TEXT_BYTES).unwrap_or(text)
}

fn failed(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    record.outcome = Outcome::Failure;
    record.set_u(ERROR, cursor.u16_le()?);
    if cursor.peek_u8() == Ok(b'#') {
        let state = cursor.array::<6>()?;
        record.set_text(STATE, state.get(1..).unwrap_or_default());
    }
    let text = cursor.rest();
    record.set_text(ERROR_TEXT, text.get(..TEXT_BYTES).unwrap_or(text));
    Ok(())
}

fn command(code: u8, content: &[u8], record: &mut Record) {
    record.operation = code.into();
    record.set_u(COMMAND, code);
    (record.role, record.reference) = (Role::Request, Some(REFERENCE));
    let (name, class) = match code {
        0x01 => ("quit", Class::Session),
        0x02 => ("init_database", Class::Session),
        0x03 => ("query", Class::Other),
        0x04 => ("field_list", Class::Discover),
        0x05 => ("create_database", Class::Program),
        0x06 => ("drop_database", Class::Program),
        0x07 => ("refresh", Class::Control),
        0x08 => ("shutdown", Class::Control),
        0x09 => ("statistics", Class::Diagnose),
        0x0a => ("process_info", Class::Discover),
        0x0c => ("process_kill", Class::Control),
        0x0d => ("debug", Class::Diagnose),
        0x0e => ("ping", Class::Diagnose),
        0x11 => ("change_user", Class::Session),
        0x12 => ("binlog_dump", Class::Read),
        0x13 => ("table_dump", Class::Read),
        0x15 => ("register_replica", Class::Session),
        0x16 => ("prepare", Class::Other),
        0x17 => ("execute", Class::Other),
        0x18 => ("send_long_data", Class::Write),
        0x19 => ("close_statement", Class::Other),
        0x1a => ("reset_statement", Class::Other),
        0x1b => ("set_option", Class::Session),
        0x1c => ("fetch", Class::Read),
        0x1e => ("binlog_dump_gtid", Class::Read),
        0x1f => ("reset_connection", Class::Session),
        _ => {
            record.flaw(flaw::COMMAND_FLAW);
            ("unknown", Class::Other)
        }
    };
    (record.operation_name, record.class) = (name, class);
    let argument = content.get(1..).unwrap_or_default();
    match code {
        // No answer comes.
        0x01 | 0x18 | 0x19 => (record.role, record.reference) = (Role::Unsolicited, None),
        0x02 | 0x05 | 0x06 => record.set_text(DATABASE, argument.get(..TEXT_BYTES).unwrap_or(argument)),
        0x03 | 0x16 => {
            let (word, class) = sql::keyword(argument.iter().copied());
            record.set(STATEMENT, Value::Name(word));
            record.class = class;
        }
        _ => {}
    }
}
