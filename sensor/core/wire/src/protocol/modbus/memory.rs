//! The last questions with a sub-function: their exceptions, and all of UMAS's answers, do not repeat it.

use crate::value::Record;

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// Lower half of the record's reference: transaction and unit.
    key: u32,
    pub sub: u16,
    code: u8,
    /// UMAS: it came in a signed envelope, and so will its answer.
    pub signed: bool,
}

/// Questions of one conversation whose answers have not come. Engineering software asks one at a time; beyond four the
/// oldest is forgotten, and its answer is told without what it means.
const QUESTIONS: usize = 4;

/// Most conversations never ask such a question, and have a word for it.
#[derive(Default)]
pub struct Memory(Option<Box<[Question; QUESTIONS]>>);

impl Memory {
    pub fn ask(&mut self, record: &Record, code: u8, sub: u16, signed: bool) {
        let Some(key) = key(record) else { return };
        let questions = self.0.get_or_insert_default();
        questions.rotate_right(1);
        if let Some(first) = questions.first_mut() {
            *first = Question { key, sub, code, signed };
        }
    }

    /// The latest question of that function that this record answers; it is forgotten.
    pub fn answered(&mut self, record: &Record, code: u8) -> Option<Question> {
        let key = key(record)?;
        let questions = self.0.as_deref_mut()?;
        let found = questions.iter_mut().find(|question| question.code == code && question.key == key)?;
        Some(std::mem::take(found))
    }
}

fn key(record: &Record) -> Option<u32> {
    #[allow(clippy::cast_possible_truncation)] // framing is the same all along
    record.reference.map(|reference| reference as u32)
}
