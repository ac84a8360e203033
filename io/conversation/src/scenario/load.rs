use super::library::{self, Built, PERSONAS, SCENARIOS};
use super::read::{PersonaSource, UnknownPersona, parse_persona, parse_scenario};
use super::{CastScenario, Persona, Side};
use duologue_models::{NotText, text};
use duologue_yaml::{BadFile, MAX_BYTES, Place, Problem, nearest};
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};

/// Who plays instead of the personas that a scenario names: a name or a path, as a scenario would say it.
///
/// Who is asked for on one side may be whom the scenario names for the other: then the two change places.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Casting {
    /// In place of the support agent's persona.
    pub support: Option<String>,
    /// In place of the customer's persona.
    pub customer: Option<String>,
}

impl Casting {
    fn of(&self, side: Side) -> Option<&str> {
        match side {
            Side::Support => self.support.as_deref(),
            Side::Customer => self.customer.as_deref(),
        }
    }
}

/// Why a scenario or a persona could not be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// There is no such file, nor one of this name in the library.
    #[error("there is no {what} `{name}`{}\n  help: give a file, or one of: {known}", .near.as_ref().map(|n| format!(", did you mean `{n}`?")).unwrap_or_default())]
    Missing {
        /// "scenario" or "persona".
        what: &'static str,
        /// What was asked for.
        name: String,
        /// The closest name of the library.
        near: Option<String>,
        /// All names of the library.
        known: String,
    },
    /// The file could not be read.
    #[error("{path} cannot be read: {why}")]
    Unreadable {
        /// Which.
        path: PathBuf,
        /// What the system says.
        why: io::Error,
    },
    /// The file, or a persona file it names, is wrong.
    #[error("{}", join(.0))]
    Refused(Vec<BadFile>),
}

impl LoadError {
    /// The same without what is in the files that are wrong: for those that another file names.
    #[must_use]
    pub fn without_content(self) -> LoadError {
        match self {
            LoadError::Refused(files) => LoadError::Refused(files.into_iter().map(BadFile::without_content).collect()),
            error => error,
        }
    }
}

fn join(files: &[BadFile]) -> String {
    let shown: Vec<String> = files.iter().map(|f| f.to_string().trim_end().to_owned()).collect();
    let shown = shown.join("\n\n");
    // Whoever prints an error says that it is one.
    shown.strip_prefix("error: ").unwrap_or(&shown).to_owned()
}

/// Loads a scenario: a path, a name in the folder `scenarios` of the working directory, or a name of the library.
///
/// Its personas are looked for beside the scenario's file, in the folders `personas` above it, and in the library.
/// Blocks on the disk.
///
/// # Errors
/// It is not there, cannot be read or is wrong; `Display` tells people where and what to do.
pub fn load(scenario: &str, casting: &Casting) -> Result<CastScenario, LoadError> {
    // Who was asked for beside the scenario is told by that name, and not by the one in the scenario.
    for persona in [&casting.support, &casting.customer].into_iter().flatten() {
        load_persona(persona)?;
    }
    let name = Path::new(scenario);
    let local = Path::new("scenarios").join(format!("{scenario}.yaml"));
    let path = if name.is_file() || looks_like_a_path(scenario) {
        Some(name.to_owned())
    } else {
        Some(local).filter(|l| l.is_file())
    };
    let Some(path) = path else {
        let text = library::text(SCENARIOS, scenario).ok_or_else(|| missing("scenario", scenario, SCENARIOS))?;
        let personas = Personas { beside: None, casting };
        let file = format!("{scenario}.yaml (built in)");
        return parse_scenario(&file, scenario, text, &personas).map_err(LoadError::Refused);
    };
    if !path.exists() {
        return Err(missing("scenario", scenario, SCENARIOS));
    }
    let text = read(&path).map_err(|e| match e {
        ReadError::Io(why) => LoadError::Unreadable { path: path.clone(), why },
        ReadError::NoText(bad) => LoadError::Refused(vec![bad.unless_ours_without_content()]),
    })?;
    let personas = Personas { beside: path.parent(), casting };
    let refused = |files: Vec<BadFile>| files.into_iter().map(BadFile::unless_ours_without_content).collect();
    parse_scenario(&path.display().to_string(), &stem(&path), &text, &personas)
        .map_err(|files| LoadError::Refused(refused(files)))
}

/// Loads a persona: a path, a name in a folder `personas` of the working directory or above, or a name of the library.
/// Blocks on the disk.
///
/// # Errors
/// As [`load`].
pub fn load_persona(reference: &str) -> Result<Persona, LoadError> {
    match find_persona(reference, Some(Path::new(""))) {
        Ok(persona) => Ok(persona),
        Err(NotFound::Nowhere(_)) => Err(missing("persona", reference, PERSONAS)),
        Err(NotFound::Unreadable(path, why)) => Err(LoadError::Unreadable { path, why }),
        Err(NotFound::Bad(file)) => Err(LoadError::Refused(vec![file.unless_ours_without_content()])),
    }
}

