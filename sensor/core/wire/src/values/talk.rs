//! What one client asked of one server: which answer belongs to which request.

/// Requests of a link that wait for their answer. Masters keep a handful open; beyond it the oldest is forgotten, and its
/// answer is not looked at.
const WAITING: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Asked {
    port: u16,
    reference: u64,
    plan: u32,
}

/// Requests by their identity, and those that wait.
#[derive(Clone, Debug, Default)]
pub struct Talk {
    waiting: Vec<Asked>,
    plans: Vec<(u64, u32)>,
}

impl Talk {
    #[inline]
    pub fn plan(&self, identity: u64) -> Option<u32> {
        self.plans.iter().find(|(known, _)| *known == identity).map(|(_, plan)| *plan)
    }

    pub fn plans(&self) -> &[(u64, u32)] {
        &self.plans
    }

    pub fn add(&mut self, identity: u64, plan: u32) {
        self.plans.push((identity, plan));
    }

    #[inline]
    pub fn ask(&mut self, port: u16, reference: u64, plan: u32) {
        if self.waiting.len() >= WAITING {
            self.waiting.remove(0);
        }
        self.waiting.push(Asked { port, reference, plan });
    }

    /// The plan of the request that this answers.
    #[inline]
    pub fn answered(&mut self, port: u16, reference: u64) -> Option<u32> {
        let place = self.waiting.iter().rposition(|asked| (asked.port, asked.reference) == (port, reference))?;
        Some(self.waiting.remove(place).plan)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_finds_its_request_once() {
        let mut talk = Talk::default();
        for number in 0..20 {
            talk.ask(500, number, u32::try_from(number).unwrap());
        }
        assert_eq!(talk.answered(501, 19), None);
        assert_eq!((talk.answered(500, 19), talk.answered(500, 19)), (Some(19), None));
        assert_eq!((talk.answered(500, 3), talk.answered(500, 4)), (None, Some(4)));
    }
}
