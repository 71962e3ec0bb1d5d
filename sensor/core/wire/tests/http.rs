//! HTTP/1.x: RFC 9112's own examples and what strangers make of them.
// Tests may stop at a surprise; the core may not.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects
)]

mod reading;

use reading::{protocol, talk, Seen};
use wire::protocol::{Probe, Step, TCP};

#[test]
fn a_request_says_who_wants_what_and_no_values() {
    let seen = talk("http").asks(
        "GET /cgi/read;JSESSIONID=77?tag=Level&token=abc HTTP/1.1\r\nHost: plant:8080\r\nUser-Agent: curl/8.5\r\n\
         Cookie: session=secret\r\nX-Forwarded-For: 10.9.9.9\r\n\r\n",
    );
    seen.clean().fields(&[
        ("http.request.method", "GET"),
        ("http.version", "1.1"),
        ("http.host", "plant:8080"),
        ("http.path", "/cgi/read"),
        ("http.query_names", "[tag, token]"),
        ("http.user_agent", "curl/8.5"),
        ("http.forwarded_for", "10.9.9.9"),
    ]);
    assert_eq!((seen.name, seen.class, seen.role, seen.reference), ("get", "read", "request", Some(1)));
    assert!(!format!("{:?}", seen.fields).contains("secret") && !format!("{:?}", seen.fields).contains("77"));
}

#[test]
fn an_answer_says_what_came_of_it() {
    let mut talk = talk("http");
    talk.asks("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    let seen = talk.answers(
        "HTTP/1.1 401 Unauthorized\r\nServer: lighttpd/1.4\r\nContent-Type: text/html; charset=utf-8\r\n\
         WWW-Authenticate: Digest realm=\"plc 7\", nonce=\"ff\"\r\nContent-Length: 5\r\n\r\nhello",
    );
    seen.fields(&[
        ("http.response.status_code", "401"),
        ("http.server", "lighttpd/1.4"),
        ("http.response.mime_type", "text/html"),
        ("http.response.body.bytes", "5"),
        ("http.auth", "digest"),
        ("http.realm", "plc 7"),
    ]);
    assert_eq!((seen.name, seen.role, seen.outcome, seen.reference), ("get", "response", "failure", Some(1)));
    assert_eq!(talk.answers("hello").step, Step::Kept { used: 5 });
    let moved = talk.answers("HTTP/1.1 302 Found\r\nLocation: http://b.example/x?token=1\r\nContent-Length: 0\r\n\r\n");
    moved.fields(&[("http.location", "/x"), ("http.host", "b.example")]);
}

#[test]
fn pipelined_requests_are_answered_in_order_with_and_without_bodies() {
    let mut talk = talk("http");
    for method in ["HEAD", "GET", "DELETE", "OPTIONS"] {
        talk.asks(&format!("{method} / HTTP/1.1\r\nHost: a\r\n\r\n")).clean();
    }
    let answers = [
        ("HTTP/1.1 200 OK\r\nContent-Length: 900\r\n\r\n", "head", Some(1)),
        ("HTTP/1.1 100 Continue\r\n\r\n", "get", None),
        ("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n", "get", Some(2)),
        ("HTTP/1.1 204 No Content\r\n\r\n", "delete", Some(3)),
        ("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", "options", Some(4)),
    ];
    for (text, name, reference) in answers {
        let seen = talk.answers(text);
        seen.clean();
        assert_eq!((seen.name, seen.reference), (name, reference), "{text}");
    }
}

#[test]
fn bodies_in_chunks_are_passed_over_wherever_they_are_cut() {
    let body = "4;a=b\r\nWiki\r\nA\r\n\r\n\r\n012345\r\n0\r\nExpires: x\r\n\r\n";
    let next = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
    for cut in 1..body.len() {
        let mut talk = talk("http");
        talk.answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n").fields(&[("http.chunked", "true")]);
        let whole = format!("{body}{next}");
        let (mut front, mut end, mut heads) = (0, cut, 0);
        while front < whole.len() {
            match talk.answers(&whole[front..end]).step {
                Step::Kept { used } => front += used,
                Step::Message { used } => (front, heads) = (front + used, heads + 1),
                Step::Short { .. } => end = whole.len(),
                Step::Lost { .. } => panic!("lost at {front}, cut at {cut}"),
            }
            if front == end {
                end = whole.len();
            }
        }
        assert_eq!(heads, 1, "cut at {cut}");
    }
}

