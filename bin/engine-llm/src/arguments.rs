use std::num::NonZeroU32;
use std::path::PathBuf;
use std::str::FromStr;

/// How the engine is called.
pub(crate) const USAGE: &str = "usage: duologue-engine-llm --model FILE [--threads N] [--context TOKENS] [--sessions N]\n\
    FILE is a GGUF language model, as `duologue models fetch` leaves it; N threads compute (default: the processors, at \
    most 8); a conversation may be TOKENS long (default 4096); N conversations keep what they have read (default 2).";
/// Token generation is bound by memory and does not become faster beyond this.
const MOST_THREADS: usize = 8;

/// What was asked for on the command line.
#[derive(Debug, PartialEq)]
pub(crate) struct Arguments {
    /// The GGUF file.
    pub(crate) model: PathBuf,
    /// Threads that compute.
    pub(crate) threads: i32,
    /// Tokens that a session holds, prompt and answer together.
    pub(crate) context: NonZeroU32,
    /// Sessions kept at once.
    pub(crate) sessions: usize,
}

/// What is wrong with the command line.
#[derive(Debug, PartialEq, thiserror::Error)]
pub(crate) enum ArgumentError {
    #[error("{0} needs a value")]
    NoValue(String),
    #[error("{0} is not an option")]
    Unknown(String),
    #[error("{option} is a number from {from} to {to}, not {given:?}")]
    Number { option: &'static str, from: u32, to: u32, given: String },
    #[error("--model is missing")]
    NoModel,
}

impl Arguments {
    /// Reads the words after the program's name.
    pub(crate) fn parse(mut given: impl Iterator<Item = String>) -> Result<Arguments, ArgumentError> {
        let processors = std::thread::available_parallelism().map_or(1, usize::from);
        let (mut model, mut threads) = (None, processors.min(MOST_THREADS) as i32);
        let (mut context, mut sessions) = (NonZeroU32::MIN.saturating_add(4095), 2);
        while let Some(option) = given.next() {
            let Some(value) = given.next() else { return Err(ArgumentError::NoValue(option)) };
            match option.as_str() {
                "--model" => model = Some(PathBuf::from(value)),
                "--threads" => threads = number("--threads", value, 1, 256)?,
                "--context" => context = number("--context", value, 256, 1 << 20)?,
                "--sessions" => sessions = number("--sessions", value, 1, 1024)?,
                _ => return Err(ArgumentError::Unknown(option)),
            }
        }
        Ok(Arguments { model: model.ok_or(ArgumentError::NoModel)?, threads, context, sessions })
    }
}

fn number<T>(option: &'static str, given: String, from: u32, to: u32) -> Result<T, ArgumentError>
where
    T: FromStr,
{
    let fits = given.parse::<u32>().is_ok_and(|n| (from..=to).contains(&n));
    given.parse().ok().filter(|_| fits).ok_or(ArgumentError::Number { option, from, to, given })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<Arguments, ArgumentError> {
        Arguments::parse(text.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn arguments_are_read_and_mistakes_named() {
        let all = parse("--model m.gguf --threads 3 --context 1024 --sessions 5").unwrap();
        assert_eq!((all.threads, all.context.get(), all.sessions), (3, 1024, 5));
        assert_eq!(parse("--model m.gguf").unwrap().context.get(), 4096);
        for (wrong, why) in [
            ("", "--model is missing"),
            ("--model", "needs a value"),
            ("--model m --threads 0", "from 1 to 256, not \"0\""),
            ("--model m --context 12", "from 256"),
            ("--verbose 1", "--verbose is not an option"),
        ] {
            assert!(parse(wrong).unwrap_err().to_string().contains(why), "{wrong}");
        }
    }
}
