use super::*;
use proptest::prelude::*;

/// All samples of an answer that is cut every `size` bytes.
fn read(bytes: &[u8], size: usize) -> Result<(u32, Vec<i16>), String> {
    let mut reader = PcmReader::new(PCM_RATE);
    let (mut rate, mut mono) = (0, vec![]);
    for piece in bytes.chunks(size.max(1)) {
        if let Some(samples) = reader.push(piece)? {
            rate = samples.rate;
            mono.extend(samples.mono);
        }
    }
    reader.end().map(|()| (rate, mono))
}

/// A WAV file's format: code, channels, Hz, bits.
type Kind = (u16, u16, u32, u16);

fn wav((code, channels, rate, bits): Kind, size: u32, samples: &[i16], tail: &[u8]) -> Vec<u8> {
    let mut out = b"RIFF\xff\xff\xff\xffWAVELIST\x05\0\0\0note!\0fmt ".to_vec();
    out.extend(16u32.to_le_bytes());
    out.extend([code, channels].map(u16::to_le_bytes).concat());
    out.extend([rate, rate * u32::from(channels) * 2].map(u32::to_le_bytes).concat());
    out.extend([channels * 2, bits].map(u16::to_le_bytes).concat());
    out.extend(b"data");
    out.extend(size.to_le_bytes());
    out.extend(samples.iter().flat_map(|s| s.to_le_bytes()));
    out.extend(tail);
    out
}

proptest! {
    #[test]
    fn speech_is_the_same_wherever_it_is_cut(samples in prop::collection::vec(any::<i16>(), 3..300), size in 1usize..64, header: bool) {
        let raw: Vec<u8> = samples.iter().flat_map(|s| s.to_le_bytes()).collect();
        let wav = wav((1, 1, 22_050, 16), u32::MAX, &samples, &[]);
        let (bytes, rate) = if header { (wav, 22_050) } else { (raw, PCM_RATE) };
        // Four bytes of noise may happen to spell the start of a file.
        prop_assume!(header || !matches!(&bytes[..2], b"RI" | b"Og" | b"ID" | b"fL" | b"{\"" | b"<h" | b"<!"));
        prop_assert_eq!(read(&bytes, size), Ok((rate, samples)));
    }

    #[test]
    fn garbage_after_a_header_never_panics(bytes in prop::collection::vec(any::<u8>(), 0..200), size in 1usize..50) {
        let _ = read(&[b"RIFF\0\0\0\0WAVE", &bytes[..]].concat(), size);
        let _ = read(&[b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0", &bytes[..]].concat(), size);
    }
}

#[test]
fn a_length_that_is_true_is_kept_to_and_one_that_is_not_is_not() {
    let samples = [1, 2, 3, 4];
    let read = |size, tail: &[u8]| read(&wav((1, 1, 16_000, 16), size, &samples, tail), 7).map(|(_, mono)| mono);
    assert_eq!(read(8, b"LIST\x04\0\0\0abcd"), Ok(samples.to_vec()));
    for streamed in [0, u32::MAX, 0x7fff_ffff] {
        assert_eq!(read(streamed, &[]), Ok(samples.to_vec()));
    }
}

#[test]
fn two_channels_are_mixed_and_strange_formats_refused() {
    let stereo = wav((0xfffe, 2, 48_000, 16), 8, &[100, 300, i16::MAX, i16::MAX], &[]);
    assert_eq!(read(&stereo, 3), Ok((48_000, vec![200, i16::MAX])));
    for (code, channels, rate, bits) in
        [(3, 1, 24_000, 32), (1, 0, 24_000, 16), (1, 1, 24_000, 8), (1, 1, 96, 16), (7, 1, 8_000, 8)]
    {
        let error = read(&wav((code, channels, rate, bits), 0, &[1, 2], &[]), 1000).expect_err("not playable");
        assert!(error.contains(&format!("{rate} Hz")), "{error}");
    }
}

#[test]
fn what_is_no_speech_is_refused() {
    for (bytes, name) in
        [(&b"OggS\0\x02\0\0"[..], "Ogg"), (b"ID3\x04\0", "MP3"), (b"fLaC\0\0", "FLAC"), (b"{\"error\": 1}", "text")]
    {
        assert!(read(bytes, 3).expect_err(name).contains(name));
    }
    assert!(read(b"", 1).is_err() && read(b"RIFF", 1).is_err() && read(b"\x01", 1).is_err());
    let endless = [&b"RIFF\0\0\0\0WAVEjunk\xff\xff\xff\x7f"[..], &[0; 100]].concat();
    assert!(read(&endless, 10).is_err());
    let many: Vec<u8> = [&b"RIFF\0\0\0\0WAVE"[..], &b"junk\0\0\0\0".repeat(10_000)].concat();
    assert!(read(&many, 1000).is_err());
}

#[test]
fn what_is_announced_as_a_wav_file_must_be_one() {
    let push = |bytes: &[u8]| PcmReader::of_wav().push(bytes);
    assert!(push(b"\0\0\0\0\0\0").unwrap_err().contains("announces a WAV file"));
    assert!(push(b"<html>").unwrap_err().contains("answers text"));
    let good = wav((1, 1, 16_000, 16), 4, &[1, 2], &[]);
    assert_eq!(push(&good), Ok(Some(Samples { rate: 16_000, mono: vec![1, 2] })));
}
