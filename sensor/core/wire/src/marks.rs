//! What the rooms behind the parsers remember of a conversation. It lives in the flow, so that nothing that stays the
//! same from message to message is looked up again.

use crate::baseline::{Mark, Trail};
use crate::rules::Narrowed;

/// Handles into rooms. Each room checks that its own is still good before it trusts it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    /// The tables' generation that `known` and `rules` were asked under: a reload makes them stale.
    pub generation: u32,
    /// The fold that the conversation hit last, as `folder` calls it; 0: none.
    pub fold: u32,
    /// What the baseline and the watch on its polls gave out.
    pub known: Mark,
    /// What its client asked for last; it needs no baseline.
    pub trail: Trail,
    /// What its stations leave possible of the rules; asked together with `known`.
    pub rules: Narrowed,
    /// Place of the conversation's running window, as `windows` gave it out.
    pub window: u64,
    /// The conversation's latest packet, in the ring of `evidence`; 0: none.
    pub evidence: u64,
}
