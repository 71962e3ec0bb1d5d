//! One packet of a capture file as the tap and the frame reader see it, without the rest of the engine.

use std::path::PathBuf;

use pyo3::exceptions::PyOSError;
use pyo3::prelude::*;
use pyo3::types::{PyDict, PyList};
use tap::{Files, Progress};
use wire::frame::{decode, Decoded, Layer, Layer4, Outline, Path};
use wire::ledger::{Skip, SKIPS};
use wire::packet::{LinkType, Lost, Packet, Sink};
use wire::print::mac_text;

/// Packets read between two looks at whether it was found.
const CHUNK: usize = 4096;

struct Looker<'py> {
    number: u64,
    found: Bound<'py, PyDict>,
    failed: PyResult<()>,
}

impl Sink for Looker<'_> {
    fn packet(&mut self, packet: &Packet<'_>) {
        if packet.number == self.number {
            self.failed = told(&self.found, packet);
        }
    }

    fn tick(&mut self, _ts_ns: u64) {}

    fn lost(&mut self, _place: Lost, _packets: u64) {}
}

/// What stands in the headers of packet `number` (from 1) of a file; None: the file ends before it.
#[pyfunction]
pub fn look<'py>(py: Python<'py>, path: PathBuf, number: u64) -> PyResult<Option<Bound<'py, PyDict>>> {
    let failed = |error: tap::Error| PyOSError::new_err(error.to_string());
    let mut files = Files::open(&[path]).map_err(failed)?;
    let mut looker = Looker { number, found: PyDict::new(py), failed: Ok(()) };
    let mut progress = Progress::More;
    while looker.found.is_empty() && !matches!(progress, Progress::End) {
        py.check_signals()?;
        progress = files.read(CHUNK, &mut looker);
    }
    looker.failed?;
    Ok((!looker.found.is_empty()).then_some(looker.found))
}

fn told(dict: &Bound<'_, PyDict>, packet: &Packet<'_>) -> PyResult<()> {
    dict.set_item("ts_ns", packet.ts_ns)?;
    dict.set_item("wire_bytes", packet.wire_len)?;
    dict.set_item("captured_bytes", packet.data.len())?;
    dict.set_item("offset", packet.offset)?;
    let link = match packet.link {
        LinkType::Other(number) => format!("{number}"),
        known => format!("{known:?}").to_lowercase(),
    };
    dict.set_item("link", link)?;
    let (mut outline, mut path) = (Outline::default(), Path::default());
    let read = match decode(packet, &mut outline, &mut path) {
        Decoded::Frame(frame) => Ok(frame),
        Decoded::Piece(_) => Err(Skip::Fragment),
        Decoded::Skip(reason) => Err(reason),
    };
    let around = path.layers().iter().map(|layer| around(dict.py(), layer)).collect::<PyResult<Vec<_>>>()?;
    dict.set_item("around", PyList::new(dict.py(), around)?)?;
    dict.set_item("ethertype", outline.ethertype)?;
    dict.set_item("vlan", outline.vlan)?;
    dict.set_item("source", outline.source.map(|ip| ip.to_string()))?;
    dict.set_item("destination", outline.destination.map(|ip| ip.to_string()))?;
    dict.set_item("transport", outline.transport)?;
    dict.set_item("source_port", outline.source_port)?;
    dict.set_item("destination_port", outline.destination_port)?;
    let frame = match read {
        Ok(frame) => frame,
        Err(reason) => return dict.set_item("skipped", SKIPS.get(reason as usize).copied()),
    };
    dict.set_item("source_mac", mac_text(&frame.source_mac))?;
    dict.set_item("destination_mac", mac_text(&frame.destination_mac))?;
    dict.set_item("payload_bytes", frame.payload.len())?;
    dict.set_item("missing_bytes", frame.missing)?;
    if let Layer4::Tcp { sequence, acknowledgement, flags, .. } = frame.layer4 {
        dict.set_item("sequence", sequence)?;
        dict.set_item("acknowledgement", acknowledgement)?;
        dict.set_item("flags", flags)?;
    }
    Ok(())
}

/// One thing that lay around the frame.
fn around<'py>(py: Python<'py>, layer: &Layer) -> PyResult<Bound<'py, PyDict>> {
    let Layer { kind, id, qfi, vlan, source, destination } = *layer;
    let dict = PyDict::new(py);
    dict.set_item("kind", kind.name())?;
    dict.set_item("id", id)?;
    let numbers = [("qfi", qfi.map(u16::from)), ("vlan", vlan)];
    for (name, number) in numbers.into_iter().filter_map(|(name, number)| Some((name, number?))) {
        dict.set_item(name, number)?;
    }
    for (name, ip) in [("source", source), ("destination", destination)] {
        if let Some(ip) = ip {
            dict.set_item(name, ip.to_string())?;
        }
    }
    Ok(dict)
}
