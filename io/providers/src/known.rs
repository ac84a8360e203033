//! What a setting is, and what its value may be.

use crate::choice::{Choice, FORMS};

/// Longest time-out, in seconds.
pub(crate) const SECONDS_MAX: u32 = 3_600;

/// A setting that exists.
pub(crate) struct Known {
    pub(crate) key: &'static str,
    /// The first of these variables that is set.
    pub(crate) env: Vec<&'static str>,
    pub(crate) default: Option<&'static str>,
    pub(crate) secret: bool,
    pub(crate) about: &'static str,
    pub(crate) kind: Kind,
}

/// What a value has to be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Provider,
    Url,
    /// Several, with commas between.
    Urls,
    /// A server of rooms.
    Server,
    /// Of TCP or UDP; 0 for any that is free.
    Port,
    Seconds,
    /// More than nothing.
    Number,
}

impl Known {
    pub(crate) fn new(key: &'static str, env: &[&'static str], about: &'static str) -> Known {
        Known { key, env: env.to_vec(), default: None, secret: false, about, kind: Kind::Text }
    }

    pub(crate) fn or(self, default: &'static str) -> Known {
        Known { default: Some(default), ..self }
    }

    pub(crate) fn of(self, kind: Kind) -> Known {
        Known { kind, ..self }
    }

    pub(crate) fn secret(self) -> Known {
        Known { secret: true, ..self }
    }
}

impl Kind {
    /// For editors, and for the file itself.
    pub(crate) fn pattern(self) -> Option<&'static str> {
        match self {
            Kind::Provider => Some(
                "^(local|scripted|(openai|openai-realtime|deepgram|elevenlabs|minimax|anthropic|gemini)(/.+|@https?://.+)?)$",
            ),
            Kind::Url | Kind::Urls => Some("^https?://"),
            Kind::Server => Some("^(ws|http)s?://"),
            Kind::Text | Kind::Port | Kind::Seconds | Kind::Number => None,
        }
    }

    /// As it completes "it ...".
    pub(crate) fn in_words(self) -> String {
        match self {
            Kind::Provider => format!("is {FORMS}"),
            Kind::Url | Kind::Urls => "begins with `http://` or `https://`".into(),
            Kind::Server => "begins with `ws://`, `wss://`, `http://` or `https://`".into(),
            Kind::Port => "is a port, 0 to 65535 (0: any that is free)".into(),
            Kind::Seconds => format!("is a number of seconds, more than 0 and at most {SECONDS_MAX}"),
            Kind::Number => "is a number, more than 0".into(),
            Kind::Text => "is text".into(),
        }
    }

    pub(crate) fn fits(self, value: &str) -> bool {
        let is_url = |url: &str| url.starts_with("http://") || url.starts_with("https://");
        match self {
            Kind::Text => true,
            Kind::Provider => value.parse::<Choice>().is_ok(),
            Kind::Url => is_url(value),
            Kind::Urls => value.split(',').map(str::trim).filter(|url| !url.is_empty()).all(is_url),
            Kind::Server => is_url(value) || value.starts_with("ws://") || value.starts_with("wss://"),
            Kind::Port => value.parse::<u16>().is_ok(),
            Kind::Number => value.parse::<f64>().is_ok_and(|n| n > 0.0 && n.is_finite()),
            Kind::Seconds => value.parse::<f64>().is_ok_and(|s| s > 0.0 && s <= f64::from(SECONDS_MAX)),
        }
    }
}
