//! Method service set: OPC 10000-4, 5.12.

use super::super::fields::{ARGUMENT_COUNTS, METHOD_IDS, OBJECT_IDS, VALUES};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{node_id, skip_diagnostics};
use super::super::variant::variant;
use crate::value::Value;

/// CallMethodRequest[]: object, method, input arguments.
pub fn call(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let object = node_id(body)?;
        let text = sheet.node_text(&object);
        sheet.add(OBJECT_IDS, Value::Text(text));
        // The method is what the message touches: for the baseline, it stands for the object it is called on.
        let method = node_id(body)?;
        sheet.node_in(METHOD_IDS, &method);
        let arguments = body.count()?;
        sheet.add_u(ARGUMENT_COUNTS, u32::try_from(arguments).unwrap_or(u32::MAX));
        for _ in 0..arguments {
            let value = variant(body, sheet)?;
            sheet.add(VALUES, value);
        }
    }
    Ok(())
}

/// CallMethodResult[]: status, status and diagnostics of each argument, output arguments.
pub fn called(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        for _ in 0..body.count()? {
            sheet.failed |= super::is_bad(body.u32()?);
        }
        skip_diagnostics(body)?;
        for _ in 0..body.count()? {
            let value = variant(body, sheet)?;
            sheet.add(VALUES, value);
        }
    }
    skip_diagnostics(body)
}
