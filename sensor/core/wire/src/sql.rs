//! The first word of an SQL statement: what it does, without what it holds. ISO/IEC 9075-2, and the words that
//! SQL Server, MySQL and PostgreSQL have beside it.

use crate::value::Class;

/// Letters of the longest word that is known.
const LONGEST: usize = 10;

/// The statement's first word and what it does to the database; comments before it are passed over.
pub fn keyword(statement: impl Iterator<Item = u8>) -> (&'static str, Class) {
    let mut word = [0u8; LONGEST];
    let mut length = 0usize;
    let mut letters = Start { inner: statement.peekable() };
    letters.skip_to_word();
    while let Some(letter) = letters.inner.next_if(u8::is_ascii_alphabetic) {
        let Some(place) = word.get_mut(length) else { return ("other", Class::Other) };
        *place = letter.to_ascii_uppercase();
        length = length.saturating_add(1);
    }
    named(word.get(..length).unwrap_or_default())
}

fn named(word: &[u8]) -> (&'static str, Class) {
    match word {
        b"SELECT" => ("select", Class::Read),
        b"WITH" => ("with", Class::Read),
        b"FETCH" => ("fetch", Class::Read),
        b"SHOW" => ("show", Class::Discover),
        b"DESCRIBE" | b"DESC" => ("describe", Class::Discover),
        b"EXPLAIN" => ("explain", Class::Diagnose),
        b"INSERT" => ("insert", Class::Write),
        b"UPDATE" => ("update", Class::Write),
        b"DELETE" => ("delete", Class::Write),
        b"MERGE" => ("merge", Class::Write),
        b"REPLACE" => ("replace", Class::Write),
        b"COPY" => ("copy", Class::Write),
        b"LOAD" => ("load", Class::Write),
        b"BULK" => ("bulk", Class::Write),
        b"TRUNCATE" => ("truncate", Class::Write),
        b"CREATE" => ("create", Class::Program),
        b"ALTER" => ("alter", Class::Program),
        b"DROP" => ("drop", Class::Program),
        b"RENAME" => ("rename", Class::Program),
        b"GRANT" => ("grant", Class::Program),
        b"REVOKE" => ("revoke", Class::Program),
        b"BACKUP" => ("backup", Class::Program),
        b"RESTORE" => ("restore", Class::Program),
        b"EXEC" | b"EXECUTE" => ("execute", Class::Control),
        b"CALL" => ("call", Class::Control),
        b"DO" => ("do", Class::Control),
        b"KILL" => ("kill", Class::Control),
        b"SHUTDOWN" => ("shutdown", Class::Control),
        b"DECLARE" => ("declare", Class::Other),
        b"IF" => ("if", Class::Other),
        b"SET" => ("set", Class::Session),
        b"USE" => ("use", Class::Session),
        b"BEGIN" => ("begin", Class::Session),
        b"START" => ("start", Class::Session),
        b"COMMIT" => ("commit", Class::Session),
        b"ROLLBACK" => ("rollback", Class::Session),
        _ => ("other", Class::Other),
    }
}

struct Start<I: Iterator<Item = u8>> {
    inner: std::iter::Peekable<I>,
}

impl<I: Iterator<Item = u8>> Start<I> {
    /// Past blanks, brackets and comments (`-- …`, `# …`, `/* … */`).
    fn skip_to_word(&mut self) {
        while let Some(next) = self.inner.next_if(|byte| !byte.is_ascii_alphabetic()) {
            match next {
                b'#' => self.skip_line(),
                b'-' if self.inner.next_if_eq(&b'-').is_some() => self.skip_line(),
                b'/' if self.inner.next_if_eq(&b'*').is_some() => self.skip_block(),
                b' ' | b'\t' | b'\r' | b'\n' | b'(' | b';' => {}
                _ => return,
            }
        }
    }

    fn skip_line(&mut self) {
        while self.inner.next_if(|byte| *byte != b'\n').is_some() {}
    }

    fn skip_block(&mut self) {
        let mut star = false;
        for byte in self.inner.by_ref() {
            if star && byte == b'/' {
                return;
            }
            star = byte == b'*';
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_word_tells() {
        for (statement, wanted) in [
            ("select 1", "select"),
            ("  \r\n( SELECT 1)", "select"),
            ("/* who */ -- why\n DROP TABLE t", "drop"),
            ("exec xp_cmdshell 'dir'", "execute"),
            ("selects", "other"),
            ("a_very_long_first_word", "other"),
            ("@x", "other"),
            ("/* never ends", "other"),
            ("", "other"),
        ] {
            assert_eq!(keyword(statement.bytes()).0, wanted, "{statement}");
        }
    }
}
