use duologue_media::Frame;

/// Samples a second that are compared: the voice's own range, and no more work than needed.
const RATE: u32 = 8_000;
/// 20 ms.
const STEP: usize = 160;
/// 60 ms are compared at a time: more than a period of the lowest voice, less than the gate takes to open.
const WINDOW: usize = 3 * STEP;
/// The longest way there and back, 800 ms.
const REACH: usize = 40 * STEP;
/// Correlation, from 0 to 1, from which on two waveforms are the same.
const ALIKE: f32 = 0.75;
/// The most that comes back: half, 6 dB down.
const LOUDEST: f32 = 0.5;
/// What lies below voices, 100 Hz, is left out: hum is alike wherever it comes from.
const ABOVE: f32 = 0.92;
/// The long search is done at half the rate, which is a quarter of the work.
const COARSE: usize = 2;
/// What correlates so much there gets a closer look: between two of its samples a copy looks less like itself.
const ROUGHLY: f32 = 0.6;
/// So many of the likeliest ways get one: a voice is like itself a period earlier.
const LOOKS: usize = 3;

/// A way there and back: so many samples late, and so much of the loudness.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Way {
    pub(super) lag: usize,
    pub(super) gain: f32,
}

/// The last 860 ms of what was played, and the last 60 ms of what was heard.
pub(super) struct Played {
    fine: Sliding<{ WINDOW + REACH }>,
    coarse: Sliding<{ (WINDOW + REACH) / COARSE }>,
    heard: [f32; WINDOW],
    /// Frames since the last one that was played.
    quiet: usize,
    /// For what is played and for what is heard.
    filters: [HighPass; 2],
    /// Likeness by way, kept only so that it is made once.
    scores: Vec<f32>,
}

impl Played {
    pub(super) fn new() -> Played {
        let (fine, coarse) = (Sliding { samples: Vec::new(), end: 0 }, Sliding { samples: Vec::new(), end: 0 });
        let filters = Default::default();
        Played { fine, coarse, heard: [0.0; WINDOW], quiet: usize::MAX, filters, scores: Vec::new() }
    }

    /// 20 ms that are played in the present step.
    pub(super) fn play(&mut self, frame: &Frame) {
        self.quiet = 0;
        let newest = self.fine.newest(STEP);
        thin(frame, newest);
        self.filters[0].apply(newest);
        let coarse = self.coarse.newest(STEP / COARSE);
        coarsen(newest, coarse);
    }

    /// 20 ms that are heard.
    pub(super) fn hear(&mut self, frame: &Frame) {
        self.heard.copy_within(STEP.., 0);
        let newest = &mut self.heard[WINDOW - STEP..];
        thin(frame, newest);
        self.filters[1].apply(newest);
    }

    /// The next 20 ms begin; nothing is played in them yet.
    pub(super) fn advance(&mut self) {
        self.quiet = self.quiet.saturating_add(1);
        if !self.is_over() {
            self.fine.advance(STEP);
            self.coarse.advance(STEP / COARSE);
        }
    }

    /// Nothing that was played can still come back.
    pub(super) fn is_over(&self) -> bool {
        self.quiet > (WINDOW + REACH) / STEP
    }

    /// Energy of what is heard.
    pub(super) fn energy(&self) -> f32 {
        dot(&self.heard, &self.heard)
    }

    /// Energy that comes back on this way, as far as it is known.
    pub(super) fn expected(&self, way: Way) -> f32 {
        let played = self.at(way.lag);
        way.gain * way.gain * dot(played, played)
    }

    /// The way with this lag, where what is heard is a quieter copy of what was played that long ago.
    pub(super) fn likeness(&self, lag: usize) -> Option<Way> {
        let played = self.at(lag);
        let (product, energy) = (dot(&self.heard, played).abs(), dot(played, played));
        let alike = product * product >= ALIKE * ALIKE * energy * self.energy();
        (energy > 1.0 && alike && product <= LOUDEST * energy).then_some(Way { lag, gain: product / energy })
    }

