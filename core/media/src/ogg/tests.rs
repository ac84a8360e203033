use super::*;
use crate::frame::Frame;
use crate::signal::{power, voiced};
use crate::track::{MonoEncoder, StereoEncoder, StereoFrame};
use ::ogg::PacketReader;
use proptest::prelude::*;
use std::io::Cursor;
use std::sync::LazyLock;

/// A stereo file with a voice on the left, and what was appended at each packet.
fn recording(rate: u32, seconds: f64, finish: bool) -> (Vec<u8>, Vec<usize>) {
    let mut encoder = StereoEncoder::new(rate).unwrap();
    let (mut ogg, mut file) = OggOpus::new(2, rate, 99, &[("TITLE", "left speaks"), ("ARTIST", "Grüße")]);
    let mut sizes = vec![file.len()];
    let silence = Frame::silence(rate);
    for samples in voiced(rate, seconds, 130.0).chunks_exact(rate as usize / 50) {
        let left = Frame::new(rate, samples.to_vec()).unwrap();
        let packet = encoder.encode(&StereoFrame::new(&left, &silence).unwrap()).unwrap();
        file.extend(ogg.push(&packet, 960));
        sizes.push(file.len());
    }
    if finish {
        file.extend(ogg.finish());
    }
    (file, sizes)
}

#[test]
fn pages_and_positions_are_as_the_rfc_says() {
    let (file, _) = recording(24_000, 3.0, true);
    let mut reader = PacketReader::new(Cursor::new(&file));
    let head = reader.read_packet().unwrap().unwrap();
    assert_eq!(head.data, b"OpusHead\x01\x02\x38\x01\xc0\x5d\0\0\0\0\0");
    assert!(head.first_in_stream() && head.last_in_page() && head.absgp_page() == 0);
    let tags = reader.read_packet().unwrap().unwrap();
    assert!(tags.data.starts_with(b"OpusTags\x08\0\0\0Duologue\x02\0\0\0\x11\0\0\0TITLE=left speaks"));
    assert!(tags.last_in_page() && tags.absgp_page() == 0);
    let (mut packets, mut page_ends) = (0, Vec::new());
    while let Some(packet) = reader.read_packet().unwrap() {
        packets += 1;
        if packet.last_in_page() {
            assert_eq!(packet.absgp_page(), packets * 960);
            page_ends.push(packets);
        }
        assert_eq!(packet.last_in_stream(), packets == 150);
        assert_eq!(packet.stream_serial(), 99);
    }
    assert_eq!(page_ends, [40, 80, 120, 150]);
}

#[test]
fn at_most_a_second_waits_to_be_written() {
    let (_, sizes) = recording(24_000, 4.0, false);
    let mut unchanged = 0;
    for pair in sizes.windows(2) {
        unchanged = if pair[0] == pair[1] { unchanged + 1 } else { 0 };
        assert!(unchanged < 49);
    }
}

#[test]
fn what_was_said_can_be_read_back() {
    for rate in [8_000, 16_000, 48_000] {
        let (file, _) = recording(48_000, 3.0, true);
        let sound = decode_ogg_opus(&file, rate).unwrap();
        assert_eq!((sound.channels, sound.rate, sound.complete), (2, rate, true));
        let expected = (3 * 48_000 - usize::from(PRE_SKIP)) * rate as usize / 48_000;
        assert!(sound.samples.iter().all(|s| s.len() == expected), "{} of {expected}", sound.samples[0].len());
        let said = power(&voiced(rate, 3.0, 130.0));
        assert!((0.6..1.4).contains(&(power(&sound.samples[0]) / said)));
        assert!(power(&sound.samples[1]) < said / 500.0);
    }
}

