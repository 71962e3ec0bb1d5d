//! Batches of columns across the seam: Arrow's C data interface in capsules (the PyCapsule interface), no copy.
//! Whoever reads Arrow takes them: `pyarrow.record_batch(batch)`, polars, DuckDB.

use std::sync::Arc;

use arrow_buffer::Buffer;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_data::ArrayData;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use wire::columns::{Array, Batch, Bitmap, Data, Items, Strings};

/// One record batch.
#[pyclass(frozen, module = "sensor._core")]
pub struct Columns {
    data: ArrayData,
    fields: Fields,
}

impl Columns {
    pub fn new(batch: Batch) -> PyResult<Self> {
        Self::converted(batch).map_err(refused)
    }

    fn converted(batch: Batch) -> Result<Self, ArrowError> {
        let mut fields = Vec::with_capacity(batch.columns.len());
        let mut children = Vec::with_capacity(batch.columns.len());
        for column in batch.columns {
            let child = column_data(column.data)?;
            fields.push(Field::new(column.name, child.data_type().clone(), true));
            children.push(child);
        }
        let fields = Fields::from(fields);
        let data = ArrayData::try_new(DataType::Struct(fields.clone()), batch.rows, None, 0, vec![], children)?;
        Ok(Self { data, fields })
    }
}

#[pymethods]
impl Columns {
    fn __len__(&self) -> usize {
        self.data.len()
    }

    /// Schema and array, as two capsules. The columns have one form each: what a reader would rather have is its own
    /// to convert.
    #[pyo3(signature = (requested_schema=None))]
    #[allow(unused_variables)]
    fn __arrow_c_array__<'py>(
        &self,
        py: Python<'py>,
        requested_schema: Option<Bound<'py, PyAny>>,
    ) -> PyResult<(Bound<'py, PyCapsule>, Bound<'py, PyCapsule>)> {
        let array = PyCapsule::new_with_value(py, FFI_ArrowArray::new(&self.data), c"arrow_array")?;
        Ok((self.__arrow_c_schema__(py)?, array))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let schema = FFI_ArrowSchema::try_from(&Schema::new(self.fields.clone())).map_err(refused)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }
}

fn refused(error: ArrowError) -> PyErr {
    PyValueError::new_err(format!("columns: {error}"))
}

fn column_data(data: Data) -> Result<ArrayData, ArrowError> {
    match data {
        Data::One(array) => array_data(array),
        Data::Many { offsets, present, items } => {
            let items = array_data(items)?;
            let kind = DataType::List(Arc::new(Field::new("item", items.data_type().clone(), true)));
            let len = present.len();
            ArrayData::try_new(kind, len, validity(present), 0, vec![Buffer::from_vec(offsets)], vec![items])
        }
    }
}

fn array_data(array: Array) -> Result<ArrayData, ArrowError> {
    let len = array.present.len();
    let valid = validity(array.present);
    let (kind, buffers, children) = match array.items {
        Items::Unsigned(items) => (DataType::UInt64, vec![Buffer::from_vec(items)], vec![]),
        Items::Signed(items) => (DataType::Int64, vec![Buffer::from_vec(items)], vec![]),
        Items::Float(items) => (DataType::Float64, vec![Buffer::from_vec(items)], vec![]),
        Items::Boolean(items) => (DataType::Boolean, vec![Buffer::from_vec(items.into_bytes())], vec![]),
        Items::Time(items) => {
            (DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())), vec![Buffer::from_vec(items)], vec![])
        }
        Items::Word(keys, words) => {
            let kind = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
            let words = Strings::clone(&words);
            let known = ArrayData::try_new(DataType::Utf8, words.len(), None, 0, strings(words), vec![])?;
            (kind, vec![Buffer::from_vec(keys)], vec![known])
        }
        Items::Text(texts) => (DataType::Utf8, strings(texts), vec![]),
        Items::Bytes(texts) => (DataType::Binary, strings(texts), vec![]),
    };
    ArrayData::try_new(kind, len, valid, 0, buffers, children)
}

fn strings(texts: Strings) -> Vec<Buffer> {
    vec![Buffer::from_vec(texts.offsets), Buffer::from_vec(texts.bytes)]
}

fn validity(present: Bitmap) -> Option<Buffer> {
    (present.unset() > 0).then(|| Buffer::from_vec(present.into_bytes()))
}
