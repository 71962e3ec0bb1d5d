//! What baseline and periods find, and the typed parameters that explain it.

use std::net::IpAddr;

#[derive(Clone, Debug, PartialEq)]
pub enum Param {
    Unsigned(u64),
    Signed(i64),
    Float(f64),
    Text(String),
    /// Inclusive stretches.
    Ranges(Vec<(u64, u64)>),
}

pub type Params = Vec<(&'static str, Param)>;

/// A message that leaves the baseline. Cheap to make: what explains it is built only when an alert opens.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Deviation {
    pub cause: &'static str,
    /// What folds inside cause, client and server.
    pub key: u64,
}

/// A finding about time: a poll that changed its rhythm or stopped. It may come without any message.
#[derive(Clone, Debug, PartialEq)]
pub struct TimedFinding {
    pub cause: &'static str,
    pub key: u64,
    pub segment: u16,
    pub client_ip: IpAddr,
    pub server_ip: IpAddr,
    pub protocol: &'static str,
    pub ts_ns: u64,
    pub params: Params,
}
