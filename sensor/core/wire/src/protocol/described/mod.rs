//! Protocols that a site describes itself (docs/own-protocols.md): private ones between machines and their panels, and
//! functions that a maker added to a public one. A description is compiled once, to a layout that a parser walks.

mod check;
mod compile;
mod document;
mod frame;
mod framing;
mod inside;
mod layout;
mod names;
mod number;
mod parser;
mod parts;
mod reading;

use document::{Document, Scope as Named, Transport};
pub use inside::{of as inside, Inside};
use layout::{Layout, FLAWS};
use names::leak;
use parser::Described;

use super::{list, Protocol, Scope, Spoken, TCP, UDP};
use crate::limits::DESCRIPTION_BYTES;

/// Take up a description (JSON as `sensor/own_protocols` makes it); the same again is the same protocol. Its name.
///
/// # Errors
/// Names the part of the description that is wrong, and how.
pub fn describe(text: &str) -> Result<String, String> {
    if text.len() > DESCRIPTION_BYTES {
        return Err(format!("a description has at most {DESCRIPTION_BYTES} bytes"));
    }
    let document: Document = serde_json::from_str(text).map_err(|error| error.to_string())?;
    list::add(&document.protocol, text, || protocol(&document))?;
    Ok(document.protocol)
}

fn protocol(document: &Document) -> Result<Protocol, String> {
    let compile::Compiled { layout, fields } = compile::compile(document)?;
    let flaws: Vec<&'static str> = FLAWS.iter().map(|flaw| leak(&format!("{}.{flaw}", document.protocol))).collect();
    let layout: &'static Layout = Box::leak(Box::new(layout));
    let spoken = match &document.inside {
        Some(host) => {
            inside::keep(&document.protocol, host, layout)?;
            None
        }
        None => Some(spoken(document, layout)?),
    };
    let scope = match document.scope {
        Named::Plant => Scope::Plant,
        Named::Office => Scope::Office,
    };
    Ok(Protocol { name: leak(&document.protocol), fields: fields.leak(), flaws: flaws.leak(), scope, spoken })
}

fn spoken(document: &Document, layout: &'static Layout) -> Result<Spoken, String> {
    let number = |transport: &Transport| match transport {
        Transport::Tcp => TCP,
        Transport::Udp => UDP,
    };
    let transports: Vec<u8> = document.transports.iter().map(number).collect();
    if transports.is_empty() {
        return Err("transports: tcp, udp, or both".to_owned());
    }
    Ok(Spoken {
        transports: transports.leak(),
        ports: document.ports.clone().leak(),
        probe: Box::leak(Box::new(move |payload: &[u8], transport| parser::probe(layout, payload, transport))),
        parser: Box::leak(Box::new(move || -> Box<dyn super::Parser> { Box::new(Described(layout)) })),
    })
}
