//! Who and where this process is, and whether another process of this machine is dead. Read from `/proc`; where there is none, no
//! process is ever taken for dead.

use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;

use crate::domain::lease::{Holder, Process};

/// The user's name on this machine.
pub fn user() -> String {
    let of = |variable| std::env::var(variable).ok().filter(|name| !name.is_empty());
    let known = of("USER")
        .or_else(|| of("LOGNAME"))
        .or_else(of_this_process);
    known.unwrap_or_else(|| "unknown".to_owned())
}

/// The name of the user whose process this is: from the system's list of users, else from `id`, which asks directories too; else the number.
fn of_this_process() -> Option<String> {
    let id = std::fs::metadata("/proc/self").ok().map(|it| it.uid());
    let list = std::fs::read_to_string("/etc/passwd").unwrap_or_default();
    id.and_then(|id| name_in(&list, id))
        .or_else(|| {
            let said = std::process::Command::new("id").arg("-un").output().ok()?;
            let name = String::from_utf8(said.stdout).ok()?.trim().to_owned();
            (said.status.success() && !name.is_empty()).then_some(name)
        })
        .or_else(|| Some(format!("user {}", id?)))
}

/// The name of a user in a list of the form of passwd(5): name, password, number.
fn name_in(list: &str, id: u32) -> Option<String> {
    let mut names = list.lines().filter_map(|line| {
        let mut fields = line.split(':');
        let name = fields.next()?;
        let of = fields.nth(1)?.parse::<u32>().ok()?;
        (of == id && !name.is_empty()).then(|| name.to_owned())
    });
    names.next()
}

/// This machine's name.
pub fn host() -> String {
    let name = std::fs::read_to_string("/proc/sys/kernel/hostname")
        .ok()
        .or_else(|| std::env::var("HOSTNAME").ok())
        .unwrap_or_else(|| "unknown".to_owned());
    name.trim().to_owned()
}

/// This process, as far as the system tells.
pub fn own() -> Option<Process> {
    let Entry::Runs { started } = entry("self") else {
        return None;
    };
    let boot = std::fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let namespace = std::fs::read_link("/proc/self/ns/pid").ok()?;
    Some(Process {
        boot: boot.trim().to_owned(),
        namespace: namespace.display().to_string(),
        started,
    })
}

/// True when the holder's process has ended beyond doubt: it ran on this very boot of this machine and in our namespace, and either no
/// process has its number, or one has it that started at another time. In doubt it is not dead.
pub fn is_dead(holder: &Holder) -> bool {
    let (Some(its), Some(ours)) = (&holder.process, own()) else {
        return false;
    };
    if its.boot != ours.boot || its.namespace != ours.namespace {
        return false;
    }
    match entry(&holder.pid.to_string()) {
        Entry::Runs { started } => started != its.started,
        Entry::Ended => true,
        // Where `/proc` hides the processes of others, one that is not shown may live.
        Entry::None => !hides_processes(),
        Entry::Unknown => false,
    }
}

/// What `/proc` says of a process.
enum Entry {
    /// It runs, sleeps or is stopped, since this tick.
    Runs { started: i64 },
    /// It has ended, and its parent has not taken note.
    Ended,
    /// There is none.
    None,
    /// Nothing can be said.
    Unknown,
}

fn entry(process: &str) -> Entry {
    let text = match std::fs::read_to_string(format!("/proc/{process}/stat")) {
        Ok(text) => text,
        Err(error) if error.kind() == ErrorKind::NotFound => return Entry::None,
        Err(_) => return Entry::Unknown,
    };
    // The name stands in parentheses and may hold anything, parentheses too; what follows the last one is plain: state first, the start
    // 19 fields later (proc(5)).
    let Some((_, rest)) = text.rsplit_once(')') else {
        return Entry::Unknown;
    };
    let mut fields = rest.split_whitespace();
    let state = fields.next().unwrap_or_default();
    let started = fields.nth(18).and_then(|started| started.parse().ok());
    match (state, started) {
        ("Z" | "X" | "x", _) => Entry::Ended,
        (_, Some(started)) => Entry::Runs { started },
        _ => Entry::Unknown,
    }
}

/// True unless `/proc` is known to show every process.
fn hides_processes() -> bool {
    std::fs::read_to_string("/proc/self/mounts").map_or(true, |mounts| {
        mounts.lines().any(|line| {
            let mut words = line.split(' ').skip(1);
            words.next() == Some("/proc")
                && words.any(|word| word.contains("hidepid=") && !word.contains("hidepid=0"))
        })
    })
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;

    fn holder(pid: u32, process: Option<Process>) -> Holder {
        Holder {
            name: user(),
            host: host(),
            pid: pid.into(),
            process,
            session: String::new(),
            run: None,
        }
    }

    fn of(pid: u32) -> Process {
        let Entry::Runs { started } = entry(&pid.to_string()) else {
            unreachable!("{pid} does not run")
        };
        Process {
            started,
            ..own().unwrap()
        }
    }

    #[test]
    fn without_user_and_logname_the_system_names_the_user() {
        let list = "root:x:0:0::/root:/bin/sh\nann:x:1000:1000:Ann:/home/ann:/bin/sh\nbroken\n";
        assert_eq!(name_in(list, 1000).as_deref(), Some("ann"));
        assert_eq!(name_in(list, 7), None);
        let name = of_this_process().unwrap();
        assert!(!name.is_empty() && name != "unknown", "{name}");
    }

    #[test]
    fn a_process_that_runs_is_not_dead_and_one_that_was_killed_is_before_and_after_its_parent_knows()
     {
        let mut child = std::process::Command::new("sleep")
            .arg("1000")
            .spawn()
            .unwrap();
        let known = holder(child.id(), Some(of(child.id())));
        assert!(!is_dead(&known));
        child.kill().unwrap();
        while !is_dead(&known) {
            std::thread::yield_now(); // the kernel is at it
        }
        child.wait().unwrap();
        assert!(is_dead(&known));
    }

    #[test]
    fn a_number_that_another_process_has_now_is_a_dead_one() {
        let mut earlier = own().unwrap();
        earlier.started -= 1;
        assert!(is_dead(&holder(std::process::id(), Some(earlier))));
        assert!(!is_dead(&holder(std::process::id(), own())));
    }

    #[test]
    fn a_process_of_another_boot_or_namespace_or_of_no_known_one_is_not_dead() {
        let pid = u32::MAX >> 2; // beyond the greatest number
        let ours = own().unwrap();
        assert!(is_dead(&holder(pid, Some(ours.clone()))));
        let boot = Process {
            boot: "another".to_owned(),
            ..ours.clone()
        };
        let namespace = Process {
            namespace: "pid:[1]".to_owned(),
            ..ours
        };
        for process in [Some(boot), Some(namespace), None] {
            assert!(!is_dead(&holder(pid, process)));
        }
    }
}
