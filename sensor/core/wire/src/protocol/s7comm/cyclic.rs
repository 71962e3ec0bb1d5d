//! Cyclic data: asked for once, pushed from then on. The pushes bear the number of the job that the answer gave, and no
//! addresses.

use super::fields as slot;
use super::item::specifications;
use super::reader::Reader;
use super::value;
use crate::cursor::Short;
use crate::limits::S7_CYCLIC_JOBS;
use crate::value::{Part, Record};

/// Number of items, time base and factor of the interval, then the items' addresses.
pub fn asked(body: &mut Reader<'_>, mapped: bool, record: &mut Record) -> Result<(), Short> {
    let count = body.u16()?;
    body.skip(2)?;
    *body = specifications(*body, u8::try_from(count).unwrap_or(u8::MAX), record, |item, record| {
        if mapped {
            record.parts.push(item.part());
        }
    });
    Ok(())
}

/// Number of items, then their values: the answer to a cyclic job, and every push after it.
pub fn delivered(body: &mut Reader<'_>, mapped: bool, record: &mut Record) -> Result<(), Short> {
    let count = body.u16()?;
    record.set_u(slot::ITEM_COUNT, count);
    let count = u8::try_from(count).unwrap_or(u8::MAX);
    if mapped {
        value::parts(*body, count, record);
    }
    value::list(body, count, |_| 0, record)
}

struct Job {
    /// PDU reference of the question, before it was answered.
    asked: Option<u16>,
    number: u8,
    parts: Box<[Part]>,
}

/// What the cyclic jobs of a connection are about. Only where the plant has a table of points.
#[derive(Default)]
pub struct Cyclic(Vec<Job>);

impl Cyclic {
    #[cold]
    pub fn ask(&mut self, reference: u16, parts: &[Part]) {
        self.0.retain(|job| job.asked != Some(reference));
        if self.0.len() >= S7_CYCLIC_JOBS {
            self.0.remove(0);
        }
        self.0.push(Job { asked: Some(reference), number: 0, parts: parts.into() });
    }

    /// The station has given the job that was asked for this number.
    #[cold]
    pub fn begin(&mut self, reference: u16, number: u8) {
        if self.0.iter().any(|job| job.asked == Some(reference)) {
            self.0.retain(|job| job.asked.is_some() || job.number != number);
        }
        if let Some(job) = self.0.iter_mut().find(|job| job.asked == Some(reference)) {
            (job.asked, job.number) = (None, number);
        }
    }

    /// What a push is about.
    #[cold]
    pub fn recall(&self, number: u8, record: &mut Record) {
        let job = self.0.iter().find(|job| job.asked.is_none() && job.number == number);
        record.parts.extend(job.map(|job| job.parts.iter()).into_iter().flatten());
    }

    /// A job is given up: function, number of the job.
    #[cold]
    pub fn end(&mut self, mut body: Reader<'_>) {
        if let Ok([_, number]) = body.array::<2>() {
            self.0.retain(|job| job.asked.is_some() || job.number != *number);
        }
    }

    pub fn kept_bytes(&self) -> usize {
        let parts = self.0.iter().map(|job| job.parts.len().saturating_mul(size_of::<Part>()));
        parts.sum::<usize>().saturating_add(self.0.capacity().saturating_mul(size_of::<Job>()))
    }
}
