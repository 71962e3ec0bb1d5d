//! What both sides tell of themselves before pictures begin, inside T.125 and T.124: [MS-RDPBCGR] 2.2.1.3, 2.2.1.4.

use super::*;
use crate::wide;

/// T.124's object key that both directions bear in front of their blocks: `Duca` and `McDn`.
const CLIENT_KEY: &[u8] = b"Duca";
const SERVER_KEY: &[u8] = b"McDn";
const CLIENT_CORE: u16 = 0xc001;
const CLIENT_NETWORK: u16 = 0xc003;
const SERVER_SECURITY: u16 = 0x0c02;
/// [MS-RDPBCGR] 2.2.1.3.4: a client names at most 31 channels.
const MOST_CHANNELS: u32 = 31;

pub fn read(mcs: &[u8], initial: bool, record: &mut Record) -> Result<(), Short> {
    let key = if initial { CLIENT_KEY } else { SERVER_KEY };
    let at = memchr::memmem::find(mcs, key).ok_or(Short)?;
    let mut cursor = Cursor::new(mcs.get(at.saturating_add(key.len())..).unwrap_or_default());
    // PER: a length of one byte, or of fifteen bits behind a set one.
    if cursor.u8()? & 0x80 != 0 {
        cursor.u8()?;
    }
    while !cursor.is_empty() {
        let (kind, length) = (cursor.u16_le()?, cursor.u16_le()?);
        let mut block = Cursor::new(cursor.take(usize::from(length).checked_sub(4).ok_or(Short)?)?);
        match kind {
            CLIENT_CORE => core(&mut block, record)?,
            CLIENT_NETWORK => channels(&mut block, record)?,
            SERVER_SECURITY => {
                record.set_u(ENCRYPTION_METHOD, block.u32_le()?);
                record.set_u(ENCRYPTION_LEVEL, block.u32_le()?);
            }
            _ => {}
        }
    }
    Ok(())
}

fn core(block: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    record.set_u(CLIENT_VERSION, block.u32_le()?);
    record.set_u(WIDTH, block.u16_le()?);
    record.set_u(HEIGHT, block.u16_le()?);
    // Depth of colours and a key sequence that is always the same.
    block.skip(4)?;
    record.set_u(KEYBOARD, block.u32_le()?);
    record.set_u(CLIENT_BUILD, block.u32_le()?);
    let name = block.take(32)?;
    let end = wide::units(name).take_while(|unit| *unit != 0).count().saturating_mul(2);
    let text = wide::push(record, name.get(..end).unwrap_or_default());
    record.set(CLIENT_NAME, Value::Text(text));
    Ok(())
}

fn channels(block: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    for _ in 0..block.u32_le()?.min(MOST_CHANNELS) {
        let name = block.array::<8>()?;
        block.skip(4)?;
        let name = name.split(|byte| *byte == 0).next().unwrap_or_default();
        let text = record.push_text(name);
        record.push(CHANNELS, Value::Text(text));
    }
    Ok(())
}
