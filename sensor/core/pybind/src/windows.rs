//! Closed windows as columns: a matrix of features, and the keys of its rows.

use std::hash::Hash;
use std::net::IpAddr;

use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyList, PyString};
use wire::hash::Map;
use wire::print::Names;
use wire::windows::{AssetRow, Row, ASSET_FEATURES, FEATURES};

/// One row a conversation and window, one float64 column a feature.
#[pyclass(frozen, module = "sensor._core")]
pub struct Windows {
    rows: Vec<Row>,
    segments: Vec<String>,
}

/// One row a station and window, one float64 column a feature.
#[pyclass(frozen, module = "sensor._core")]
pub struct Assets {
    rows: Vec<AssetRow>,
    segments: Vec<String>,
}

impl Windows {
    pub fn new(rows: Vec<Row>, names: &Names) -> Self {
        Self { rows, segments: names.segments.clone() }
    }
}

impl Assets {
    pub fn new(rows: Vec<AssetRow>, names: &Names) -> Self {
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

    /// Row-major float64 in this machine's byte order: `numpy.frombuffer(w.matrix).reshape(-1, len(w.columns))`.
    #[getter]
    fn matrix<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(
            py,
            self.rows.len() * FEATURES.len(),
            self.rows.iter().flat_map(|row| row.features.map(f64::to_ne_bytes)),
        )
    }

    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, texts(py, &self.rows, |row| row.segment, |segment| named(&self.segments, segment).to_owned()))
    }

    fn clients<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, texts(py, &self.rows, |row| row.client_ip, |ip: IpAddr| ip.to_string()))
    }

    fn servers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, texts(py, &self.rows, |row| row.server_ip, |ip: IpAddr| ip.to_string()))
    }

    fn protocols<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, texts(py, &self.rows, |row| row.protocol, str::to_owned))
    }

    /// For each row: begin of the window in nanoseconds, unsigned 64 bit: `numpy.frombuffer(w.starts, numpy.uint64)`.
    #[getter]
    fn starts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, self.rows.len(), self.rows.iter().map(|row| row.start_ns.to_ne_bytes()))
    }

    #[getter]
    fn ends<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, self.rows.len(), self.rows.iter().map(|row| row.end_ns.to_ne_bytes()))
    }

    /// For each row: segment, client, server, protocol, start and end in nanoseconds.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let (segments, clients) = (self.segments(py)?, self.clients(py)?);
        let (servers, protocols) = (self.servers(py)?, self.protocols(py)?);
        let keys = PyList::empty(py);
        for (place, row) in self.rows.iter().enumerate() {
            keys.append((
                segments.get_item(place)?,
                clients.get_item(place)?,
                servers.get_item(place)?,
                protocols.get_item(place)?,
                row.start_ns,
                row.end_ns,
            ))?;
        }
        Ok(keys)
    }
}

#[pymethods]
impl Assets {
    fn __len__(&self) -> usize {
        self.rows.len()
    }

    /// Names of the matrix's columns.
    #[getter]
    fn columns(&self) -> Vec<&'static str> {
        ASSET_FEATURES.to_vec()
    }

    /// As `Windows.matrix`.
    #[getter]
    fn matrix<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let values = self.rows.iter().flat_map(|row| row.features.map(f64::to_ne_bytes));
        packed(py, self.rows.len() * ASSET_FEATURES.len(), values)
    }

    fn segments<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, texts(py, &self.rows, |row| row.segment, |segment| named(&self.segments, segment).to_owned()))
    }

    /// IP addresses.
    fn addresses<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        PyList::new(py, texts(py, &self.rows, |row| row.ip, |ip: IpAddr| ip.to_string()))
    }

    /// As `Windows.starts`.
    #[getter]
    fn starts<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, self.rows.len(), self.rows.iter().map(|row| row.start_ns.to_ne_bytes()))
    }

    #[getter]
    fn ends<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        packed(py, self.rows.len(), self.rows.iter().map(|row| row.end_ns.to_ne_bytes()))
    }

    /// For each row: segment, IP address, start and end in nanoseconds.
    fn keys<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let (segments, addresses) = (self.segments(py)?, self.addresses(py)?);
        let keys = PyList::empty(py);
        for (place, row) in self.rows.iter().enumerate() {
            keys.append((segments.get_item(place)?, addresses.get_item(place)?, row.start_ns, row.end_ns))?;
        }
        Ok(keys)
    }
}

fn named(segments: &[String], segment: u16) -> &str {
    segments.get(usize::from(segment)).map_or("default", String::as_str)
}

/// Numbers side by side, written where Python keeps them.
pub fn packed(py: Python<'_>, count: usize, numbers: impl Iterator<Item = [u8; 8]>) -> PyResult<Bound<'_, PyBytes>> {
    PyBytes::new_with(py, count * 8, |buffer| {
        buffer.as_chunks_mut::<8>().0.iter_mut().zip(numbers).for_each(|(place, number)| *place = number);
        Ok(())
    })
}

/// A column of text. What is equal is one Python string: stations and names come again and again.
fn texts<'py, Row, Key: Copy + Eq + Hash>(
    py: Python<'py>,
    rows: &[Row],
    key: impl Fn(&Row) -> Key,
    text: impl Fn(Key) -> String,
) -> Vec<Bound<'py, PyString>> {
    let mut known: Map<Key, Bound<'py, PyString>> = Map::default();
    let one = |row| {
        let key = key(row);
        known.entry(key).or_insert_with(|| PyString::new(py, &text(key))).clone()
    };
    rows.iter().map(one).collect()
}
