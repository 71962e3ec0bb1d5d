//! What a file is, told by its first bytes: a program, a script, the test file of the antivirus makers. Nothing of it is
//! kept; what is of no interest here has no name.
//!
//! EICAR, "Anti-Malware Testfile" (the 68 bytes a file begins with); Microsoft PE Format, "MS-DOS Stub" (offset 0x3c);
//! System V ABI, "ELF Identification"; MS-SHLLINK 2.1 (header size and class of a shortcut).

/// Bytes that the longest of them takes.
pub const FRONT: usize = 68;

/// What the front of a file says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Told {
    Kind(&'static str),
    /// It may be one of them: a few bytes more will tell.
    Short,
    Nothing,
}

/// The test file, each byte turned over, so that neither this source nor what is built of it is one.
const EICAR: [u8; FRONT] = {
    let mut made = [0; FRONT];
    let turned = b"\xa7\xca\xb0\xde\xaf\xda\xbf\xbe\xaf\xa4\xcb\xa3\xaf\xa5\xa7\xca\xcb\xd7\xaf\xa1\xd6\xc8\xbc\xbc\xd6\xc8\x82\xdb\
        \xba\xb6\xbc\xbe\xad\xd2\xac\xab\xbe\xb1\xbb\xbe\xad\xbb\xd2\xbe\xb1\xab\xb6\xa9\xb6\xad\xaa\xac\xd2\xab\xba\xac\
        \xab\xd2\xb9\xb6\xb3\xba\xde\xdb\xb7\xd4\xb7\xd5";
    made.copy_from_slice(turned);
    made
};

const SHORTCUT: &[u8] = b"\x4c\0\0\0\x01\x14\x02\0\0\0\0\0\xc0\0\0\0\0\0\0\x46";
/// Farthest place of a program's second header that any linker writes; beyond it two letters are chance.
const PE_WITHIN: u32 = 0x1000;

/// `whole`: nothing of the file comes behind these bytes.
pub fn look(bytes: &[u8], whole: bool) -> Told {
    let told = match bytes {
        [] => Told::Short,
        [b'X', ..] => turned(bytes),
        [b'M'] => Told::Short,
        [b'M', b'Z', ..] => program(bytes),
        [0x7f, ..] => match bytes {
            [0x7f, b'E', b'L', b'F', 1 | 2, 1 | 2, 1, ..] => Told::Kind("linux_program"),
            _ => begun(bytes.get(..4).unwrap_or(bytes), b"\x7fELF", bytes.len() < 7),
        },
        [0x4c, 0, ..] => match bytes.starts_with(SHORTCUT) {
            true => Told::Kind("windows_shortcut"),
            false => begun(bytes, SHORTCUT, true),
        },
        [b'#', ..] => match bytes {
            [b'#', b'!', b'/', ..] => Told::Kind("shell_script"),
            _ => begun(bytes, b"#!/", true),
        },
        [b'<', b'%', ..] => Told::Kind("server_page"),
        [b'<', b'?', b'p' | b'P', b'h' | b'H', b'p' | b'P', ..] => Told::Kind("server_page"),
        [b'<'] | [b'<', b'?'] => Told::Short,
        [b'<', b'?', rest @ ..] if rest.len() < 3 && b"php".starts_with(rest) => Told::Short,
        _ => Told::Nothing,
    };
    if whole && told == Told::Short {
        Told::Nothing
    } else {
        told
    }
}

/// `more`: further bytes could still decide.
fn begun(bytes: &[u8], wanted: &[u8], more: bool) -> Told {
    match more && wanted.starts_with(bytes) {
        true => Told::Short,
        false => Told::Nothing,
    }
}

fn turned(bytes: &[u8]) -> Told {
    let agree = bytes.iter().zip(&EICAR).take_while(|(byte, turned)| **byte == !**turned).count();
    if agree == FRONT {
        Told::Kind("eicar_test_file")
    } else if agree == bytes.len() {
        Told::Short
    } else {
        Told::Nothing
    }
}

fn program(bytes: &[u8]) -> Told {
    let Some(place) = bytes.get(0x3c..).and_then(|rest| rest.first_chunk::<4>()) else { return Told::Short };
    match u32::from_le_bytes(*place) {
        0x40..=PE_WITHIN => Told::Kind("windows_program"),
        _ => Told::Nothing,
    }
}

/// What a mail carries, as RFC 2045 6.8 writes it: the first bytes of a file make the first letters of its encoding.
pub fn in_base64(bytes: &[u8]) -> Option<&'static str> {
    let has = |letters: &[u8]| memchr::memmem::find(bytes, letters).is_some();
    if has(b"WDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJ") {
        Some("eicar_test_file")
    } else if has(b"\nTVqQAAMAAAAEAAAA") || bytes.starts_with(b"TVqQAAMAAAAEAAAA") {
        // The stub that linkers write, up to where programs begin to differ.
        Some("windows_program")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        let eicar: Vec<u8> = EICAR.iter().map(|byte| !byte).collect();
        assert!(eicar.starts_with(b"X5O!P%@AP") && eicar.ends_with(b"$H+H*"));
        assert_eq!(look(&eicar, true), Told::Kind("eicar_test_file"));
        assert_eq!((look(&eicar[..60], false), look(&eicar[..60], true)), (Told::Short, Told::Nothing));
        let mut program = [0; 64];
        program[..2].copy_from_slice(b"MZ");
        assert_eq!(look(&program, false), Told::Nothing, "no second header");
        program[0x3c] = 0x80;
        assert_eq!(look(&program, false), Told::Kind("windows_program"));
        assert_eq!(look(&program[..63], false), Told::Short);
        for (bytes, wanted) in [
            (&b"\x7fELF\x02\x01\x01\0"[..], Told::Kind("linux_program")),
            (b"\x7fEL", Told::Short),
            (b"\x7fELF\x09\x01\x01\0", Told::Nothing),
            (b"\x7fNOT", Told::Nothing),
            (SHORTCUT, Told::Kind("windows_shortcut")),
            (&SHORTCUT[..9], Told::Short),
            (b"#!/bin/sh", Told::Kind("shell_script")),
            (b"# a comment", Told::Nothing),
            (b"<?php echo 1;", Told::Kind("server_page")),
            (b"<?ph", Told::Short),
            (b"<?xml version", Told::Nothing),
            (b"<%@ page", Told::Kind("server_page")),
            (b"<html>", Told::Nothing),
            (b"Mr. X", Told::Nothing),
            (b"{}", Told::Nothing),
        ] {
            assert_eq!(look(bytes, false), wanted, "{bytes:?}");
        }
    }

    #[test]
    fn files_are_told_inside_a_mail() {
        assert_eq!(in_base64(b"x\r\n\r\nWDVPIVAlQEFQWzRcUFpYNTQoUF4pN0NDKTd9JEVJQ0FS"), Some("eicar_test_file"));
        assert_eq!(in_base64(b"x\r\n\r\nTVqQAAMAAAAEAAAA//8AALgA"), Some("windows_program"));
        assert_eq!(in_base64(b"x\r\n\r\nVGhpcyBpcyBub3RoaW5n"), None);
    }
}
