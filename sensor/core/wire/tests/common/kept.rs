//! One parser alone, and what it keeps.

use wire::event::Endpoint;
use wire::protocol::{Context, PROTOCOLS, TCP};
use wire::site::Site;
use wire::value::Record;

/// Bytes that a parser keeps after these messages (true: the client's), one packet each; with the record of the last.
pub fn kept(protocol: &str, site: &Site, packets: &[(bool, Vec<u8>)]) -> (usize, Record) {
    let protocol = PROTOCOLS.iter().find(|known| known.name == protocol).unwrap();
    let mut parser = protocol.parser().unwrap();
    let side = |last, port| Endpoint { ip: [10, 0, 0, last].into(), port, mac: [0; 6] };
    let (client, server, mut record) = (side(1, 40000), side(2, 102), Record::default());
    for (from_client, packet) in packets {
        let (client, server) = (&client, &server);
        let context =
            Context { from_client: *from_client, after_gap: false, transport: TCP, ts_ns: 0, client, server, site };
        record.clear();
        parser.message(packet, &context, &mut record);
    }
    (parser.kept_bytes(), record)
}