#[test]
fn a_body_of_interest_is_told_wherever_it_is_cut() {
    let script = "#!/bin/sh\nreboot\n";
    let whole = format!("HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{script}", script.len());
    let chunks =
        format!("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n{:x}\r\n{script}\r\n0\r\n\r\n", script.len());
    let open = format!("HTTP/1.1 200 OK\r\n\r\n{script}");
    for text in [&whole, &chunks, &open] {
        for cut in 1..text.len() {
            let mut talk = talk("http");
            talk.asks("GET /setup HTTP/1.1\r\nHost: a\r\n\r\n");
            let (mut front, mut end, mut told) = (0, cut, Vec::new());
            while front < text.len() {
                let seen = talk.answers(&text[front..end]);
                match seen.step {
                    Step::Kept { used } => front += used,
                    Step::Message { used } => {
                        front += used;
                        told.push((seen.name, seen.class, seen.fields.get("http.content").cloned()));
                    }
                    Step::Short { .. } => end = text.len(),
                    Step::Lost { .. } => panic!("lost at {front}, cut at {cut}"),
                }
                if front == end {
                    end = text.len();
                }
            }
            let content = ("content", "read", Some("shell_script".to_owned()));
            assert_eq!(told, [("get", "read", None), content], "cut at {cut} of {text}");
        }
    }
}

#[test]
fn an_ordinary_body_is_passed_over() {
    let mut talk = talk("http");
    talk.asks("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n").clean();
    assert_eq!(talk.asks("MZ").step, Step::Kept { used: 2 }, "too short to be a program");
    talk.asks("PUT /a.php HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\n").clean();
    talk.asks("<?php x()").clean().fields(&[("http.content", "server_page")]);
}

