//! The last questions of a connection, so that an answer can be read: a bare acknowledgement names no function, and
//! the types of values that were read stand in the question only.

use super::item::Item;
use crate::value::Class;

/// Jobs one connection may have open; S7 stations agree on 1 to 8, larger ones on 16 or more and rarely use them.
const QUESTIONS: usize = 8;
/// Items of one job whose types are remembered; S7 stations allow 20.
pub const ITEMS: usize = 20;

#[derive(Clone, Copy, Debug)]
pub struct Question {
    pub pdu_reference: u16,
    pub from_client: bool,
    pub userdata: bool,
    /// Asks for the next part of an answer that is already under way.
    pub continues: bool,
    pub operation: u32,
    pub name: &'static str,
    pub class: Class,
    /// Transport sizes of the items, 0 where it is not known.
    pub sizes: [u8; ITEMS],
    pub items: usize,
}

impl Question {
    pub fn size(&self, item: usize) -> u8 {
        self.sizes.get(item).copied().unwrap_or(0)
    }

    pub fn remember(&mut self, items: impl Iterator<Item = Item>) {
        for item in items {
            if let Some(size) = self.sizes.get_mut(self.items) {
                *size = item.transport;
            }
            self.items = self.items.saturating_add(1);
        }
    }
}

/// Empty until the first question: most connections that look like S7 never ask one.
#[derive(Default)]
pub struct Memory {
    questions: Vec<Question>,
    oldest: usize,
}

impl Memory {
    pub fn ask(&mut self, question: Question) {
        let same = |known: &Question| {
            known.pdu_reference == question.pdu_reference
                && known.from_client == question.from_client
                && known.userdata == question.userdata
        };
        if let Some(known) = self.questions.iter_mut().find(|known| same(known)) {
            *known = question;
        } else if self.questions.len() < QUESTIONS {
            self.questions.push(question);
        } else if let Some(oldest) = self.questions.get_mut(self.oldest) {
            *oldest = question;
            self.oldest = self.oldest.wrapping_add(1) % QUESTIONS;
        }
    }

    /// The question with that number asked by that side. A bare acknowledgement (`userdata` unknown) may answer either.
    pub fn asked(&self, pdu_reference: u16, by_client: bool, userdata: Option<bool>) -> Option<&Question> {
        self.questions.iter().find(|known| {
            known.pdu_reference == pdu_reference
                && known.from_client == by_client
                && userdata.is_none_or(|wanted| wanted == known.userdata)
        })
    }

    pub fn clear(&mut self) {
        self.questions.clear();
        self.oldest = 0;
    }

    pub fn kept_bytes(&self) -> usize {
        self.questions.capacity().saturating_mul(size_of::<Question>())
    }
}
