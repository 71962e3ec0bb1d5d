//! Where the rows of several parts stand in the whole.

use super::Part;

/// Arrivals that may lie between two rows for their order to be counted out rather than sorted.
const SPARSE: usize = 8;

/// A part's row and its place in the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Move {
    pub row: u32,
    pub place: u32,
}

/// A batch of the whole, as the rows of the parts that make it up.
#[derive(Debug, Default)]
pub struct Order {
    /// In order of arrival: part and row.
    pub rows: Vec<(u32, u32)>,
    /// The same by part.
    pub moves: Vec<Vec<Move>>,
}

/// All rows in order of arrival, those of one packet in the order of parts and their rows, at most `most` a batch.
pub fn orders(parts: &[Part], most: usize) -> Vec<Order> {
    let arrivals: Vec<&[u64]> = parts.iter().map(|part| part.arrivals.as_slice()).collect();
    let all = counted(&arrivals).unwrap_or_else(|| sorted(&arrivals));
    all.chunks(most.max(1)).map(|rows| Order { rows: rows.to_vec(), moves: moves(rows, parts.len()) }).collect()
}

fn moves(rows: &[(u32, u32)], parts: usize) -> Vec<Vec<Move>> {
    let mut moves = vec![Vec::new(); parts];
    for (place, (part, row)) in (0u32..).zip(rows) {
        if let Some(moves) = moves.get_mut(*part as usize) {
            moves.push(Move { row: *row, place });
        }
    }
    moves
}

fn each<'a>(arrivals: &'a [&[u64]]) -> impl Iterator<Item = (u64, (u32, u32))> + 'a {
    (0u32..)
        .zip(arrivals)
        .flat_map(|(part, arrivals)| (0u32..).zip(arrivals.iter()).map(move |(row, arrival)| (*arrival, (part, row))))
}

/// Packets are numbered one by one, and most have a message: how many rows come before each is soon counted.
fn counted(arrivals: &[&[u64]]) -> Option<Vec<(u32, u32)>> {
    let rows = arrivals.iter().map(|part| part.len()).fold(0, usize::saturating_add);
    let all = || arrivals.iter().flat_map(|part| part.iter().copied());
    let first = all().min()?;
    let span = usize::try_from(all().max()?.saturating_sub(first)).ok()?;
    if span > rows.saturating_mul(SPARSE) {
        return None;
    }
    let slot = |arrival: u64| usize::try_from(arrival.wrapping_sub(first)).unwrap_or(usize::MAX);
    let mut places = vec![0usize; span.saturating_add(1)];
    for arrival in all() {
        if let Some(count) = places.get_mut(slot(arrival)) {
            *count = count.wrapping_add(1);
        }
    }
    let mut before = 0usize;
    for count in &mut places {
        before = before.wrapping_add(std::mem::replace(count, before));
    }
    let mut order = vec![(0, 0); rows];
    for (arrival, from) in each(arrivals) {
        if let Some(place) = places.get_mut(slot(arrival)) {
            if let Some(row) = order.get_mut(*place) {
                *row = from;
            }
            *place = place.wrapping_add(1);
        }
    }
    Some(order)
}

fn sorted(arrivals: &[&[u64]]) -> Vec<(u32, u32)> {
    let mut all: Vec<_> = each(arrivals).collect();
    all.sort_unstable();
    all.into_iter().map(|(_, from)| from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counting_is_sorting() {
        let parts: [&[u64]; 4] = [&[10, 12, 12, 19], &[], &[11, 12, 30], &[9, 8, 12]];
        assert_eq!(counted(&parts).unwrap(), sorted(&parts));
        assert_eq!(counted(&[&[1], &[1000]]), None);
        assert_eq!(counted(&[&[], &[]]), None);
        assert!(sorted(&[&[], &[]]).is_empty());
    }

    #[test]
    fn a_batch_knows_which_rows_of_a_part_go_where() {
        let part = |arrivals: &[u64]| Part { arrivals: arrivals.to_vec(), ..Part::default() };
        let orders = orders(&[part(&[1, 4]), part(&[2, 3])], 3);
        assert_eq!(orders[0].rows, [(0, 0), (1, 0), (1, 1)]);
        assert_eq!(orders[0].moves[1], [Move { row: 0, place: 1 }, Move { row: 1, place: 2 }]);
        assert_eq!(orders[1].moves, [vec![Move { row: 1, place: 0 }], vec![]]);
    }
}
