//! The isolation forest of the anomaly model: trees that were learned elsewhere, walked here.
//! F. T. Liu, K. M. Ting, Z.-H. Zhou: Isolation Forest, ICDM 2008 (score: equation 2; c(n): equation 1).
//!
//! Scores are those of scikit-learn's `IsolationForest`, with the sign of the paper: values are single precision, one
//! that is at most the threshold goes left.

mod read;
mod score;

pub use read::VERSION;

/// A forest that was read and found sound: every walk from a root ends in a leaf within `Tree::depth` steps.
#[derive(Debug)]
pub struct Forest {
    width: usize,
    /// c(n) of the rows that each tree was grown from.
    usual: f64,
    trees: Vec<Tree>,
}

/// Nodes in breadth-first order: siblings lie side by side, and what most walks visit lies in front.
#[derive(Debug, Default)]
struct Tree {
    depth: usize,
    nodes: Vec<Node>,
    /// Beside each node: for a leaf its depth, and c(n) of the rows that ended there.
    lengths: Vec<f64>,
    /// Beside each node: whether what is no number goes left. Rarely looked at.
    unknown_left: Vec<bool>,
}

/// Eight bytes. A leaf is its own left child and nothing exceeds its threshold: a walk that has arrived stays.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// The largest single not above the file's threshold: which for singles decides the same.
    threshold: f32,
    feature: u16,
    /// Its place in the tree; the right child is the next one.
    left: u16,
}

impl Node {
    const LEAF: f32 = f32::INFINITY;
}

impl Forest {
    /// Features of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    pub fn trees(&self) -> usize {
        self.trees.len()
    }
}
