//! The front of an answer: was it an error, was a login let in. [MS-TDS] 2.2.7.

use super::*;

const ERROR_TOKEN: u8 = 0xaa;
const INFO: u8 = 0xab;
const LOGIN_ACK: u8 = 0xad;
const ENVIRONMENT: u8 = 0xe3;
const SESSION_STATE: u8 = 0xe4;
const TOKEN_SSPI: u8 = 0xed;
const ORDER: u8 = 0xa9;
const RETURN_STATUS: u8 = 0x79;
const COLUMNS: u8 = 0x81;
const DONE: u8 = 0xfd;
const DONE_PROCEDURE: u8 = 0xfe;
const DONE_IN_PROCEDURE: u8 = 0xff;
/// [MS-TDS] 2.2.7.6, Status: this statement had an error.
const DONE_ERROR: u16 = 2;

/// Tokens up to the first that has rows behind it.
pub fn read(content: &[u8], record: &mut Record) -> Result<(), Short> {
    let mut cursor = Cursor::new(content);
    let mut failed = false;
    while !cursor.is_empty() {
        match cursor.u8()? {
            ERROR_TOKEN => {
                let mut token = part(&mut cursor)?;
                if !std::mem::replace(&mut failed, true) {
                    error(&mut token, record)?;
                }
                record.outcome = Outcome::Failure;
            }
            LOGIN_ACK => {
                let mut token = part(&mut cursor)?;
                record.outcome = Outcome::Success;
                token.skip(1)?;
                record.set_u(VERSION, token.u32_be()?);
                let units = token.u8()?;
                let name = wide::push(record, token.take(usize::from(units).saturating_mul(2))?);
                record.set(PROGRAM, Value::Text(name));
                return Ok(());
            }
            INFO | ENVIRONMENT | TOKEN_SSPI | ORDER => {
                part(&mut cursor)?;
            }
            SESSION_STATE => {
                let length = cursor.u32_le()? as usize;
                cursor.skip(length)?;
            }
            RETURN_STATUS => cursor.skip(4)?,
            DONE | DONE_PROCEDURE | DONE_IN_PROCEDURE => {
                let status = cursor.u16_le()?;
                if status & DONE_ERROR != 0 {
                    record.outcome = Outcome::Failure;
                } else if !failed {
                    record.outcome = Outcome::Success;
                }
                // Counts have eight bytes since 7.2 and four before: what follows is not needed.
                return Ok(());
            }
            COLUMNS => {
                record.outcome = Outcome::Success;
                return Ok(());
            }
            _ => return Ok(()),
        }
    }
    Ok(())
}

fn part<'a>(cursor: &mut Cursor<'a>) -> Result<Cursor<'a>, Short> {
    let length = cursor.u16_le()?;
    cursor.take(length.into()).map(Cursor::new)
}

/// [MS-TDS] 2.2.7.10.
fn error(token: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    record.set_u(ERROR, token.u32_le()?);
    token.skip(2)?;
    let units = token.u16_le()?;
    let text = wide::push(record, token.take(usize::from(units).saturating_mul(2))?);
    record.set(ERROR_TEXT, Value::Text(text));
    Ok(())
}
