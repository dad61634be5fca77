//! The `ringfence` binary: a runtime, the command line, an exit code; nothing else.

use std::num::NonZero;
use std::process::ExitCode;

/// Threads at most that read and write, one for each processor: each has a heap of its own, so more of them take more memory.
const THREADS: usize = 4;

fn main() -> ExitCode {
    let processors = std::thread::available_parallelism().map_or(1, NonZero::get);
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(processors.min(THREADS))
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
