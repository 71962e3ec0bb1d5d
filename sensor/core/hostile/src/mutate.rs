//! Changes to a list of pieces that leave it a list: libFuzzer's own insertions would shift every head behind them.

use crate::pieces::{put, Piece, Pieces};
use crate::random::Random;

/// Change the list in `data[..size]` within `data.len()` bytes; `inner` changes bytes of one content in place (it has room to grow) and says
/// how many there are then. Returns the new size.
pub fn pieces(
    data: &mut [u8],
    size: usize,
    head: usize,
    seed: u32,
    mut inner: impl FnMut(&mut [u8], usize) -> usize,
) -> usize {
    let mut random = Random::new(seed);
    let before = data[..size].to_vec();
    let mut list: Vec<(Vec<u8>, Vec<u8>)> =
        Pieces::new(&before, head).map(|Piece { head, content }| (head.to_vec(), content.to_vec())).collect();
    if list.is_empty() {
        list.push((vec![0; head], Vec::new()));
    }
    let at = random.below(list.len());
    match random.below(16) {
        0 => {
            let twice = list[at].clone();
            list.insert(random.below(list.len() + 1), twice);
        }
        1 if list.len() > 1 => drop(list.remove(at)),
        2 => {
            let other = random.below(list.len());
            list.swap(at, other);
        }
        3 => {
            // In two, as segments are cut anywhere.
            let middle = random.below(list[at].1.len() + 1);
            let rest = list[at].1.split_off(middle);
            let same = list[at].0.clone();
            list.insert(at + 1, (same, rest));
        }
        4 if at + 1 < list.len() => {
            let (_, rest) = list.remove(at + 1);
            list[at].1.extend(rest);
        }
        5 | 6 if head > 0 => {
            let place = random.below(head);
            list[at].0[place] ^= 1 << random.below(8);
        }
        7 if head > 0 => list[at].0[random.below(head)] = random.byte(),
        _ => {
            let content = &mut list[at].1;
            let length = content.len();
            let room = data.len().saturating_sub(size).min(usize::from(u16::MAX).saturating_sub(length));
            content.resize(length + room, 0);
            let changed = inner(content, length);
            content.truncate(changed);
        }
    }
    let mut after = Vec::with_capacity(before.len() + 64);
    list.iter().for_each(|(head, content)| put(&mut after, head, content));
    after.truncate(data.len());
    data[..after.len()].copy_from_slice(&after);
    after.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_changed_list_is_a_list_and_stays_within_its_room() {
        let mut data = vec![0; 64];
        let mut start = Vec::new();
        put(&mut start, &[1, 2], b"abcdef");
        put(&mut start, &[3, 4], b"ghi");
        data[..start.len()].copy_from_slice(&start);
        let (mut size, mut longest) = (start.len(), 0);
        for seed in 0..2_000 {
            size = pieces(&mut data, size, 2, seed, |content, length| {
                assert!(length <= content.len());
                content.iter_mut().take(1).for_each(|byte| *byte ^= 1);
                (length + 1).min(content.len())
            });
            assert!(size <= data.len());
            longest = longest.max(Pieces::new(&data[..size], 2).count());
        }
        assert!(longest > 3);
    }
}
