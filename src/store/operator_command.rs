//! Runs a command of the operator's: its output is heard line by line while it runs, an address goes into its environment and never into its
//! arguments, and what it prints of that address is left out.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::{AsyncBufReadExt as _, AsyncRead, BufReader};
use tokio::process::{Child, Command};
use tokio::sync::mpsc;
use tokio_util::sync::CancellationToken;

use super::address::Address;
use super::error::{Result, StoreError};
use crate::domain::text::safe;

/// Bytes of a line that are kept.
const LONGEST_LINE: usize = 64 << 10;
/// Characters of a line that are shown.
const SHOWN: usize = 600;
/// How long a command that was asked to end may take.
const PATIENCE: Duration = Duration::from_secs(5);
/// How long the output of a command that has ended is waited for, where a program that it left behind keeps it open.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// What is run.
#[derive(Debug, Clone, Copy)]
pub struct OperatorCommand<'a> {
    /// The program and its arguments.
    pub words: &'a [String],
    /// The variable that holds the address.
    pub variable: &'a str,
    /// The address.
    pub address: &'a Address,
}

impl OperatorCommand<'_> {
    /// Runs it to its end; `hear` gets every line of its output. Returns its exit code; `None` where a signal ended it.
    ///
    /// # Errors
    /// It cannot be started, or the operator stopped it; it has ended then.
    pub async fn run(
        self,
        cancel: &CancellationToken,
        mut hear: impl FnMut(&str) + Send,
    ) -> Result<Option<i32>> {
        let Some((program, arguments)) = self.words.split_first() else {
            return Err(StoreError::Refused(
                "no command is given. Nothing was changed".to_owned(),
            ));
        };
        let mut command = Command::new(program);
        command
            .args(arguments)
            .env(self.variable, self.address.uri())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true);
        // A group of its own: what the command starts itself ends with it, and a Ctrl-C of the terminal reaches us alone.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(|error| {
            StoreError::Refused(format!(
                "{program} cannot be started: {error}. Nothing was changed by it. See whether it is installed and on PATH"
            ))
        })?;
        let (lines, mut heard) = mpsc::channel::<String>(64);
        if let Some(out) = child.stdout.take() {
            tokio::spawn(read(out, lines.clone()));
        }
        if let Some(err) = child.stderr.take() {
            tokio::spawn(read(err, lines.clone()));
        }
        drop(lines);
        let mut tell = |line: &str| hear(&safe(&self.address.taken_out_of(line), SHOWN));
        let status = loop {
            tokio::select! {
                Some(line) = heard.recv() => tell(&line),
                status = child.wait() => break status,
                () = cancel.cancelled() => {
                    end(&mut child).await;
                    return Err(StoreError::Cancelled);
                }
            }
        };
        while let Ok(Some(line)) = tokio::time::timeout(LAST_WORDS, heard.recv()).await {
            tell(&line);
        }
        let status = status.map_err(|error| {
            StoreError::Refused(format!("how {program} ended cannot be told: {error}"))
        })?;
        Ok(status.code())
    }
}

/// Reads lines until the end; what is no UTF-8 is shown as such.
async fn read(out: impl AsyncRead + Unpin, lines: mpsc::Sender<String>) {
    let mut out = BufReader::new(out);
    let mut line = Vec::new();
    loop {
        line.clear();
        match out.read_until(b'\n', &mut line).await {
            Ok(0) | Err(_) => return,
            Ok(_) => {}
        }
        line.truncate(LONGEST_LINE);
        let text = String::from_utf8_lossy(&line);
        let text = text.trim_end();
        if !text.is_empty() && lines.send(text.to_owned()).await.is_err() {
            return;
        }
    }
}

/// Asks the command and what it started to end, and ends them where they do not.
async fn end(child: &mut Child) {
    #[cfg(unix)]
    if let Some(group) = child
        .id()
        .and_then(|id| i32::try_from(id).ok())
        .and_then(rustix::process::Pid::from_raw)
    {
        use rustix::process::{Signal, kill_process_group};
        let _ = kill_process_group(group, Signal::TERM); // it may have ended by itself
        if tokio::time::timeout(PATIENCE, child.wait()).await.is_ok() {
            return;
        }
        let _ = kill_process_group(group, Signal::KILL); // as above
    }
    let _ = child.kill().await; // as above
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_output_is_heard_line_by_line_and_the_address_is_in_the_environment_alone() {
        let address = Address::of("mongodb://u:secret@h/d", "d");
        let words = [
            "sh",
            "-c",
            "echo one; echo \"$A\" >&2; echo \"$0 $@\"; exit 3",
            "x",
        ];
        let words = words.map(str::to_owned);
        let command = OperatorCommand {
            words: &words,
            variable: "A",
            address: &address,
        };
        let mut lines = Vec::new();
        let ended = command
            .run(&CancellationToken::new(), |line| {
                lines.push(line.to_owned());
            })
            .await;
        assert_eq!(ended.ok(), Some(Some(3)));
        lines.sort();
        assert_eq!(lines, ["one", "x", "…"]);
    }

    #[tokio::test]
    async fn a_command_that_is_stopped_ends_with_what_it_started() {
        let address = Address::of("mongodb://h/d", "d");
        let words = ["sh", "-c", "sleep 60 & echo $!; wait"].map(str::to_owned);
        let command = OperatorCommand {
            words: &words,
            variable: "A",
            address: &address,
        };
        let cancel = CancellationToken::new();
        let mut started = String::new();
        let ended = command
            .run(&cancel, |line| {
                line.clone_into(&mut started);
                cancel.cancel();
            })
            .await;
        assert!(matches!(ended, Err(StoreError::Cancelled)));
        // The signal is sent; on a busy machine it takes a moment until it is heard.
        let runs = || {
            let stat = std::fs::read_to_string(format!("/proc/{started}/stat"));
            let stat = stat.unwrap_or_default();
            let state = stat.rsplit_once(") ").map_or("", |(_, rest)| rest);
            !(state.is_empty() || state.starts_with('Z'))
        };
        for _ in 0..100 {
            if !runs() {
                return;
            }
            tokio::time::sleep(Duration::from_millis(50)).await;
        }
        unreachable!("{started} still runs after 5 s");
    }
}
