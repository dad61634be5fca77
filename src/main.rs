//! The `ringfence` binary: the command line and its exit code; nothing else.

use std::process::ExitCode;

fn main() -> ExitCode {
    ringfence::cli::start()
}
