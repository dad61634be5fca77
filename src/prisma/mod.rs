//! `schema.prisma`: what it says, and whether the documents of a database are as it says. Pure: documents and indexes come in as raw BSON,
//! findings go out; no file is opened here and no server is asked.
//!
//! | file | holds |
//! |---|---|
//! | `lexer`, `parser`, `ast` | text → blocks, with the place of everything |
//! | `schema`, `resolve` | blocks → models, composite types, enums, relations, indexes |
//! | `kind` | the closed list of findings, and what a client does about each |
//! | `shape`, `judge`, `value` | one raw document against its model |
//! | `index_key`, `uniques`, `alike`, `unique_texts`, `reference_key`, `references`, `pairs`, `id_log` | what needs more than one document: kept in tables that spill |
//! | `indexes`, `push` | the indexes that stand against those that the schema names; what a push does with them |
//! | `demand` | what an after-schema asks of the documents of today: rules that may apply |
//! | `draft` | the model that a collection's documents need, to be copied |
//! | `collection_check`, `tally`, `repair`, `conformity` | counts, samples and words: the answer |

mod alike;
mod ast;
mod collection_check;
pub mod conformity;
pub mod demand;
pub mod draft;
mod id_log;
mod index_key;
mod indexes;
mod judge;
pub mod kind;
mod lexer;
pub mod one_document;
mod pairs;
mod parser;
pub mod push;
mod reference_key;
mod references;
mod repair;
mod resolve;
pub mod schema;
pub mod seen;
mod shape;
mod source;
mod tally;
mod unique_texts;
mod uniques;
mod value;

pub use alike::{Alike, Compares};
pub use collection_check::{SchemaCheck, Standing};
pub use indexes::guarded;
pub use source::{SchemaError, Source};
pub use tally::Listener;
pub use unique_texts::UniqueTexts;

use schema::Schema;

/// Reads a schema of one file or several.
///
/// # Errors
/// The first thing that cannot be read, with its file, line, column and text.
pub fn read(sources: &[Source]) -> Result<Schema, SchemaError> {
    let mut blocks = Vec::new();
    for (file, source) in sources.iter().enumerate() {
        let parsed = parser::parse(&source.text, file);
        blocks.extend(parsed.map_err(|flaw| SchemaError::new(sources, flaw))?);
    }
    resolve::resolve(blocks).map_err(|flaw| SchemaError::new(sources, flaw))
}
