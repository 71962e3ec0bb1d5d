//! stub
use crate::event::Event;
use std::net::IpAddr;
pub const FEATURES: &[&str] = &["a"; 12];
#[derive(Clone, Debug)]
pub struct Row {
    pub start_ns: u64,
    pub end_ns: u64,
    pub segment: u16,
    pub client_ip: IpAddr,
    pub server_ip: IpAddr,
    pub protocol: &'static str,
    pub features: [f64; 12],
}
pub struct Windows;
impl Windows {
    pub fn new(_w: u64) -> Self {
        Self
    }
    pub fn observe(&mut self, _e: &Event<'_>, _n: u64) {}
    pub fn tick(&mut self, _n: u64, _o: &mut Vec<Row>) {}
    pub fn finish(&mut self, _n: u64, _o: &mut Vec<Row>) {}
}
