//! Lines that shards print, and their order.

/// Printed lines with their places in the order of everything.
#[derive(Debug, Default)]
pub struct Lines {
    pub bytes: Vec<u8>,
    /// Order, and where the line ends in `bytes`.
    ends: Vec<(u64, usize)>,
}

impl Lines {
    /// What was put into `bytes` since the last line is one, without its line end.
    #[inline]
    pub fn end(&mut self, order: u64) {
        self.bytes.push(b'\n');
        self.ends.push((order, self.bytes.len()));
    }

    fn clear(&mut self) {
        self.bytes.clear();
        self.ends.clear();
    }
}

/// Append the lines of all parts in order; the parts are empty afterwards and keep their memory.
pub fn interleave<'a>(parts: impl Iterator<Item = &'a mut Lines>, out: &mut Vec<u8>) {
    let mut parts: Vec<&mut Lines> = parts.filter(|part| !part.ends.is_empty()).collect();
    if let [only] = parts.as_mut_slice() {
        out.extend_from_slice(&only.bytes);
        return only.clear();
    }
    let mut places = Vec::with_capacity(parts.iter().map(|part| part.ends.len()).sum());
    for (number, part) in parts.iter().enumerate() {
        let mut start = 0;
        for (order, end) in &part.ends {
            places.push((*order, number, start, *end));
            start = *end;
        }
    }
    places.sort_unstable();
    for (_, number, start, end) in places {
        let line = parts.get(number).and_then(|part| part.bytes.get(start..end));
        out.extend_from_slice(line.unwrap_or_default());
    }
    parts.iter_mut().for_each(|part| part.clear());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(orders: &[u64]) -> Lines {
        let mut lines = Lines::default();
        for order in orders {
            lines.bytes.extend(order.to_string().as_bytes());
            lines.end(*order);
        }
        lines
    }

    #[test]
    fn lines_of_several_shards_come_in_order() {
        let mut parts = [lines(&[3, 9, 9]), lines(&[]), lines(&[1, 4, 10])];
        let mut out = Vec::new();
        interleave(parts.iter_mut(), &mut out);
        assert_eq!(out, b"1\n3\n4\n9\n9\n10\n");
        interleave(parts.iter_mut(), &mut out);
        assert_eq!(out.len(), 13, "taken once");
        interleave([lines(&[7])].iter_mut(), &mut out);
        assert_eq!(&out[13..], b"7\n");
    }
}
