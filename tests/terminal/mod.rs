//! The console as an operator meets it: the real program in a real pseudo-terminal on a real MongoDB. Nothing here sleeps: every step waits
//! until the screen shows what it must, with a deadline.

mod data;
mod finding;
mod gates;
mod hands;
mod headless;
mod hostile;
mod keys;
mod leaving;
mod live_watch;
mod lost_server;
mod mapping;
mod narrow;
mod pace;
mod paste;
mod schema;
mod situation;
mod stopping;
mod walk;
