//! Segments: parts of a plant whose addresses may be used again elsewhere. Every key begins with one.
//!
//! Machine builders ship the same 192.168.0.x in every cell, and slices of a 5G network reuse inner addresses. A table
//! in the settings tells by interface, VLAN, or tunnel which part a frame belongs to.

use std::net::IpAddr;

use serde::Deserialize;

use crate::frame::{Frame, Path, TunnelKind};
use crate::hash::Map;
use crate::ledger::{add, Ledger};
use crate::limits::ADDRESSES;

/// One line of the table. What is left out fits every frame; the first line that fits counts.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Entry {
    pub name: String,
    /// Name of a capture interface, or of a file.
    pub interface: Option<String>,
    /// The frame's innermost VLAN, or one around it.
    pub vlan: Option<u16>,
    /// Number of the innermost virtual network (VXLAN, GENEVE, NVGRE).
    pub vni: Option<u32>,
    /// Endpoint of the innermost GTP-U tunnel.
    pub teid: Option<u32>,
}

const NETWORKS: [TunnelKind; 3] = [TunnelKind::Vxlan, TunnelKind::Geneve, TunnelKind::Nvgre];

/// What a line asks for: its columns that are filled, as numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
struct Asked {
    input: Option<u16>,
    vlan: Option<u16>,
    vni: Option<u32>,
    teid: Option<u32>,
}

/// Which of its columns a line fills.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Columns {
    input: bool,
    vlan: bool,
    vni: bool,
    teid: bool,
}

impl Columns {
    fn of(asked: &Asked) -> Self {
        Self {
            input: asked.input.is_some(),
            vlan: asked.vlan.is_some(),
            vni: asked.vni.is_some(),
            teid: asked.teid.is_some(),
        }
    }

    fn pick(self, all: &Asked) -> Asked {
        Asked {
            input: all.input.filter(|_| self.input),
            vlan: all.vlan.filter(|_| self.vlan),
            vni: all.vni.filter(|_| self.vni),
            teid: all.teid.filter(|_| self.teid),
        }
    }
}

/// Lines that fill the same columns: what each asks for, its place in the table and its segment.
type Group = (Columns, Map<Asked, (usize, u16)>);

/// The table, compiled: one look-up for each combination of filled columns that occurs, however many lines there are.
#[derive(Clone, Debug)]
pub struct Segments {
    names: Vec<String>,
    /// One for each combination that occurs.
    groups: Vec<Group>,
}

impl Default for Segments {
    /// Everything is one segment.
    fn default() -> Self {
        Self { names: vec!["default".to_owned()], groups: Vec::new() }
    }
}

impl Segments {
    /// Names in the order of their numbers, whatever the inputs.
    pub fn named(default: &str, entries: &[Entry]) -> Vec<String> {
        let mut names = vec![default.to_owned()];
        for entry in entries {
            if !names.contains(&entry.name) {
                names.push(entry.name.clone());
            }
        }
        names
    }

    /// `default` names segment 0, where everything goes that no line fits. `inputs`: names of interfaces or files in the
    /// order of their indices. A line whose interface is not among them fits nothing.
    ///
    /// # Errors
    /// More names than a number of 16 bits has room for.
    pub fn new(default: &str, entries: &[Entry], inputs: &[String]) -> Result<Self, String> {
        let names = Self::named(default, entries);
        let mut groups: Vec<Group> = Vec::new();
        for (place, entry) in entries.iter().enumerate() {
            let index = names.iter().position(|name| *name == entry.name).unwrap_or(0);
            let segment = u16::try_from(index).map_err(|_| "more than 65536 segments".to_owned())?;
            let wanted: Vec<Option<u16>> = match &entry.interface {
                None => vec![None],
                Some(name) => {
                    let named = inputs.iter().enumerate().filter(|(_, input)| *input == name);
                    named.filter_map(|(index, _)| u16::try_from(index).ok().map(Some)).collect()
                }
            };
            for input in wanted {
                let asked = Asked { input, vlan: entry.vlan, vni: entry.vni, teid: entry.teid };
                let columns = Columns::of(&asked);
                let group = match groups.iter_mut().find(|(of, _)| *of == columns) {
                    Some((_, group)) => group,
                    None => {
                        groups.push((columns, Map::default()));
                        let Some((_, group)) = groups.last_mut() else { continue };
                        group
                    }
                };
                group.entry(asked).or_insert((place, segment));
            }
        }
        Ok(Self { names, groups })
    }

