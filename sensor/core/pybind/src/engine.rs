//! The engine and its source of packets, as one Python object.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use tap::{Files, Live, LiveOptions, Originals, Source};
use wire::baseline::{Baseline, Families};
use wire::engine::{Engine, Learned, Tables};
use wire::evidence::Keeps;
use wire::packet::Sink;
use wire::print::Names;
use wire::values::Known;

use crate::batch::{reload_dict, Batch};
use crate::config::Config;
use crate::inner::{Inner, Taken};
use crate::reader::{Reader, Shared};

/// An engine without rules: it prints, counts and learns.
const NO_RULES: &str = r#"{"version": 1, "rules": []}"#;

#[pyclass(name = "Engine", frozen, module = "sensor._core")]
pub struct PyEngine {
    shared: Arc<Shared>,
    /// Reads from the wire; files are read by who polls.
    reader: Mutex<Option<Reader>>,
    /// Evidence from capture files is read back from them.
    originals: Mutex<Option<Originals>>,
    /// Apart from the rest, so that a stop can be asked for while the engine is at work.
    stop: Mutex<Option<Arc<AtomicBool>>>,
}

#[pymethods]
impl PyEngine {
    #[new]
    #[pyo3(signature = (config, rules=None, baseline=None, state=None, values=None))]
    fn new(
        py: Python<'_>,
        config: &str,
        rules: Option<&str>,
        baseline: Option<&[u8]>,
        state: Option<&[u8]>,
        values: Option<&[u8]>,
    ) -> PyResult<Self> {
        let config = Config::from_json(config)?;
        py.detach(|| {
            let bad = |error: String| PyValueError::new_err(error);
            let names = config.names().segments;
            let segments: Vec<&str> = names.iter().map(String::as_str).collect();
            let tables = tables(rules.unwrap_or(NO_RULES), baseline, values, &segments, None).map_err(bad)?;
            let settings = config.settings().map_err(bad)?;
            let engine = match state {
                Some(state) => Engine::restored(settings, tables, state).map_err(bad)?,
                None => Engine::new(settings, tables),
            };
            let shared = Arc::new(Shared::new(Inner::new(engine, config)));
            let (reader, originals, stop) = (Mutex::default(), Mutex::default(), Mutex::default());
            Ok(Self { shared, reader, originals, stop })
        })
    }

    /// Read capture files (`-` is standard input), merged by time.
    fn open_files(&self, py: Python<'_>, paths: Vec<std::path::PathBuf>) -> PyResult<()> {
        let files = py.detach(|| Files::open(&paths)).map_err(|error| PyOSError::new_err(error.to_string()))?;
        let originals = files.again().map(Originals::new);
        let source = Source::Files(files);
        self.begin(source, true, originals)
    }

    /// Capture from interfaces. Needs CAP_NET_RAW.
    fn open_interfaces(&self, py: Python<'_>, names: Vec<String>) -> PyResult<Vec<String>> {
        let options = {
            let config = &self.lock().config;
            LiveOptions { ring_mib: config.ring_mib, fanout: config.fanout, ..LiveOptions::default() }
        };
        let live = py.detach(|| Live::open(&names, options)).map_err(|error| PyOSError::new_err(error.to_string()))?;
        let offloads = live.offloads();
        let source = Source::Live(live);
        self.begin(source, false, None)?;
        Ok(offloads)
    }

    /// What was found since the last poll. Files are read here, up to `max_packets`; from the wire a thread reads all the
    /// time, and this waits `timeout_ms` unless as much was found as a batch may hold. Batch edges never change a result.
    #[pyo3(signature = (max_packets=1_000_000, timeout_ms=200, snapshot=false))]
    fn poll(&self, py: Python<'_>, max_packets: usize, timeout_ms: u64, snapshot: bool) -> PyResult<Batch> {
        let timeout = Duration::from_millis(timeout_ms);
        let taken = py.detach(|| {
            let mut inner = self.shared.lock();
            if inner.source.is_none() {
                return Err(PyRuntimeError::new_err("no input: call open_files or open_interfaces first"));
            }
            if !inner.is_live() {
                inner.read_files(max_packets, timeout);
                return Ok(inner.take(snapshot));
            }
            drop(inner);
            self.shared.wait(timeout, snapshot).map_err(PyOSError::new_err)
        })?;
        self.batch(py, taken)
    }

