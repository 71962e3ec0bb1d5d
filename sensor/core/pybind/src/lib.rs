//! `sensor._core`: the seam. Compile once, poll batches, release the GIL for everything but building the result.
//! `sensor/_core.pyi` is the documentation of what stands here.

mod batch;
mod columns;
mod config;
mod engine;
mod forest;
mod hit;
mod inner;
mod look;
mod parquet;
mod reader;
mod recording;
mod slice;
mod tables;
mod windows;

use pyo3::prelude::*;

#[pymodule]
fn _core(module: &Bound<'_, PyModule>) -> PyResult<()> {
    module.add("__version__", env!("CARGO_PKG_VERSION"))?;
    module.add_class::<engine::PyEngine>()?;
    module.add_class::<batch::Batch>()?;
    module.add_class::<windows::Windows>()?;
    module.add_class::<windows::Assets>()?;
    module.add_class::<columns::Columns>()?;
    module.add_class::<parquet::Parquet>()?;
    module.add_class::<forest::PyForest>()?;
    module.add_class::<hit::PyHit>()?;
    module.add_class::<batch::PyNews>()?;
    module.add_class::<slice::PySlice>()?;
    module.add_function(wrap_pyfunction!(look::look, module)?)?;
    module.add_function(wrap_pyfunction!(tables::fields, module)?)?;
    module.add_function(wrap_pyfunction!(tables::protocols, module)?)?;
    module.add_function(wrap_pyfunction!(tables::describe, module)?)?;
    module.add_function(wrap_pyfunction!(tables::skip_reasons, module)?)?;
    module.add_function(wrap_pyfunction!(tables::loss_places, module)?)?;
    module.add_function(wrap_pyfunction!(tables::features, module)?)?;
    module.add_function(wrap_pyfunction!(tables::asset_features, module)?)?;
    module.add_function(wrap_pyfunction!(tables::check_filter, module)?)?;
    module.add_function(wrap_pyfunction!(tables::baseline_to_json, module)?)?;
    module.add_function(wrap_pyfunction!(tables::baseline_from_json, module)?)?;
    module.add_function(wrap_pyfunction!(tables::values_from_json, module)?)?;
    Ok(())
}
