//! The mel filter bank that Whisper hears through; the weights' package does not carry it.

/// Bins of the 400-point transform at 16 kHz.
pub(crate) const FFT_BINS: usize = 201;

const RATE: f64 = 16_000.0;
/// Below this the mel scale of Slaney's Auditory Toolbox (1998) is linear, above it logarithmic.
const LINEAR_BELOW_HZ: f64 = 1000.0;
const HZ_PER_MEL: f64 = 200.0 / 3.0;

/// `bands` rows of [`FFT_BINS`] weights: triangles of equal area (`librosa.filters.mel` with `norm="slaney"`).
pub(crate) fn filters(bands: usize) -> Vec<f32> {
    let top = hz_to_mel(RATE / 2.0);
    let edges: Vec<f64> = (0..bands + 2).map(|i| mel_to_hz(top * i as f64 / (bands + 1) as f64)).collect();
    let mut weights = Vec::with_capacity(bands * FFT_BINS);
    for edge in edges.windows(3) {
        let (low, centre, high) = (edge[0], edge[1], edge[2]);
        let area = 2.0 / (high - low);
        for bin in 0..FFT_BINS {
            let hz = bin as f64 * (RATE / 2.0) / (FFT_BINS - 1) as f64;
            let rising = (hz - low) / (centre - low);
            let falling = (high - hz) / (high - centre);
            weights.push((rising.min(falling).max(0.0) * area) as f32);
        }
    }
    weights
}

/// Mels per factor e above the linear part: 27 mels are a factor 6.4.
fn log_step() -> f64 {
    6.4f64.ln() / 27.0
}

fn hz_to_mel(hz: f64) -> f64 {
    if hz < LINEAR_BELOW_HZ {
        return hz / HZ_PER_MEL;
    }
    LINEAR_BELOW_HZ / HZ_PER_MEL + (hz / LINEAR_BELOW_HZ).ln() / log_step()
}

fn mel_to_hz(mel: f64) -> f64 {
    let knee = LINEAR_BELOW_HZ / HZ_PER_MEL;
    if mel < knee {
        return mel * HZ_PER_MEL;
    }
    LINEAR_BELOW_HZ * ((mel - knee) * log_step()).exp()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_band_is_one_triangle_of_equal_area_to_the_right_of_the_last() {
        let filters = filters(80);
        assert_eq!(filters.len(), 80 * FFT_BINS);
        let mut last_peak = 0;
        for (band, row) in filters.chunks(FFT_BINS).enumerate() {
            assert!(row.iter().all(|w| *w >= 0.0));
            let peak = (0..FFT_BINS).max_by(|a, b| row[*a].total_cmp(&row[*b])).unwrap();
            assert!(row[peak] > 0.0 && peak >= last_peak, "band {band} peaks at {peak}");
            last_peak = peak;
            if band > 40 {
                let area: f32 = row.iter().sum::<f32>() * 40.0;
                assert!((area - 1.0).abs() < 0.1, "band {band} has area {area}");
            }
        }
    }

    #[test]
    fn agrees_with_librosa() {
        // librosa.filters.mel(sr=16000, n_fft=400, n_mels=80), rows 0, 1 and 79.
        let filters = filters(80);
        assert!((filters[1] - 0.024_862_59).abs() < 1e-6, "{}", filters[1]);
        assert!((filters[FFT_BINS + 1] - 0.001_990_82).abs() < 1e-6, "{}", filters[FFT_BINS + 1]);
        assert_eq!(filters[80 * FFT_BINS - 1], 0.0);
    }

    #[test]
    fn the_scale_is_its_own_inverse() {
        for hz in [0.0, 100.0, 999.0, 1000.0, 4321.0, 8000.0] {
            assert!((mel_to_hz(hz_to_mel(hz)) - hz).abs() < 1e-6);
        }
    }
}
