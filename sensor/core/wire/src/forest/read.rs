//! A forest's bytes, little-endian; `detectors/anomaly/compiled.py` writes them.
//!
//! ```text
//! "OTUSTREE" | version u16 | features u16 | c(n) of a tree's rows f64 | trees u32
//! each tree: nodes u32, then each, the root first, children behind their parent:
//!   left u32 | right u32 | feature u16 | unknown u8 | number f64
//! ```
//! A node is named by its place in its tree. Left and right are 0 in a leaf, whose number is its path length: its depth,
//! and c(n) of the rows that ended there. Elsewhere the number is the threshold, and `unknown` is 1 where what is no
//! number goes left.

use std::collections::VecDeque;

use super::{Forest, Node, Tree};
use crate::cursor::{Cursor, Short};
use crate::limits::{FOREST_DEPTH, FOREST_FEATURES, FOREST_NODES, FOREST_TREES};

const MAGIC: &[u8; 8] = b"OTUSTREE";
pub const VERSION: u16 = 1;

enum Flawed {
    Short,
    Content(&'static str),
}

impl From<Short> for Flawed {
    fn from(Short: Short) -> Self {
        Flawed::Short
    }
}

type Read<T> = Result<T, Flawed>;

/// A node as the file has it.
#[derive(Clone, Copy)]
struct Row {
    left: u32,
    right: u32,
    feature: u16,
    unknown_left: bool,
    number: f64,
}

impl Forest {
    /// Read a compiled forest. Whatever the bytes are, the answer is a sound forest or one line that says what is wrong.
    pub fn read(bytes: &[u8]) -> Result<Self, String> {
        let mut cursor = Cursor::new(bytes);
        if cursor.take(MAGIC.len()) != Ok(MAGIC) {
            return Err("this is not a compiled forest".into());
        }
        match cursor.u16_le() {
            Ok(VERSION) => {}
            Ok(version) => return Err(format!("the forest has format {version}, this version reads {VERSION}")),
            Err(Short) => return Err("the forest is cut off".into()),
        }
        let found = forest(&mut cursor).map_err(|error| match error {
            Flawed::Short => format!("the forest is cut off or damaged ({} bytes)", bytes.len()),
            Flawed::Content(what) => format!("the forest is damaged: {what} before byte {}", cursor.position()),
        })?;
        if !cursor.is_empty() {
            return Err(format!("the forest is damaged: {} bytes follow its end", cursor.remaining()));
        }
        Ok(found)
    }
}

fn forest(cursor: &mut Cursor) -> Read<Forest> {
    let width = usize::from(cursor.u16_le()?);
    if !(1..=FOREST_FEATURES).contains(&width) {
        return Err(Flawed::Content("a number of features that no model has"));
    }
    let usual = length(cursor)?;
    let count = cursor.u32_le()? as usize;
    if !(1..=FOREST_TREES).contains(&count) {
        return Err(Flawed::Content("a number of trees that no model has"));
    }
    // Memory grows with what is there: a tree takes at least the bytes of one node.
    let trees = (0..count).map(|_| tree(cursor, width)).collect::<Read<Vec<Tree>>>()?;
    Ok(Forest { width, usual, trees })
}

fn length(cursor: &mut Cursor) -> Read<f64> {
    let length = f64::from_bits(cursor.u64_le()?);
    if length.is_finite() && length >= 0.0 {
        Ok(length)
    } else {
        Err(Flawed::Content("a path length that cannot be"))
    }
}

fn tree(cursor: &mut Cursor, width: usize) -> Read<Tree> {
    let count = cursor.u32_le()?;
    if count == 0 || count as usize > FOREST_NODES {
        return Err(Flawed::Content("a number of nodes that no tree has"));
    }
    let mut rows = Vec::new();
    for place in 0..count {
        rows.push(row(cursor, place, count, width)?);
    }
    laid_out(&rows)
}

/// One node. Its children stand behind it, and inside the tree.
fn row(cursor: &mut Cursor, place: u32, count: u32, width: usize) -> Read<Row> {
    let (left, right, feature) = (cursor.u32_le()?, cursor.u32_le()?, cursor.u16_le()?);
    let unknown_left = match cursor.u8()? {
        0 => false,
        1 => true,
        _ => return Err(Flawed::Content("a node that is neither left nor right for what is no number")),
    };
    if (left, right) == (0, 0) {
        if feature != 0 || unknown_left {
            return Err(Flawed::Content("a leaf that asks something"));
        }
        return Ok(Row { left, right, feature, unknown_left, number: length(cursor)? });
    }
    let number = f64::from_bits(cursor.u64_le()?);
    if usize::from(feature) >= width {
        return Err(Flawed::Content("a feature that is not there"));
    }
    if !number.is_finite() {
        return Err(Flawed::Content("a threshold that is no number"));
    }
    if left == right || [left, right].iter().any(|child| *child <= place || *child >= count) {
        return Err(Flawed::Content("a child that does not stand behind its parent"));
    }
    Ok(Row { left, right, feature, unknown_left, number })
}

/// Lay a tree out breadth first. Each node is put down once: children stand behind their parents, so no way comes back
/// to where it was, and a node that two parents share is refused.
fn laid_out(rows: &[Row]) -> Read<Tree> {
    let mut tree = Tree::default();
    let mut taken = vec![false; rows.len()];
    let mut waiting = VecDeque::from([(0_u32, 0_usize)]);
    while let Some((place, depth)) = waiting.pop_front() {
        let row = *rows.get(place as usize).ok_or(Flawed::Short)?;
        if taken.get_mut(place as usize).is_none_or(|taken| std::mem::replace(taken, true)) {
            return Err(Flawed::Content("a node with two parents"));
        }
        if depth > FOREST_DEPTH {
            return Err(Flawed::Content("a tree deeper than any of a model"));
        }
        tree.depth = depth;
        // The children of those that wait are put down before this one's.
        let here = tree.nodes.len();
        let leaf = (row.left, row.right) == (0, 0);
        let left = if leaf { here } else { here.saturating_add(waiting.len()).saturating_add(1) };
        tree.nodes.push(Node {
            threshold: if leaf { Node::LEAF } else { at_most(row.number) },
            feature: row.feature,
            left: u16::try_from(left).map_err(|_| Flawed::Content("a number of nodes that no tree has"))?,
        });
        tree.lengths.push(if leaf { row.number } else { 0.0 });
        tree.unknown_left.push(row.unknown_left || leaf);
        if !leaf {
            waiting.extend([(row.left, depth.saturating_add(1)), (row.right, depth.saturating_add(1))]);
        }
    }
    if tree.nodes.len() != rows.len() {
        return Err(Flawed::Content("a node without a parent"));
    }
    Ok(tree)
}

/// The largest single that is not above a number: x ≤ one is x ≤ the other for every single x.
#[allow(clippy::cast_possible_truncation)] // the nearest single is wanted
fn at_most(number: f64) -> f32 {
    let nearest = number as f32;
    if f64::from(nearest) > number {
        nearest.next_down()
    } else {
        nearest
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_single_decides_as_the_double_does() {
        for number in [0.0, -0.0, 0.1, -0.1, 1.0, 1e-300, -1e-300, 1e300, -1e300, f64::MAX, f64::MIN, 16_777_217.0] {
            let single = at_most(number);
            for value in [single.next_down(), single, single.next_up(), f32::INFINITY, f32::NEG_INFINITY, 0.0, 0.1] {
                assert_eq!(value <= single, f64::from(value) <= number, "{value} and {number}");
            }
        }
    }
}
