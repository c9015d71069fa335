//! Seeded numbers that are the same on every machine: integers, and floats made of them by exact arithmetic.

use bytes::Bytes;

/// The SplitMix64 generator.
#[derive(Clone, Debug)]
pub struct Random {
    state: u64,
}

impl Random {
    /// A generator whose numbers depend on `seed` alone.
    pub fn new(seed: u64) -> Random {
        Random { state: seed }
    }

    /// 64 uniform bits.
    pub fn bits(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.state;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// A number in `low..high`, uniform.
    pub fn uniform(&mut self, low: f32, high: f32) -> f32 {
        let unit = (self.bits() >> 40) as f32 / (1u32 << 24) as f32;
        low + (high - low) * unit
    }

    /// A number of mean 0 and the given standard deviation, nearly normal: the sum of four uniform ones, so that no
    /// library function of the machine takes part.
    pub fn normal(&mut self, deviation: f32) -> f32 {
        let bits = self.bits();
        let sum: u64 = (0..4).map(|part| (bits >> (16 * part)) & 0xffff).sum();
        let centred = sum as i64 - 2 * 0xffff;
        // The sum's own deviation is sqrt(4 / 12) * 65536.
        centred as f32 * (deviation / 37_837.23)
    }

    /// `count` numbers of [`Random::normal`], as little-endian bytes.
    pub fn normal_bytes(&mut self, count: usize, deviation: f32) -> Bytes {
        let mut bytes = Vec::with_capacity(4 * count);
        for _ in 0..count {
            bytes.extend_from_slice(&self.normal(deviation).to_le_bytes());
        }
        bytes.into()
    }

    /// `count` numbers of [`Random::uniform`].
    pub fn uniforms(&mut self, count: usize, low: f32, high: f32) -> Vec<f32> {
        (0..count).map(|_| self.uniform(low, high)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_have_the_asked_spread() {
        let mut random = Random::new(1);
        let normal: Vec<f64> = (0..100_000).map(|_| f64::from(random.normal(2.0))).collect();
        let mean = normal.iter().sum::<f64>() / 1e5;
        let variance = normal.iter().map(|x| x * x).sum::<f64>() / 1e5;
        assert!(mean.abs() < 0.03 && (variance - 4.0).abs() < 0.1, "{mean} {variance}");
        assert!(random.uniforms(10_000, -1.0, 3.0).iter().all(|x| (-1.0..3.0).contains(x)));
    }

    #[test]
    fn the_sequence_is_fixed() {
        assert_eq!(Random::new(0).bits(), 0xe220_a839_7b1d_cdaf);
        assert_eq!(Random::new(7).normal(1.0).to_bits(), Random::new(7).normal(1.0).to_bits());
    }
}