    /// Go on with these rules and this baseline. They are compiled beside the capture; only the swap holds it up.
    #[pyo3(signature = (rules, baseline=None, values=None))]
    fn reload<'py>(
        &self,
        py: Python<'py>,
        rules: &str,
        baseline: Option<&[u8]>,
        values: Option<&[u8]>,
    ) -> PyResult<Bound<'py, PyDict>> {
        let reloaded = py.detach(|| {
            let (before, names) = {
                let inner = self.lock();
                (inner.engine.tables(), inner.config.names().segments)
            };
            let segments: Vec<&str> = names.iter().map(String::as_str).collect();
            let tables = tables(rules, baseline, values, &segments, Some(&before))?;
            Ok(self.lock().engine.reload(tables))
        });
        reload_dict(py, &reloaded.map_err(|error: String| PyValueError::new_err(error))?)
    }

    /// What a restart must not forget: `state` of the next engine. What waits to be polled is not in it; with a source
    /// that goes on, ask for it with a poll.
    fn snapshot<'py>(&self, py: Python<'py>) -> Bound<'py, PyBytes> {
        let bytes = py.detach(|| self.lock().engine.snapshot());
        PyBytes::new(py, &bytes)
    }

    /// Folds of which more will be told.
    fn open_folds(&self, py: Python<'_>) -> Vec<u64> {
        py.detach(|| self.lock().engine.open_folds())
    }

    /// Which tables count: 0 for those that the engine was made with, then one more with each reload.
    #[getter]
    fn generation(&self, py: Python<'_>) -> u32 {
        py.detach(|| self.lock().engine.tables().generation)
    }

    /// Ask the input to end: the polls that follow read what a capture ring still holds, then say done.
    fn stop(&self) {
        if let Some(flag) = guard(&self.stop).as_ref() {
            flag.store(true, Ordering::Relaxed);
        }
    }

    /// Stop where we are: what is held is accounted for, open folds are told.
    fn finish(&self, py: Python<'_>) -> PyResult<Batch> {
        let taken = py.detach(|| {
            drop(guard(&self.reader).take());
            let mut inner = self.lock();
            inner.engine.finish();
            inner.recording.close();
            inner.ended = Some(Ok(()));
            inner.take(false)
        });
        self.batch(py, taken)
    }

    /// What was learned so far, as a compiled table. Once: the learner is used up.
    fn learned<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| {
            let learned = self.lock().engine.learned();
            learned.map(Learned::table)
        });
        bytes.map(|bytes| PyBytes::new(py, &bytes)).ok_or_else(nothing_learned)
    }

    /// How far learning is, as JSON; `None`: nothing is learned.
    #[pyo3(signature = (whole=false))]
    fn learning(&self, py: Python<'_>, whole: bool) -> PyResult<Option<String>> {
        let report = py.detach(|| {
            let report = self.lock().engine.learning(whole);
            report.map(|report| serde_json::to_string(&report)).transpose()
        });
        report.map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    /// Try a baseline beside the one that counts, and families of that, from now on; `None` and none: no more.
    #[pyo3(signature = (baseline, values=None, families=Vec::new()))]
    fn set_shadow(
        &self,
        py: Python<'_>,
        baseline: Option<&[u8]>,
        values: Option<&[u8]>,
        families: Vec<String>,
    ) -> PyResult<()> {
        let done = py.detach(|| {
            let names = self.lock().config.names().segments;
            let segments: Vec<&str> = names.iter().map(String::as_str).collect();
            let families = Families::named(families.iter().map(String::as_str))?;
            let load = |bytes| {
                let baseline = Baseline::with_segments(bytes, &segments)?;
                let values = values.map(|bytes| Known::read(bytes, &baseline, &segments)).transpose()?;
                Ok::<_, String>((baseline, values.map(Arc::new)))
            };
            let candidate = baseline.map(load).transpose()?;
            self.lock().engine.set_shadow(candidate.as_ref(), families);
            Ok::<(), String>(())
        });
        done.map_err(PyValueError::new_err)
    }

    /// What the baseline that is tried would have told so far, as JSON; `None`: none is.
    fn shadowed(&self, py: Python<'_>) -> PyResult<Option<String>> {
        let trial = py.detach(|| {
            let trial = self.lock().engine.shadowed();
            trial.map(|trial| serde_json::to_string(&trial)).transpose()
        });
        trial.map_err(|error| PyRuntimeError::new_err(error.to_string()))
    }

    /// What values were like so far, as JSON. Once, as `learned`.
    fn learned_values<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let bytes = py.detach(|| {
            let learned = self.lock().engine.learned_values();
            learned.map(|learned| learned.table().write())
        });
        bytes.map(|bytes| PyBytes::new(py, &bytes)).ok_or_else(nothing_learned)
    }

    /// Engine time moves although nothing came (tests; the tap does this by itself).
    fn tick(&self, ts_ns: u64) {
        self.lock().engine.tick(ts_ns);
    }

    /// Counters of each input: received, dropped by the kernel, transmitted, …
    fn inputs<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyList>> {
        let list = PyList::empty(py);
        let inner = self.lock();
        let Some(source) = &inner.source else { return Ok(list) };
        for (name, counters) in source.names().iter().zip(source.counters()) {
            let dict = PyDict::new(py);
            dict.set_item("name", name)?;
            dict.set_item("received", counters.received)?;
            dict.set_item("dropped_kernel", counters.dropped_kernel)?;
            dict.set_item("cut", counters.cut)?;
            dict.set_item("late", counters.late)?;
            dict.set_item("transmitted", counters.transmitted)?;
            dict.set_item("nic_dropped", counters.nic_dropped)?;
            list.append(dict)?;
        }
        Ok(list)
    }

    /// How the rolling capture fares; empty without one.
    fn recording<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyDict>> {
        let dict = PyDict::new(py);
        if let Some(state) = self.lock().recording.state() {
            dict.set_item("written", state.written)?;
            dict.set_item("lost", state.lost)?;
            dict.set_item("thinned", state.thinned)?;
            dict.set_item("thinned_bytes", state.thinned_bytes)?;
            dict.set_item("deleted", state.deleted)?;
            dict.set_item("used_bytes", state.used_bytes)?;
        }
        Ok(dict)
    }

    /// Hits that filters of the site took out so far: filter, rule and how many.
    fn suppressed(&self, py: Python<'_>) -> Vec<(String, String, u64)> {
        let found = py.detach(|| self.lock().engine.suppressed());
        let named = |cause: &str| cause.strip_prefix("rule:").unwrap_or(cause).to_owned();
        found.into_iter().map(|((filter, cause), count)| (filter.to_string(), named(&cause), count)).collect()
    }

    #[getter]
    fn flows(&self) -> usize {
        self.lock().engine.flows()
    }
}

