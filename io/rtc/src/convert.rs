//! Between this crate's types and those of the engine below.

use crate::{Coding, Received, Rtp};
use std::time::{Instant, SystemTime};
use str0m::Rtc;
use str0m::format::{Codec, PayloadParams};
use str0m::media::{Frequency, Mid, Pt};
use str0m::rtp::{ExtensionValues, RtpPacket, RtpWrite};

/// Ticks of Opus in a second (RFC 7587 §4.1).
const CLOCK: f64 = 48_000.0;

/// The Opus of this session, as both sides agreed on it.
fn opus(rtc: &Rtc, mid: Mid) -> Option<&PayloadParams> {
    let remote = rtc.media(mid)?.remote_pts();
    let all = || rtc.codec_config().params().iter().filter(|params| params.spec().codec == Codec::Opus);
    all().find(|params| remote.contains(&params.pt())).or_else(|| all().next())
}

/// The payload type to send as, if it was agreed on.
pub(crate) fn payload_type(rtc: &Rtc, mid: Mid, coding: Coding) -> Option<Pt> {
    let opus = opus(rtc, mid)?;
    match coding {
        Coding::Opus => Some(opus.pt()),
        Coding::Red => opus.red(),
    }
}

/// A packet of sound; `None` for what is neither Opus nor redundant Opus.
pub(crate) fn received(rtc: &mut Rtc, packet: RtpPacket) -> Option<Received> {
    let mid = rtc.direct_api().stream_rx(&packet.header.ssrc)?.mid();
    let opus = opus(rtc, mid)?;
    let coding = if packet.header.payload_type == opus.pt() {
        Coding::Opus
    } else if Some(packet.header.payload_type) == opus.red() {
        Coding::Red
    } else {
        return None;
    };
    let recorded = recorded(&packet);
    let level = packet.header.ext_vals.audio_level.map(|level| level.unsigned_abs().min(127));
    Some(Received {
        rtp: Rtp {
            coding,
            sequence: *packet.seq_no,
            timestamp: packet.header.timestamp,
            marker: packet.header.marker,
            level,
            payload: packet.payload,
        },
        mid,
        at: packet.timestamp,
        recorded,
    })
}

/// The moment of a packet by its sender's clock, from the last sender report (RFC 3550 §6.4.1).
fn recorded(packet: &RtpPacket) -> Option<SystemTime> {
    let report = packet.last_sender_info.as_ref()?;
    let reported = report.rtp_time.rebase(Frequency::FORTY_EIGHT_KHZ).numer() as u32;
    let ticks = f64::from(packet.header.timestamp.wrapping_sub(reported) as i32);
    let apart = std::time::Duration::from_secs_f64(ticks.abs() / CLOCK);
    if ticks < 0.0 { report.ntp_time.checked_sub(apart) } else { report.ntp_time.checked_add(apart) }
}

/// What the engine sends.
pub(crate) fn outgoing(rtp: &Rtp, pt: Pt, now: Instant) -> RtpWrite {
    let level = rtp.level.map(|level| -i8::try_from(level.min(127)).unwrap_or(127));
    let values =
        ExtensionValues { audio_level: level, voice_activity: level.map(|level| level > -60), ..Default::default() };
    RtpWrite::new(pt, rtp.sequence.into(), rtp.timestamp, now, rtp.payload.clone()).marker(rtp.marker).ext_vals(values)
}
