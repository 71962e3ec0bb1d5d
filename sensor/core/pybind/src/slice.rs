//! The packets around a new alert, ready to be written to a file.

use pyo3::prelude::*;
use pyo3::types::PyBytes;
use tap::{slice_file, Originals};
use wire::evidence::Slice;
use wire::print::{self, Names};

#[pyclass(name = "Slice", frozen, module = "sensor._core")]
pub struct PySlice {
    slice: Slice,
    file: String,
    pcapng: Vec<u8>,
}

impl PySlice {
    /// `Err`: one clear line, when packets cannot be read back from their file.
    pub fn cut(slice: Slice, names: &Names, originals: Option<&mut Originals>) -> Result<Self, String> {
        let mut time = Vec::new();
        print::timestamp(&mut time, slice.mark.ts_ns);
        let time = String::from_utf8_lossy(&time);
        let file = names.input(slice.mark.input).to_owned();
        let comment =
            format!("Otus: {} at {}, packet {} of {file}", slice.cause, time.trim_matches('"'), slice.mark.number);
        let pcapng = slice_file(&slice, &names.inputs, &comment, originals)
            .map_err(|error| format!("{error}; an alert has no evidence"))?;
        Ok(Self { slice, file, pcapng })
    }
}

#[pymethods]
impl PySlice {
    /// The fold (`Hit.fold`) of the alert it belongs to.
    #[getter]
    fn fold(&self) -> u64 {
        self.slice.fold
    }

    #[getter]
    fn cause(&self) -> &str {
        &self.slice.cause
    }

    /// Time, file or interface, and number of the packet that raised the alert.
    #[getter]
    fn ts_ns(&self) -> u64 {
        self.slice.mark.ts_ns
    }

    #[getter]
    fn file(&self) -> &str {
        &self.file
    }

    #[getter]
    fn frame(&self) -> u64 {
        self.slice.mark.number
    }

    #[getter]
    fn packets(&self) -> usize {
        self.slice.packets.len()
    }

    #[getter]
    fn first_ns(&self) -> u64 {
        self.slice.packets.first().map_or(0, |kept| kept.ts_ns)
    }

    #[getter]
    fn last_ns(&self) -> u64 {
        self.slice.packets.last().map_or(0, |kept| kept.ts_ns)
    }

    #[getter]
    fn reaches_back_ns(&self) -> u64 {
        self.slice.reaches_back_ns()
    }

    #[getter]
    fn reaches_back_packets(&self) -> usize {
        self.slice.reaches_back_packets()
    }

    /// Why it begins where it does.
    #[getter]
    fn before(&self) -> &'static str {
        self.slice.before.name()
    }

    /// Why it ends where it does.
    #[getter]
    fn after(&self) -> &'static str {
        self.slice.after.name()
    }

    /// The whole file.
    #[getter]
    fn pcapng<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        PyBytes::new(py, &self.pcapng)
    }
}
