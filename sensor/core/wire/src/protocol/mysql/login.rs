//! Greeting and login: HandshakeV10, HandshakeResponse41 and 320, SSLRequest.

use super::*;

const WITH_DATABASE: u32 = 1 << 3;
const COMPRESS: u32 = 1 << 5;
const PROTOCOL_41: u32 = 1 << 9;
const SSL: u32 = 1 << 11;
const SECURE: u32 = 1 << 15;
const PLUGIN_AUTH: u32 = 1 << 19;
const LENGTH_CODED: u32 = 1 << 21;
const ZSTD: u32 = 1 << 26;

pub fn greeting(cursor: &mut Cursor<'_>, record: &mut Record) -> Result<(), Short> {
    let version = until_zero(cursor);
    record.set_text(VERSION, version);
    // Connection, eight random bytes and a zero.
    cursor.skip(13)?;
    let low = cursor.u16_le()?;
    if cursor.is_empty() {
        return Ok(());
    }
    cursor.skip(3)?;
    let flags = u32::from(cursor.u16_le()?) << 16 | u32::from(low);
    let random = cursor.u8()?;
    cursor.skip(10)?;
    if flags & SECURE != 0 {
        cursor.skip(usize::from(random).saturating_sub(8).max(13).min(cursor.remaining()))?;
    }
    if flags & PLUGIN_AUTH != 0 {
        let plugin = until_zero(cursor);
        record.set_text(PLUGIN, plugin);
    }
    Ok(())
}

/// The front of a login that ends before its user: the rest comes inside TLS.
pub fn wishes_tls(content: &[u8]) -> bool {
    let mut cursor = Cursor::new(content);
    cursor.u32_le().is_ok_and(|flags| flags & SSL != 0 && flags & PROTOCOL_41 != 0) && content.len() == 32
}

/// Whether what follows a success is compressed.
pub fn read(content: &[u8], context: &Context<'_>, record: &mut Record) -> Result<bool, Short> {
    let mut cursor = Cursor::new(content);
    let low = cursor.u16_le()?;
    if u32::from(low) & PROTOCOL_41 == 0 {
        // From before 4.1: three bytes of a size, then the name.
        cursor.skip(3)?;
        let user = until_zero(&mut cursor);
        record.login(user, None, context.site);
        return Ok(u32::from(low) & COMPRESS != 0);
    }
    let flags = u32::from(cursor.u16_le()?) << 16 | u32::from(low);
    cursor.skip(28)?;
    let user = until_zero(&mut cursor);
    let proof = if flags & LENGTH_CODED != 0 {
        let length = match cursor.u8()? {
            0xfc => usize::from(cursor.u16_le()?),
            short @ 0..=0xfa => usize::from(short),
            _ => return Err(Short),
        };
        cursor.take(length)?
    } else if flags & SECURE != 0 {
        let length = cursor.u8()?;
        cursor.take(length.into())?
    } else {
        until_zero(&mut cursor)
    };
    if flags & WITH_DATABASE != 0 {
        let database = until_zero(&mut cursor);
        record.set_text(DATABASE, database);
    }
    let mut clear = false;
    if flags & PLUGIN_AUTH != 0 {
        let plugin = until_zero(&mut cursor);
        record.set_text(PLUGIN, plugin);
        clear = plugin == b"mysql_clear_password";
    }
    // No proof at all is an empty password, except where the plugin asks again.
    let empty = proof.is_empty()
        && matches!(record.get(PLUGIN), Some(Value::Text(name)) if record.text(name) == "mysql_native_password");
    let password = if clear { Some(proof.strip_suffix(&[0]).unwrap_or(proof)) } else { empty.then_some(&[][..]) };
    record.login(user, password, context.site);
    Ok(flags & (COMPRESS | ZSTD) != 0)
}
