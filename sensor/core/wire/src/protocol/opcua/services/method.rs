//! Method service set: OPC 10000-4, 5.12.

use super::super::diagnostic;
use super::super::fields::{ARGUMENT_COUNTS, ARGUMENT_RESULTS, METHOD_IDS, METHOD_NAMES, OBJECT_IDS, VALUES};
use super::super::methods::method_name;
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::node_id;
use super::super::variant::variant;
use crate::value::Value;

/// CallMethodRequest[]: object, method, input arguments.
pub fn call(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for index in 0..body.count()? {
        let object = node_id(body)?;
        let text = sheet.node_text(&object);
        sheet.add(OBJECT_IDS, Value::Text(text));
        // The method is what the message touches: for the baseline, it stands for the object it is called on.
        let method = node_id(body)?;
        sheet.node_in(METHOD_IDS, &method);
        if let Some(name) = method.standard().and_then(method_name) {
            sheet.add_at(METHOD_NAMES, index, Value::Name("unknown"), Value::Name(name));
        }
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
            let code = body.u32()?;
            sheet.failed |= super::is_bad(code);
            sheet.add_u(ARGUMENT_RESULTS, code);
            if code != 0 {
                sheet.name_status(code);
            }
        }
        diagnostic::list(body, sheet)?;
        for _ in 0..body.count()? {
            let value = variant(body, sheet)?;
            sheet.add(VALUES, value);
        }
    }
    diagnostic::list(body, sheet)
}
