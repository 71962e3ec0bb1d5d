//! What lay around a frame: the tunnels it came through and the tags around its own, outermost first. Kept as evidence.

use std::hash::{BuildHasher, Hash};
use std::net::IpAddr;

use crate::hash::Seeded;
use crate::limits::TUNNELS;

#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TunnelKind {
    /// An outer VLAN tag (802.1ad); id: VLAN.
    ServiceVlan,
    /// A label stack; id: its bottom label, which names the service.
    Mpls,
    /// id: session.
    Pppoe,
    /// id: key, 0 without one.
    Gre,
    /// GRE with Ethernet inside and a virtual subnet as key; id: virtual subnet.
    Nvgre,
    /// id: session, 0 in type I.
    Erspan,
    /// id: network (VNI).
    Vxlan,
    /// id: network (VNI).
    Geneve,
    /// id: tunnel endpoint (TEID).
    GtpU,
    /// IP in IP; id: 0.
    Ip,
}

impl TunnelKind {
    pub fn name(self) -> &'static str {
        match self {
            Self::ServiceVlan => "service_vlan",
            Self::Mpls => "mpls",
            Self::Pppoe => "pppoe",
            Self::Gre => "gre",
            Self::Nvgre => "nvgre",
            Self::Erspan => "erspan",
            Self::Vxlan => "vxlan",
            Self::Geneve => "geneve",
            Self::GtpU => "gtpu",
            Self::Ip => "ip",
        }
    }
}

/// One thing around a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Layer {
    pub kind: TunnelKind,
    /// What tells one tunnel of its kind from another; see [`TunnelKind`].
    pub id: u32,
    /// QoS flow of a 5G session (3GPP TS 38.415).
    pub qfi: Option<u8>,
    /// The innermost tag of the frame that carried it.
    pub vlan: Option<u16>,
    /// Addresses of the datagram that carried it, where one did.
    pub source: Option<IpAddr>,
    pub destination: Option<IpAddr>,
}

const EMPTY: Layer =
    Layer { kind: TunnelKind::ServiceVlan, id: 0, qfi: None, vlan: None, source: None, destination: None };

/// At most [`TUNNELS`] layers.
#[derive(Clone, Copy, Debug)]
pub struct Path {
    layers: [Layer; TUNNELS],
    len: usize,
}

impl Default for Path {
    fn default() -> Self {
        Self { layers: [EMPTY; TUNNELS], len: 0 }
    }
}

impl Path {
    #[inline]
    pub fn clear(&mut self) {
        self.len = 0;
    }

    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }

    /// Outermost first.
    #[inline]
    pub fn layers(&self) -> &[Layer] {
        self.layers.get(..self.len).unwrap_or_default()
    }

    /// Id of the innermost layer of one of these kinds.
    pub fn id_of(&self, kinds: &[TunnelKind]) -> Option<u32> {
        self.layers().iter().rev().find(|layer| kinds.contains(&layer.kind)).map(|layer| layer.id)
    }

    /// A number for the path as a whole; 0 for the empty one.
    #[inline]
    pub fn digest(&self) -> u32 {
        if self.is_empty() {
            0
        } else {
            self.hashed()
        }
    }

    #[cold]
    fn hashed(&self) -> u32 {
        let hash = Seeded::default().hash_one(self.layers());
        u32::try_from(hash >> 32).unwrap_or(u32::MAX).max(1)
    }

    /// `None`: as many layers as are opened are there already.
    #[must_use]
    pub(super) fn push(&mut self, layer: Layer) -> Option<()> {
        *self.layers.get_mut(self.len)? = layer;
        self.len = self.len.saturating_add(1);
        Some(())
    }

    /// Back to the first `len` layers.
    pub(super) fn cut(&mut self, len: usize) {
        self.len = self.len.min(len);
    }
}

impl PartialEq for Path {
    fn eq(&self, other: &Self) -> bool {
        self.layers() == other.layers()
    }
}

impl Eq for Path {}

impl Hash for Path {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.layers().hash(state);
    }
}
