//! View service set: OPC 10000-4, 5.9; references 7.30, relative paths 7.31.

use super::super::diagnostic;
use super::super::fields::{BROWSE_NAMES, NODE_CLASSES, NODE_IDS, REFERENCE_COUNTS, REFERENCE_TYPES, TARGET_IDS};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{expanded, localized_text, node_id, qualified_name};
use super::super::variant::qualified;
use super::super::words;
use crate::value::Value;

/// ViewDescription (7.45): view, time, version.
pub fn view(body: &mut Body<'_>) -> Read<()> {
    node_id(body)?;
    body.skip(12)
}

/// View, most references, then BrowseDescription[]: node, direction, reference type, subtypes, class and result masks.
pub fn browse(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    view(body)?;
    body.skip(4)?;
    for _ in 0..body.count()? {
        let node = node_id(body)?;
        sheet.node(&node);
        body.skip(4)?;
        let followed = node_id(body)?;
        sheet.mention(REFERENCE_TYPES, &followed);
        body.skip(9)?;
    }
    Ok(())
}

/// Release, continuation points.
pub fn browse_next(body: &mut Body<'_>) -> Read<()> {
    body.skip(1)?;
    body.skip_strings()
}

/// BrowseResult[] (7.6): status, continuation point, references.
pub fn browsed(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        body.skip_string()?;
        let references = body.count()?;
        sheet.add_u(REFERENCE_COUNTS, u32::try_from(references).unwrap_or(u32::MAX));
        for _ in 0..references {
            reference(body, sheet)?;
        }
    }
    diagnostic::list(body, sheet)
}

/// ReferenceDescription: reference type, direction, node, browse name, display name, class, type.
fn reference(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    node_id(body)?;
    body.skip(1)?;
    let target = expanded(body)?;
    sheet.mention(TARGET_IDS, &target);
    let (namespace, name) = qualified_name(body)?;
    let text = sheet.written(|out| qualified(out, namespace, name));
    sheet.add(BROWSE_NAMES, Value::Text(text));
    localized_text(body)?;
    let class = words::node_class(body.u32()?).unwrap_or("unknown");
    sheet.add(NODE_CLASSES, Value::Name(class));
    expanded(body).map(|_| ())
}

/// BrowsePath[]: starting node, relative path; the last name of each path is listed.
pub fn translate(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let node = node_id(body)?;
        sheet.node(&node);
        if let Some((namespace, name)) = relative_path(body)? {
            let text = sheet.written(|out| qualified(out, namespace, name));
            sheet.add(BROWSE_NAMES, Value::Text(text));
        }
    }
    Ok(())
}

/// RelativePathElement[]: reference type, inverse, subtypes, name.
pub fn relative_path<'a>(body: &mut Body<'a>) -> Read<Option<(u16, &'a [u8])>> {
    let mut last = None;
    for _ in 0..body.count()? {
        node_id(body)?;
        body.skip(2)?;
        last = Some(qualified_name(body)?);
    }
    Ok(last)
}

/// BrowsePathResult[]: status, targets (node, index of what was not followed).
pub fn translated(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        for _ in 0..body.count()? {
            let target = expanded(body)?;
            sheet.mention(TARGET_IDS, &target);
            body.skip(4)?;
        }
    }
    diagnostic::list(body, sheet)
}

/// The ids that stand for the registered nodes from now on.
pub fn registered(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let node = node_id(body)?;
        let text = sheet.node_text(&node);
        sheet.add(NODE_IDS, Value::Text(text));
    }
    Ok(())
}

/// RegisterNodes and UnregisterNodes: node ids only.
pub fn nodes(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let node = node_id(body)?;
        sheet.node(&node);
    }
    Ok(())
}
