//! A Parquet file, written from batches of columns: `parquet_file` behind the seam.

use std::sync::{Arc, Mutex, PoisonError};

use arrow_ipc::writer::{IpcDataGenerator, IpcWriteOptions};
use arrow_schema::{DataType, Field, Schema, TimeUnit};
use parquet_file::{Form, Head, Writer};
use pyo3::exceptions::PyValueError;
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::columns::Columns;

#[pyclass(frozen, module = "sensor._core")]
pub struct Parquet {
    writer: Mutex<Option<Writer>>,
}

#[pymethods]
impl Parquet {
    #[new]
    #[pyo3(signature = (group_rows=parquet_file::GROUP_ROWS, group_bytes=parquet_file::GROUP_BYTES))]
    fn new(group_rows: usize, group_bytes: usize) -> Self {
        Self { writer: Mutex::new(Some(Writer::with_groups(group_rows, group_bytes))) }
    }

    /// Take a batch; what is to be written now, in this order.
    fn put<'py>(&self, py: Python<'py>, columns: &Columns) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let batch = columns.take().ok_or_else(|| PyValueError::new_err("columns: they were taken before"))?;
        let pieces = py.detach(|| {
            let mut writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner);
            writer.as_mut().map(|writer| writer.put(batch))
        });
        Ok(written(py, pieces.ok_or_else(ended)?))
    }

    /// The rest of the file, once.
    fn finish<'py>(&self, py: Python<'py>) -> PyResult<Vec<Bound<'py, PyBytes>>> {
        let pieces = py.detach(|| {
            let writer = self.writer.lock().unwrap_or_else(PoisonError::into_inner).take()?;
            let types = arrow_types(writer.columns());
            Some(writer.finish(&[("ARROW:schema", &types)]))
        });
        Ok(written(py, pieces.ok_or_else(ended)?))
    }
}

fn ended() -> PyErr {
    PyValueError::new_err("parquet: the file is finished")
}

fn written(py: Python<'_>, pieces: Vec<Vec<u8>>) -> Vec<Bound<'_, PyBytes>> {
    pieces.into_iter().map(|piece| PyBytes::new(py, &piece)).collect()
}

/// Types as Arrow has them: a schema message in base64, for readers that go by it. They give words as dictionaries then.
fn arrow_types(columns: &[Head]) -> String {
    let fields: Vec<Field> = columns.iter().map(|head| Field::new(head.name, arrow_type(head), true)).collect();
    let options = IpcWriteOptions::default();
    let mut numbers = arrow_ipc::writer::DictionaryTracker::new(true);
    let schema = Schema::new(fields);
    let message = IpcDataGenerator::default().schema_to_bytes_with_dictionary_tracker(&schema, &mut numbers, &options);
    let mut bytes = vec![0xff; 4]; // an encapsulated message: a mark, its length, itself
    bytes.extend_from_slice(&u32::try_from(message.ipc_message.len()).unwrap_or(u32::MAX).to_le_bytes());
    bytes.extend_from_slice(&message.ipc_message);
    base64(&bytes)
}

fn arrow_type(head: &Head) -> DataType {
    let one = match head.form {
        Form::Unsigned => DataType::UInt64,
        Form::Signed => DataType::Int64,
        Form::Float => DataType::Float64,
        Form::Boolean => DataType::Boolean,
        Form::Time => DataType::Timestamp(TimeUnit::Nanosecond, Some("UTC".into())),
        Form::Word => DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8)),
        Form::Text => DataType::Utf8,
        Form::Bytes => DataType::Binary,
    };
    if head.many {
        return DataType::List(Arc::new(Field::new("element", one, true)));
    }
    one
}

/// RFC 4648, 4.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let bits = three.iter().fold(0u32, |bits, byte| bits << 8 | u32::from(*byte)) << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = LETTERS[(bits >> (18 - 6 * place) & 63) as usize];
            text.push(if place <= three.len() { char::from(letter) } else { '=' });
        }
    }
    text
}
