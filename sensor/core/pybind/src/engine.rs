//! The engine and its source of packets, as one Python object.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use tap::{Files, Live, LiveOptions, Originals, Progress, Source};
use wire::engine::{Engine, Output, Tables};
use wire::evidence::{Keeps, Slice};
use wire::packet::Sink;
use wire::print::Names;

use crate::batch::{ledger_dict, reload_dict, Batch, PyNews};
use crate::columns::Columns;
use crate::config::Config;
use crate::hit::PyHit;
use crate::recording::Recording;
use crate::slice::PySlice;
use crate::windows::{Assets, Windows};

/// Hits after which a poll comes back although more packets are there: bounds what one batch costs Python.
const HITS: usize = 10_000;
/// Bytes of printed events after which a poll comes back.
const PRINTED: usize = 4 << 20;
/// Windows after which a poll comes back: an hour of a quiet plant fits into few packets.
const ROWS: usize = 20_000;
/// What a row of columns takes, about.
const ROW_BYTES: usize = 256;
/// Packets read between two looks at these bounds.
const CHUNK: usize = 4096;

/// An engine without rules: it prints, counts and learns.
const NO_RULES: &str = r#"{"version": 1, "rules": []}"#;

/// Parsers and sources are `Send` but not `Sync`: one poll at a time, whoever calls.
#[pyclass(name = "Engine", frozen, module = "sensor._core")]
pub struct PyEngine {
    inner: Mutex<Inner>,
    /// Apart from the rest, so that a stop can be asked for while a poll is under way.
    stop: Mutex<Option<Arc<AtomicBool>>>,
}

struct Inner {
    engine: Engine,
    source: Option<Source>,
    recording: Recording,
    config: Config,
    names: Names,
    /// Evidence from capture files is read back from them.
    originals: Option<Originals>,
    warnings: Vec<String>,
}

#[pymethods]
impl PyEngine {
    #[new]
    #[pyo3(signature = (config, rules=None, baseline=None, state=None))]
    fn new(
        py: Python<'_>,
        config: &str,
        rules: Option<&str>,
        baseline: Option<&[u8]>,
        state: Option<&[u8]>,
    ) -> PyResult<Self> {
        let config = Config::from_json(config)?;
        py.detach(|| {
            let bad = |error: String| PyValueError::new_err(error);
            let names = config.names().segments;
            let segments: Vec<&str> = names.iter().map(String::as_str).collect();
            let tables = Tables::read(rules.unwrap_or(NO_RULES), baseline, &segments, None).map_err(bad)?;
            let settings = config.settings().map_err(bad)?;
            let engine = match state {
                Some(state) => Engine::restored(settings, tables, state).map_err(bad)?,
                None => Engine::new(settings, tables),
            };
            Ok(Self { inner: Mutex::new(Inner::new(engine, config)), stop: Mutex::new(None) })
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

    /// Read up to `max_packets`, or until `timeout_ms` passed without one. Batch edges never change a result.
    #[pyo3(signature = (max_packets=1_000_000, timeout_ms=200))]
    fn poll(&self, py: Python<'_>, max_packets: usize, timeout_ms: u64) -> PyResult<Batch> {
        let timeout = Duration::from_millis(timeout_ms);
        let done = py.detach(|| self.lock().read(max_packets, timeout))?;
        self.lock().batch(py, done)
    }

    /// Go on with these rules and this baseline. They are compiled beside the capture; only the swap holds it up.
    #[pyo3(signature = (rules, baseline=None))]
    fn reload<'py>(&self, py: Python<'py>, rules: &str, baseline: Option<&[u8]>) -> PyResult<Bound<'py, PyDict>> {
        let reloaded = py.detach(|| {
            let (before, names) = {
                let inner = self.lock();
                (inner.engine.tables(), inner.config.names().segments)
            };
            let segments: Vec<&str> = names.iter().map(String::as_str).collect();
            let tables = Tables::read(rules, baseline, &segments, Some(&before))?;
            Ok(self.lock().engine.reload(tables))
        });
        reload_dict(py, &reloaded.map_err(|error: String| PyValueError::new_err(error))?)
    }

    /// What a restart must not forget: `state` of the next engine. What waits to be polled is not in it.
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
        if let Some(flag) = self.stop.lock().unwrap_or_else(PoisonError::into_inner).as_ref() {
            flag.store(true, Ordering::Relaxed);
        }
    }

    /// Stop where we are: what is held is accounted for, open folds are told.
    fn finish(&self, py: Python<'_>) -> PyResult<Batch> {
        py.detach(|| {
            let mut inner = self.lock();
            inner.engine.finish();
            inner.recording.close();
        });
        self.lock().batch(py, true)
    }

    /// What was learned so far, as a compiled table. Once: the learner is used up.
    fn learned<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let Some(bytes) = py.detach(|| self.lock().engine.learned()) else {
            return Err(PyRuntimeError::new_err("nothing to give: not made with learn=true, or given before"));
        };
        Ok(PyBytes::new(py, &bytes))
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

    #[getter]
    fn flows(&self) -> usize {
        self.lock().engine.flows()
    }
}

