//! How the system's allocator treats large blocks.
//!
//! glibc raises the size from which a block is mapped by itself each time one is freed, up to 32 MiB. The blocks of a database with documents of
//! 16 MB then come from its heaps, which keep them: an apply over ten such bookings held 286 MiB instead of 145 MiB. A size that is said once and
//! for all stays; glibc reads it only when a process begins, so the process begins once more with it. It keeps its number, arguments and files.

/// What glibc reads at the start of a process.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const VARIABLE: &str = "MALLOC_MMAP_THRESHOLD_";
/// Bytes: more than a batch of usual documents, which is made and freed too often to be mapped each time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const LARGE: usize = 4 << 20;

/// What glibc reads for the top of a heap.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TOP_VARIABLE: &str = "MALLOC_TRIM_THRESHOLD_";
/// Bytes: about two batches. With 4 MiB an apply held 6 MiB more; with less, pages are given back and asked for again all the time.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
const TOP: usize = 2 << 20;

/// Begins the process once more with a fixed size, unless somebody set one. Where that cannot be, all goes on as it is.
#[cfg(all(target_os = "linux", target_env = "gnu"))]
pub fn return_large_blocks() {
    use std::os::unix::process::CommandExt as _;

    let chosen = |name| std::env::var_os(name).is_some();
    if chosen(VARIABLE) || chosen(TOP_VARIABLE) || chosen("GLIBC_TUNABLES") {
        return;
    }
    let mut arguments = std::env::args_os();
    let (Ok(program), Some(name)) = (std::env::current_exe(), arguments.next()) else {
        return;
    };
    // It comes back only when it failed.
    let _ = std::process::Command::new(program)
        .arg0(name)
        .args(arguments)
        .env(VARIABLE, LARGE.to_string())
        .env(TOP_VARIABLE, TOP.to_string())
        .exec();
}

/// Other allocators give large blocks back by themselves.
#[cfg(not(all(target_os = "linux", target_env = "gnu")))]
pub fn return_large_blocks() {}
