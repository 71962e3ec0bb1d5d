//! pcapng timestamps: draft-ietf-opsawg-pcapng, 4.2 (`if_tsresol`, `if_tsoffset`).

/// How the 64-bit timestamps of one interface become UTC nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Clock {
    unit: Unit,
    offset_ns: i64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Unit {
    /// One unit is this many nanoseconds.
    Nanoseconds(u64),
    /// This many units are one nanosecond.
    PerNanosecond(u64),
    /// Two to the power of this many units are one second.
    BinaryPerSecond(u32),
}

impl Clock {
    /// `resolution` as in `if_tsresol`: a negative power of ten, or of two when the highest bit is set.
    pub(crate) fn new(resolution: u8, offset_s: i64) -> Self {
        let power = u32::from(resolution & 0x7f);
        let unit = if resolution & 0x80 != 0 {
            Unit::BinaryPerSecond(power)
        } else if power <= 9 {
            Unit::Nanoseconds(10_u64.pow(9 - power))
        } else {
            // Beyond 10^28 per second not even 2^64 units are one nanosecond: so fine a unit that all is 0.
            10_u64.checked_pow(power - 9).map_or(Unit::BinaryPerSecond(127), Unit::PerNanosecond)
        };
        Self { unit, offset_ns: offset_s.saturating_mul(1_000_000_000) }
    }

    /// Times before 1970 and after 2554 stop at the ends of the range.
    #[inline(always)]
    pub(crate) fn utc_ns(&self, units: u64) -> u64 {
        let since_offset = match self.unit {
            Unit::Nanoseconds(factor) => units.saturating_mul(factor),
            Unit::PerNanosecond(divisor) => units / divisor,
            Unit::BinaryPerSecond(power) => {
                // 2^64 units of 10^9 each stay below 2^94; a power of at most 127 is a valid shift.
                u64::try_from((u128::from(units) * 1_000_000_000) >> power).unwrap_or(u64::MAX)
            }
        };
        since_offset.saturating_add_signed(self.offset_ns)
    }
}

#[cfg(test)]
mod tests {
    use super::Clock;

    #[test]
    fn every_kind_of_resolution() {
        for (resolution, offset_s, units, expected_ns) in [
            (6, 0, 1_500_000, 1_500_000_000),
            (9, 0, 1_500_000, 1_500_000),
            (0, 0, 3, 3_000_000_000),
            (12, 0, 5_000, 5),
            (20, 0, 100_000_000_000, 1),
            (127, 0, u64::MAX, 0),
            (0x80, 0, 7, 7_000_000_000),
            (0x80 | 10, 0, 1_536, 1_500_000_000),
            (0x80 | 32, 0, 3 << 31, 1_500_000_000),
            (0xff, 0, u64::MAX, 0),
            (3, 10, 1, 10_001_000_000),
            (0, -2, 3, 1_000_000_000),
            (0, -4, 3, 0),
            (0, 0, u64::MAX, u64::MAX),
            (9, i64::MAX, u64::MAX, u64::MAX),
            (9, i64::MIN, 1, 0),
        ] {
            assert_eq!(
                Clock::new(resolution, offset_s).utc_ns(units),
                expected_ns,
                "resolution {resolution:#x}, offset {offset_s} s, {units} units"
            );
        }
    }
}
