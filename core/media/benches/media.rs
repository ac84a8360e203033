//! What a second of sound costs, part by part: read the figures as time per second.

use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use duologue_ids::Mono;
use duologue_media::{
    Codec, Ear, EarConfig, EarshotVad, EnergyVad, Frame, GateConfig, Mouth, Packet, Resampler, SpeechGate,
    StereoEncoder, StereoFrame, Vad,
};
use std::f64::consts::TAU;
use std::hint::black_box;

/// A second of a buzz in syllables.
fn voice(rate: u32) -> Vec<i16> {
    let partial = |t: f64, k: i32| (TAU * 130.0 * f64::from(k) * t).sin() / f64::from(k);
    let sample = |t: f64| (1..24).map(|k| partial(t, k)).sum::<f64>() * (0.55 - 0.45 * (TAU * 5.0 * t).cos());
    (0..rate).map(|i| (sample(f64::from(i) / f64::from(rate)) * 6_000.0) as i16).collect()
}

fn frames(rate: u32) -> Vec<Frame> {
    voice(rate).chunks_exact(rate as usize / 50).filter_map(|s| Frame::new(rate, s.to_vec()).ok()).collect()
}

fn packets(codec: Codec, rate: u32) -> Vec<Packet> {
    let mut mouth = Mouth::new(codec, rate, 1);
    frames(rate).iter().filter_map(|f| mouth.send(Some(f)).ok().flatten()).collect()
}

fn resample(c: &mut Criterion) {
    let mut group = c.benchmark_group("resample");
    for (from, to) in [(48_000, 16_000), (24_000, 16_000), (22_050, 24_000), (16_000, 48_000)] {
        let sound = voice(from);
        group.throughput(Throughput::Elements(u64::from(from)));
        group.bench_function(format!("{from} to {to}"), |b| {
            let mut resampler = Resampler::new(from, to);
            let mut out = Vec::new();
            b.iter(|| {
                for piece in sound.chunks(from as usize / 50) {
                    out.clear();
                    resampler.push(piece, &mut out);
                }
                black_box(out.len())
            });
        });
    }
    group.bench_function("new 22050 to 24000", |b| b.iter(|| Resampler::new(22_050, 24_000)));
    group.finish();
}

fn link(c: &mut Criterion) {
    let mut group = c.benchmark_group("link");
    for (name, codec, rate) in [("opus", Codec::Opus, 24_000), ("l16", Codec::L16 { rate: 16_000 }, 16_000)] {
        let said = frames(rate);
        group.bench_function(format!("{name} mouth"), |b| {
            let mut mouth = Mouth::new(codec, rate, 1);
            b.iter(|| said.iter().filter_map(|f| mouth.send(Some(f)).ok().flatten()).count());
        });
        let sent = packets(codec, rate);
        group.bench_function(format!("{name} ear at 16000"), |b| {
            b.iter_batched(
                || (Ear::new(16_000, EarConfig::default()), sent.clone()),
                |(mut ear, sent)| {
                    for (n, packet) in sent.into_iter().enumerate() {
                        ear.push(Mono::from_millis(20 * n as u64), packet);
                        black_box(ear.pull(Mono::from_millis(20 * n as u64)));
                    }
                    ear
                },
                BatchSize::LargeInput,
            );
        });
    }
    group.bench_function("silent ear", |b| {
        let mut ear = Ear::new(16_000, EarConfig::default());
        b.iter(|| (0..50).map(|n| ear.pull(Mono::from_millis(20 * n))).filter(|h| h.frame.is_silent()).count());
    });
    group.finish();
}

fn vad(c: &mut Criterion) {
    let mut group = c.benchmark_group("vad");
    for name in ["earshot", "energy"] {
        let detector = || -> Box<dyn Vad> {
            if name == "earshot" { Box::new(EarshotVad::new()) } else { Box::new(EnergyVad::new(300.0)) }
        };
        let silence = vec![Frame::silence(16_000); 50];
        for (kind, sound) in [("speech", frames(16_000)), ("silence", silence)] {
            group.bench_function(format!("{name}, {kind}"), |b| {
                let mut gate = SpeechGate::new(detector(), GateConfig::default());
                (0..10).for_each(|_| sound.iter().for_each(|f| _ = gate.push(f)));
                b.iter(|| sound.iter().filter(|f| gate.push(f).speaking).count());
            });
        }
    }
    group.finish();
}

fn record(c: &mut Criterion) {
    let voices = frames(24_000);
    let silence = Frame::silence(24_000);
    for (name, right) in [("one speaks", None), ("both speak", Some(&voices))] {
        c.bench_function(&format!("record/stereo 24000, {name}"), |b| {
            let Ok(mut encoder) = StereoEncoder::new(24_000) else { return };
            let pairs: Vec<StereoFrame> = (0..50)
                .filter_map(|n| StereoFrame::new(&voices[n], right.map_or(&silence, |r| &r[(n + 7) % 50])).ok())
                .collect();
            b.iter(|| pairs.iter().filter_map(|p| encoder.encode(p).ok()).map(|p| p.len()).sum::<usize>());
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().without_plots();
    targets = resample, link, vad, record
}
criterion_main!(benches);
