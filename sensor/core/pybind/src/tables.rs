//! Lists of the core that Python checks its own against, and pure functions on baseline tables.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use wire::event::{BASE_FIELDS, STREAM_FLAWS};
use wire::filter::Filter;
use wire::ledger::{LOSSES, SKIPS};
use wire::protocol;
use wire::value::{FieldDef, Kind};
use wire::windows::{ASSET_FEATURES, FEATURES};

fn described(field: &FieldDef) -> (&'static str, &'static str, bool) {
    let kind = match field.kind {
        Kind::Unsigned => "unsigned",
        Kind::Signed => "signed",
        Kind::Float => "float",
        Kind::Boolean => "boolean",
        Kind::Text => "text",
        Kind::Bytes => "bytes",
        Kind::Ip => "ip",
        Kind::Timestamp => "timestamp",
        Kind::Any => "any",
    };
    (field.name, kind, field.many)
}

/// Name, type and "may hold several values" of every field, base fields first.
#[pyfunction]
pub fn fields() -> Vec<(&'static str, &'static str, bool)> {
    BASE_FIELDS.iter().chain(protocol::all().flat_map(|protocol| protocol.fields)).map(described).collect()
}

/// Name, field names, flaw names and ports of every protocol.
#[pyfunction]
#[allow(clippy::type_complexity)]
pub fn protocols() -> Vec<(&'static str, Vec<&'static str>, Vec<&'static str>, Vec<u16>)> {
    let own = |protocol: &wire::protocol::Protocol| {
        let fields = protocol.fields.iter().map(|field| field.name).collect();
        let flaws = protocol.flaws.iter().chain(STREAM_FLAWS).copied().collect();
        (protocol.name, fields, flaws, protocol.ports().to_vec())
    };
    protocol::all().map(own).collect()
}

/// Take up the description of a protocol (JSON) for as long as this process lives; its name.
#[pyfunction]
pub fn describe(text: &str) -> PyResult<String> {
    wire::protocol::described::describe(text).map_err(PyValueError::new_err)
}

#[pyfunction]
pub fn skip_reasons() -> Vec<&'static str> {
    SKIPS.to_vec()
}

#[pyfunction]
pub fn loss_places() -> Vec<&'static str> {
    LOSSES.to_vec()
}

#[pyfunction]
pub fn features() -> Vec<&'static str> {
    FEATURES.to_vec()
}

#[pyfunction]
pub fn asset_features() -> Vec<&'static str> {
    ASSET_FEATURES.to_vec()
}

/// Raises ValueError with the place and the way out when a `--filter` expression cannot be read.
#[pyfunction]
pub fn check_filter(expression: &str) -> PyResult<()> {
    Filter::parse(expression).map(|_| ()).map_err(PyValueError::new_err)
}

#[pyfunction]
pub fn baseline_to_json(py: Python<'_>, table: &[u8]) -> PyResult<String> {
    py.detach(|| wire::baseline::table_to_json(table)).map_err(PyValueError::new_err)
}

#[pyfunction]
pub fn baseline_from_json<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyBytes>> {
    let bytes = py.detach(|| wire::baseline::table_from_json(text)).map_err(PyValueError::new_err)?;
    Ok(PyBytes::new(py, &bytes))
}

#[pyfunction]
pub fn values_from_json<'py>(py: Python<'py>, text: &str) -> PyResult<Bound<'py, PyBytes>> {
    let table = py.detach(|| wire::values::Table::from_json(text)).map_err(PyValueError::new_err)?;
    Ok(PyBytes::new(py, &py.detach(|| table.write())))
}
