//! stub
use crate::event::{Event, LinkFacts};
use crate::finding::{Deviation, Params, TimedFinding};
use std::net::IpAddr;
#[derive(Clone, Copy, Debug, Default)]
pub struct LearnSettings;
pub struct Learner;
impl Learner {
    pub fn new(_s: LearnSettings) -> Self {
        Self
    }
    pub fn observe(&mut self, _e: &Event<'_>, _n: u64) {}
    pub fn finish(&mut self, _e: u64) -> Vec<u8> {
        Vec::new()
    }
}
pub struct Baseline;
impl Baseline {
    pub fn from_bytes(_b: &[u8]) -> Result<Self, String> {
        Ok(Self)
    }
    pub fn link(&self, _s: u16, _c: IpAddr, _v: IpAddr, _p: &str) -> Option<u32> {
        None
    }
    pub fn facts(&self, _l: Option<u32>, _e: &Event<'_>) -> LinkFacts {
        LinkFacts::default()
    }
    pub fn check(&self, _l: Option<u32>, _e: &Event<'_>, _o: &mut Vec<Deviation>) {}
    pub fn params(&self, _d: &Deviation, _e: &Event<'_>) -> Params {
        Vec::new()
    }
}
#[derive(Clone, Copy, Debug, Default)]
pub struct PeriodSettings;
pub struct Periods;
impl Periods {
    pub fn new(_b: &Baseline, _s: PeriodSettings) -> Self {
        Self
    }
    pub fn observe(&mut self, _l: Option<u32>, _e: &Event<'_>, _n: u64, _o: &mut Vec<TimedFinding>) {}
    pub fn tick(&mut self, _n: u64, _o: &mut Vec<TimedFinding>) {}
}
