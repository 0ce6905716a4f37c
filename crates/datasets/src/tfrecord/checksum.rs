//! The checksum of record files.

/// What is added to a rotated checksum, so that the checksum of data that holds checksums is no trivial one.
const MASK: u32 = 0xA282_EAD8;

/// The masked CRC-32C (Castagnoli) of some bytes.
pub(super) fn masked(bytes: &[u8]) -> u32 {
    crc32c::crc32c(bytes).rotate_right(15).wrapping_add(MASK)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_published_values() {
        // RFC 3720, B.4: the CRC-32C of 32 zero bytes is 8A9136AA; masked by the rule above.
        assert_eq!(crc32c::crc32c(&[0; 32]), 0x8A91_36AA);
        assert_eq!(masked(&[0; 32]), 0x8A91_36AA_u32.rotate_right(15).wrapping_add(MASK));
    }
}
