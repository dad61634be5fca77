//! Databases of other shapes than the guide's: for each its mapping, a small data set, and what must come of it, written out by hand. Every
//! one is surveyed, applied, verified, rolled back to the same bytes, and rolled back with what an application wrote since.

mod copies;
mod follow;
mod followers;
mod found;
mod guests;
mod members;
mod mistakes;
mod own_collections;
mod paths;
mod payers;
mod people;
mod references;
mod several;
mod shape;
mod single_mistakes;
