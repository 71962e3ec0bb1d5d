//! The isolation forest: compiled bytes in, a score for each row out.

use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;
use wire::forest::Forest;

use crate::windows::packed;

#[pyclass(name = "Forest", frozen, module = "sensor._core")]
pub struct PyForest {
    forest: Forest,
}

#[pymethods]
impl PyForest {
    #[new]
    fn new(py: Python<'_>, data: &[u8]) -> PyResult<Self> {
        let forest = py.detach(|| Forest::read(data)).map_err(PyValueError::new_err)?;
        Ok(Self { forest })
    }

    #[getter]
    fn width(&self) -> usize {
        self.forest.width()
    }

    #[getter]
    fn trees(&self) -> usize {
        self.forest.trees()
    }

    fn score<'py>(&self, py: Python<'py>, matrix: &[u8]) -> PyResult<Bound<'py, PyBytes>> {
        let scores = py.detach(|| {
            let (values, rest) = matrix.as_chunks::<8>();
            if !rest.is_empty() {
                return Err(format!("{} bytes are no row of 64-bit numbers", matrix.len()));
            }
            let values: Vec<f64> = values.iter().map(|value| f64::from_ne_bytes(*value)).collect();
            self.forest.score(&values)
        });
        let scores = scores.map_err(PyValueError::new_err)?;
        packed(py, scores.len(), scores.iter().map(|score| score.to_ne_bytes()))
    }
}
