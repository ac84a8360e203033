use crate::{ModelError, ModelErrorKind};
use bytes::Bytes;
use std::io::Cursor;

/// Sample rate of an utterance in Hz.
pub(crate) const RATE: u32 = 16_000;
/// OpenAI refuses less than 0.1 s, in which nobody says a word.
pub(crate) const SHORTEST: usize = RATE as usize / 10;

/// An utterance of 16 kHz mono as a WAV file of 16 bit; `provider` is for the error.
pub(crate) fn wav(samples: &[i16], provider: &str) -> Result<Bytes, ModelError> {
    let spec =
        hound::WavSpec { channels: 1, sample_rate: RATE, bits_per_sample: 16, sample_format: hound::SampleFormat::Int };
    let mut file = Cursor::new(Vec::with_capacity(44 + 2 * samples.len()));
    let written = hound::WavWriter::new(&mut file, spec).and_then(|mut writer| {
        samples.iter().try_for_each(|&sample| writer.write_sample(sample))?;
        writer.finalize()
    });
    written.map_err(|error| ModelError {
        provider: provider.to_string(),
        kind: ModelErrorKind::Rejected,
        given_up: false,
        message: format!("the utterance does not fit into a WAV file: {error}"),
        help: "transcribe shorter pieces".into(),
    })?;
    Ok(Bytes::from(file.into_inner()))
}

/// Samples as 16 bit little-endian bytes.
pub(crate) fn bytes(samples: &[i16]) -> Vec<u8> {
    samples.iter().flat_map(|s| s.to_le_bytes()).collect()
}
