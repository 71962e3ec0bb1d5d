//! The system state list (SZL): what a station tells about itself.
//! Siemens, System Software for S7-300/400, System and Standard Functions, "System Status Lists SSL" (A5E02789976).
//!
//! ```text
//!   id(2) | index(2) | record length(2) | records(2) | records ...
//! ```
//! Id: class of the module (4 bits), number of the extract (4 bits), number of the list (8 bits).

use super::detail::{filled, Details};
use super::fields as slot;
use super::reader::Reader;
use super::time;
use crate::cursor::Short;
use crate::limits;
use crate::value::{Record, Value};

/// Which part of the list, by the list's number.
pub fn name(id: u16) -> &'static str {
    match id & 0x00ff {
        0x00 => "lists",
        0x11 => "module_identification",
        0x12 => "cpu_features",
        0x13 => "user_memory",
        0x14 => "system_areas",
        0x15 => "block_types",
        0x16 => "priority_classes",
        0x17 => "system_data_blocks",
        0x18 => "expansion_racks",
        0x19 => "leds",
        0x1a => "interrupt_sources",
        0x1c => "component_identification",
        0x21 => "interrupts_and_errors",
        0x22 => "interrupt_status",
        0x23 => "priority_class_status",
        0x24 => "operating_modes",
        0x25 => "process_images",
        0x31 => "communication_capabilities",
        0x32 => "communication_status",
        0x33 => "message_stations",
        0x37 => "ethernet",
        0x71 => "redundancy",
        0x74 => "module_leds",
        0x75 => "switched_dp_stations",
        0x81 => "start_information",
        0x82 => "start_events",
        0x90 => "dp_master_systems",
        0x91 => "module_status",
        0x92 => "station_status",
        0x94 => "profinet_station_status",
        0x95 => "bus_systems",
        0x96 => "profinet_module_status",
        0x9c => "tool_changers",
        0xa0 => "diagnostic_buffer",
        0xb1..=0xb4 => "module_diagnostics",
        _ => "unknown",
    }
}

/// Which list, and which entry of it.
pub fn heading(mut body: Reader<'_>, record: &mut Record) -> Result<(u16, u16), Short> {
    let (id, index) = (body.u16()?, body.u16()?);
    record.set_u(slot::SZL_ID, id);
    record.set_u(slot::SZL_INDEX, index);
    record.set(slot::SZL_NAME, Value::Name(name(id)));
    Ok((id, index))
}

/// An answer that is all here.
pub fn answer(body: &mut Reader<'_>, record: &mut Record) -> Result<(), Short> {
    let (id, _) = heading(*body, record)?;
    let mut ahead = *body;
    ahead.skip(4)?;
    let (Ok(width), Ok(count)) = (ahead.u16(), ahead.u16()) else { return Ok(()) };
    let mut details = Details::default();
    details.number("records", count);
    let mut events = Vec::new();
    for _ in 0..count {
        let there = ahead.remaining().min(width.into());
        let Ok(mut entry) = ahead.part(there) else { break };
        if entry.is_empty() {
            break;
        }
        // An extract may be shorter than the list's own records.
        let _ = one(id, &mut entry, &mut details, &mut events, record);
    }
    details.finish(record);
    if !events.is_empty() {
        record.set_list(slot::EVENT_ID, &events);
    }
    Ok(())
}

fn one(
    id: u16,
    entry: &mut Reader<'_>,
    details: &mut Details,
    events: &mut Vec<Value>,
    record: &mut Record,
) -> Result<(), Short> {
    match id & 0x00ff {
        0x00 => details.number("list", entry.u16()?),
        0x11 => return module(entry, details, record),
        0x1c => return component(entry, details, record),
        0x19 | 0x74 => {
            details.number("led", entry.u16()?);
            details.add("led_on", Value::Bool(entry.u8()? != 0));
            details.number("led_blinking", entry.u8()?);
        }
        0x24 => return mode(entry, details, events, record),
        0x31 => return capabilities(entry, details),
        0x32 => return status(entry, details, record),
        0xa0 if events.len() < limits::LIST_VALUES => return diagnostic(entry, details, events, record),
        _ => {}
    }
    Ok(())
}

/// Order number, then two words that hold the version where the index says so: a letter and three numbers.
fn module(entry: &mut Reader<'_>, details: &mut Details, record: &mut Record) -> Result<(), Short> {
    let index = entry.u16()?;
    let number = entry.take(20)?;
    entry.skip(2)?;
    let [letter, major, minor, patch] = *entry.array::<4>()?;
    match index {
        1 => {
            if let Some(text) = filled(number, record) {
                record.set(slot::ORDER_NUMBER, text);
            }
        }
        7 => {
            let text = version(letter, [major, minor, patch], record);
            record.set(slot::FIRMWARE, text);
        }
        6 => details.text("basic_hardware", number, record),
        0x81 => {
            let text = version(letter, [major, minor, patch], record);
            details.add("boot_loader_version", text);
        }
        _ => details.text("component", number, record),
    }
    Ok(())
}

