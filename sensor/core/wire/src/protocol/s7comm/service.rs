//! Program invocation services: start, insert and delete blocks, copy RAM to ROM, and those of numerical controls.

use super::block::{blocks, BLOCK_NAME};
use super::fields::{self as slot, flaw};
use super::job::Missing;
use super::pdu::Pdu;
use super::reader::Reader;
use crate::limits;
use crate::protocol::Context;
use crate::value::{Class, Record, Span, Value};

/// Login to a numerical control: whom, and the password.
const LOGIN: &[u8] = b"_N_LOGIN_";

/// Services that are known by name even where the lengths before it make no sense.
const SERVICES: [&[u8]; 6] = [b"P_PROGRAM", b"_INSE", b"_INS2", b"_DELE", b"_MODU", b"_GARB"];

/// Job 0x28: seven bytes without known meaning, length(2) and arguments, length(1) and name of the service.
pub fn read(pdu: &mut Pdu<'_>, context: &Context<'_>, record: &mut Record) -> Result<(), Missing> {
    let mut whole = pdu.parameter;
    let bytes = whole.take_rest();
    match arguments(&mut pdu.parameter, context, record) {
        Err(missing) if record.get(slot::PI_SERVICE).is_none() => {
            // Some clients write other lengths (Snap7's delete): the name at the end still says what they want.
            if let Some(name) = SERVICES.into_iter().find(|name| bytes.ends_with(name)) {
                named(name, b"", record);
            }
            Err(missing)
        }
        read => read,
    }
}

fn named(name: &[u8], argument: &[u8], record: &mut Record) -> Span {
    let text = record.push_text(name);
    record.set(slot::PI_SERVICE, Value::Text(text));
    let (action, class) = action(name, argument);
    record.set(slot::PI_ACTION, Value::Name(action));
    record.class = class;
    text
}

fn arguments(parameter: &mut Reader<'_>, context: &Context<'_>, record: &mut Record) -> Result<(), Missing> {
    parameter.skip(7)?;
    let length = parameter.u16()?;
    let mut arguments = parameter.part(length.into())?;
    let length = parameter.u8()?;
    let name = parameter.take(length.into())?;
    let whole = arguments.take_rest();
    let text = named(name, whole, record);
    if matches!(name, b"_INSE" | b"_INS2" | b"_DELE") {
        return block_list(whole, record);
    }
    record.push_named("program_invocation", 0, text);
    if name.starts_with(b"_N_") {
        return strings(whole, name == LOGIN, context, record);
    }
    if !whole.is_empty() {
        let text = record.push_text(whole.get(..whole.len().min(limits::TEXT_BYTES)).unwrap_or_default());
        record.push(slot::PI_ARGUMENT, Value::Text(text));
    }
    Ok(())
}

/// Number of blocks, a byte 0, then eight bytes for each.
fn block_list(arguments: &[u8], record: &mut Record) -> Result<(), Missing> {
    let mut reader = Reader::new(arguments, None);
    let count = usize::from(reader.u8()?);
    reader.skip(1)?;
    let names = reader.take(count.saturating_mul(BLOCK_NAME))?;
    blocks(names, record);
    for name in names.chunks_exact(BLOCK_NAME) {
        let text = record.push_text(name);
        record.push(slot::PI_ARGUMENT, Value::Text(text));
    }
    if !reader.is_empty() {
        record.flaw(flaw::LONG_PARAMETER);
    }
    Ok(())
}

/// Numerical controls: length and text, one after the other, filled up to even places. Of a login the second text is the
/// password, which is judged and forgotten.
fn strings(arguments: &[u8], login: bool, context: &Context<'_>, record: &mut Record) -> Result<(), Missing> {
    let mut reader = Reader::new(arguments, None);
    for number in 0..limits::LIST_VALUES {
        if reader.is_empty() {
            return Ok(());
        }
        let length = reader.u8()?;
        let bytes = reader.take(length.into())?;
        if login && number > 0 {
            record.login(b"", Some(bytes), context.site);
        } else {
            let text = record.push_text(bytes);
            record.push(slot::PI_ARGUMENT, Value::Text(text));
        }
        if length % 2 == 0 && !reader.is_empty() {
            reader.skip(1)?;
        }
    }
    record.flaw(flaw::VALUES);
    Ok(())
}

/// What a service does, with its class. `argument` decides how `P_PROGRAM` starts. The services of numerical controls
/// have names that begin with `_N_`.
fn action(service: &[u8], argument: &[u8]) -> (&'static str, Class) {
    match service {
        b"P_PROGRAM" => match argument.trim_ascii() {
            b"" => ("warm_restart", Class::Control),
            b"C" => ("cold_restart", Class::Control),
            b"R" => ("hot_restart", Class::Control),
            _ => ("start", Class::Control),
        },
        b"_INSE" | b"_INS2" => ("insert_block", Class::Program),
        b"_DELE" => ("delete_block", Class::Program),
        b"_MODU" => ("copy_ram_to_rom", Class::Program),
        b"_GARB" => ("compress_memory", Class::Program),
        LOGIN => ("nc_login", Class::Session),
        b"_N_LOGOUT" => ("nc_logout", Class::Session),
        b"_N_SELECT" => ("nc_select_program", Class::Control),
        b"_N_CANCEL" => ("nc_cancel_alarm", Class::Control),
        b"_N_CONFIG" => ("nc_activate_machine_data", Class::Program),
        b"_N_DASAVE" => ("nc_save_memory", Class::Program),
        b"_N_EXTERN" | b"_N_EXTMOD" => ("nc_run_external_program", Class::Control),
        b"_N_F_CLOS" => ("nc_close_file", Class::Program),
        b"_N_F_COPY" => ("nc_copy_file", Class::Program),
        b"_N_F_DELE" | b"_N_F_DELR" => ("nc_delete_file", Class::Program),
        b"_N_F_DMDA" => ("nc_delete_mda", Class::Program),
        b"_N_F_LOAD" => ("nc_load_file", Class::Program),
        b"_N_F_MODE" | b"_N_F_PROT" => ("nc_protect_file", Class::Program),
        b"_N_F_MOVE" | b"_N_F_RENA" => ("nc_rename_file", Class::Program),
        b"_N_F_OPEN" | b"_N_F_OPER" => ("nc_open_file", Class::Program),
        b"_N_F_SEEK" => ("nc_search_file", Class::Read),
        b"_N_F_SAVE" => ("nc_save_file", Class::Program),
        b"_N_F_XFER" => ("nc_transfer_file", Class::Program),
        b"_N_FINDBL" => ("nc_find_block", Class::Control),
        b"_N_IBN_SS" => ("nc_set_start_up_switch", Class::Control),
        b"_N_OST_ON" | b"_N_OST_OF" => ("nc_overstore", Class::Control),
        b"_N_SETUDT" | b"_N_SETUFR" => ("nc_activate_user_data", Class::Control),
        b"_N_CREATO" | b"_N_CREATE" => ("nc_create_tool", Class::Write),
        b"_N_DELETO" | b"_N_DELETE" => ("nc_delete_tool", Class::Write),
        [b'_', b'N', b'_', ..] => ("nc_service", Class::Control),
        _ => ("unknown", Class::Control),
    }
}
