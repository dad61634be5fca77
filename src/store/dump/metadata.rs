//! A collection's metadata file as mongodump (100.18) writes it: one line of canonical extended JSON.

use bson::raw::RawDocumentBuf;
use bson::{Bson, Document};

use crate::domain::raw::{Builder, Value, kind};
use crate::store::collection_spec::CollectionSpec;
use crate::store::error::Result;
use crate::store::extended_json;

/// What a metadata file says of a collection.
#[derive(Debug, Clone, PartialEq)]
pub struct Metadata {
    /// The options of `create`, in their order; empty when it has none.
    pub options: RawDocumentBuf,
    /// The index specifications, `_id_` included, in their order.
    pub indexes: Vec<RawDocumentBuf>,
    /// The collection's name; old dumps do not say it.
    pub collection_name: Option<String>,
    /// `collection`, `view` or `timeseries`.
    pub kind: String,
    /// Its UUID in hexadecimal, where the dump says it.
    pub uuid: Option<String>,
}

/// The line for a collection, without a line end, as mongodump leaves it.
///
/// # Errors
/// `Invalid` when the server's answer was not valid BSON.
pub fn line(spec: &CollectionSpec) -> Result<String> {
    let mut document = Builder::new(256);
    if !spec.options.is_empty() {
        document.document("options", &spec.options);
    }
    document.array(
        "indexes",
        spec.indexes.iter().map(|index| Value {
            kind: kind::DOCUMENT,
            bytes: index.as_bytes(),
        }),
    );
    if let Some(uuid) = &spec.uuid {
        document.string("uuid", uuid);
    }
    document.string("collectionName", &spec.name);
    document.string("type", &spec.kind);
    extended_json::from_raw(&document.finish())
}

/// Reads a metadata file's text.
///
/// # Errors
/// What is wrong with it, as a clause.
pub fn parse(text: &str) -> std::result::Result<Metadata, String> {
    let document = extended_json::parse(text)?;
    let options = match document.get("options") {
        None | Some(Bson::Null) => RawDocumentBuf::new(),
        Some(Bson::Document(options)) => raw(options)?,
        Some(_) => return Err("`options` is not a document".to_owned()),
    };
    let indexes = match document.get("indexes") {
        None | Some(Bson::Null) => Vec::new(),
        Some(Bson::Array(indexes)) => indexes
            .iter()
            .map(|index| match index {
                Bson::Document(index) => raw(index),
                _ => Err("one of its `indexes` is not a document".to_owned()),
            })
            .collect::<std::result::Result<_, _>>()?,
        Some(_) => return Err("`indexes` is not a list".to_owned()),
    };
    let kind = match document.get_str("type") {
        Ok(kind) => kind,
        // Dumps before 100.0 do not say it.
        Err(_) if options.get_str("viewOn").is_ok() => "view",
        Err(_) if options.get_document("timeseries").is_ok() => "timeseries",
        Err(_) => "collection",
    };
    if !["collection", "view", "timeseries"].contains(&kind) {
        return Err(format!("its `type` {kind:?} is not one we know"));
    }
    Ok(Metadata {
        kind: kind.to_owned(),
        options,
        indexes,
        collection_name: document.get_str("collectionName").ok().map(str::to_owned),
        uuid: document.get_str("uuid").ok().map(str::to_owned),
    })
}

fn raw(document: &Document) -> std::result::Result<RawDocumentBuf, String> {
    RawDocumentBuf::try_from(document).map_err(|error| error.to_string())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use bson::rawdoc;

    use super::{line, parse};
    use crate::store::collection_spec::CollectionSpec;

    fn spec() -> CollectionSpec {
        CollectionSpec {
            name: "Booking ü".to_owned(),
            kind: "collection".to_owned(),
            options: rawdoc! { "validator": { "name": { "$type": "string" } }, "capped": true, "size": 4096_i64 },
            uuid: Some("00ff".repeat(8)),
            indexes: vec![
                rawdoc! { "v": 2, "key": { "_id": 1 }, "name": "_id_" },
                rawdoc! { "v": 2, "key": { "b": 1.0, "a": -1 }, "name": "b_1_a_-1", "unique": true },
            ],
        }
    }

    #[test]
    fn the_line_is_that_of_mongodump() {
        assert_eq!(
            line(&spec()).unwrap(),
            concat!(
                r#"{"options":{"validator":{"name":{"$type":"string"}},"capped":true,"size":{"$numberLong":"4096"}},"#,
                r#""indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"},"#,
                r#"{"v":{"$numberInt":"2"},"key":{"b":{"$numberDouble":"1.0"},"a":{"$numberInt":"-1"}},"name":"b_1_a_-1","unique":true}],"#,
                r#""uuid":"00ff00ff00ff00ff00ff00ff00ff00ff","collectionName":"Booking ü","type":"collection"}"#,
            )
        );
    }

    #[test]
    fn options_and_uuid_are_left_out_where_there_are_none() {
        let spec = CollectionSpec {
            options: rawdoc! {},
            uuid: None,
            indexes: Vec::new(),
            ..spec()
        };
        assert_eq!(
            line(&spec).unwrap(),
            r#"{"indexes":[],"collectionName":"Booking ü","type":"collection"}"#
        );
    }

    #[test]
    fn what_is_written_is_read_back() {
        let metadata = parse(&line(&spec()).unwrap()).unwrap();
        assert_eq!(metadata.options, spec().options);
        assert_eq!(metadata.indexes, spec().indexes);
        assert_eq!(metadata.collection_name.as_deref(), Some("Booking ü"));
        assert_eq!(metadata.kind, "collection");
    }

    #[test]
    fn an_old_dump_that_does_not_say_its_type_is_understood() {
        let view = r#"{"options":{"viewOn":"a","pipeline":[]},"indexes":[]}"#;
        assert_eq!(parse(view).unwrap().kind, "view");
        assert_eq!(parse(r#"{"indexes":null}"#).unwrap().kind, "collection");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, expected) in [
            ("{", "EOF"),
            ("[]", "not a document"),
            (r#"{"indexes":[1]}"#, "not a document"),
            (r#"{"options":1}"#, "`options`"),
            (r#"{"type":"cube"}"#, "cube"),
        ] {
            let error = parse(text).unwrap_err();
            assert!(error.contains(expected), "{error}");
        }
    }
}
