//! The `ringfence` binary: a runtime, the command line, an exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    match runtime {
        Ok(runtime) => runtime.block_on(ringfence::cli::run()),
        Err(error) => {
            eprintln!("ringfence: no runtime could be started: {error}. Nothing was changed");
            ExitCode::FAILURE
        }
    }
}