#[test]
fn a_refusal_of_credentials_is_told_from_a_question_for_them() {
    let refused = "HTTP/1.1 401 Unauthorized\r\nContent-Length: 0\r\n\r\n";
    let mut talk = talk("http");
    talk.asks("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
    assert!(!talk.answers(refused).fields.contains_key("http.login_refused"));
    talk.asks("GET / HTTP/1.1\r\nHost: a\r\nAuthorization: Basic YWRtaW46YWRtaW4=\r\n\r\n");
    talk.answers(refused).fields(&[("http.login_refused", "true")]);
}

#[test]
fn logins_are_judged_and_forgotten() {
    let asked = |head: &str, body: &str| -> Seen {
        let text = format!("{head}\r\nHost: a\r\n");
        let length = if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
        talk("http").asks(&format!("{text}{length}\r\n{body}"))
    };
    let form = "POST /login HTTP/1.1\r\nContent-Type: application/x-www-form-urlencoded; charset=utf-8";
    for (seen, kind, user, password) in [
        (asked("GET / HTTP/1.1\r\nAuthorization: Basic YWRtaW46YWRtaW4=", ""), "basic", "admin", Some("default")),
        (asked("GET / HTTP/1.1\r\nAuthorization: Digest username=\"eva\", realm=\"x\"", ""), "digest", "eva", None),
        (asked("GET / HTTP/1.1\r\nAuthorization: Bearer abc.def", ""), "bearer", "", None),
        (asked("GET / HTTP/1.1\r\nAuthorization: NTLM TlRMTVNTUAAB", ""), "ntlm", "", None),
        (asked("GET / HTTP/1.1\r\nAuthorization: Negotiate YII=", ""), "negotiate", "", None),
        (asked(form, "lang=en&username=maria&password=12345%36"), "form", "maria", Some("weak")),
        (asked("GET /login.cgi?user=eva&pwd=zq8%23Lw0 HTTP/1.1", ""), "query", "eva", Some("unlisted")),
    ] {
        seen.clean();
        assert_eq!((seen.field("http.auth"), &*seen.user, seen.password), (kind, user, password));
    }
    let broken = asked("GET / HTTP/1.1\r\nAuthorization: Basic !!", "");
    assert_eq!(broken.flaws, ["http.bad_credentials"]);
    // The form comes in a segment of its own.
    let head = format!("{form}\r\nHost: a\r\nContent-Length: 30\r\n\r\n");
    assert_eq!(talk("http").asks(&head).step, Step::Short { need: head.len() + 30 });
}

#[test]
fn what_takes_over_is_left_alone() {
    let cases = [
        (
            "GET /ws HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n\r\n",
            "HTTP/1.1 101 Switching\r\nUpgrade: websocket\r\n\r\n",
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\nUpgrade: h2c\r\n\r\n", "HTTP/1.1 101 Switching\r\nUpgrade: h2c\r\n\r\n"),
        ("CONNECT b.example:443 HTTP/1.1\r\nHost: b.example:443\r\n\r\n", "HTTP/1.1 200 Established\r\n\r\n"),
    ];
    for (asked, answered) in cases {
        let mut talk = talk("http");
        talk.asks(asked).clean();
        talk.answers(answered).clean();
        assert_eq!(talk.asks("\u{16}\u{3}\u{1}").step, Step::Kept { used: 3 });
        assert_eq!(talk.answers("GET / HTTP/1.1\r\n\r\n").step, Step::Kept { used: 18 });
    }
    let mut talk = talk("http");
    let preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
    assert_eq!(talk.asks(preface).clean().name, "http2_preface");
    assert_eq!(talk.answers("\0\0\u{12}\u{4}").step, Step::Kept { used: 4 });
}

#[test]
fn what_is_wrong_is_named() {
    for (text, flaw) in [
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: x\r\n\r\n", "http.bad_content_length"),
        ("GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n", "http.bad_content_length"),
        (
            "POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
            "http.length_and_chunks",
        ),
        ("GET / HTTP/1.1\r\nHost: a\r\n more\r\n\r\n", "http.folded_header"),
        ("GET / HTTP/1.1\r\nHost: a\r\nnothing\r\n\r\n", "http.bad_header_line"),
        ("GET / HTTP/1.1\r\nAccept: a\r\n\r\n", "http.no_host"),
        ("BREW /pot HTTP/1.1\r\nHost: a\r\n\r\n", "http.unknown_method"),
        ("GET /\u{1}x HTTP/1.1\r\nHost: a\r\n\r\n", "http.control_characters"),
        ("\u{16}\u{3}\u{1}hello\n", "http.bad_start_line"),
    ] {
        assert_eq!(talk("http").asks(text).flaws, [flaw], "{text}");
    }
    let long = format!("GET / HTTP/1.1\r\nHost: a\r\n{}", "X: y\r\n".repeat(20_000));
    let mut talk = talk("http");
    assert_eq!(talk.asks(&long).flaws, ["http.long_header"]);
    talk.asks("X: y\r\n\r\n");
    talk.asks("GET / HTTP/1.1\r\nHost: a\r\n\r\n").clean();
    talk.answers("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n");
    assert_eq!(talk.answers("zz\r\nxx\r\n").flaws, ["http.bad_chunk"]);
}

#[test]
fn content_tells_on_any_port() {
    let http = protocol("http");
    for (text, probe) in [
        ("GET / HTTP/1.1\r\n", Probe::Sure),
        ("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Probe::Sure),
        ("HTTP/1.0 200 OK\r\n", Probe::Sure),
        ("POST /long", Probe::Fits),
        ("OPTIONS rtsp://a RTSP/1.0\r\n", Probe::No),
        ("EHLO a\r\n", Probe::No),
    ] {
        assert_eq!(http.probe(text.as_bytes(), TCP), probe, "{text}");
    }
}
