//! NodeManagement service set: OPC 10000-4, 5.8.

use super::super::fields::{BROWSE_NAMES, NODE_IDS};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{expanded, extension, node_id, qualified_name, skip_diagnostics};
use super::super::variant::qualified;
use crate::value::Value;

/// AddNodesItem[]: parent, reference type, id asked for (may be null), browse name, class, attributes, type.
pub fn add_nodes(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let parent = expanded(body)?;
        node_id(body)?;
        let wanted = expanded(body)?;
        sheet.node(if wanted.standard() == Some(0) { &parent } else { &wanted });
        let (namespace, name) = qualified_name(body)?;
        let text = sheet.written(|out| qualified(out, namespace, name));
        sheet.add(BROWSE_NAMES, Value::Text(text));
        body.skip(4)?;
        extension(body)?;
        expanded(body)?;
    }
    Ok(())
}

pub fn added(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        let node = node_id(body)?;
        let text = sheet.node_text(&node);
        sheet.add(NODE_IDS, Value::Text(text));
    }
    skip_diagnostics(body)
}

/// AddReferencesItem[]: source, reference type, direction, server, target, class of the target.
pub fn add_references(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let source = node_id(body)?;
        sheet.node(&source);
        node_id(body)?;
        body.skip(1)?;
        body.skip_string()?;
        expanded(body)?;
        body.skip(4)?;
    }
    Ok(())
}

/// DeleteNodesItem[]: node, whether references to it go too.
pub fn delete_nodes(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let node = node_id(body)?;
        sheet.node(&node);
        body.skip(1)?;
    }
    Ok(())
}

/// DeleteReferencesItem[]: source, reference type, direction, target, both ways.
pub fn delete_references(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let source = node_id(body)?;
        sheet.node(&source);
        node_id(body)?;
        body.skip(1)?;
        expanded(body)?;
        body.skip(1)?;
    }
    Ok(())
}
