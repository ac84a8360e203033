//! Which models serve an agent: from what people write to what sessions call.
//!
//! 1. [`Settings`]: `duologue.yaml`, `.env`, `.env.local`, the environment and flags, each value with where it came from;
//! 2. [`SideChoices`]: by stage who serves it, as somebody [wishes](Wishes), the scenario or the settings say;
//! 3. [`LocalPlan`] and [`Local`]: the models of this machine, where any are chosen;
//! 4. [`Connector`]: the models themselves, with their keys and a [voice](voices).
//!
//! ```
//! use duologue_providers::{Choice, SideChoices, Settings, Wishes};
//! use duologue_conversation::scenario::{Side, load};
//!
//! let settings = Settings::read(std::path::Path::new("/nowhere"), &[("HOME".into(), "/h".into())].into(), &[])?;
//! let cast = load("internet-outage", &Default::default())?;
//! let wishes = Wishes { llm: Some("openai/gpt-4o-mini".into()), ..Wishes::default() };
//! let choices = SideChoices::of(Side::Support, &wishes, &cast, &settings)?;
//! assert_eq!(choices.stt, Choice::Local);
//! let missing = choices.check_keys(Side::Support, &settings).expect_err("there is no key");
//! assert!(missing.to_string().contains("OPENAI_API_KEY"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#![forbid(unsafe_code)]

mod choice;
mod connect;
mod known;
mod local;
mod prices;
mod remote;
mod settings;
pub mod voices;

pub use choice::{
    Choice, ChoiceError, RemoteChoice, SideChoices, Stage, Wishes, check_speech, read_dialogue, taped_models,
    taped_names,
};
pub use connect::{ConnectError, Connector, recorded};
pub use local::{Local, LocalError, LocalPlan, engine_options, model_store};
pub use prices::quotes;
pub use remote::{Client, REMOTES, Remote, Server};
pub use settings::{Settings, SettingsError, settings_schema};