    /// Any way on which what is heard is a copy: at half the rate first, then exactly.
    pub(super) fn search(&mut self) -> Option<Way> {
        self.score();
        for _ in 0..LOOKS {
            let best = self.scores.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1));
            let (at, _) = best.filter(|(_, score)| **score > 0.0)?;
            let near = (COARSE * at).saturating_sub(COARSE - 1)..=(COARSE * at + COARSE - 1).min(REACH);
            let found = near.filter_map(|lag| self.likeness(lag)).max_by(|a, b| a.gain.total_cmp(&b.gain));
            if found.is_some() {
                return found;
            }
            let around = at.saturating_sub(1)..(at + 2).min(self.scores.len());
            self.scores[around].fill(0.0);
        }
        None
    }

    /// How alike it is on each way, roughly; 0 where that is not enough, or too loud for an echo.
    fn score(&mut self) {
        const LENGTH: usize = WINDOW / COARSE;
        const LAGS: usize = REACH / COARSE;
        let mut heard = [0.0; LENGTH];
        coarsen(&self.heard, &mut heard);
        let played = self.coarse.all();
        let loudness = dot(&heard, &heard);
        let least = f64::from((loudness * (ALIKE * ALIKE) / (LOUDEST * LOUDEST)).max(1.0));
        let mut energy = f64::from(dot(&played[LAGS..], &played[LAGS..]));
        self.scores.clear();
        for lag in 0..LAGS {
            let from = LAGS - lag;
            let score = if energy > least {
                let product = dot(&heard, &played[from..from + LENGTH]);
                product * product / energy as f32
            } else {
                0.0
            };
            self.scores.push(if score > ROUGHLY * ROUGHLY * loudness { score } else { 0.0 });
            let [leaves, enters] = [from + LENGTH - 1, from - 1].map(|at| f64::from(played[at]));
            energy += enters * enters - leaves * leaves;
        }
    }

    /// 60 ms that ended `lag` samples before the end of what was played.
    fn at(&self, lag: usize) -> &[f32] {
        let from = REACH - lag.min(REACH);
        &self.fine.all()[from..from + WINDOW]
    }
}

/// The last `N` samples of a line that goes on. They lie in twice the room, so that few steps move them.
struct Sliding<const N: usize> {
    /// Nothing before the first sound.
    samples: Vec<f32>,
    end: usize,
}

impl<const N: usize> Sliding<N> {
    fn all(&self) -> &[f32] {
        self.samples.get(self.end.saturating_sub(N)..self.end).unwrap_or_default()
    }

    fn newest(&mut self, step: usize) -> &mut [f32] {
        if self.samples.is_empty() {
            self.samples.resize(2 * N, 0.0);
            self.end = N;
        }
        &mut self.samples[self.end - step..self.end]
    }

    fn advance(&mut self, step: usize) {
        if self.end + step > self.samples.len() {
            self.samples.copy_within(self.end - N.., 0);
            self.end = N;
        }
        self.end += step;
        self.samples[self.end - step..self.end].fill(0.0);
    }
}

/// y(n) = x(n) - x(n-1) + [`ABOVE`] y(n-1).
#[derive(Default)]
struct HighPass {
    input: f32,
    output: f32,
}

impl HighPass {
    fn apply(&mut self, samples: &mut [f32]) {
        for sample in samples {
            self.output = *sample - self.input + ABOVE * self.output;
            self.input = std::mem::replace(sample, self.output);
        }
    }
}

/// The frame at [`RATE`]: each sample is the mean of those it stands for.
fn thin(frame: &Frame, out: &mut [f32]) {
    let each = (frame.rate() / RATE).max(1) as usize;
    for (out, of) in out.iter_mut().zip(frame.samples().chunks_exact(each)) {
        *out = of.iter().map(|&s| f32::from(s)).sum::<f32>() / each as f32;
    }
}

/// Each sample is the mean of [`COARSE`].
fn coarsen(samples: &[f32], out: &mut [f32]) {
    for (out, of) in out.iter_mut().zip(samples.chunks_exact(COARSE)) {
        *out = of.iter().sum::<f32>() / COARSE as f32;
    }
}

/// Sum of products, in lanes that the compiler can do at once. Both lengths are multiples of sixteen.
fn dot(a: &[f32], b: &[f32]) -> f32 {
    let mut lanes = [0.0f32; 16];
    for (a, b) in a.chunks_exact(16).zip(b.chunks_exact(16)) {
        for ((lane, a), b) in lanes.iter_mut().zip(a).zip(b) {
            *lane += a * b;
        }
    }
    lanes.iter().sum()
}
