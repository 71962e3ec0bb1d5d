//! Every message on its way out, in the shape that was asked for. Each shard has one; what they hold is put in order
//! behind them.

use crate::columns::{Columns, Part};
use crate::engine::Lines;
use crate::event::Event;
use crate::print::{csv, Names, Printer};
use crate::protocol;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Shape {
    #[default]
    Ndjson,
    Csv,
    Columns,
}

/// What is wanted of every message.
#[derive(Clone, Debug, Default)]
pub struct Wanted {
    shape: Shape,
    /// Only messages of these protocols (places in `PROTOCOLS`); empty: of all.
    only: Vec<usize>,
}

impl Wanted {
    /// `only`: names of protocols; none: all. Err: the name that is none of ours.
    pub fn new(shape: Shape, only: &[String]) -> Result<Self, String> {
        let place = |name: &String| protocol::place(name).ok_or_else(|| name.clone());
        let mut only = only.iter().map(place).collect::<Result<Vec<_>, _>>()?;
        only.sort_unstable();
        only.dedup();
        Ok(Self { shape, only })
    }

    /// Protocols whose columns a table has.
    fn protocols(&self) -> Vec<usize> {
        if self.only.is_empty() {
            (0..protocol::count()).collect()
        } else {
            self.only.clone()
        }
    }

    /// The line of names that a table of text begins with; empty where the shape has none.
    pub fn header(&self, names: &Names) -> Vec<u8> {
        let mut line = Vec::new();
        if self.shape == Shape::Csv {
            csv::header(&mut line, &self.protocols(), names);
        }
        line
    }
}

/// Messages of one shard, printed or put into columns since they were last taken.
pub struct Export {
    pub lines: Lines,
    columns: Option<Columns>,
    /// Lines of CSV, when these were asked for.
    csv: Option<csv::Rows>,
    only: Vec<usize>,
    printer: Printer,
}

impl Export {
    pub fn new(wanted: &Wanted) -> Self {
        Self {
            lines: Lines::default(),
            columns: (wanted.shape == Shape::Columns).then(|| Columns::new(&wanted.only)),
            csv: (wanted.shape == Shape::Csv).then(|| csv::Rows::new(&wanted.protocols())),
            only: wanted.only.clone(),
            printer: Printer::default(),
        }
    }

    /// Whether messages of the protocol at that place were asked for by its name, and not all there are.
    pub fn names(&self, protocol: usize) -> bool {
        self.only.contains(&protocol) && self.only.len() < protocol::count()
    }

    /// One message; `order` is its place in the order of everything.
    #[inline]
    pub fn push(&mut self, event: &Event<'_>, names: &Names, order: u64) {
        if !self.only.is_empty() && !self.only.contains(&event.protocol) {
            return;
        }
        if let Some(columns) = self.columns.as_mut() {
            return columns.push(event, names, order);
        }
        match &mut self.csv {
            Some(rows) => rows.event(&mut self.lines.bytes, event, names),
            None => self.printer.event(&mut self.lines.bytes, event, names),
        }
        self.lines.end(order);
    }

    /// Inputs and segments are called otherwise from now on.
    pub fn renamed(&mut self) {
        self.printer = Printer::default();
        self.csv.iter_mut().for_each(csv::Rows::renamed);
    }

    /// Rows in columns that wait to be taken.
    pub fn rows(&self) -> usize {
        self.columns.as_ref().map_or(0, Columns::waiting)
    }

    /// All rows so far. The first time at least one part, for the sake of its columns.
    pub fn parts(&mut self, names: &Names) -> Vec<Part> {
        self.columns.as_mut().map(|columns| columns.take(names, true)).unwrap_or_default()
    }
}