fn version(letter: u8, numbers: [u8; 3], record: &mut Record) -> Value {
    let [major, minor, patch] = numbers;
    let letter = if letter.is_ascii_uppercase() { char::from(letter) } else { 'V' };
    let text = format!("{letter}{major}.{minor}.{patch}");
    Value::Text(record.push_text(text.as_bytes()))
}

/// A number that says what the text is. The number's upper half is the rack in redundant systems.
fn component(entry: &mut Reader<'_>, details: &mut Details, record: &mut Record) -> Result<(), Short> {
    let index = entry.u16()?;
    let text = entry.take(entry.remaining().min(32))?;
    let name = match index & 0x00ff {
        1 => "system_name",
        2 => "module_name",
        3 => "plant_designation",
        4 => "copyright",
        5 => {
            if let Some(text) = filled(text, record) {
                record.set(slot::SERIAL_NUMBER, text);
            }
            return Ok(());
        }
        7 => "module_type",
        8 => "memory_card_serial",
        // Manufacturer, profile and its part are numbers.
        9 => {
            let mut numbers = Reader::new(text, None);
            details.number("manufacturer_id", numbers.u16()?);
            details.number("profile_id", numbers.u16()?);
            return Ok(());
        }
        10 => "oem_copyright",
        11 => "location",
        _ => "component",
    };
    details.text(name, text, record);
    Ok(())
}

/// What the station is doing, by the lower half of the byte for mode transitions.
fn operating_mode(code: u8) -> &'static str {
    match code {
        0x1 => "stop_update",
        0x2 => "stop_memory_reset",
        0x3 => "stop_initialising",
        0x4 => "stop",
        0x5 => "cold_restart",
        0x6 => "warm_restart",
        0x7 => "hot_restart",
        0x8 => "run",
        0x9 => "run_redundant",
        0xa => "hold",
        0xb => "link_up",
        0xc => "update",
        0xd => "defective",
        0xe => "self_test",
        0xf => "no_power",
        _ => "unknown",
    }
}

/// Event, a flag, old and new mode, four reserved bytes, four of information, time.
fn mode(
    entry: &mut Reader<'_>,
    details: &mut Details,
    events: &mut Vec<Value>,
    record: &mut Record,
) -> Result<(), Short> {
    events.push(Value::Unsigned(entry.u16()?.into()));
    entry.skip(1)?;
    let modes = entry.u8()?;
    details.add("mode", Value::Name(operating_mode(modes & 0x0f)));
    details.add("previous_mode", Value::Name(operating_mode(modes >> 4)));
    details.number("mode_code", modes);
    entry.skip(8)?;
    if let Some(time) = time::next(entry, record)? {
        details.add("mode_since", time);
    }
    Ok(())
}

/// What the station can do at once, by its index.
fn capabilities(entry: &mut Reader<'_>, details: &mut Details) -> Result<(), Short> {
    if entry.u16()? == 1 {
        details.number("pdu_length", entry.u16()?);
        details.number("connections", entry.u16()?);
        details.number("mpi_bits_per_s", entry.u32()?);
        details.number("bus_bits_per_s", entry.u32()?);
    }
    Ok(())
}

fn status(entry: &mut Reader<'_>, details: &mut Details, record: &mut Record) -> Result<(), Short> {
    match entry.u16()? {
        4 => {
            // 1 reading and writing, 2 reading, 3 neither: without the password.
            details.number("protection_by_key_switch", entry.u16()?);
            details.number("protection_by_parameter", entry.u16()?);
            details.number("protection", entry.u16()?);
            let position = entry.u16()?;
            let name = match position {
                1 => "run",
                2 => "run_p",
                3 => "stop",
                4 => "memory_reset",
                0 => "undefined",
                _ => "unknown",
            };
            details.add("mode_selector", Value::Name(name));
            details.number("startup_switch", entry.u16()?);
        }
        8 => {
            entry.skip(2)?;
            if let Some(time) = time::next(entry, record)? {
                details.add("clock", time);
            }
        }
        _ => {}
    }
    Ok(())
}

/// One thing that happened: event, priority class, number of the organisation block, kind and content of the
/// information, time. An entry of the diagnostic buffer and a message about one look the same.
pub fn diagnostic(
    entry: &mut Reader<'_>,
    details: &mut Details,
    events: &mut Vec<Value>,
    record: &mut Record,
) -> Result<(), Short> {
    events.push(Value::Unsigned(entry.u16()?.into()));
    entry.skip(1)?;
    details.number("event_ob", entry.u8()?);
    entry.skip(8)?;
    if let Some(time) = time::next(entry, record)? {
        details.add("event_time", time);
    }
    Ok(())
}
