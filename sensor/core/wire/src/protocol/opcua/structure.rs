//! Structures that every server has as values: OPC 10000-5, 12.4 (BuildInfo), 12.10 (ServerStatusDataType);
//! OPC 10000-8, 5.6.2, 5.6.3 (Range, EUInformation); OPC 10000-3, 8.6 (Argument).

use super::fields::{MANUFACTURER, PRODUCT_NAME, PRODUCT_URI, SERVER_STATE, SOFTWARE_VERSION};
use super::reader::{Body, Read};
use super::sheet::Sheet;
use super::text::{self, put};
use super::types::localized_text;
use super::words;
use crate::value::Value;
use std::io::Write as _;

/// The value of a structure that is known, as text; what it says of the server goes to fields of its own. `None` where
/// it is another, or is not what its type id says.
#[cold]
pub fn known(id: Option<u32>, mut content: Body<'_>, sheet: &mut Sheet<'_>) -> Option<Value> {
    match id? {
        298 => name(&mut content, sheet),
        340 => build_info(&mut content, sheet),
        864 => server_status(&mut content, sheet),
        886 => range(&mut content, sheet),
        889 => unit(&mut content, sheet),
        _ => return None,
    }
    .ok()
}

fn text(found: Option<&[u8]>, sheet: &mut Sheet<'_>) -> Value {
    Value::Text(sheet.record.push_text(text::cut(found.unwrap_or_default())))
}

/// Argument: its name, and then its type.
fn name(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<Value> {
    let name = content.string()?;
    Ok(text(name, sheet))
}

fn range(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<Value> {
    let (low, high) = (content.f64()?, content.f64()?);
    Ok(Value::Text(sheet.written(|out| put!(out, "{low}..{high}"))))
}

/// EUInformation: namespace URI, number of the unit, its short name.
fn unit(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<Value> {
    content.skip_string()?;
    content.skip(4)?;
    let name = localized_text(content)?;
    Ok(text(name, sheet))
}

/// Product URI, manufacturer, product, version, number and date of the build.
fn build_info(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<Value> {
    let mut product = None;
    for slot in [PRODUCT_URI, MANUFACTURER, PRODUCT_NAME, SOFTWARE_VERSION] {
        let found = content.string()?;
        sheet.set_text(slot, found);
        product = if slot == PRODUCT_NAME { found } else { product };
    }
    content.skip_string()?;
    content.skip(8)?;
    Ok(text(product, sheet))
}

/// Start, now, state, build, seconds until it shuts down, why.
fn server_status(content: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<Value> {
    content.skip(16)?;
    let state = Value::Name(words::server_state(content.u32()?).unwrap_or("unknown"));
    sheet.record.set(SERVER_STATE, state);
    build_info(content, sheet)?;
    Ok(state)
}
