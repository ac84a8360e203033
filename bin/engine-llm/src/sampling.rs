use llama_cpp_2::sampling::LlamaSampler;

/// Only the likeliest tokens are considered at all,
const TOP_K: i32 = 40;
/// and of those as many as make up this share of the probability.
const TOP_P: f32 = 0.9;

/// A sampler for one request; it remembers nothing of requests before it.
pub(crate) fn sampler(temperature: f32, seed: u64) -> LlamaSampler {
    // A temperature that is not a number counts as 0 too.
    if temperature.is_nan() || temperature <= 0.0 {
        return LlamaSampler::greedy();
    }
    LlamaSampler::chain_simple([
        LlamaSampler::top_k(TOP_K),
        LlamaSampler::top_p(TOP_P, 1),
        LlamaSampler::temp(temperature),
        LlamaSampler::dist(folded(seed)),
    ])
}

/// llama.cpp seeds with 32 bits, and takes `u32::MAX` for "a new one each time", which nobody must get by accident.
fn folded(seed: u64) -> u32 {
    let folded = (seed ^ (seed >> 32)) as u32;
    if folded == u32::MAX { 0 } else { folded }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_seed_asks_llama_for_chance() {
        assert_eq!([folded(7), folded(u32::MAX.into()), folded(0xFFFF_FFFF_0000_0000)], [7, 0, 0]);
        assert_ne!(folded(1 << 40), folded(1 << 41), "the upper half counts");
    }
}
