//! When there is no room for more conversations; and what a conversation takes.

use std::net::{IpAddr, Ipv4Addr};

use wire::windows::{Closed, Windows};

use crate::conversations::feature;
use crate::messages::{read, Message, SECOND};

fn conversation(number: u32) -> Message {
    let mut message = read(1, 10, 0, 9);
    message.client.ip = IpAddr::V4(Ipv4Addr::from_bits(0x0a00_0000 + number));
    message
}

fn clients(closed: &Closed) -> Vec<u32> {
    let number = |ip| if let IpAddr::V4(ip) = ip { ip.to_bits() & 0xffff } else { 0 };
    closed.rows.iter().map(|row| number(row.client_ip)).collect()
}

/// Tell one message of each of these conversations, and end the window of that number.
fn window(windows: &mut Windows, marks: &mut [u64], number: u64, said: &[u32]) -> Closed {
    let mut closed = Closed::default();
    windows.tick(number * 10 * SECOND, &mut closed);
    for client in said {
        let message = conversation(*client).at(number * 10 * SECOND);
        windows.observe(&message.event(), message.ts_ns, &mut marks[*client as usize]);
    }
    windows.tick((number + 1) * 10 * SECOND, &mut closed);
    closed
}

#[test]
fn newcomers_wait_where_all_have_spoken_and_are_counted() {
    let mut windows = Windows::new(10 * SECOND, 4);
    let mut marks = [0; 10];
    let closed = window(&mut windows, &mut marks, 1, &[1, 2, 3, 4, 5, 6, 5, 1]);
    assert_eq!((clients(&closed), closed.refused), (vec![1, 2, 3, 4], 3));
    // 3 and 4 are silent: their places go to those who come.
    let closed = window(&mut windows, &mut marks, 2, &[1, 2, 5, 6, 7]);
    assert_eq!((clients(&closed), closed.refused), (vec![1, 2, 5, 6], 1));
    let closed = window(&mut windows, &mut marks, 3, &[7]);
    assert_eq!((clients(&closed), closed.refused), (vec![7], 0));
}

#[test]
fn a_mark_of_a_place_that_was_given_away_is_void() {
    let mut windows = Windows::new(10 * SECOND, 2);
    let mut marks = [0; 10];
    window(&mut windows, &mut marks, 1, &[1, 2]);
    let old = marks;
    window(&mut windows, &mut marks, 2, &[3, 4]);
    // 1 and 2 come back with marks that name places of 3 and 4.
    marks[1..3].copy_from_slice(&old[1..3]);
    let closed = window(&mut windows, &mut marks, 3, &[2, 1, 2]);
    assert_eq!(clients(&closed), [1, 2]);
    assert_eq!(closed.rows.iter().map(|row| feature(row, "requests")).collect::<Vec<_>>(), [1.0, 2.0]);
    windows.retransmission(old[1]);
    let closed = window(&mut windows, &mut marks, 4, &[1, 2]);
    assert!(closed.rows.iter().all(|row| feature(row, "retransmissions") == 0.0));
}

#[test]
fn a_mark_says_the_same_as_no_mark() {
    let said: Vec<u32> = (0..2000u32).map(|number| number * 7919 % 37 % 9).collect();
    let run = |keep: bool| {
        let mut windows = Windows::new(10 * SECOND, 6);
        let mut closed = Closed::default();
        let mut marks = [0u64; 10];
        for (number, client) in said.iter().enumerate() {
            let message = conversation(*client).at(10 * SECOND + number as u64 * SECOND / 7);
            let mark = &mut marks[*client as usize];
            *mark = if keep { *mark } else { 0 };
            windows.observe(&message.event(), message.ts_ns, mark);
        }
        windows.tick(10_000 * SECOND, &mut closed);
        closed
    };
    assert!(run(true).refused > 0);
    assert_eq!(run(true), run(false));
}

/// A running window is asserted to be at most 160 bytes where it is declared; this is all that goes with it.
#[test]
fn a_conversation_takes_little_memory() {
    let mut windows = Windows::new(10 * SECOND, 1 << 14);
    let mut closed = Closed::default();
    windows.tick(10 * SECOND, &mut closed);
    for client in 0..1 << 14 {
        let asked = conversation(client).at(10 * SECOND);
        let mut mark = 0;
        windows.observe(&asked.event(), asked.ts_ns, &mut mark);
        windows.observe(&asked.answer(asked.ts_ns + 1_000_000).event(), asked.ts_ns, &mut mark);
    }
    let (conversations, bytes) = windows.state();
    println!("{} bytes a conversation", bytes / conversations);
    assert_eq!(conversations, 1 << 14);
    assert!(bytes <= 256 * conversations, "{}", bytes / conversations);
}

#[test]
fn what_a_busy_window_took_is_given_back() {
    let mut windows = Windows::new(10 * SECOND, 100);
    let mut closed = Closed::default();
    windows.tick(10 * SECOND, &mut closed);
    let calm = |windows: &mut Windows, number: u64| {
        let message = conversation(1).at(number * 10 * SECOND);
        windows.observe(&message.event(), message.ts_ns, &mut 0);
        windows.state().1
    };
    let before = calm(&mut windows, 1);
    for number in 0..100 {
        let message = read(1, 10, number, number).at(11 * SECOND);
        let mut message = message.answer(12 * SECOND + number * 1000);
        message.client.ip = conversation(1).client.ip;
        windows.observe(&message.event(), 11 * SECOND, &mut 0);
        let mut asked = conversation(1).touching("coil", 1, number, number);
        asked.record.operation = number as u32;
        windows.observe(&asked.event(), 11 * SECOND, &mut 0);
    }
    assert!(windows.state().1 > before + 500);
    calm(&mut windows, 2);
    // Fingerprints of the pairs of the window before stay: eight bytes.
    assert_eq!(calm(&mut windows, 3), before + 8);
}
