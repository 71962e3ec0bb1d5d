//! The engine and its source of packets, as one Python object.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use pyo3::exceptions::{PyOSError, PyRuntimeError, PyValueError};
use pyo3::prelude::*;
use pyo3::types::{PyBytes, PyDict, PyList};
use tap::{Files, Live, LiveOptions, Originals, Progress, Source};
use wire::analysis::Analysis;
use wire::baseline::{Baseline, LearnSettings, Learner, PeriodSettings, Periods, Shard};
use wire::engine::Engine;
use wire::evidence::{Evidence, Keeps};
use wire::filter::Filter;
use wire::limits;
use wire::packet::Sink;
use wire::print::Names;
use wire::rules::Rules;
use wire::windows::{merge_assets, Windows as WindowRoom};

use crate::batch::{ledger_dict, Batch, PyNews};
use crate::config::Config;
use crate::hit::PyHit;
use crate::recording::Recording;
use crate::slice::PySlice;
use crate::windows::{Assets, Windows};

/// Hits after which a poll comes back although more packets are there: bounds what one batch costs Python.
const HITS: usize = 10_000;
/// Bytes of printed events after which a poll comes back.
const PRINTED: usize = 4 << 20;
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
    /// Evidence from capture files is read back from them.
    originals: Option<Originals>,
    slices: Vec<PySlice>,
    warnings: Vec<String>,
}

#[pymethods]
impl PyEngine {
    #[new]
    #[pyo3(signature = (config, rules=None, baseline=None))]
    fn new(py: Python<'_>, config: &str, rules: Option<&str>, baseline: Option<&[u8]>) -> PyResult<Self> {
        let config = Config::from_json(config)?;
        py.detach(|| {
            let bad = |error: String| PyValueError::new_err(error);
            let filter = config.filter.as_deref().map(Filter::parse).transpose().map_err(bad)?;
            let names = Names { segments: vec![config.segment.clone()], ..Names::default() };
            let mut analysis = Analysis::new(Rules::compile(rules.unwrap_or(NO_RULES)).map_err(bad)?, names);
            if let Some(bytes) = baseline {
                let baseline = Baseline::with_segments(bytes, &[config.segment.as_str()]).map_err(bad)?;
                analysis.periods = Some(Periods::new(&baseline, PeriodSettings::default(), Shard::ALL));
                analysis.baseline = Some(baseline);
            }
            analysis.learner = config.learn.then(|| {
                Learner::new(LearnSettings { segments: vec![config.segment.clone()], ..LearnSettings::default() })
            });
            analysis.windows = (config.window_ns > 0).then(|| WindowRoom::new(config.window_ns, limits::WINDOWS));
            analysis.events = config.events.then(Vec::new);
            analysis.listing = config.listing.then(Vec::new);
            let engine = Engine::new(config.flows, analysis, filter);
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
            inner.cut();
        });
        self.lock().batch(py, true)
    }

    /// What was learned so far, as a compiled table. Once: the learner is used up.
    fn learned<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyBytes>> {
        let mut inner = self.lock();
        let end_ns = inner.engine.now_ns();
        let Some(mut learner) = inner.engine.analysis.learner.take() else {
            return Err(PyRuntimeError::new_err("nothing to give: not made with learn=true, or given before"));
        };
        let bytes = py.detach(|| learner.finish(end_ns));
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
        inner.engine.analysis.names.inputs =
            if files { names.iter().map(|path| file_name(path)).collect() } else { names };
        inner.engine.analysis.names.files = files;
        inner.source = Some(source);
        let keeps = if originals.is_some() { Keeps::Places } else { Keeps::Frames };
        inner.originals = originals;
        inner.engine.analysis.evidence =
            inner.config.evidence_bytes().map(|bytes| Evidence::new(bytes, keeps, inner.config.reach()));
        Ok(())
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Inner {
    fn new(engine: Engine, config: Config) -> Self {
        let (slices, warnings) = (Vec::new(), Vec::new());
        Self { engine, source: None, recording: Recording::default(), config, originals: None, slices, warnings }
    }

    fn open_recording(&mut self, names: &[String]) -> Result<(), tap::Error> {
        match (&self.config.capture_dir, &self.config.record) {
            (Some(folder), _) => self.recording.roll(folder, self.config.capture_quota_mib, names),
            (None, Some(path)) => self.recording.create(path, names),
            (None, None) => Ok(()),
        }
    }

    /// Complete slices become files in memory. Packets are read back from capture files here, outside the hot path.
    fn cut(&mut self) {
        let analysis = &mut self.engine.analysis;
        let Some(evidence) = analysis.evidence.as_mut() else { return };
        for slice in evidence.take() {
            match PySlice::cut(slice, &analysis.names, self.originals.as_mut()) {
                Ok(slice) => self.slices.push(slice),
                Err(line) => self.warnings.push(line),
            }
        }
    }

    fn read(&mut self, max_packets: usize, timeout: Duration) -> PyResult<bool> {
        let done = self.read_packets(max_packets, timeout);
        self.cut();
        done
    }

    fn read_packets(&mut self, max_packets: usize, timeout: Duration) -> PyResult<bool> {
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
            let analysis = &self.engine.analysis;
            let printed = |bytes: &Option<Vec<u8>>| bytes.as_ref().is_some_and(|bytes| bytes.len() >= PRINTED);
            let cut = analysis.evidence.as_ref().is_some_and(|evidence| evidence.ready_bytes() >= PRINTED);
            if cut || analysis.folder.hits.len() >= HITS || printed(&analysis.events) || printed(&analysis.listing) {
                break;
            }
        }
        Ok(false)
    }

    fn batch(&mut self, py: Python<'_>, done: bool) -> PyResult<Batch> {
        let analysis = &mut self.engine.analysis;
        let hits = std::mem::take(&mut analysis.folder.hits);
        let news = std::mem::take(&mut analysis.newsroom.news);
        let closed = std::mem::take(&mut analysis.closed);
        let events = analysis.events.as_mut().map(std::mem::take).unwrap_or_default();
        let listing = analysis.listing.as_mut().map(std::mem::take).unwrap_or_default();
        let names = &analysis.names;
        let hits = hits.into_iter().map(|hit| Py::new(py, PyHit::new(hit, names))).collect::<PyResult<_>>()?;
        let news = news.iter().map(|news| Py::new(py, PyNews::new(news, names))).collect::<PyResult<_>>()?;
        let windows = Py::new(py, Windows::new(closed.rows, names))?;
        let assets = Py::new(py, Assets::new(merge_assets(closed.assets), names))?;
        let slices =
            std::mem::take(&mut self.slices).into_iter().map(|slice| Py::new(py, slice)).collect::<PyResult<_>>()?;
        let mut warnings = self.source.as_mut().map(Source::warnings).unwrap_or_default();
        warnings.append(&mut self.warnings);
        warnings.extend(self.recording.warnings());
        Ok(Batch {
            hits,
            news,
            windows,
            assets,
            ledger: ledger_dict(py, &self.engine.ledger())?.unbind(),
            events: PyBytes::new(py, &events).unbind(),
            listing: PyBytes::new(py, &listing).unbind(),
            slices,
            warnings,
            now_ns: self.engine.now_ns(),
            done,
        })
    }
}

/// ECS `file.name`: without the directory.
fn file_name(path: &str) -> String {
    std::path::Path::new(path).file_name().map_or_else(|| path.to_owned(), |name| name.to_string_lossy().into_owned())
}
