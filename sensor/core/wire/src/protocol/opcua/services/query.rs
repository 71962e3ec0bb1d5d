//! Query service set: OPC 10000-4, 5.10; content filters 7.7.

use super::super::diagnostic;
use super::super::fields::{NODE_IDS, TYPE_IDS, VALUES};
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::expanded;
use super::super::variant::variant;
use super::filter::{content_filter, content_filter_result};
use super::view::{relative_path, view};

/// View, NodeTypeDescription[], filter, most data sets and references.
pub fn first(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    view(body)?;
    for _ in 0..body.count()? {
        let kind = expanded(body)?;
        sheet.node(&kind);
        body.skip(1)?;
        for _ in 0..body.count()? {
            relative_path(body)?;
            body.skip(4)?;
            body.skip_string()?;
        }
    }
    content_filter(body, sheet)?;
    body.skip(8)
}

/// Release, continuation point.
pub fn next(body: &mut Body<'_>) -> Read<()> {
    body.skip(1)?;
    body.skip_string()
}

/// QueryDataSet[] (node, type, values), continuation point.
pub fn next_answer(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        let node = expanded(body)?;
        sheet.mention(NODE_IDS, &node);
        let kind = expanded(body)?;
        sheet.mention(TYPE_IDS, &kind);
        for _ in 0..body.count()? {
            let value = variant(body, sheet)?;
            sheet.add(VALUES, value);
        }
    }
    body.skip_string()
}

/// As above, then ParsingResult[], diagnostics, ContentFilterResult.
pub fn first_answer(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    next_answer(body, sheet)?;
    operation_results(body, sheet)?;
    diagnostic::list(body, sheet)?;
    content_filter_result(body, sheet)
}

/// Elements of status, statuses of its parts, diagnostics of its parts.
fn operation_results(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        super::inner_codes(body, sheet)?;
        diagnostic::list(body, sheet)?;
    }
    Ok(())
}
