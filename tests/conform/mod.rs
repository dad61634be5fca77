//! `conform` on a real server: each kind of violation planted alone and found alone, its repair ending it; clean data; indexes; the forms of the
//! answer; views, missing collections, a user who may only read, little memory.

mod clean;
mod client;
mod collated;
mod draft;
mod forms;
mod groups;
mod indexes;
mod left;
mod planted;
mod reading;
mod references;
mod sample;
mod shop;
