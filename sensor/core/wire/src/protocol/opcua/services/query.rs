//! Query service set: OPC 10000-4, 5.10; content filters 7.7.

use super::super::fields::VALUES;
use super::super::reader::{Body, Read};
use super::super::sheet::Sheet;
use super::super::types::{expanded, extension, skip_diagnostics};
use super::super::variant::variant;
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
    for _ in 0..body.count()? {
        body.skip(4)?; // operator
        for _ in 0..body.count()? {
            extension(body)?;
        }
    }
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
        expanded(body)?;
        expanded(body)?;
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
    skip_diagnostics(body)?;
    operation_results(body, sheet)?;
    skip_diagnostics(body)
}

/// Elements of status, statuses of its parts, diagnostics of its parts.
fn operation_results(body: &mut Body<'_>, sheet: &mut Sheet<'_>) -> Read<()> {
    for _ in 0..body.count()? {
        sheet.result(body.u32()?);
        body.skip_array(4)?;
        skip_diagnostics(body)?;
    }
    Ok(())
}
