//! One hit as a frozen object: fields are read on demand.

use pyo3::prelude::*;
use pyo3::sync::PyOnceLock;
use pyo3::types::{PyDict, PyList};
use wire::event::Endpoint;
use wire::finding::Param;
use wire::fold::Hit;
use wire::print::{mac_text, Names};

#[pyclass(name = "Hit", frozen, module = "sensor._core")]
pub struct PyHit {
    hit: Hit,
    generation: u32,
    file: String,
    last_file: String,
    segment: String,
    /// What `fields` gave before: whoever describes a hit asks more than once.
    read: PyOnceLock<Py<PyAny>>,
}

impl PyHit {
    pub fn new(hit: Hit, generation: u32, names: &Names) -> Self {
        let (file, last_file) = (names.input(hit.first.input).to_owned(), names.input(hit.last.input).to_owned());
        let segment = names.segment(hit.segment).to_owned();
        Self { hit, generation, file, last_file, segment, read: PyOnceLock::new() }
    }
}

type Side = (String, Option<u16>, Option<String>);

fn side(endpoint: Option<&Endpoint>) -> Option<Side> {
    endpoint.map(|endpoint| {
        let known = endpoint.mac != [0; 6];
        (endpoint.ip.to_string(), (endpoint.port != 0).then_some(endpoint.port), known.then(|| mac_text(&endpoint.mac)))
    })
}

#[pymethods]
impl PyHit {
    #[getter]
    fn kind(&self) -> &'static str {
        self.hit.kind.name()
    }

    #[getter]
    fn fold(&self) -> u64 {
        self.hit.fold
    }

    #[getter]
    fn id(&self) -> String {
        self.hit.id.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    #[getter]
    fn cause(&self) -> &str {
        &self.hit.cause
    }

    #[getter]
    fn rule(&self) -> Option<u32> {
        self.hit.rule
    }

    /// Of the rules that `rule` counts in (`Engine.generation`).
    #[getter]
    fn generation(&self) -> u32 {
        self.generation
    }

    #[getter]
    fn first_ns(&self) -> u64 {
        self.hit.first.ts_ns
    }

    #[getter]
    fn last_ns(&self) -> u64 {
        self.hit.last.ts_ns
    }

    #[getter]
    fn count(&self) -> u64 {
        self.hit.count
    }

    #[getter]
    fn outcome(&self) -> &'static str {
        self.hit.outcome
    }

    #[getter]
    fn segment(&self) -> &str {
        &self.segment
    }

    #[getter]
    fn protocol(&self) -> &'static str {
        self.hit.protocol
    }

    /// Frame of the first message; `None` for what was found without one.
    #[getter]
    fn frame(&self) -> Option<u64> {
        (self.hit.first.number != 0).then_some(self.hit.first.number)
    }

    #[getter]
    fn last_frame(&self) -> Option<u64> {
        (self.hit.last.number != 0).then_some(self.hit.last.number)
    }

    /// The file or interface that the first message came from.
    #[getter]
    fn file(&self) -> &str {
        &self.file
    }

    /// The file or interface that the last message came from.
    #[getter]
    fn last_file(&self) -> &str {
        &self.last_file
    }

    #[getter]
    fn client(&self) -> Option<Side> {
        side(self.hit.client.as_ref())
    }

    #[getter]
    fn server(&self) -> Option<Side> {
        side(self.hit.server.as_ref())
    }

    #[getter]
    fn source(&self) -> Option<Side> {
        side(self.hit.source.as_ref())
    }

    #[getter]
    fn destination(&self) -> Option<Side> {
        side(self.hit.destination.as_ref())
    }

    /// The first message's fields, dotted keys, as `otus events` prints them. Empty on later kinds of hit. The same
    /// object each time.
    fn fields<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyAny>> {
        if self.hit.fields.is_empty() {
            return Ok(PyDict::new(py).into_any());
        }
        static DECODE: PyOnceLock<Py<PyAny>> = PyOnceLock::new();
        let read = || {
            let decode =
                DECODE.get_or_try_init(py, || py.import("msgspec.json")?.getattr("decode").map(Bound::unbind))?;
            decode.call1(py, (self.hit.fields.as_str(),))
        };
        self.read.get_or_try_init(py, read).map(|read| read.bind(py).clone())
    }

    fn params<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        params(py, &self.hit.params)
    }
}

fn params<'py>(py: Python<'py>, params: &[(&'static str, Param)]) -> PyResult<Bound<'py, PyDict>> {
    let found = PyDict::new(py);
    for (name, param) in params {
        match param {
            Param::Unsigned(number) => found.set_item(name, number)?,
            Param::Signed(number) => found.set_item(name, number)?,
            Param::Float(number) => found.set_item(name, number)?,
            Param::Text(text) => found.set_item(name, text)?,
            Param::Ranges(ranges) => {
                let list = PyList::empty(py);
                for (start, end) in ranges {
                    list.append([*start, *end])?;
                }
                found.set_item(name, list)?;
            }
        }
    }
    Ok(found)
}
