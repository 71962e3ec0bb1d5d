//! What the rooms behind the parsers remember of a conversation. It lives in the flow, so that nothing that stays the
//! same from message to message is looked up again.

use crate::baseline::Mark;

/// Handles into rooms. Each room checks that its own is still good before it trusts it.
#[derive(Clone, Copy, Debug, Default)]
pub struct Marks {
    /// The tables' generation that `known` was asked under: a reload makes it stale.
    pub generation: u32,
    /// What the baseline and the watch on its polls gave out.
    pub known: Mark,
    /// Place of the conversation's running window, as `windows` gave it out.
    pub window: u64,
    /// The conversation's latest packet, in the ring of `evidence`; 0: none.
    pub evidence: u64,
}
