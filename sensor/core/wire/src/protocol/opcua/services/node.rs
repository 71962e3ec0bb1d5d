//! NodeManagement service set: OPC 10000-4, 5.8.

use super::super::diagnostic;
use super::super::fields::{BROWSE_NAMES, NODE_CLASSES, NODE_IDS, REFERENCE_TYPES, TARGET_IDS, TYPE_IDS, VALUES};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{expanded, extension, localized_text, node_id, qualified_name, Extension};
use super::super::variant::{qualified, variant};
use super::super::words;
use crate::value::Value;

/// AddNodesItem[]: parent, reference type, id asked for (may be null), browse name, class, attributes, type.
pub fn add_nodes(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let parent = expanded(body)?;
        sheet.mention(TARGET_IDS, &parent);
        let reference = node_id(body)?;
        sheet.mention(REFERENCE_TYPES, &reference);
        let wanted = expanded(body)?;
        sheet.node(if wanted.standard() == Some(0) { &parent } else { &wanted });
        let (namespace, name) = qualified_name(body)?;
        let text = sheet.written(|out| qualified(out, namespace, name));
        sheet.add(BROWSE_NAMES, Value::Text(text));
        sheet.add_name(NODE_CLASSES, words::node_class(body.u32()?));
        let given = extension(body)?;
        let read = attributes(&given, sheet);
        sheet.inside(read);
        let kind = expanded(body)?;
        sheet.mention(TYPE_IDS, &kind);
    }
    Ok(())
}

/// VariableAttributes, VariableTypeAttributes (7.24): which are given, two texts, two masks, the first value, ….
fn attributes(given: &Extension<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    if let (Some(357 | 366), false, Some(mut content)) = (given.type_id.standard(), given.is_xml, given.content) {
        content.skip(4)?;
        localized_text(&mut content)?;
        localized_text(&mut content)?;
        content.skip(8)?;
        let value = variant(&mut content, sheet)?;
        sheet.add(VALUES, value);
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
    diagnostic::list(body, sheet)
}

/// AddReferencesItem[]: source, reference type, direction, server, target, class of the target.
pub fn add_references(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let source = node_id(body)?;
        sheet.node(&source);
        let reference = node_id(body)?;
        sheet.mention(REFERENCE_TYPES, &reference);
        body.skip(1)?;
        body.skip_string()?;
        let target = expanded(body)?;
        sheet.mention(TARGET_IDS, &target);
        sheet.add_name(NODE_CLASSES, words::node_class(body.u32()?));
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
        let reference = node_id(body)?;
        sheet.mention(REFERENCE_TYPES, &reference);
        body.skip(1)?;
        let target = expanded(body)?;
        sheet.mention(TARGET_IDS, &target);
        body.skip(1)?;
    }
    Ok(())
}
