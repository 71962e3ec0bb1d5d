//! The password of a station's protection level. It crosses the wire mixed with a constant and with itself, which hides
//! it from nobody: it is judged and forgotten.

use super::reader::Reader;
use crate::protocol::Context;
use crate::value::Record;

/// Characters of a password, filled up with blanks.
const LENGTH: usize = 8;
const CONSTANT: u8 = 0x55;

/// The first two characters are mixed with the constant, each other one with the mixed one two places before it, too.
pub fn judge(body: &mut Reader<'_>, context: &Context<'_>, record: &mut Record) {
    let Ok(mixed) = body.array::<LENGTH>() else {
        body.take_rest();
        return;
    };
    let before = [0, 0].iter().chain(mixed);
    let mut plain = [0u8; LENGTH];
    for (place, (own, before)) in plain.iter_mut().zip(mixed.iter().zip(before)) {
        *place = own ^ before ^ CONSTANT;
    }
    record.login(b"", Some(plain.trim_ascii_end()), context.site);
    body.take_rest();
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::event::Endpoint;
    use crate::protocol::TCP;
    use crate::site::{Site, Strength};

    #[test]
    fn a_mixed_password_is_known_again() {
        let end = Endpoint { ip: [10, 0, 0, 1].into(), port: 102, mac: [2; 6] };
        let site = Site::shared();
        let context = Context {
            from_client: true,
            after_gap: false,
            transport: TCP,
            ts_ns: 0,
            client: &end,
            server: &end,
            site: &site,
        };
        for (mixed, wanted) in [
            ([0x21, 0x3a, 0x1b, 0x1d, 0x6e, 0x68, 0x1b, 0x1d], Strength::Weak), // toor
            ([0x20, 0x26, 0x10, 0x01, 0x65, 0x74, 0x10, 0x01], Strength::Weak), // user
            ([0x75, 0x75, 0x00, 0x00, 0x75, 0x75, 0x00, 0x00], Strength::Empty),
            ([0x21, 0x3a, 0x1b, 0x1d, 0x6e, 0x68, 0x1b, 0x1e], Strength::Unlisted),
        ] {
            let mut record = Record::default();
            judge(&mut Reader::new(&mixed, None), &context, &mut record);
            assert_eq!((record.password, record.user), (Some(wanted), None), "{mixed:02x?}");
        }
    }
}
