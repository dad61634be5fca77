//! What the product said and computed before its structure changed, kept as it was: customer ids, plan hashes, reports, and the run records
//! of version 0.1. Everything is asked through the command line and its files, which outlive any structure.
//!
//! What is kept stands in `fixtures/`. `RINGFENCE_GOLDEN=write` writes it anew, but for hashes, ids and run records, and fails.

mod customer_ids;
mod journals;
mod kept;
mod normal;
mod plan_hashes;
mod run_records;
mod sample_report;
mod snapshot;
mod stage;
mod worlds;
