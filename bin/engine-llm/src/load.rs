use llama_cpp_2::llama_backend::LlamaBackend;
use llama_cpp_2::model::LlamaModel;
use llama_cpp_2::model::params::LlamaModelParams;
use llama_cpp_2::{LogOptions, send_logs_to_tracing};
use std::fs::File;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use tracing_subscriber::filter::LevelFilter;

/// Why the model cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum LoadError {
    #[error("cannot read the model {path}: {source}\n  help: fetch it with `duologue models fetch`")]
    Unreadable { path: PathBuf, source: io::Error },
    #[error("{path} is not a GGUF model\n  help: fetch one with `duologue models fetch`, or give another file")]
    NotGguf { path: PathBuf },
    #[error(
        "llama.cpp cannot load {path}: {reason}\n  \
         help: if the file is damaged, remove it and fetch it again with `duologue models fetch`"
    )]
    Refused { path: PathBuf, reason: String },
    #[error("llama.cpp does not start: {0}")]
    Backend(String),
}

/// Loads a model into memory; llama.cpp's own log stays off, but for its reason when it refuses the file.
pub(crate) fn load(path: &Path) -> Result<(LlamaBackend, LlamaModel), LoadError> {
    let unreadable = |source| LoadError::Unreadable { path: path.to_owned(), source };
    let mut magic = [0; 4];
    match File::open(path).map_err(unreadable)?.read_exact(&mut magic) {
        Ok(()) if magic == *b"GGUF" => {}
        Ok(()) => return Err(LoadError::NotGguf { path: path.to_owned() }),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => {
            return Err(LoadError::NotGguf { path: path.to_owned() });
        }
        Err(error) => return Err(unreadable(error)),
    }
    let complaints = Complaints::default();
    complaints.listen();
    let backend = start_backend()?;
    let model = LlamaModel::load_from_file(&backend, path, &LlamaModelParams::default())
        .map_err(|error| LoadError::Refused { path: path.to_owned(), reason: complaints.or(error.to_string()) })?;
    Ok((backend, model))
}

/// Starts llama.cpp without a model.
pub(crate) fn start_backend() -> Result<LlamaBackend, LoadError> {
    LlamaBackend::init().map_err(|e| LoadError::Backend(e.to_string()))
}

/// What llama.cpp logs as errors.
#[derive(Clone, Default)]
struct Complaints(Arc<Mutex<Vec<u8>>>);

/// Beyond this many bytes complaints are dropped: the first ones name the cause.
const KEPT: usize = 4096;

impl Complaints {
    fn listen(&self) {
        let writer = self.clone();
        let log = tracing_subscriber::fmt()
            .with_max_level(LevelFilter::ERROR)
            .with_ansi(false)
            .with_target(false)
            .with_level(false)
            .without_time()
            .with_writer(move || writer.clone());
        // It fails only where a logger is already set, and then that one has the complaints.
        let _ = log.try_init();
        send_logs_to_tracing(LogOptions::default());
    }

    fn or(&self, otherwise: String) -> String {
        let said = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let said = String::from_utf8_lossy(&said).split_whitespace().collect::<Vec<_>>().join(" ");
        if said.is_empty() { otherwise } else { said }
    }
}

impl Write for Complaints {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let mut kept = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let room = KEPT.saturating_sub(kept.len());
        kept.extend_from_slice(&bytes[..bytes.len().min(room)]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_that_are_no_model_are_refused_with_their_name_and_a_way_out() {
        let folder = tempfile::tempdir().unwrap();
        let missing = folder.path().join("missing.gguf");
        let page = folder.path().join("page.gguf");
        std::fs::write(&page, "<html>not found</html>").unwrap();
        let cut = folder.path().join("cut.gguf");
        std::fs::write(&cut, "GGUF\u{3}\0\0\0and nothing else").unwrap();
        for (path, why) in [(missing, "cannot read"), (page, "is not a GGUF model"), (cut, "cannot load")] {
            let Err(error) = load(&path) else { panic!("must be refused") };
            let error = error.to_string();
            assert!(error.contains(why) && error.contains("models fetch"), "{error}");
            assert!(error.contains(path.file_name().unwrap().to_str().unwrap()), "{error}");
        }
    }
}
