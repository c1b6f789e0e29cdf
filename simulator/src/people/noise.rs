//! Deterministic noise: a value depends on its seed and its place only, never on the order of calls.
//!
//! A day asks for tens of thousands of values, and builds for development inline little: these are inlined always.

/// SplitMix64 over a seed and three coordinates.
#[inline(always)]
pub(crate) fn hash(seed: u64, stream: u64, a: i64, b: i64) -> u64 {
    let mut z = seed
        .wrapping_add(stream.wrapping_mul(0x9E37_79B9_7F4A_7C15))
        .wrapping_add((a as u64).wrapping_mul(0xBF58_476D_1CE4_E5B9))
        .wrapping_add((b as u64).wrapping_mul(0x94D0_49BB_1331_11EB));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^= z >> 31;
    z = z.wrapping_add(0x9E37_79B9_7F4A_7C15);
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z ^ (z >> 31)
}

/// Uniform in [0, 1).
#[inline(always)]
pub(crate) fn unit(seed: u64, stream: u64, a: i64, b: i64) -> f64 {
    (hash(seed, stream, a, b) >> 11) as f64 / (1u64 << 53) as f64
}

/// Roughly normal: mean 0, standard deviation 1, never beyond ±3.5 (sum of four uniforms).
#[inline(always)]
pub(crate) fn normal(seed: u64, stream: u64, a: i64, b: i64) -> f64 {
    let bits = hash(seed, stream, a, b);
    let sum: f64 = (0..4).map(|part| f64::from((bits >> (16 * part)) as u16) / 65_536.0).sum();
    (sum - 2.0) * 3f64.sqrt()
}

/// A slow wander around 0 over days (standard deviation about 1): three incommensurate waves and a little daily noise.
pub(crate) fn wander(seed: u64, stream: u64, day: i32) -> f64 {
    let phase = |part: i64| unit(seed, stream, -1, part) * std::f64::consts::TAU;
    let t = f64::from(day) * std::f64::consts::TAU;
    0.55 * (t / 97.0 + phase(0)).sin()
        + 0.5 * (t / 23.0 + phase(1)).sin()
        + 0.4 * (t / 8.3 + phase(2)).sin()
        + 0.6 * normal(seed, stream, i64::from(day), 7)
}