    /// By index, as `of` gives them.
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// Segment of a frame: its input, its innermost VLAN, and what lies around it.
    #[inline]
    pub fn of(&self, input: u16, vlan: Option<u16>, path: &Path) -> u16 {
        if self.groups.is_empty() {
            0
        } else {
            self.look_up(input, vlan, path)
        }
    }

    fn look_up(&self, input: u16, vlan: Option<u16>, path: &Path) -> u16 {
        let (vni, teid) = (path.id_of(&NETWORKS), path.id_of(&[TunnelKind::GtpU]));
        let mut first: Option<(usize, u16)> = None;
        for (columns, group) in &self.groups {
            let mut try_vlan = |vlan| {
                let all = Asked { input: Some(input), vlan, vni, teid };
                if let Some(found) = group.get(&columns.pick(&all)) {
                    first = Some(first.map_or(*found, |first| first.min(*found)));
                }
            };
            try_vlan(vlan);
            if columns.vlan {
                path.layers().iter().for_each(|layer| match layer.kind {
                    TunnelKind::ServiceVlan => try_vlan(u16::try_from(layer.id).ok()),
                    _ => try_vlan(layer.vlan),
                });
            }
        }
        first.map_or(0, |(_, segment)| segment)
    }
}

/// Addresses that two stations of one segment seem to have: the sign that a segment should be split.
///
/// Seen when one address sends from several MAC addresses in several VLANs. A router does that too, for every address
/// that it forwards; but it lowers the time to live. So only frames count whose time to live is one that stations begin
/// with. Each address counts once. Bounded: beyond [`ADDRESSES`] new ones are not watched.
#[derive(Debug, Default)]
pub struct Doubles {
    first: Map<(u16, IpAddr), Sighting>,
    /// Until a second VLAN is seen, nothing can be in conflict, and nothing is remembered.
    only: Option<Option<u16>>,
    several: bool,
}

#[derive(Clone, Copy, Debug)]
struct Sighting {
    mac: [u8; 6],
    vlan: Option<u16>,
    told: bool,
}

/// Times to live that stations send with: operating systems, and embedded stacks.
const INITIAL_TTL: [u8; 6] = [30, 32, 60, 64, 128, 255];

impl Doubles {
    /// Take note of who sends from an address; counts `address_conflicts`.
    #[inline(always)]
    pub fn see(&mut self, segment: u16, frame: &Frame<'_>, ledger: &mut Ledger) {
        self.several |= *self.only.get_or_insert(frame.vlan) != frame.vlan;
        if self.several {
            // Not the frame itself, which then would have to stand in memory for every packet.
            self.compare((segment, frame.source), frame.source_mac, frame.vlan, frame.ttl, ledger);
        }
    }

    #[inline(never)]
    fn compare(&mut self, key: (u16, IpAddr), mac: [u8; 6], vlan: Option<u16>, ttl: u8, ledger: &mut Ledger) {
        if !INITIAL_TTL.contains(&ttl) {
            return;
        }
        if let Some(known) = self.first.get_mut(&key) {
            if known.mac != mac && known.vlan != vlan && !known.told {
                known.told = true;
                add(&mut ledger.notes.address_conflicts, 1);
            }
        } else if self.first.len() < ADDRESSES {
            self.first.insert(key, Sighting { mac, vlan, told: false });
        }
    }
}
