//! The same engine, compiled for processors with AVX-512; the portable one becomes it where it can.

fn main() -> std::process::ExitCode {
    duologue_engine_llm::run()
}
