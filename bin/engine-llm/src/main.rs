//! See [`duologue_engine_llm`].

fn main() -> std::process::ExitCode {
    duologue_engine_llm::run()
}
