//! Before and in a login. [MS-TDS] 2.2.6.5 (PRELOGIN), 2.2.6.4 (LOGIN7), 2.2.6.6 (RPC), 2.2.6.8 (SSPI).

use super::*;
use crate::limits::TEXT_BYTES;
use crate::ntlm::{self, Ntlm};

const OPTION_VERSION: u8 = 0;
const OPTION_ENCRYPTION: u8 = 1;
const OPTION_INSTANCE: u8 = 2;
const OPTION_END: u8 = 0xff;
/// [MS-TDS] 2.2.6.4, OptionFlags2: the system vouches for the user.
const INTEGRATED_SECURITY: u8 = 0x80;
/// Places in the list of texts.
const USER: usize = 1;
const PASSWORD: usize = 2;
const EXTENSION: usize = 5;

/// A list of options: each says where in the message it stands, and how long it is.
pub fn prelogin(content: &[u8], record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(content);
    loop {
        let option = cursor.u8()?;
        if option == OPTION_END {
            return Ok(());
        }
        let (offset, length) = (usize::from(cursor.u16_be()?), usize::from(cursor.u16_be()?));
        let value = content.get(offset..offset.saturating_add(length)).ok_or(Short)?;
        let mut value = Cursor::new(value);
        match option {
            OPTION_VERSION => {
                let (major, minor, build) = (value.u8()?, value.u8()?, value.u16_be()?);
                let text = record.write_text(|out| {
                    decimal(out, major.into());
                    out.push(b'.');
                    decimal(out, minor.into());
                    out.push(b'.');
                    decimal(out, build);
                });
                record.set(PRODUCT, Value::Text(text));
            }
            OPTION_ENCRYPTION => {
                let code = value.u8()?;
                record.set_u(ENCRYPTION, code);
                record.set(
                    ENCRYPTION_NAME,
                    Value::Name(match code & 0x0f {
                        0 => "off",
                        1 => "on",
                        2 => "not_supported",
                        3 => "required",
                        _ => "unknown",
                    }),
                );
            }
            OPTION_INSTANCE => {
                let name = value.rest().split(|byte| *byte == 0).next().unwrap_or_default();
                if !name.is_empty() {
                    record.set_text(INSTANCE, name);
                }
            }
            _ => {}
        }
    }
}

fn decimal(out: &mut Vec<u8>, number: u16) {
    out.extend_from_slice(itoa::Buffer::new().format(number).as_bytes());
}

/// ```text
///   0        4         8 ...  25       26 ...  36      40      44          48           52       ...
///   | length | version | ... | flags2 | ...  | host | user | password | application | server | ...
/// ```
pub fn read(content: &[u8], context: &Context<'_>, record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(content);
    cursor.skip(4)?;
    record.set_u(VERSION, cursor.u32_le()?);
    cursor.skip(17)?;
    let integrated = cursor.u8()? & INTEGRATED_SECURITY != 0;
    record.set(INTEGRATED, Value::Bool(integrated));
    cursor.skip(10)?;
    let mut user = Vec::new();
    let mut password = Vec::new();
    // In the order of the message; the sixth is for extensions, and a language stands before the database.
    let slots = [Some(HOST), None, None, Some(APPLICATION), Some(SERVER), None, Some(LIBRARY), None, Some(DATABASE)];
    for (place, slot) in slots.into_iter().enumerate() {
        let (offset, units) = (usize::from(cursor.u16_le()?), usize::from(cursor.u16_le()?));
        if units == 0 || place == EXTENSION {
            continue;
        }
        let Some(bytes) = content.get(offset..offset.saturating_add(units.saturating_mul(2))) else {
            record.flaw(flaw::TRUNCATED);
            continue;
        };
        match slot {
            _ if place == USER => wide::write(&mut user, bytes),
            // Hidden from nobody: 2.2.6.4.
            _ if place == PASSWORD => {
                let plain: Vec<u8> = bytes.iter().take(TEXT_BYTES).map(|byte| (byte ^ 0xa5).rotate_left(4)).collect();
                wide::write(&mut password, &plain);
            }
            Some(slot) => {
                let text = wide::push(record, bytes);
                record.set(slot, Value::Text(text));
            }
            None => {}
        }
    }
    record.login(&user, (!integrated).then_some(&password), context.site);
    if integrated {
        // Behind the client's address: where the token stands.
        cursor.skip(6)?;
        let (offset, length) = (usize::from(cursor.u16_le()?), usize::from(cursor.u16_le()?));
        token(content.get(offset..offset.saturating_add(length)).unwrap_or_default(), context, record);
    }
    Ok(())
}

/// Who is vouched for.
pub fn token(bytes: &[u8], context: &Context<'_>, record: &mut Record) {
    let Some(Ok(Ntlm::Authenticate { domain, user, .. })) = ntlm::find(bytes) else { return };
    let text = record.write_text(|out| domain.write(out));
    record.set(DOMAIN, Value::Text(text));
    let mut name = Vec::new();
    user.write(&mut name);
    record.login(&name, None, context.site);
}

/// [MS-TDS] 2.2.6.6: a name, or the number of one that every server has.
pub fn procedure(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let units = cursor.u16_le()?;
    if units == 0xffff {
        let name = match cursor.u16_le()? {
            1 => "sp_cursor",
            2 => "sp_cursoropen",
            3 => "sp_cursorprepare",
            4 => "sp_cursorexecute",
            5 => "sp_cursorprepexec",
            6 => "sp_cursorunprepare",
            7 => "sp_cursorfetch",
            8 => "sp_cursoroption",
            9 => "sp_cursorclose",
            10 => "sp_executesql",
            11 => "sp_prepare",
            12 => "sp_execute",
            13 => "sp_prepexec",
            14 => "sp_prepexecrpc",
            15 => "sp_unprepare",
            _ => "unknown",
        };
        record.set(PROCEDURE, Value::Name(name));
        return Ok(());
    }
    let text = wide::push(record, cursor.take(usize::from(units).saturating_mul(2))?);
    record.set(PROCEDURE, Value::Text(text));
    Ok(())
}
