//! What a migration is. Pure: no tokio, no driver, no ratatui, no clock, no files.

pub mod blueprint;
pub mod checklist;
pub mod conflict;
pub mod customer_id;
pub mod decision;
pub mod decision_file;
pub mod document_diff;
pub mod email;
pub mod gate;
pub mod id;
pub mod index_check;
pub mod index_plan;
pub mod invariant;
pub mod mapping;
pub mod overview;
pub mod plan;
pub mod raw;
pub mod run;
pub mod survey;
pub mod survivorship;
pub mod text;
pub mod transform;
pub mod value_check;
pub mod view;
