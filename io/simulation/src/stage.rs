use crate::case::Case;
use crate::suite::{Act, CallerAgent, Delay, Network, Situation, Sound, Suite, TurnSettings};
use duologue_chat::{ToolCall, ToolOutcome};
use duologue_conversation::report::SCRIPTED_CALLER;
use duologue_conversation::scenario::{CastScenario, Side};
use duologue_conversation::virtual_time::Staged;
use duologue_conversation::{AgentSummary, Guidance, index, limits, session_config};
use duologue_ids::{Seed, SeededRng};
use duologue_media::{Codec, EarshotVad, EnergyVad, Foreground, Vad};
use duologue_sim::{
    BABBLE_RATE, Caller, CallerConfig, DuetConfig, EchoConfig, Impairments, Interjection, Latency, LinkConfig, Noise,
    ScriptedRunner, Seat, understand,
};
use duologue_voice::{Opening, Party, Session, SessionConfig, SessionError, Step};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Loudness above which plain sound is speech, root mean square.
const LOUD: f32 = 300.0;
/// Pitch of the scripted voices, Hz: clearly two people, support agent and customer.
const PITCHES: [f32; 2] = [118.0, 196.0];
/// What was measured of each stage on this machine, ms.
pub type MeasuredStages = BTreeMap<&'static str, Arc<[Duration]>>;

/// Sets the stage for one conversation.
///
/// # Errors
/// A session can't be made.
pub fn stage(
    suite: &Suite,
    case: &Case,
    seed: u64,
    measured: &MeasuredStages,
) -> Result<Staged<ScriptedRunner>, SessionError> {
    stage_with(suite, case, seed, measured, &|_| {})
}

/// The same with a last change to the settings of each agent.
pub(crate) fn stage_with(
    suite: &Suite,
    case: &Case,
    seed: u64,
    measured: &MeasuredStages,
    adjust: &dyn Fn(&mut SessionConfig),
) -> Result<Staged<ScriptedRunner>, SessionError> {
    let id = format!("{}-s{seed}", case.id);
    // Two cases of one seed are two conversations.
    let seed = Seed(seed).derive(&case.id);
    let network = case.line.network.unwrap_or(suite.network);
    let duet = DuetConfig {
        codec: codec(suite.sound),
        links: [link(network, network.echo), link(network, false)],
        limits: limits(&case.cast, None),
        seed,
    };
    let support = agent(suite, case, Side::Support, (seed, adjust))?;
    let customer = match &case.situation {
        Some(situation) if situation.caller_agent.is_none() => caller(suite, case, situation, seed),
        _ => agent(suite, case, Side::Customer, (seed, adjust))?,
    };
    let runners = [Side::Support, Side::Customer].map(|side| runner(suite, case, side, (seed, measured)));
    let agents = [Side::Support, Side::Customer].map(|side| described(case, side));
    let guidance = Guidance::Scripted;
    Ok(Staged {
        id,
        cast: case.cast.clone(),
        agents,
        guidance,
        notes: notes(suite, case),
        duet,
        seats: [support, customer],
        runners,
        // Plain samples are what was said, to the bit.
        listen_back: (suite.sound == Sound::Opus).then_some(understand),
    })
}

fn link(network: Network, echo: bool) -> LinkConfig {
    let ms = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3);
    LinkConfig {
        delay: ms(network.delay_ms),
        jitter: ms(network.jitter_ms),
        loss: network.loss,
        echo: echo.then_some(EchoConfig::HANDS_FREE),
    }
}

fn codec(sound: Sound) -> Codec {
    match sound {
        Sound::Opus => Codec::Opus,
        Sound::Plain => Codec::L16 { rate: BABBLE_RATE },
    }
}

/// What an agent hears through: with Opus what live sessions have.
pub(crate) fn vad(sound: Sound) -> Box<dyn Vad> {
    match sound {
        Sound::Opus => Box::new(Foreground::new(Box::new(EarshotVad::new()))),
        Sound::Plain => Box::new(EnergyVad::new(LOUD)),
    }
}

