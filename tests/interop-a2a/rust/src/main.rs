//! The Rust SDK of A2A as a peer: `serve` and `call` for `tests/interop-a2a/run.py`, `echo` and `axum` for the benchmark.

mod call;
mod echo;
mod floor;
mod greeter;
mod serve;

use std::error::Error;
use std::net::Ipv4Addr;
use std::process::ExitCode;
use tokio::net::TcpListener;

const USAGE: &str = "usage: a2a-peers serve PORT GRPC_PORT | call URL BINDING VERSION | echo PORT | axum PORT";

/// What stops a program; it goes to standard error.
type Trouble = Box<dyn Error + Send + Sync>;

async fn listen(port: u16) -> Result<TcpListener, Trouble> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await?)
}

async fn run(arguments: &[&str]) -> Result<(), Trouble> {
    match arguments {
        ["serve", port, grpc_port] => serve::run(port.parse()?, grpc_port.parse()?).await,
        ["call", url, binding, version] => call::run(url, binding, version).await,
        ["echo", port] => echo::run(port.parse()?).await,
        ["axum", port] => floor::run(port.parse()?).await,
        _ => Err(USAGE.into()),
    }
}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments.iter().map(String::as_str).collect::<Vec<_>>()).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(trouble) => {
            eprintln!("a2a-peers: {trouble}");
            ExitCode::FAILURE
        }
    }
}