fn missing(what: &'static str, name: &str, shelf: &'static [Built]) -> LoadError {
    let near = nearest(name, shelf.iter().map(|b| b.id)).map(str::to_owned);
    let known: Vec<&str> = shelf.iter().map(|b| b.id).collect();
    LoadError::Missing { what, name: name.to_owned(), near, known: known.join(", ") }
}

/// Personas for a scenario that lies in the folder `beside`, or in the library.
struct Personas<'a> {
    beside: Option<&'a Path>,
    casting: &'a Casting,
}

impl PersonaSource for Personas<'_> {
    fn recasts(&self, side: Side) -> bool {
        self.casting.of(side).is_some()
    }

    fn find(&self, side: Side, reference: &str) -> Result<Persona, UnknownPersona> {
        let instead = self.casting.of(side);
        // Who comes from the command line is looked for where the command was given.
        let found = match instead {
            Some(instead) => find_persona(instead, Some(Path::new(""))),
            None => find_persona(reference, self.beside),
        };
        found.map_err(|error| match error {
            NotFound::Nowhere(looked) => {
                UnknownPersona::Missing { known: PERSONAS.iter().map(|b| b.id.to_owned()).collect(), looked }
            }
            NotFound::Unreadable(path, why) => UnknownPersona::Unreadable(format!("{}: {why}", path.display())),
            NotFound::Bad(file) => UnknownPersona::Bad(match instead {
                Some(_) => Box::new(file.unless_ours_without_content()),
                None => Box::new(file.without_content()),
            }),
        })
    }
}

enum NotFound {
    Nowhere(Vec<String>),
    Unreadable(PathBuf, io::Error),
    Bad(Box<BadFile>),
}

fn find_persona(reference: &str, beside: Option<&Path>) -> Result<Persona, NotFound> {
    let mut looked = Vec::new();
    for path in places(reference, beside) {
        if path.is_file() {
            let text = read(&path).map_err(|e| match e {
                ReadError::Io(why) => NotFound::Unreadable(path.clone(), why),
                ReadError::NoText(bad) => NotFound::Bad(bad),
            })?;
            let file = path.display().to_string();
            return parse_persona(&file, &stem(&path), &text).map_err(|bad| NotFound::Bad(Box::new(bad)));
        }
        looked.push(path.display().to_string());
    }
    let Some(text) = library::text(PERSONAS, reference) else {
        looked.push("the library".to_owned());
        return Err(NotFound::Nowhere(looked));
    };
    parse_persona(&format!("{reference}.yaml (built in)"), reference, text).map_err(|bad| NotFound::Bad(Box::new(bad)))
}

/// Where a persona may lie, nearest first.
fn places(reference: &str, beside: Option<&Path>) -> Vec<PathBuf> {
    let Some(beside) = beside else { return Vec::new() };
    if looks_like_a_path(reference) {
        return vec![beside.join(reference)];
    }
    let file = format!("{reference}.yaml");
    let mut places = vec![beside.join(&file)];
    // The folder as it really lies, so that "above it" is not cut short by a relative path.
    let here = if beside.as_os_str().is_empty() { Path::new(".") } else { beside };
    if let Ok(real) = here.canonicalize() {
        places.extend(real.ancestors().map(|folder| folder.join("personas").join(&file)));
    }
    places
}

fn looks_like_a_path(reference: &str) -> bool {
    reference.contains(['/', '\\']) || reference.ends_with(".yaml") || reference.ends_with(".yml")
}

fn stem(path: &Path) -> String {
    path.file_stem().map(|s| s.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Why a file gave no text.
enum ReadError {
    Io(io::Error),
    NoText(Box<BadFile>),
}

/// The text of a file.
fn read(path: &Path) -> Result<String, ReadError> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(ReadError::Io)?;
    file.take(MAX_BYTES as u64 + 1).read_to_end(&mut bytes).map_err(ReadError::Io)?;
    if bytes.len() > MAX_BYTES {
        return Err(ReadError::Io(io::Error::other(format!("it is larger than {MAX_BYTES} bytes"))));
    }
    text(bytes).map_err(|e| ReadError::NoText(Box::new(no_text(path, &e))))
}

fn no_text(path: &Path, error: &NotText) -> BadFile {
    let NotText { line, column, byte_of_line, byte, lossy } = error;
    let problem = Problem::new(
        Place { line: *line, column: *column, len: 1 },
        format!("this is no UTF-8 text: byte {byte_of_line} of line {line} (0x{byte:02X}) is no part of a character"),
    );
    BadFile::new(&path.display().to_string(), lossy, vec![problem.help("save the file as UTF-8")])
}