fn agent(
    suite: &Suite,
    case: &Case,
    side: Side,
    (seed, adjust): (Seed, &dyn Fn(&mut SessionConfig)),
) -> Result<Seat, SessionError> {
    let mut config = session_config(&case.cast, side, seed, None);
    config.output_rate = BABBLE_RATE;
    apply(&suite.turns, &mut config);
    if let Some(situation) = &case.situation {
        let caller = situation.caller_agent.as_ref().filter(|_| side == Side::Customer);
        let greeting = caller.map_or(&situation.greeting, |c| &c.greeting);
        config.opening = greeting.clone().map_or(Opening::Wait, Opening::Say);
        config.course = caller.map(course).unwrap_or_default();
    }
    adjust(&mut config);
    let session = Session::new(config)?.with_vad(vad(suite.sound));
    let mut party = Party::new(session, codec(suite.sound), 1 + index(side) as u32);
    if side == Side::Customer
        && let Some(microphone) = impairments(suite, case).microphone(BABBLE_RATE, seed.derive("microphone"))
    {
        party = party.with_microphone(microphone);
    }
    Ok(Seat::Agent(Box::new(party)))
}

/// Its lines as steps of a course, so that one which was cut off is said again, and behind the last one it hangs up.
fn course(caller: &CallerAgent) -> Arc<[Step]> {
    let last = caller.lines.len().saturating_sub(1);
    let step = |(n, line): (usize, &String)| Step { hint: line.clone(), call: None, end_call: n == last };
    caller.lines.iter().enumerate().map(step).collect()
}

pub(crate) fn apply(turns: &TurnSettings, config: &mut SessionConfig) {
    let ms = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3);
    let set = |to: &mut Duration, from: Option<f64>| from.into_iter().for_each(|value| *to = ms(value));
    set(&mut config.interruption.min_duration, turns.interruption_min_duration_ms);
    set(&mut config.interruption.false_timeout, turns.false_interruption_timeout_ms);
    set(&mut config.endpointing.min_delay, turns.endpointing_min_delay_ms);
    set(&mut config.endpointing.max_delay, turns.endpointing_max_delay_ms);
    config.interruption.min_words = turns.interruption_min_words.map_or(config.interruption.min_words, |n| n as usize);
    config.preemptive = turns.preemptive.unwrap_or(config.preemptive);
}

/// Plain sound is heard by its loudness, to which noise is speech: it crosses clean.
fn impairments(suite: &Suite, case: &Case) -> Impairments {
    if suite.sound == Sound::Plain {
        return Impairments::default();
    }
    Impairments {
        noise: case.line.noise.map(|n| Noise { kind: n.kind.into(), snr_db: n.snr_db }),
        telephone: case.line.telephone,
        poor_microphone: case.line.poor_microphone,
    }
}

fn caller(suite: &Suite, case: &Case, situation: &Situation, seed: Seed) -> Seat {
    let mut rng = seed.derive("script").rng();
    let config = CallerConfig {
        acts: situation.caller.iter().filter_map(|act| scripted(act, &mut rng)).collect(),
        opens: situation.greeting.is_none(),
        patience: Duration::from_secs_f64(situation.patience_s),
        output_rate: BABBLE_RATE,
        seed,
    };
    let microphone = impairments(suite, case).microphone(BABBLE_RATE, seed.derive("microphone"));
    // A caller has good ears: what reaches it is the agent's clean voice.
    let ears = Box::new(EnergyVad::new(LOUD));
    Seat::Caller(Box::new(Caller::new(config, codec(suite.sound), 2, ears).with_microphone(microphone)))
}

/// How much later than it says a caller does something while the agent speaks.
const SPREAD: Duration = Duration::from_millis(400);

fn scripted(act: &Act, rng: &mut SeededRng) -> Option<duologue_sim::Act> {
    use duologue_sim::Act as Scripted;
    let ms = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3);
    let turn = act.say.clone().map(Scripted::Say).or_else(|| act.spell.clone().map(Scripted::Spell));
    let turn = turn.or_else(|| act.silent_ms.map(|long| Scripted::Silent(ms(long))));
    let turn = turn.or_else(|| act.hang_up.then_some(Scripted::HangUp));
    let what = act.interrupt.clone().map(Interjection::Interrupt);
    let what = what.or_else(|| act.backchannel.clone().map(Interjection::Backchannel));
    let what = what.or_else(|| act.aside.clone().map(Interjection::Aside));
    let what = what.or_else(|| act.background.clone().map(Interjection::Background));
    let what = what.or_else(|| act.cough.then_some(Interjection::Cough));
    let after = ms(act.after_ms.unwrap_or(1_000.0)) + rng.between(Duration::ZERO, SPREAD);
    turn.or_else(|| what.map(|what| Scripted::During { after, what }))
}

