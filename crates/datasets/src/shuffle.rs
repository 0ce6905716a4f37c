//! Orders that follow from a seed.

/// A permutation of `0..len` that follows from a seed and an epoch, and of which any place can be asked for alone:
/// no list is shuffled, so that an epoch of ten million scenes costs nothing, and a run can be resumed anywhere in it.
///
/// A Feistel network over the next larger power of four permutes; places outside `0..len` are permuted again until
/// they fall inside (cycle walking), which takes fewer than four turns on average.
#[derive(Debug, Clone, Copy)]
pub struct Shuffle {
    len: u64,
    half_bits: u32,
    keys: [u64; ROUNDS],
}

/// Four make a network a good permutation; small halves take more.
const ROUNDS: usize = 8;

impl Shuffle {
    /// The order of `len` things in one epoch.
    pub fn new(len: usize, seed: u64, epoch: u64) -> Self {
        let len = len as u64;
        let bits = u64::BITS - len.saturating_sub(1).leading_zeros();
        let mut state = mixed(seed ^ mixed(epoch.wrapping_add(0x9E37_79B9_7F4A_7C15)));
        let keys = [(); ROUNDS].map(|()| {
            state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
            mixed(state)
        });
        Self { len, half_bits: bits.div_ceil(2).max(1), keys }
    }

    /// What stands at a place.
    ///
    /// # Panics
    /// When there is no such place.
    pub fn at(&self, place: usize) -> usize {
        assert!((place as u64) < self.len, "place {place} of {}", self.len);
        let mut at = self.permuted(place as u64);
        while at >= self.len {
            at = self.permuted(at);
        }
        at as usize
    }

    fn permuted(&self, at: u64) -> u64 {
        let mask = (1 << self.half_bits) - 1;
        let (mut left, mut right) = (at >> self.half_bits, at & mask);
        for key in self.keys {
            (left, right) = (right, left ^ (mixed(right ^ key) & mask));
        }
        left << self.half_bits | right
    }
}

/// Bits that look unrelated for neighbouring numbers (the finaliser of `SplitMix64`, Steele et al. 2014).
fn mixed(mut bits: u64) -> u64 {
    bits = (bits ^ (bits >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    bits = (bits ^ (bits >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    bits ^ (bits >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn order(len: usize, seed: u64, epoch: u64) -> Vec<usize> {
        let shuffle = Shuffle::new(len, seed, epoch);
        (0..len).map(|place| shuffle.at(place)).collect()
    }

    #[test]
    fn holds_everything_once() {
        for len in (1..70).chain([1000, 4096, 4097, 20_000]) {
            let mut order = order(len, 3, 1);
            order.sort_unstable();
            assert_eq!(order, (0..len).collect::<Vec<_>>());
        }
    }

    #[test]
    fn follows_from_seed_and_epoch() {
        assert_eq!(order(50, 1, 2), order(50, 1, 2));
        assert_ne!(order(50, 1, 2), order(50, 1, 3));
        assert_ne!(order(50, 1, 2), order(50, 2, 2));
        assert_ne!(order(50, 1, 2), order(50, 2, 1));
    }

    #[test]
    fn all_orders_of_three_are_equally_likely() {
        let mut counts = std::collections::BTreeMap::new();
        for epoch in 0..6000 {
            *counts.entry(order(3, 7, epoch)).or_insert(0) += 1;
        }
        // 6000 throws of a die with six sides: 1000 +- 29 each; 150 is five standard deviations.
        assert_eq!(counts.len(), 6);
        assert!(counts.values().all(|count: &i32| (850..1150).contains(count)), "{counts:?}");
    }

    #[test]
    fn spreads_over_the_whole_set() {
        // Any hundred successive places of 10,000 come from all tenths: each gets 10 +- 3 of them.
        let order = order(10_000, 0, 0);
        for stretch in order.chunks_exact(1000) {
            let mut tenths = [0; 10];
            for scene in stretch {
                tenths[scene / 1000] += 1;
            }
            // 100 +- 9.5; 50 is five standard deviations.
            assert!(tenths.iter().all(|count| (50..150).contains(count)), "{tenths:?}");
        }
    }
}
