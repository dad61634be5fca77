//! `ringfence`: takes a MongoDB booking database from shared `User` rows to one `Customer` per user and business.
//!
//! The modules, and which way the arrows go:
//!
//! | folder | holds | may use |
//! |---|---|---|
//! | [`domain`] | what a migration is: mapping, survey, conflicts, decisions, plan, transform, invariants; pure | nothing of ours |
//! | [`prisma`] | `schema.prisma`: what it says, and whether documents and indexes are as it says; pure | `domain` |
//! | [`store`] | everything that talks to MongoDB: connect, scan, converge, swap, dump, lease, run record, watch | `domain` |
//! | [`report`] | what a run leaves behind, as Markdown and JSON; pure | `domain` |
//! | [`engine`] | what steps share: the session, prepared copies, the proof, gates, the ways back; the check against a schema | `store`, `report`, `prisma`, `domain` |
//! | [`steps`] | one file per checklist step: domain decides, engine and store do, progress comes out; called through the session | `engine`, `store`, `domain` |
//! | [`app`] | the console as a pure state machine: model, message, update → effects; panes and commands in files of their own | `domain` |
//! | [`command`] | the one table of commands, assembled from `app` | `app`, `domain` |
//! | [`ui`] | ratatui only: draws the model | `app`, `command`, `domain` |
//! | [`worker`] | the one task that owns the session and answers the console | `app`, `engine`, `domain` |
//! | [`runtime`] | the select loop: terminal events, job results and ticks in, effects out | `app`, `command`, `ui`, `worker`, `terminal`, `engine`, `store`, `domain` |
//! | [`terminal`] | enter, leave, suspend, panic; what a terminal event says | `app` |
//! | [`cli`] | arguments and one file per headless verb | `app`, `runtime`, `terminal`, `report`, `prisma`, `engine`, `store`, `demo`, `domain` |
//! | [`demo`] | a throw-away MongoDB and its sample data; tests start their servers through it | `store`, `domain` |
//!
//! `domain` and `prisma` are compiled as a crate of their own, `src/pure`. `tests/architecture.rs` fails on an import against an arrow, `tests/docs.rs` where this table is not what the code does.

pub mod app;
pub mod cli;
pub mod command;
pub mod demo;
pub mod engine;
pub mod report;
pub mod runtime;
pub mod steps;
pub mod store;
pub mod terminal;
pub mod ui;
pub mod worker;

pub use ringfence_pure::{domain, prisma};
