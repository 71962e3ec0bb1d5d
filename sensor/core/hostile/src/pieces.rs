//! An input as a list of pieces: each a head of a few bytes, which say what is done with it, and content.
//!
//! ```text
//! head, `head` bytes | length u16, little-endian | content     … and so on to the end
//! ```
//! Every row of bytes is such a list: a length is cut to what is there.

/// One piece.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Piece<'a> {
    pub head: &'a [u8],
    pub content: &'a [u8],
}

/// The pieces of an input, in order.
pub struct Pieces<'a> {
    rest: &'a [u8],
    head: usize,
}

impl<'a> Pieces<'a> {
    pub fn new(input: &'a [u8], head: usize) -> Self {
        Self { rest: input, head }
    }
}

impl<'a> Iterator for Pieces<'a> {
    type Item = Piece<'a>;

    fn next(&mut self) -> Option<Piece<'a>> {
        let (head, rest) = self.rest.split_at_checked(self.head)?;
        let (length, rest) = rest.split_first_chunk::<2>()?;
        let (content, rest) = rest.split_at(usize::from(u16::from_le_bytes(*length)).min(rest.len()));
        self.rest = rest;
        Some(Piece { head, content })
    }
}

/// Append a piece; content beyond what a length can say is cut.
pub fn put(out: &mut Vec<u8>, head: &[u8], content: &[u8]) {
    let length = u16::try_from(content.len()).unwrap_or(u16::MAX);
    out.extend_from_slice(head);
    out.extend_from_slice(&length.to_le_bytes());
    out.extend_from_slice(&content[..usize::from(length)]);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read_and_a_cut_length_is_believed_as_far_as_it_goes() {
        let mut bytes = Vec::new();
        put(&mut bytes, &[1], b"abc");
        put(&mut bytes, &[2], b"");
        put(&mut bytes, &[3], b"defg");
        let pieces: Vec<Piece> = Pieces::new(&bytes, 1).collect();
        assert_eq!(pieces.iter().map(|piece| piece.content).collect::<Vec<_>>(), [&b"abc"[..], b"", b"defg"]);
        assert_eq!(pieces[2].head, [3]);
        let cut: Vec<Piece> = Pieces::new(&bytes[..bytes.len() - 1], 1).collect();
        assert_eq!(cut[2].content, b"def");
        assert_eq!(Pieces::new(&bytes[..2], 1).count(), 0);
    }
}
