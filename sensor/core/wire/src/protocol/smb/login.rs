//! A login in the token that a session is set up with. [MS-SMB2] 2.2.5; RFC 4178 around [MS-NLMP].

use super::fields::*;
use crate::ntlm::{self, Ntlm};
use crate::protocol::Context;
use crate::value::{Record, Value};

pub fn token(bytes: &[u8], context: &Context<'_>, record: &mut Record) {
    match ntlm::find(bytes) {
        Some(Ok(Ntlm::Authenticate { domain, user, workstation })) => {
            for (slot, words) in [(DOMAIN, domain), (WORKSTATION, workstation)] {
                if !words.bytes.is_empty() {
                    let text = record.write_text(|out| words.write(out));
                    record.set(slot, Value::Text(text));
                }
            }
            let mut name = Vec::new();
            user.write(&mut name);
            record.login(&name, None, context.site);
        }
        Some(Ok(_)) | None => {}
        Some(Err(_)) => record.flaw(flaw::NTLM),
    }
}