impl PyEngine {
    fn begin(&self, source: Source, files: bool, originals: Option<Originals>) -> PyResult<()> {
        *guard(&self.stop) = Some(source.stop_flag());
        let mut inner = self.lock();
        let names = source.names();
        inner.open_recording(&names).map_err(|error| PyOSError::new_err(error.to_string()))?;
        let mut known = Names::clone(&inner.names);
        known.inputs = if files { names.iter().map(|path| file_name(path)).collect() } else { names };
        known.files = files;
        let segments = inner.config.table(&known.inputs).map_err(PyValueError::new_err)?;
        inner.engine.set_segments(segments);
        inner.engine.set_names(known.clone());
        inner.names = Arc::new(known);
        inner.source = Some(source);
        let keeps = if originals.is_some() { Keeps::Places } else { Keeps::Frames };
        *guard(&self.originals) = originals;
        if let Some(bytes) = inner.config.evidence_bytes() {
            let reach = inner.config.reach();
            inner.engine.keep_evidence(bytes, keeps, reach);
        }
        drop(inner);
        if !files {
            let reader = Reader::start(&self.shared).map_err(|error| PyOSError::new_err(error.to_string()))?;
            *guard(&self.reader) = Some(reader);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.shared.lock()
    }

    fn batch(&self, py: Python<'_>, mut taken: Taken) -> PyResult<Batch> {
        let slices = py.detach(|| taken.cut(guard(&self.originals).as_mut()));
        Batch::new(py, taken, slices)
    }
}

/// Rules, baseline, and what the values of its links are like.
fn tables(
    rules: &str,
    baseline: Option<&[u8]>,
    values: Option<&[u8]>,
    segments: &[&str],
    before: Option<&Tables>,
) -> Result<Tables, String> {
    let tables = Tables::read(rules, baseline, segments, before)?;
    match values {
        Some(values) => tables.with_values(values, segments, before),
        None => Ok(tables),
    }
}

fn nothing_learned() -> PyErr {
    PyRuntimeError::new_err("nothing to give: not made with learn=true, or given before")
}

fn guard<T>(of: &Mutex<T>) -> MutexGuard<'_, T> {
    of.lock().unwrap_or_else(PoisonError::into_inner)
}

/// ECS `file.name`: without the directory.
fn file_name(path: &str) -> String {
    std::path::Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
