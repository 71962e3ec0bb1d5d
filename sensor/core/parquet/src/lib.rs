//! Columns of messages as a Parquet file (Apache Parquet format 2.10; names and numbers of `parquet.thrift`).
//!
//! A writer of our own, for what messages are like: most columns of a wide table have no value at all (60 of a Modbus
//! table's 94), and words come numbered. Such a column costs nothing a row here, numbers are packed as they are, and what
//! waits for its row group waits encoded and compressed. Readers are everybody's: the tests' is pyarrow.
//!
//! One batch of columns is one page of each column, a version 1 data page, compressed as `LZ4_RAW`.

mod chunk;
mod delta;
mod dictionary;
mod footer;
mod hybrid;
mod levels;
mod page;
mod plain;
mod thrift;
mod writer;

pub use chunk::Form;
pub use footer::Head;
pub use writer::Writer;

/// Rows of one group, at most: what a reader skips or loads as one.
pub const GROUP_ROWS: usize = 1 << 20;
/// Bytes that a group's pages take while it is not written, at most, and one batch more.
pub const GROUP_BYTES: usize = 32 << 20;
