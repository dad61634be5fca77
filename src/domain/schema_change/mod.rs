//! What an after-schema asks of the data, as rules for documents, names and indexes. The rules stand in the plan; what they do to a document
//! is [`shape`], and what of a shaped document was there before is [`undo`], which the proof and the way back use.

mod alike;
pub mod convert;
pub mod indexes;
pub mod literal;
pub mod minutes;
mod rules;
pub mod shape;
mod types_before;
pub mod undo;
pub mod values;

pub use rules::{
    CollectionChange, Constant, MOVING, NamedIndex, Place, Rule, SchemaChanges, Written, name_after,
};
