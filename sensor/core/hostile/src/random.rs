//! xorshift32: the same numbers in every run.

pub struct Random(u32);

impl Random {
    pub fn new(seed: u32) -> Self {
        Self(seed.wrapping_mul(0x9e37_79b9) | 1)
    }

    fn number(&mut self) -> u32 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 17;
        self.0 ^= self.0 << 5;
        self.0
    }

    pub fn byte(&mut self) -> u8 {
        self.number().to_be_bytes()[1]
    }

    pub fn below(&mut self, end: usize) -> usize {
        self.number() as usize % end.max(1)
    }
}
