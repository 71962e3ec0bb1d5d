//! One clear line for a person: which input, what is wrong with it, and the way out.

use std::fmt;
use std::io;
use std::path::Path;

/// Why an input could not be opened, or why a source ended before its time. `Display` is one line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Error {
    message: String,
}

impl Error {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self { message: message.into() }
    }

    /// `input: what is wrong with it`.
    pub(crate) fn about(input: &str, problem: impl fmt::Display) -> Self {
        Self { message: format!("{input}: {problem}") }
    }

    /// A file that the operating system would not give us.
    pub(crate) fn of_file(input: &str, error: &io::Error) -> Self {
        match error.kind() {
            io::ErrorKind::NotFound => Self::about(input, "no such file; check the path"),
            io::ErrorKind::PermissionDenied => {
                Self::about(input, "no permission to read it; run as its owner or make it readable for this user")
            }
            io::ErrorKind::IsADirectory => Self::about(input, "is a directory; name the capture files in it"),
            io::ErrorKind::Interrupted => Self::about(input, "interrupted while waiting for its first bytes"),
            _ if error.raw_os_error() == Some(libc::EMFILE) => {
                Self::about(input, "too many open files; give fewer files at once or raise `ulimit -n`")
            }
            _ => Self::about(input, format_args!("cannot be read ({error})")),
        }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.message)
    }
}

impl std::error::Error for Error {}

/// A file that the operating system would not take.
pub(crate) fn unwritable(name: &str, error: &io::Error) -> Error {
    let way_out = match error.kind() {
        io::ErrorKind::StorageFull => "the disk is full; make room or choose another disk".to_owned(),
        io::ErrorKind::PermissionDenied => "no permission to write it; choose another folder".to_owned(),
        io::ErrorKind::NotFound => "its folder does not exist; create it first".to_owned(),
        _ => format!("cannot be written ({error})"),
    };
    Error::about(name, way_out)
}

/// A path as it may stand in a one-line message: control characters (a newline in a file name) are escaped.
pub(crate) fn printable(path: &Path) -> String {
    let mut text = String::new();
    for letter in path.to_string_lossy().chars() {
        if letter.is_control() {
            text.extend(letter.escape_default());
        } else {
            text.push(letter);
        }
    }
    text
}
