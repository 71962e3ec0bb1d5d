//! What one poll brings back.

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use wire::ledger::{Ledger, LOSSES, SKIPS};
use wire::news::News;
use wire::print::{mac_text, Names};
use wire::windows::{Row, FEATURES};

use crate::hit::PyHit;

#[pyclass(frozen, module = "sensor._core", get_all)]
pub struct Batch {
    pub hits: Vec<Py<PyHit>>,
    pub news: Vec<Py<PyNews>>,
    pub windows: Py<Windows>,
    pub ledger: Py<PyDict>,
    pub events: Py<PyBytes>,
    pub listing: Py<PyBytes>,
    pub warnings: Vec<String>,
    /// Engine time, nanoseconds.
    pub now_ns: u64,
    pub done: bool,
}

#[pyclass(name = "News", frozen, module = "sensor._core", get_all)]
pub struct PyNews {
    /// `asset` or `link`.
    kind: &'static str,
    segment: String,
    /// The asset, or the link's client.
    ip: String,
    mac: Option<String>,
    vlan: Option<u16>,
    /// The link's server.
    server: Option<String>,
    port: Option<u16>,
    protocol: Option<&'static str>,
    ts_ns: u64,
}

impl PyNews {
    pub fn new(news: &News, names: &Names) -> Self {
        match news {
            News::Asset { segment, ip, mac, vlan, ts_ns } => Self {
                kind: "asset",
                segment: names.segment(*segment).to_owned(),
                ip: ip.to_string(),
                mac: Some(mac_text(mac)),
                vlan: *vlan,
                server: None,
                port: None,
                protocol: None,
                ts_ns: *ts_ns,
            },
            News::Link { segment, client, server, server_port, protocol, ts_ns } => Self {
                kind: "link",
                segment: names.segment(*segment).to_owned(),
                ip: client.to_string(),
                mac: None,
                vlan: None,
                server: Some(server.to_string()),
                port: Some(*server_port),
                protocol: Some(protocol),
                ts_ns: *ts_ns,
            },
        }
    }
}

/// Closed windows: one row a conversation, one float64 column a feature.
#[pyclass(frozen, module = "sensor._core")]
pub struct Windows {
    rows: Vec<Row>,
    segments: Vec<String>,
}

impl Windows {
    pub fn new(rows: Vec<Row>, names: &Names) -> Self {
        Self { rows, segments: names.segments.clone() }
    }
}

#[pymethods]
impl Windows {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    /// Names of the matrix's columns.
    #[getter]
    fn columns(&self) -> Vec<&'static str> {
        FEATURES.to_vec()
    }

    /// Row-major float64 in this machine's byte order: `numpy.frombuffer(w.matrix).reshape(len(w), -1)`.
    #[getter]
    fn matrix<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes: Vec<u8> = self.rows.iter().flat_map(|row| row.features).flat_map(f64::to_ne_bytes).collect();
        PyBytes::new(py, &bytes)
    }

    /// For each row: segment, client, server, protocol, start and end in nanoseconds.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        for row in &self.rows {
            let segment = self.segments.get(usize::from(row.segment)).map_or("default", String::as_str);
            list.append((
                segment,
                row.client_ip.to_string(),
                row.server_ip.to_string(),
                row.protocol,
                row.start_ns,
                row.end_ns,
            ))?;
        }
        Ok(list)
    }
}

/// The ledger as a dict of plain numbers.
pub fn ledger_dict<'py>(py: Python<'py>, ledger: &Ledger) -> PyResult<Bound<'py, PyDict>> {
    let counts = |names: &[&'static str], values: &[u64]| -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        for (name, value) in names.iter().zip(values) {
            dict.set_item(name, value)?;
        }
        Ok(dict)
    };
    let dict = PyDict::new(py);
    dict.set_item("received", ledger.received)?;
    dict.set_item("bytes", ledger.bytes)?;
    dict.set_item("parsed", ledger.parsed)?;
    dict.set_item("skipped", counts(SKIPS, &ledger.skipped)?)?;
    dict.set_item("lost", counts(LOSSES, &ledger.lost)?)?;
    dict.set_item("held", ledger.held)?;
    dict.set_item("events", ledger.events)?;
    dict.set_item("hits", ledger.hits)?;
    dict.set_item("balanced", ledger.balanced())?;
    let notes = PyDict::new(py);
    for (name, value) in ledger.notes.named() {
        notes.set_item(name, value)?;
    }
    dict.set_item("notes", notes)?;
    Ok(dict)
}
