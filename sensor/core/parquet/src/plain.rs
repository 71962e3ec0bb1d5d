//! Values one after the other (Parquet, "Plain").

use wire::columns::{Bitmap, Strings};

/// Eight bytes each.
pub fn words<T: Copy>(out: &mut Vec<u8>, values: &[T], bytes: impl Fn(T) -> [u8; 8]) {
    let start = out.len();
    out.resize(start + values.len() * 8, 0);
    for (place, value) in out[start..].chunks_exact_mut(8).zip(values) {
        place.copy_from_slice(&bytes(*value));
    }
}

/// A bit each.
pub fn booleans(out: &mut Vec<u8>, rows: impl Iterator<Item = usize>, values: &Bitmap) {
    let mut bits = crate::hybrid::Bits::new(out, 1);
    rows.for_each(|row| bits.push(values.get(row).into()));
    bits.end();
}

/// Length and bytes each.
pub fn texts(out: &mut Vec<u8>, places: impl Iterator<Item = usize>, texts: &Strings) {
    places.for_each(|place| text(out, texts.get(place)));
}

pub fn text(out: &mut Vec<u8>, text: &[u8]) {
    out.extend_from_slice(&u32::try_from(text.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(text);
}