impl PyEngine {
    fn begin(&self, source: Source, files: bool, originals: Option<Originals>) -> PyResult<()> {
        *self.stop.lock().unwrap_or_else(PoisonError::into_inner) = Some(source.stop_flag());
        let mut inner = self.lock();
        let names = source.names();
        inner.open_recording(&names).map_err(|error| PyOSError::new_err(error.to_string()))?;
        inner.names.inputs = if files { names.iter().map(|path| file_name(path)).collect() } else { names };
        inner.names.files = files;
        let names = inner.names.clone();
        let segments = inner.config.table(&names.inputs).map_err(PyValueError::new_err)?;
        inner.engine.set_segments(segments);
        inner.engine.set_names(names);
        inner.source = Some(source);
        let keeps = if originals.is_some() { Keeps::Places } else { Keeps::Frames };
        inner.originals = originals;
        if let Some(bytes) = inner.config.evidence_bytes() {
            let reach = inner.config.reach();
            inner.engine.keep_evidence(bytes, keeps, reach);
        }
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn new(engine: Engine, config: Config) -> Self {
        Self {
            engine,
            source: None,
            recording: Recording::default(),
            names: config.names(),
            config,
            originals: None,
            warnings: Vec::new(),
        }
    }

    fn open_recording(&mut self, names: &[String]) -> Result<(), tap::Error> {
        match (&self.config.capture_dir, &self.config.record) {
            (Some(folder), _) => self.recording.roll(folder, self.config.capture_quota_mib, names),
            (None, Some(path)) => self.recording.create(path, names),
            (None, None) => Ok(()),
        }
    }

    /// Complete slices become files in memory. Packets are read back from capture files here, outside the hot path.
    fn cut(&mut self, slices: Vec<Slice>) -> Vec<PySlice> {
        let mut cut = Vec::with_capacity(slices.len());
        for slice in slices {
            match PySlice::cut(slice, &self.names, self.originals.as_mut()) {
                Ok(slice) => cut.push(slice),
                Err(line) => self.warnings.push(line),
            }
        }
        cut
    }

    fn read(&mut self, max_packets: usize, timeout: Duration) -> PyResult<bool> {
        let Some(source) = self.source.as_mut() else {
            return Err(PyRuntimeError::new_err("no input: call open_files or open_interfaces first"));
        };
        let live = matches!(source, Source::Live(_));
        let started = Instant::now();
        let mut left = max_packets.max(1);
        // A live wire comes back in time for its heartbeat however little is on it; a file is read at full speed.
        while left > 0 && !(live && started.elapsed() >= timeout) {
            let chunk = left.min(CHUNK);
            let progress = self
                .recording
                .read(source, chunk, timeout, &mut self.engine)
                .map_err(|error| PyOSError::new_err(error.to_string()))?;
            match progress {
                Progress::End => {
                    self.engine.finish();
                    return Ok(true);
                }
                Progress::Idle => return Ok(false),
                Progress::More => {}
            }
            left -= chunk;
            let waiting = self.engine.waiting();
            let printed = waiting.events.len().max(waiting.listing.len()).max(waiting.slice_bytes);
            let printed = printed.max(self.engine.column_rows().saturating_mul(ROW_BYTES));
            let rows = waiting.rows.len().saturating_add(waiting.assets.len());
            if waiting.hits.len() >= HITS || rows >= ROWS || printed >= PRINTED {
                break;
            }
        }
        Ok(false)
    }

    fn batch(&mut self, py: Python<'_>, done: bool) -> PyResult<Batch> {
        let (output, slices) = py.detach(|| {
            let mut output = self.engine.take_all();
            let slices = self.cut(std::mem::take(&mut output.slices));
            (output, slices)
        });
        let generations = generations(&output, self.engine.tables().generation);
        let Output { hits, news, rows, assets, events, columns: batches, listing, .. } = output;
        let names = &self.names;
        let mistyped: u64 = batches.iter().map(|batch| batch.mistyped).sum();
        let columns =
            batches.into_iter().map(|batch| Py::new(py, Columns::new(batch)?)).collect::<PyResult<Vec<_>>>()?;
        let events = PyBytes::new(py, &events);
        let hits = hits.into_iter().zip(generations);
        let hits = hits.map(|(hit, generation)| Py::new(py, PyHit::new(hit, generation, names)));
        let hits = hits.collect::<PyResult<_>>()?;
        let news = news.iter().map(|news| Py::new(py, PyNews::new(news, names))).collect::<PyResult<_>>()?;
        let windows = Py::new(py, Windows::new(rows, names))?;
        let assets = Py::new(py, Assets::new(assets, names))?;
        let slices = slices.into_iter().map(|slice| Py::new(py, slice)).collect::<PyResult<_>>()?;
        let mut warnings = self.source.as_mut().map(Source::warnings).unwrap_or_default();
        warnings.append(&mut self.warnings);
        warnings.extend(self.recording.warnings());
        let ledger = ledger_dict(py, &self.engine.ledger())?;
        let reloads = self.engine.reloads().map(|reload| reload_dict(py, reload)).collect::<PyResult<Vec<_>>>()?;
        ledger.set_item("reloads", reloads)?;
        if mistyped > 0 {
            warnings.push(format!("{mistyped} values are missing: they do not fit the type of their column"));
        }
        Ok(Batch {
            hits,
            news,
            windows,
            assets,
            ledger: ledger.unbind(),
            events: events.unbind(),
            columns,
            listing: PyBytes::new(py, &listing).unbind(),
            slices,
            warnings,
            now_ns: self.engine.now_ns(),
            done,
        })
    }
}

/// Under which tables each hit was found.
fn generations(output: &Output, now: u32) -> Vec<u32> {
    let mut reloads = output.reloads.iter().peekable();
    let mut generation = reloads.peek().map_or(now, |first| first.generation.wrapping_sub(1));
    let found_under = |place: usize| {
        while let Some(reload) = reloads.next_if(|reload| reload.hits <= place) {
            generation = reload.generation;
        }
        generation
    };
    (0..output.hits.len()).map(found_under).collect()
}

/// ECS `file.name`: without the directory.
fn file_name(path: &str) -> String {
    std::path::Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
