//! What a conversation remembers of the baseline, so that nothing is looked up for each of its messages.

/// Good for the baseline that gave it, and for the [`super::Periods`] made of that. The default knows nothing yet.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark {
    /// One of the three below, or behind them the number of a learned link.
    link: u32,
    /// Polls by their number, from one: the one that was asked last, and the one that is asked next if the master keeps
    /// its turn. A guess that is wrong costs a look-up and nothing else: it is compared before it is believed.
    last: u32,
    next: u32,
}

const UNASKED: u32 = 0;
/// The link was not learned; its stations were, or one of them was not.
const NEW_LINK: u32 = 1;
const STRANGERS: u32 = 2;
const LEARNED: u32 = 3;

impl Mark {
    /// There is no baseline.
    pub const NOBODY: Self = Self { link: NEW_LINK, last: 0, next: 0 };

    pub(super) fn learned(link: u32) -> Self {
        Self { link: link.saturating_add(LEARNED), ..Self::default() }
    }

    pub(super) fn new_link(strangers: bool) -> Self {
        Self { link: if strangers { STRANGERS } else { NEW_LINK }, ..Self::default() }
    }

    /// A baseline was asked about the conversation.
    #[inline]
    pub fn is_asked(self) -> bool {
        self.link != UNASKED
    }

    /// The number of the learned link.
    #[inline]
    pub fn link(self) -> Option<u32> {
        self.link.checked_sub(LEARNED)
    }

    /// The link was not learned, nor was one of the two stations.
    #[inline]
    pub(super) fn strangers(self) -> bool {
        self.link == STRANGERS
    }

    /// The number of the poll that comes next, if the master keeps its turn.
    #[inline]
    pub(super) fn expected(self) -> Option<u32> {
        self.next.checked_sub(1)
    }

    /// The poll that came before.
    #[inline]
    pub(super) fn before(self) -> Option<u32> {
        self.last.checked_sub(1)
    }

    #[inline]
    pub(super) fn polled(&mut self, number: u32, next: u32) {
        (self.last, self.next) = (number.wrapping_add(1), next.wrapping_add(1));
    }
}