#[test]
fn sound_starts_where_it_started() {
    let rate = 48_000;
    let mut encoder = MonoEncoder::new(rate).unwrap();
    let (mut ogg, mut file) = OggOpus::new(1, rate, 1, &[]);
    let mut sound = vec![0; 24_000];
    sound.extend(voiced(rate, 0.5, 130.0).iter().map(|s| s.saturating_mul(2)));
    for samples in sound.chunks_exact(960) {
        file.extend(ogg.push(&encoder.encode(&Frame::new(rate, samples.to_vec()).unwrap()).unwrap(), 960));
    }
    file.extend(ogg.finish());
    let heard = decode_ogg_opus(&file, rate).unwrap().samples.remove(0);
    let score = |lag: i64| -> f64 {
        (24_000..46_000).map(|i| f64::from(sound[i]) * f64::from(heard[(i as i64 + lag) as usize])).sum()
    };
    let best = (-150..150).max_by(|a, b| score(*a).total_cmp(&score(*b)));
    assert!(best.is_some_and(|lag| lag.abs() <= 24), "shifted by {best:?} samples");
}

#[test]
fn a_file_without_packets_is_a_valid_header() {
    let (ogg, mut file) = OggOpus::new(1, 16_000, 5, &[]);
    file.extend(ogg.finish());
    let sound = decode_ogg_opus(&file, 16_000).unwrap();
    assert_eq!((sound.samples, sound.complete), (vec![vec![]], false));
}

#[test]
fn what_is_no_opus_file_is_refused_with_a_reason() {
    let reason = |bytes: &[u8]| decode_ogg_opus(bytes, 16_000).err().map(|e| e.to_string()).unwrap_or_default();
    assert!(reason(b"").contains("no Ogg file"));
    assert!(reason(&[7; 5_000]).contains("no Ogg file"));
    let (file, _) = recording(24_000, 0.1, true);
    assert!(decode_ogg_opus(&file, 44_100).is_err());
    let mut other = ::ogg::PacketWriter::new(Vec::new());
    other.write_packet(&b"\x01vorbis"[..], 1, ::ogg::PacketWriteEndInfo::EndStream, 0).unwrap();
    assert!(reason(other.inner()).contains("OpusHead"));
}

/// Three seconds that were never finished, and one that was.
static KILLED: LazyLock<(Vec<u8>, Vec<usize>)> = LazyLock::new(|| recording(24_000, 3.0, false));
static FINISHED: LazyLock<Vec<u8>> = LazyLock::new(|| recording(24_000, 1.2, true).0);

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]
    #[test]
    fn a_file_cut_off_anywhere_keeps_all_but_the_last_second(cut in 0usize..100_000) {
        let (file, sizes) = &*KILLED;
        let cut = sizes[0] + cut % (file.len() - sizes[0]);
        let sound = decode_ogg_opus(&file[..cut], 8_000).unwrap();
        let written = sizes.iter().rposition(|size| *size <= cut).unwrap_or(0);
        prop_assert!(!sound.complete);
        prop_assert!(sound.samples[0].len() + 8_000 + 52 >= written * 160, "{} of {}", sound.samples[0].len(), written * 160);
    }

    #[test]
    fn damage_anywhere_never_panics(damage in prop::collection::vec((0usize..100_000, any::<u8>()), 1..8)) {
        let mut file = FINISHED.clone();
        for (at, value) in damage {
            let at = at % file.len();
            file[at] = value;
        }
        if let Ok(sound) = decode_ogg_opus(&file, 16_000) {
            prop_assert!(sound.samples[0].len() <= 16_000 * 2);
        }
    }

    #[test]
    fn any_bytes_are_survived(mut bytes in prop::collection::vec(any::<u8>(), 0..2_000), page in any::<bool>()) {
        if page && bytes.len() > 5 {
            bytes[..5].copy_from_slice(b"OggS\0");
        }
        let _ = decode_ogg_opus(&bytes, 16_000);
    }

    #[test]
    fn any_packets_in_valid_pages_are_survived(packets in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..300), 0..20)) {
        let (mut ogg, mut file) = OggOpus::new(1, 48_000, 5, &[]);
        for packet in &packets {
            file.extend(ogg.push(packet, 960));
        }
        file.extend(ogg.finish());
        let sound = decode_ogg_opus(&file, 8_000).unwrap();
        prop_assert!(sound.samples[0].len() <= packets.len() * 960);
    }
}
