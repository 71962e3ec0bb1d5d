//! Which request the next answer is for, where answers come in the order of their requests.

use std::collections::VecDeque;

use crate::limits::PENDING_REQUESTS;

/// Requests are numbered; what is remembered of them is bounded, the order is not.
#[derive(Debug)]
pub struct Queue<T> {
    asked: u64,
    answered: u64,
    waiting: VecDeque<(u64, T)>,
    /// Something was lost: an answer to nothing is no surprise.
    lost: bool,
}

impl<T> Default for Queue<T> {
    fn default() -> Self {
        Self { asked: 0, answered: 0, waiting: VecDeque::new(), lost: false }
    }
}

impl<T: Copy> Queue<T> {
    /// One more request; its reference.
    pub fn ask(&mut self, what: T) -> u64 {
        self.asked = self.asked.saturating_add(1);
        self.lost = false;
        if self.waiting.len() >= PENDING_REQUESTS {
            self.waiting.pop_front();
        }
        self.waiting.push_back((self.asked, what));
        self.asked
    }

    /// The reference of the request that the next answer is for, and what it was.
    pub fn answer(&mut self) -> (Option<u64>, Option<T>) {
        if self.answered >= self.asked {
            return ((!self.lost).then_some(self.asked.saturating_add(1)), None);
        }
        self.answered = self.answered.saturating_add(1);
        let what = self.peek_at(self.answered);
        if what.is_some() {
            self.waiting.pop_front();
        }
        (Some(self.answered), what)
    }

    /// What the next answer is for.
    pub fn peek(&mut self) -> Option<T> {
        self.peek_at(self.answered.saturating_add(1))
    }

    fn peek_at(&mut self, number: u64) -> Option<T> {
        self.waiting.front().filter(|(waiting, _)| *waiting == number).map(|(_, what)| *what)
    }

    /// Bytes were lost on either side: nobody knows any more who waits for what.
    pub fn lose(&mut self) {
        self.answered = self.asked;
        self.waiting.clear();
        self.lost = true;
    }

    pub fn kept_bytes(&self) -> usize {
        self.waiting.capacity().saturating_mul(size_of::<(u64, T)>())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn answers_come_in_order_however_many_wait() {
        let mut queue = Queue::default();
        for number in 1..=200u64 {
            assert_eq!(queue.ask(number), number);
        }
        for number in 1..=200 {
            let what = (number > 200 - PENDING_REQUESTS as u64).then_some(number);
            assert_eq!(queue.answer(), (Some(number), what));
        }
        assert_eq!(queue.answer(), (Some(201), None), "an answer to nothing");
        queue.ask(7);
        queue.lose();
        assert_eq!(queue.answer(), (None, None));
    }
}
