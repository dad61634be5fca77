//! One file per checklist step: domain decides, engine and store do, progress comes out. The console and the headless verbs run the same
//! steps.

pub mod back_up;
pub mod clean_users;
pub mod create_customers;
pub mod cut_over;
pub mod delete_originals;
pub mod document;
pub mod prove;
pub mod reassign_bookings;
pub mod retire_users;
pub mod review;
mod run;
pub mod status;
pub mod stop_application;
pub mod survey;
pub mod update_schema;
pub mod verify;
