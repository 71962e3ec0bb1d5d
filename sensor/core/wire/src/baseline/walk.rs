//! A compiled table's bytes read once from front to back, without building its rows in memory; whatever is not in
//! canonical order is refused.

use std::cmp::Ordering;
use std::net::IpAddr;

use super::codec::{Flawed, Head, Read, Reader};
use super::table::{Operation, Order, Place, Poll};
use crate::limits;
use crate::value::Class;

/// What is done with the rows of one link, in the order in which they come.
pub trait Visitor<'a> {
    fn operation(&mut self, row: &Operation<'a>) -> Read<()>;
    fn space(&mut self, class: Class, space: &'a str, index: u32) -> Read<()>;
    fn stretch(&mut self, stretch: (u64, u64)) -> Read<()>;
    fn name(&mut self, name: &'a str) -> Read<()>;
    fn poll(&mut self, row: &Poll<'a>) -> Read<()>;
    fn order(&mut self, row: &Order) -> Read<()>;
}

/// Read the rows behind a link's head.
pub fn rows<'a>(reader: &mut Reader<'a>, visitor: &mut impl Visitor<'a>) -> Read<()> {
    for _ in 0..reader.count()? {
        visitor.operation(&reader.operation()?)?;
    }
    for _ in 0..reader.count()? {
        let (class, space, index) = reader.space()?;
        visitor.space(class, space, index)?;
        for _ in 0..reader.count()? {
            visitor.stretch(reader.stretch()?)?;
        }
        for _ in 0..reader.count()? {
            visitor.name(reader.text()?)?;
        }
    }
    for _ in 0..reader.count()? {
        visitor.poll(&reader.poll()?)?;
    }
    for _ in 0..reader.orders()? {
        visitor.order(&reader.order()?)?;
    }
    Ok(())
}

/// Rows must ascend: nothing stands there twice.
fn ascend<T: Ord>(before: &mut Option<T>, now: T, what: &'static str) -> Read<()> {
    if before.as_ref().is_some_and(|before| before.cmp(&now) != Ordering::Less) {
        return Err(Flawed::Content(what));
    }
    *before = Some(now);
    Ok(())
}

/// How many rows there are.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counts {
    pub operations: usize,
    pub spaces: usize,
    pub stretches: usize,
    pub names: usize,
    pub name_bytes: usize,
    pub polls: usize,
}

/// Counts the rows of a table and holds them against their canonical order.
#[derive(Default)]
pub struct Inspector<'a> {
    pub counts: Counts,
    tuples: usize,
    asset: Option<(&'a str, IpAddr)>,
    link: Option<(&'a str, IpAddr, IpAddr, &'a str)>,
    operation: Option<(u32, u8)>,
    space: Option<(u8, &'a str, u32)>,
    stretch_end: Option<u64>,
    name: Option<&'a str>,
    poll: Option<(u32, u8, u64)>,
    order: Option<(Place, Place, Place)>,
}

impl<'a> Inspector<'a> {
    pub fn asset(&mut self, segment: &'a str, ip: IpAddr, macs: &[[u8; 6]]) -> Read<()> {
        self.tuple()?;
        if !macs.is_sorted_by(|a, b| a < b) {
            return Err(Flawed::Content("MAC addresses out of order"));
        }
        ascend(&mut self.asset, (segment, ip), "assets out of order")
    }

    pub fn link(&mut self, head: &Head<'a>) -> Read<()> {
        self.tuple()?;
        (self.operation, self.space, self.poll, self.order) = (None, None, None, None);
        ascend(&mut self.link, (head.segment, head.client, head.server, head.protocol), "links out of order")
    }

    fn tuple(&mut self) -> Read<()> {
        self.tuples = self.tuples.saturating_add(1);
        if self.tuples > limits::BASELINE_TUPLES {
            return Err(Flawed::Content("more rows than fit"));
        }
        Ok(())
    }
}

fn one_more(count: &mut usize) {
    *count = count.saturating_add(1);
}

impl<'a> Visitor<'a> for Inspector<'a> {
    fn operation(&mut self, row: &Operation<'a>) -> Read<()> {
        one_more(&mut self.counts.operations);
        self.tuple()?;
        ascend(&mut self.operation, (row.code, row.class as u8), "operations out of order")
    }

    fn space(&mut self, class: Class, space: &'a str, index: u32) -> Read<()> {
        one_more(&mut self.counts.spaces);
        (self.stretch_end, self.name) = (None, None);
        ascend(&mut self.space, (class as u8, space, index), "address spaces out of order")
    }

    fn stretch(&mut self, (start, end): (u64, u64)) -> Read<()> {
        one_more(&mut self.counts.stretches);
        self.tuple()?;
        let apart = |before: u64| before.checked_add(1).is_some_and(|next| next < start);
        if start > end || !self.stretch_end.is_none_or(apart) {
            return Err(Flawed::Content("stretches out of order"));
        }
        self.stretch_end = Some(end);
        Ok(())
    }

    fn name(&mut self, name: &'a str) -> Read<()> {
        one_more(&mut self.counts.names);
        self.counts.name_bytes = self.counts.name_bytes.saturating_add(name.len());
        self.tuple()?;
        ascend(&mut self.name, name, "names out of order")
    }

    fn poll(&mut self, row: &Poll<'a>) -> Read<()> {
        one_more(&mut self.counts.polls);
        self.tuple()?;
        if !row.holds() {
            return Err(Flawed::Content("a poll with limits that contradict each other"));
        }
        ascend(&mut self.poll, (row.operation, row.class as u8, row.identity), "polls out of order")
    }

    fn order(&mut self, row: &Order) -> Read<()> {
        self.tuple()?;
        if !row.holds() {
            return Err(Flawed::Content("an order from nowhere or to nothing"));
        }
        ascend(&mut self.order, row.key(), "orders out of order")
    }
}
