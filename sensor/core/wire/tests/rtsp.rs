//! RTSP: requests either way, and media between them.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{protocol, talk};
use wire::protocol::{Probe, Step, TCP};

#[test]
fn a_camera_is_asked() {
    let mut talk = talk("rtsp");
    let asked = talk.asks(
        "DESCRIBE rtsp://admin:admin@10.0.0.2:554/live?token=7 RTSP/1.0\r\nCSeq: 2\r\nUser-Agent: vlc\r\n\
         Authorization: Basic YWRtaW46YWRtaW4=\r\n\r\n",
    );
    asked.clean().fields(&[
        ("rtsp.method", "DESCRIBE"),
        ("rtsp.host", "10.0.0.2:554"),
        ("rtsp.path", "/live"),
        ("rtsp.sequence", "2"),
        ("rtsp.user_agent", "vlc"),
        ("rtsp.auth", "basic"),
    ]);
    assert_eq!((asked.class, &*asked.user, asked.password), ("discover", "admin", Some("default")));
    let refused =
        talk.answers("RTSP/1.0 401 Unauthorized\r\nCSeq: 2\r\nWWW-Authenticate: Digest realm=\"cam\"\r\n\r\n");
    refused.clean().fields(&[("rtsp.status_code", "401"), ("rtsp.auth", "digest"), ("rtsp.realm", "cam")]);
    assert_eq!((refused.name, refused.outcome, refused.reference), ("describe", "failure", Some(2)));
    let body =
        talk.answers("RTSP/1.0 200 OK\r\nCSeq: 3\r\nContent-Type: application/sdp\r\nContent-Length: 5\r\n\r\nv=0\r\n");
    body.clean().fields(&[("rtsp.mime_type", "application/sdp"), ("rtsp.body_bytes", "5")]);
    assert_eq!(talk.answers("v=0\r\n").step, Step::Kept { used: 5 });
    // The camera asks, too.
    let asks = talk.answers("OPTIONS * RTSP/1.0\r\nCSeq: 9\r\n\r\n");
    assert_eq!((asks.clean().role, asks.reference), ("request", Some(9)));
    assert_eq!(talk.asks("RTSP/1.0 200 OK\r\nCSeq: 9\r\n\r\n").clean().name, "options");
}

#[test]
fn media_is_passed_over_wherever_it_is_cut() {
    let frame = [&b"$\0\0\x0c\x80\x60"[..], &[7; 10]].concat();
    let stream = [&frame[..], &frame, b"RTSP/1.0 200 OK\r\nCSeq: 4\r\n\r\n"].concat();
    for cut in 1..stream.len() {
        let mut talk = talk("rtsp");
        let (mut front, mut end, mut heads) = (0, cut, 0);
        while front < stream.len() {
            match talk.read(&stream[front..end], false, false).step {
                Step::Kept { used } => front += used,
                Step::Message { used } => (front, heads) = (front + used, heads + 1),
                Step::Short { .. } => end = stream.len(),
                Step::Lost { .. } => panic!("lost at {front}, cut at {cut}"),
            }
            if front == end {
                end = stream.len();
            }
        }
        assert_eq!(heads, 1, "cut at {cut}");
    }
}

#[test]
fn what_is_wrong_is_named() {
    for (text, flaw) in [
        ("BREW rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n\r\n", "rtsp.unknown_method"),
        ("PLAY rtsp://a/b RTSP/1.0\r\nRange: x\r\n\r\n", "rtsp.no_sequence"),
        ("PLAY rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\nhello\r\n\r\n", "rtsp.bad_header_line"),
        ("PLAY rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\nContent-Length: x\r\n\r\n", "rtsp.bad_content_length"),
        ("PLAY rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\nAuthorization: Basic ?\r\n\r\n", "rtsp.bad_credentials"),
        ("hello there\r\n", "rtsp.bad_start_line"),
    ] {
        assert_eq!(talk("rtsp").asks(text).flaws, [flaw], "{text}");
    }
    let long = format!("PLAY rtsp://a/b RTSP/1.0\r\nCSeq: 1\r\n{}", "X: y\r\n".repeat(20_000));
    assert_eq!(talk("rtsp").asks(&long).flaws, ["rtsp.long_header"]);
}

#[test]
fn a_first_line_is_sure() {
    for (text, probe) in [
        ("OPTIONS rtsp://a RTSP/1.0\r\n", Probe::Sure),
        ("RTSP/1.0 200 OK\r\n", Probe::Sure),
        ("PLAY rtsp", Probe::Fits),
        ("GET / HTTP/1.1\r\n", Probe::No),
    ] {
        assert_eq!(protocol("rtsp").probe(text.as_bytes(), TCP), probe, "{text}");
    }
}
