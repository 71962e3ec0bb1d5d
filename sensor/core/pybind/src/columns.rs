//! Batches of columns across the seam: Arrow's C data interface in capsules (the PyCapsule interface), no copy.
//! Whoever reads Arrow takes them: `pyarrow.record_batch(batch)`, polars, DuckDB.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_buffer::Buffer;
use arrow_data::ffi::FFI_ArrowArray;
use arrow_data::ArrayData;
use arrow_schema::ffi::FFI_ArrowSchema;
use arrow_schema::{ArrowError, DataType, Field, Fields, Schema, TimeUnit};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyCapsule;
use wire::columns::{Array, Batch, Bitmap, Data, Items, Parts, Strings};
use wire::limits::COLUMN_ROWS;

/// One record batch.
#[pyclass(frozen, module = "sensor._core")]
pub struct Columns {
    rows: usize,
    place: usize,
    shared: Arc<Mutex<Shared>>,
    arrow: Mutex<Option<(ArrayData, Fields)>>,
}

/// Rows of all shards are put together by who asks for the first batch of them: not by who reads packets.
enum Shared {
    Parts(Parts),
    Whole(Vec<Option<Batch>>),
}

impl Columns {
    pub fn all(parts: Parts) -> Vec<Self> {
        let sizes = parts.sizes();
        let shared = Arc::new(Mutex::new(Shared::Parts(parts)));
        let one = |(place, rows)| Self { rows, place, shared: Arc::clone(&shared), arrow: Mutex::default() };
        sizes.into_iter().enumerate().map(one).collect()
    }

    /// The batch, which is gone from here then. `None`: somebody had it before.
    pub fn take(&self) -> Option<Batch> {
        let mut shared = self.shared.lock().unwrap_or_else(PoisonError::into_inner);
        if let Shared::Parts(parts) = &mut *shared {
            let whole = std::mem::take(parts).whole();
            *shared = Shared::Whole(whole.into_iter().map(Some).collect());
        }
        match &mut *shared {
            Shared::Whole(batches) => batches.get_mut(self.place)?.take(),
            Shared::Parts(_) => None,
        }
    }

    /// In that form, once and for all.
    fn arrow(&self) -> PyResult<(ArrayData, Fields)> {
        let mut arrow = self.arrow.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = &*arrow {
            return Ok(known.clone());
        }
        let batch = self.take().ok_or_else(|| PyValueError::new_err("columns: they were taken by a writer"))?;
        let made = converted(batch).map_err(refused)?;
        Ok(arrow.insert(made).clone())
    }
}

fn converted(batch: Batch) -> Result<(ArrayData, Fields), ArrowError> {
    let mut fields = Vec::with_capacity(batch.columns.len());
    let mut children = Vec::with_capacity(batch.columns.len());
    for column in batch.columns {
        let child = column_data(column.data)?;
        fields.push(Field::new(column.name, child.data_type().clone(), true));
        children.push(child);
    }
    let fields = Fields::from(fields);
    let data = ArrayData::try_new(DataType::Struct(fields.clone()), batch.rows, None, 0, vec![], children)?;
    Ok((data, fields))
}

#[pymethods]
impl Columns {
    fn __len__(&self) -> usize {
        self.rows
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
        let (data, _) = py.detach(|| self.arrow())?;
        let array = PyCapsule::new_with_value(py, FFI_ArrowArray::new(&data), c"arrow_array")?;
        Ok((self.__arrow_c_schema__(py)?, array))
    }

    fn __arrow_c_schema__<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyCapsule>> {
        let (_, fields) = py.detach(|| self.arrow())?;
        let schema = FFI_ArrowSchema::try_from(&Schema::new(fields)).map_err(refused)?;
        PyCapsule::new_with_value(py, schema, c"arrow_schema")
    }
}

fn refused(error: ArrowError) -> PyErr {
    PyValueError::new_err(format!("columns: {error}"))
}

fn column_data(data: Data) -> Result<ArrayData, ArrowError> {
    let (kind, rows) = (column_kind(&data), data.len());
    if rows > 0 && data.present().is_unset() {
        return Ok(without_values(&kind, rows));
    }
    match data {
        Data::One(array) => array_data(array),
        Data::Many { offsets, present, items } => {
            let items = array_data(items)?;
            let len = present.len();
            ArrayData::try_new(kind, len, validity(present), 0, vec![Buffer::from_vec(offsets)], vec![items])
        }
    }
}

/// Columns without a value, one of each type: most columns of a wide table are such, and share their room within a
/// batch and from batch to batch.
static WITHOUT_VALUES: Mutex<Vec<ArrayData>> = Mutex::new(Vec::new());

fn without_values(kind: &DataType, rows: usize) -> ArrayData {
    let mut known = WITHOUT_VALUES.lock().unwrap_or_else(PoisonError::into_inner);
    let place = known.iter().position(|data| data.data_type() == kind).unwrap_or_else(|| {
        known.push(ArrayData::new_null(kind, COLUMN_ROWS));
        known.len() - 1
    });
    if known[place].len() < rows {
        known[place] = ArrayData::new_null(kind, rows);
    }
    known[place].slice(0, rows)
}

fn column_kind(data: &Data) -> DataType {
    match data {
        Data::One(array) => kind(&array.items),
        Data::Many { items, .. } => DataType::List(Arc::new(Field::new("item", kind(&items.items), true))),
    }
}

fn kind(items: &Items) -> DataType {
    match items {
        Items::Unsigned(_) => DataType::UInt64,
        Items::Signed(_) => DataType::Int64,
        Items::Float(_) => DataType::Float64,
        Items::Boolean(_) => DataType::Boolean,
        Items::Time(_) => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        Items::Word(..) => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Items::Text(_) => DataType::Utf8,
        Items::Bytes(_) => DataType::Binary,
    }
}

fn array_data(array: Array) -> Result<ArrayData, ArrowError> {
    let len = array.present.len();
    let valid = validity(array.present);
    let kind = kind(&array.items);
    let (buffers, children) = match array.items {
        Items::Unsigned(items) => (vec![Buffer::from_vec(items)], vec![]),
        Items::Signed(items) | Items::Time(items) => (vec![Buffer::from_vec(items)], vec![]),
        Items::Float(items) => (vec![Buffer::from_vec(items)], vec![]),
        Items::Boolean(items) => (vec![Buffer::from_vec(items.into_bytes())], vec![]),
        Items::Word(keys, words) => {
            let words = Strings::clone(&words);
            let known = ArrayData::try_new(DataType::Utf8, words.len(), None, 0, strings(words), vec![])?;
            (vec![Buffer::from_vec(keys)], vec![known])
        }
        Items::Text(texts) | Items::Bytes(texts) => (strings(texts), vec![]),
    };
    ArrayData::try_new(kind, len, valid, 0, buffers, children)
}

fn strings(texts: Strings) -> Vec<Buffer> {
    vec![Buffer::from_vec(texts.offsets), Buffer::from_vec(texts.bytes)]
}

fn validity(present: Bitmap) -> Option<Buffer> {
    (present.unset() > 0).then(|| Buffer::from_vec(present.into_bytes()))
}
