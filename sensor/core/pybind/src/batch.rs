//! What one poll brings back.

use std::sync::{Mutex, PoisonError};

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict};
use wire::engine::{Output, Reload};
use wire::ledger::{Ledger, LOSSES, SKIPS};
use wire::news::News;
use wire::print::{mac_text, Names};

use crate::columns::Columns;
use crate::hit::PyHit;
use crate::inner::Taken;
use crate::slice::PySlice;
use crate::windows::{Assets, Windows};

#[pyclass(frozen, module = "sensor._core")]
pub struct Batch {
    #[pyo3(get)]
    pub hits: Vec<Py<PyHit>>,
    #[pyo3(get)]
    pub news: Vec<Py<PyNews>>,
    #[pyo3(get)]
    pub windows: Py<Windows>,
    #[pyo3(get)]
    pub assets: Py<Assets>,
    #[pyo3(get)]
    pub ledger: Py<PyDict>,
    events: Mutex<Printed>,
    #[pyo3(get)]
    pub columns: Vec<Py<Columns>>,
    #[pyo3(get)]
    pub listing: Py<PyBytes>,
    /// Packets around new alerts, complete since the last poll.
    #[pyo3(get)]
    pub slices: Vec<Py<PySlice>>,
    #[pyo3(get)]
    pub warnings: Vec<String>,
    /// Engine time, nanoseconds.
    #[pyo3(get)]
    pub now_ns: u64,
    #[pyo3(get)]
    pub done: bool,
    /// What a restart must not forget, as of this batch.
    #[pyo3(get)]
    pub state: Option<Py<PyBytes>>,
}

/// Lines become Python's where somebody asks for them: who writes them, not who reads packets.
enum Printed {
    Lines(Vec<u8>),
    Bytes(Py<PyBytes>),
}

#[pymethods]
impl Batch {
    #[getter]
    fn events(&self, py: Python<'_>) -> Py<PyBytes> {
        let mut printed = self.events.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes = match &*printed {
            Printed::Bytes(bytes) => return bytes.clone_ref(py),
            Printed::Lines(lines) => PyBytes::new(py, lines).unbind(),
        };
        *printed = Printed::Bytes(bytes.clone_ref(py));
        bytes
    }
}

impl Batch {
    /// With what was cut of `taken`.
    pub fn new(py: Python<'_>, taken: Taken, slices: Vec<PySlice>) -> PyResult<Self> {
        let generations = taken.generations();
        let Taken { output, names, ledger, reloads, now_ns, done, state, mut warnings, .. } = taken;
        let Output { hits, news, rows, assets, events, columns, listing, .. } = output;
        let mistyped = columns.mistyped();
        if mistyped > 0 {
            warnings.push(format!("{mistyped} values are missing: they do not fit the type of their column"));
        }
        let columns = Columns::all(columns).into_iter().map(|columns| Py::new(py, columns));
        let hits = hits.into_iter().zip(generations);
        let hits = hits.map(|(hit, generation)| Py::new(py, PyHit::new(hit, generation, &names)));
        let ledger = ledger_dict(py, &ledger)?;
        let reloads = reloads.iter().map(|reload| reload_dict(py, reload)).collect::<PyResult<Vec<_>>>()?;
        ledger.set_item("reloads", reloads)?;
        Ok(Self {
            hits: hits.collect::<PyResult<_>>()?,
            news: news.iter().map(|news| Py::new(py, PyNews::new(news, &names))).collect::<PyResult<_>>()?,
            windows: Py::new(py, Windows::new(rows, &names))?,
            assets: Py::new(py, Assets::new(assets, &names))?,
            ledger: ledger.unbind(),
            events: Mutex::new(Printed::Lines(events)),
            columns: columns.collect::<PyResult<_>>()?,
            listing: PyBytes::new(py, &listing).unbind(),
            slices: slices.into_iter().map(|slice| Py::new(py, slice)).collect::<PyResult<_>>()?,
            warnings,
            now_ns,
            done,
            state: state.map(|bytes| PyBytes::new(py, &bytes).unbind()),
        })
    }
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

/// A reload as a dict of plain numbers.
pub fn reload_dict<'py>(py: Python<'py>, reload: &Reload) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("generation", reload.generation)?;
    dict.set_item("received", reload.received)?;
    dict.set_item("now_ns", reload.now_ns)?;
    dict.set_item("kept", reload.kept)?;
    dict.set_item("added", reload.added)?;
    dict.set_item("removed", reload.removed)?;
    Ok(dict)
}
