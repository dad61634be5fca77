//! A plan with an after-schema: what it asks, what is done of it, that `conform` finds nothing afterwards, and the ways back.

mod asked;
mod collated;
mod composites;
mod cut_off;
mod dated;
mod listed;
mod minutes;
mod own_step;
mod pushed;
mod refused;
mod registered;
mod renamed;
mod sample;
mod strays;
mod ways_back;
mod whole;
pub mod world;
