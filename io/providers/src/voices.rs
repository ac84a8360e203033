//! Which voice each side has: two that a listener can tell apart.

use crate::choice::{ChoiceError, SideChoices};
use duologue_conversation::index;
use duologue_conversation::scenario::{CastScenario, Side, own_voices};

/// The voices of both sides, and a sentence for the user where somebody had to take another.
#[derive(Debug, PartialEq, Eq)]
pub struct Voices {
    /// By side.
    pub of: [String; 2],
    /// Who had to take another, and why.
    pub note: Option<String>,
}

/// Voices as the flags say, else the scenario and its personas. Where two personas who do not belong together have the
/// same one, the side without a flag takes the provider's other voice, the customer first.
///
/// # Errors
/// A persona has no voice for its provider.
pub fn choose(sides: &[SideChoices; 2], cast: &CastScenario) -> Result<Voices, ChoiceError> {
    let of = [voice(Side::Support, sides, cast)?, voice(Side::Customer, sides, cast)?];
    let [support, customer] = sides.each_ref().map(|s| s.tts.provider());
    let free = [Side::Customer, Side::Support].into_iter().find(|s| sides[index(*s)].voice.is_none());
    match free {
        Some(side) if support == customer && of[0] == of[1] => Ok(resolve(side, support, of, cast)),
        _ => Ok(Voices { of, note: None }),
    }
}

/// The voice of one side, whatever the other one has.
///
/// # Errors
/// The same.
pub fn voice(side: Side, sides: &[SideChoices; 2], cast: &CastScenario) -> Result<String, ChoiceError> {
    let choices = &sides[index(side)];
    let provider = choices.tts.provider();
    let named = choices.voice.clone().or_else(|| cast.voice(side, provider).map(String::from));
    match (named, provider) {
        (Some(voice), _) => Ok(voice),
        (None, "scripted") => Ok(format!("babble of the {side}")),
        (None, _) => Err(ChoiceError::NoVoice(cast.persona(side).name.clone(), provider, side.as_str())),
    }
}

/// Gives `side` the voice of the provider's own two that the other side does not have.
fn resolve(side: Side, provider: &str, mut of: [String; 2], cast: &CastScenario) -> Voices {
    let taken = of[0].clone();
    let (name, other) = (&cast.persona(side).name, &cast.persona(side.other()).name);
    let free = own_voices(provider).into_iter().flatten().find(|voice| *voice != taken);
    let advice = format!("`--{side}-voice` chooses another");
    let note = match free {
        Some(voice) => format!("{name} speaks with the voice `{voice}`, since {other} has `{taken}`; {advice}"),
        None => format!("{name} and {other} both speak with the voice `{taken}`; {advice}"),
    };
    if let Some(voice) = free {
        of[index(side)] = voice.to_string();
    }
    Voices { of, note: Some(note) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::choice::Choice;
    use duologue_conversation::scenario::{Casting, load};

    fn voices(customer: &str, flags: [Option<&str>; 2]) -> Voices {
        let casting = Casting { support: None, customer: Some(customer.to_string()) };
        let cast = load("internet-outage", &casting).unwrap();
        let side = |voice: Option<&str>| SideChoices {
            stt: Choice::Local,
            llm: Choice::Local,
            tts: Choice::Local,
            voice: voice.map(String::from),
        };
        choose(&flags.map(side), &cast).unwrap()
    }

    #[test]
    fn personas_with_the_same_voice_are_told_apart() {
        let voices = voices("walter", [None, None]);
        assert_eq!(voices.of, ["orion", "heart"]);
        let note = voices.note.unwrap();
        assert!(note.starts_with("Walter speaks with the voice `heart`, since Joe has `orion`"), "{note}");
    }

    #[test]
    fn whoever_has_no_flag_takes_the_other_voice() {
        assert_eq!(voices("walter", [None, Some("orion")]).of, ["heart", "orion"]);
        assert_eq!(voices("anna", [Some("heart"), None]).of, ["heart", "orion"]);
    }

    #[test]
    fn flags_are_obeyed_without_a_word() {
        let both = voices("walter", [Some("heart"), Some("heart")]);
        assert_eq!((both.of, both.note), (["heart".to_string(), "heart".to_string()], None));
        assert_eq!(
            voices("walter", [Some("heart"), None]),
            Voices { of: ["heart".into(), "orion".into()], note: None }
        );
    }
}
