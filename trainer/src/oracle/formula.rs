//! The closed forms that inputs and weights of an oracle file follow.

/// The tensor called `name`: number i in row-major order follows from the name and i alone, uniform in `low..high`.
///
/// A `SplitMix64` stream that starts at the FNV-1a hash of the name.
pub(super) fn tensor(name: &str, shape: &[usize], low: f64, high: f64) -> gqn_formats::Tensor {
    let start = fnv1a64(name.as_bytes());
    let data = (1..=shape.iter().product::<usize>() as u64)
        .map(|position| (low + (high - low) * unit(start, position)) as f32)
        .collect();
    gqn_formats::Tensor::from_shape_vec(shape, data).expect("as many numbers as the shape says")
}

/// A number in [0, 1) with 24 bits.
fn unit(start: u64, position: u64) -> f64 {
    let mut s = start.wrapping_add(position.wrapping_mul(0x9E37_79B9_7F4A_7C15));
    s = (s ^ (s >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    s = (s ^ (s >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    s ^= s >> 31;
    (s >> 40) as f64 / f64::from(1 << 24)
}

fn fnv1a64(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0xCBF2_9CE4_8422_2325, |hash, byte| {
        (hash ^ u64::from(*byte)).wrapping_mul(0x0000_0100_0000_01B3)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_answers() {
        // FNV-1a's published test vectors, and SplitMix64's first output from state 0.
        assert_eq!(fnv1a64(b""), 0xCBF2_9CE4_8422_2325);
        assert_eq!(fnv1a64(b"foobar"), 0x8594_4171_F739_67E8);
        assert_eq!((unit(0, 1) * f64::from(1 << 24)) as u64, 0xE220_A839_7B1D_CDAF >> 40);
    }
}