fn runner(suite: &Suite, case: &Case, side: Side, (seed, measured): (Seed, &MeasuredStages)) -> ScriptedRunner {
    let cast = case.cast.clone();
    let mut runner = match &case.situation {
        Some(situation) if side == Side::Support => ScriptedRunner::cycling(situation.agent.clone()),
        // It says its hints, so that the call follows the scenario's course.
        _ => ScriptedRunner::writing(|request| request.hint.as_ref().map_or("Yes.".to_owned(), |h| h.0.clone())),
    };
    let delay = |stage, delay: Option<Delay>, else_ms: (u64, u64)| latency(stage, delay, else_ms, measured);
    runner.stt = delay("stt", suite.latency.stt, (100, 300));
    runner.llm = delay("llm", suite.latency.llm, (250, 600));
    runner.tts = delay("tts", suite.latency.tts, (80, 200));
    runner.tool = delay("tool", suite.latency.tool, (300, 300));
    runner.pitch_hz = PITCHES[index(side)];
    runner.with_timed_tools(tools(cast)).with_seed(seed.derive(side.as_str()).derive("providers"))
}

/// A mock takes the time that its scenario gives it, or else the suite's.
fn tools(cast: Arc<CastScenario>) -> impl FnMut(&ToolCall) -> (Option<Duration>, ToolOutcome) + Send {
    move |call| match cast.mock(&call.name, &call.arguments) {
        Some(answer) => (Some(answer.after).filter(|a| !a.is_zero()), answer.outcome),
        None => (None, ToolOutcome::Error(format!("there is no tool `{}` in this scenario", call.name))),
    }
}

fn latency(stage: &'static str, delay: Option<Delay>, else_ms: (u64, u64), measured: &MeasuredStages) -> Latency {
    let ms = |ms: f64| Duration::from_secs_f64(ms.max(0.0) / 1e3);
    match delay.unwrap_or_default() {
        Delay { ms: Some(fixed), .. } => Latency::Fixed(ms(fixed)),
        Delay { from: Some(from), to: Some(to), .. } => Latency::Uniform(ms(from), ms(to)),
        Delay { median: Some(median), p95: Some(p95), .. } => Latency::log_normal(ms(median), ms(p95)),
        Delay { measured: true, .. } => Latency::Measured(measured.get(stage).cloned().unwrap_or_default()),
        _ => Latency::uniform_ms(else_ms.0, else_ms.1),
    }
}

fn described(case: &Case, side: Side) -> AgentSummary {
    let what = match (&case.situation, side) {
        (Some(situation), Side::Customer) if situation.caller_agent.is_none() => SCRIPTED_CALLER,
        (Some(_), _) => "scripted lines",
        (None, _) => "the scenario's hints, word for word",
    };
    let models = [("stt", "scripted"), ("llm", what), ("tts", "scripted")];
    AgentSummary {
        side,
        agent_name: case.cast.agent_name(side).to_owned(),
        name: case.cast.persona(side).name.clone(),
        persona: case.cast.persona(side).background.clone(),
        models: models.map(|(stage, model)| (stage.to_owned(), model.to_owned())).into(),
        voice: format!("babble at {} Hz", PITCHES[index(side)]),
        usage: None,
    }
}

fn notes(suite: &Suite, case: &Case) -> Vec<String> {
    let mut notes = vec![
        "Held in virtual time: the delays of recognition, model and voice are drawn as the suite says.".to_owned(),
        "No model is at work: lines come from a script, and the voices are a babble that carries its words.".to_owned(),
    ];
    let of = impairments(suite, case);
    if !of.is_clean() {
        let noise = of.noise.map(|n| format!("{:?} noise at {} dB", n.kind, n.snr_db).to_lowercase());
        let telephone = of.telephone.then(|| "a telephone's band".to_owned());
        let poor = of.poor_microphone.then(|| "a poor microphone".to_owned());
        let all: Vec<String> = [noise, telephone, poor].into_iter().flatten().collect();
        notes.push(format!("The caller is heard through {}.", all.join(", ")));
    }
    notes
}
