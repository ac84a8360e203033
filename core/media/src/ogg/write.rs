use super::PRE_SKIP;
use ogg::writing::{PacketWriteEndInfo, PacketWriter};

/// Sound after which a page is closed, in samples of 48 kHz: 0.8 s. With the packet kept back, less than a second is
/// missing at any time.
const PAGE: u64 = 38_400;

/// Builds an Ogg Opus file (RFC 7845) piece by piece: whoever writes to disk appends what this returns.
///
/// Pages are closed at least once a second and valid on their own. A file whose writer was killed opens, and holds all
/// but the last second; [`OggOpus::finish`] marks a file as complete.
///
/// ```
/// use duologue_media::{Frame, MonoEncoder, OggOpus, decode_ogg_opus};
///
/// let mut encoder = MonoEncoder::new(24_000)?;
/// let (mut ogg, mut file) = OggOpus::new(1, 24_000, 7, &[("TITLE", "a second of silence")]);
/// for _ in 0..50 {
///     let packet = encoder.encode(&Frame::silence(24_000))?;
///     file.extend(ogg.push(&packet, 960));
/// }
/// file.extend(ogg.finish());
/// let sound = decode_ogg_opus(&file, 16_000)?;
/// assert_eq!(sound.samples[0].len(), 16_000 - 104); // less the delay of the encoder
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct OggOpus {
    pages: PacketWriter<'static, Vec<u8>>,
    serial: u32,
    /// Samples of 48 kHz in all packets so far; in the page that is open.
    granule: u64,
    open: u64,
    /// The last packet, kept back since only now it is known whether it ends the file; and its granule position.
    last: Option<(Vec<u8>, u64)>,
}

impl OggOpus {
    /// A file of `channels` (1 or 2) whose sound was at `input_rate` Hz, and its header bytes. `serial` tells streams in
    /// one file apart; `tags` are name and value (RFC 7845 §5.2), such as `("TITLE", "…")`.
    pub fn new(channels: u8, input_rate: u32, serial: u32, tags: &[(&str, &str)]) -> (OggOpus, Vec<u8>) {
        let mut ogg = OggOpus { pages: PacketWriter::new(Vec::new()), serial, granule: 0, open: 0, last: None };
        ogg.write(head(channels, input_rate), 0, PacketWriteEndInfo::EndPage);
        ogg.write(comments(tags), 0, PacketWriteEndInfo::EndPage);
        let header = ogg.take();
        (ogg, header)
    }

    /// Adds a packet of `samples_48k` samples of 48 kHz (960 for 20 ms) and returns the pages that are now complete:
    /// mostly none.
    pub fn push(&mut self, opus_packet: &[u8], samples_48k: u32) -> Vec<u8> {
        self.granule += u64::from(samples_48k);
        let before = self.last.replace((opus_packet.to_vec(), self.granule));
        if let Some((packet, granule)) = before {
            let full = granule >= self.open + PAGE;
            let end = if full { PacketWriteEndInfo::EndPage } else { PacketWriteEndInfo::NormalPacket };
            self.write(packet, granule, end);
            if full {
                self.open = granule;
            }
        }
        self.take()
    }

    /// The last page. Without any packet there is nothing to end, and the file stays a header.
    pub fn finish(mut self) -> Vec<u8> {
        if let Some((packet, granule)) = self.last.take() {
            self.write(packet, granule, PacketWriteEndInfo::EndStream);
        }
        self.take()
    }

    fn write(&mut self, packet: Vec<u8>, granule: u64, end: PacketWriteEndInfo) {
        // Writing to memory can't fail.
        let _ = self.pages.write_packet(packet, self.serial, end, granule);
    }

    fn take(&mut self) -> Vec<u8> {
        std::mem::take(self.pages.inner_mut())
    }
}

/// The identification header (RFC 7845 §5.1): version 1, no gain, channel mapping family 0.
fn head(channels: u8, input_rate: u32) -> Vec<u8> {
    let mut head = b"OpusHead\x01".to_vec();
    head.push(channels);
    head.extend(PRE_SKIP.to_le_bytes());
    head.extend(input_rate.to_le_bytes());
    head.extend([0, 0, 0]);
    head
}

/// The comment header (RFC 7845 §5.2).
fn comments(tags: &[(&str, &str)]) -> Vec<u8> {
    let mut comments = b"OpusTags".to_vec();
    text(&mut comments, "Duologue");
    comments.extend((tags.len() as u32).to_le_bytes());
    for (name, value) in tags {
        text(&mut comments, &format!("{name}={value}"));
    }
    comments
}

fn text(out: &mut Vec<u8>, text: &str) {
    out.extend((text.len() as u32).to_le_bytes());
    out.extend(text.as_bytes());
}
