//! Every parser of what comes from outside, fed with files that were damaged at random: none may panic, and what it refuses it refuses with
//! the place.

use std::path::PathBuf;

use bson::oid::ObjectId;
use bson::raw::cstr;
use bson::{Bson, Document, RawDocumentBuf, doc};
use proptest::prelude::*;
use ringfence::domain::decision::Decisions;
use ringfence::domain::decision_file::{BadDecisions, DecisionFile};
use ringfence::domain::mapping::{self, Mapping};
use ringfence::domain::plan::{BadPlan, Plan};
use ringfence::domain::run::RunRecord;
use ringfence::store::dump::bson_file::BsonReader;
use ringfence::store::dump::manifest::{MANIFEST, Manifest};
use ringfence::store::dump::metadata;
use ringfence::store::journal::{JOURNAL, Journal};

/// One damage: what is done, where (as a share of the length), with which bytes.
#[derive(Debug, Clone)]
enum Damage {
    Cut(u16),
    Flip(u16, u8),
    Put(u16, Vec<u8>),
    Remove(u16, u16),
    Repeat(u16, u16),
}

fn damages() -> impl Strategy<Value = Vec<Damage>> {
    // Pieces that parsers stumble over: brackets, quotes, huge and negative numbers, deep nesting, bytes that are no UTF-8.
    let pieces = prop_oneof![
        Just(b"\"".to_vec()),
        Just(b"{\"$date\":".to_vec()),
        Just(b"{\"$oid\":\"zz\"}".to_vec()),
        Just(b"{\"$numberLong\":\"99999999999999999999\"}".to_vec()),
        Just(b"-1".to_vec()),
        Just(b"1e999".to_vec()),
        Just(b"[[".to_vec()),
        Just("[".repeat(400).into_bytes()),
        Just("{\"a\":".repeat(300).into_bytes()),
        Just(b"\n".to_vec()),
        Just(b"\\ud800".to_vec()),
        Just(vec![0xFF, 0xFE, 0]),
        Just(vec![0xFF; 4]),
        Just(vec![0; 8]),
        proptest::collection::vec(any::<u8>(), 1..12),
    ];
    let one = prop_oneof![
        any::<u16>().prop_map(Damage::Cut),
        (any::<u16>(), any::<u8>()).prop_map(|(at, byte)| Damage::Flip(at, byte)),
        (any::<u16>(), pieces).prop_map(|(at, piece)| Damage::Put(at, piece)),
        (any::<u16>(), 1..60_u16).prop_map(|(at, length)| Damage::Remove(at, length)),
        (any::<u16>(), 1..60_u16).prop_map(|(at, length)| Damage::Repeat(at, length)),
    ];
    proptest::collection::vec(one, 1..4)
}

fn damaged(whole: &[u8], damages: &[Damage]) -> Vec<u8> {
    let mut bytes = whole.to_vec();
    for damage in damages {
        let place = |at: u16| usize::from(at) * bytes.len() / 65_536;
        match damage {
            Damage::Cut(at) => bytes.truncate(place(*at)),
            Damage::Flip(at, with) => {
                let at = place(*at);
                if let Some(byte) = bytes.get_mut(at) {
                    *byte ^= with;
                }
            }
            Damage::Put(at, piece) => {
                let at = place(*at);
                bytes.splice(at..at, piece.iter().copied());
            }
            Damage::Remove(at, length) => {
                let at = place(*at);
                let end = (at + usize::from(*length)).min(bytes.len());
                bytes.drain(at..end);
            }
            Damage::Repeat(at, length) => {
                let at = place(*at);
                let end = (at + usize::from(*length)).min(bytes.len());
                let piece = bytes[at..end].to_vec();
                bytes.splice(at..at, piece);
            }
        }
    }
    bytes
}

/// As a file of text is read: what is no UTF-8 never reaches the parser.
fn as_text(whole: &str, damages: &[Damage]) -> String {
    String::from_utf8_lossy(&damaged(whole.as_bytes(), damages)).into_owned()
}

fn assert_place(error: &str) {
    let (line, column) = (error.contains("line "), error.contains("column "));
    assert!(line && column, "no place in: {error}");
}

const DECISIONS: &str = r#"# a comment
version = 1
database = "shop"

[policy]
duplicate-email = "merge"

[survivor]
rule = "oldest"

[[decision]]
code = "duplicate-email"
business = "650000000000000000000001"
subjects = ["650000000000000000000002", "650000000000000000000003"]
choice = "merge"
pick = { phone = "650000000000000000000002" }
set = { name = "Zo\u00EB" }
note = "asked them"
"#;

const METADATA: &str = r#"{"options":{"collation":{"locale":"en","strength":{"$numberInt":"2"}},"validator":{"at":{"$gt":{"$date":{"$numberLong":"-1"}}},"by":{"$oid":"0123456789abcdef01234567"}}},"indexes":[{"v":{"$numberInt":"2"},"key":{"_id":{"$numberInt":"1"}},"name":"_id_"},{"v":{"$numberInt":"2"},"key":{"at":{"$numberDouble":"1.0"}},"name":"at_1","expireAfterSeconds":{"$numberLong":"60"}}],"uuid":"0123456789abcdef0123456789abcdef","collectionName":"Booking","type":"collection"}"#;

fn mapping() -> Mapping {
    Mapping::parse(mapping::DEFAULT).unwrap()
}

fn plan() -> String {
    let plan = Plan::new("shop", &mapping(), &Decisions::default(), &[], (3, 4));
    serde_json::to_string_pretty(&plan).unwrap()
}

fn run_record() -> RunRecord {
    serde_json::from_value(serde_json::json!({
        "_id": "20261123T101112Z-0123", "format": 1, "tool": "ringfence 0.1.0", "transform": 1, "database": "shop",
        "host": "127.0.0.1:27017", "server_version": "6.0.5", "operator": "ann@desk", "started": 5, "outcome": "open",
        "mapping": mapping(), "steps": {}, "numbers": { "pairs": 3 },
    }))
    .unwrap()
}

fn documents() -> Vec<u8> {
    let deep = (0..40).fold(
        doc! { "end": Bson::Null },
        |inner, _| doc! { "in": [inner] },
    );
    let all = [
        doc! { "_id": ObjectId::from_bytes([7; 12]), "name": "Zoë", "at": bson::DateTime::from_millis(-1), "n": 1.5, "ok": true },
        doc! { "_id": 2_i64, "deep": deep, "regex": bson::Regex { pattern: cstr!("a").into(), options: cstr!("i").into() } },
        doc! { "_id": "three", "code": Bson::JavaScriptCode("x".into()), "min": Bson::MinKey, "binary": bson::Binary { subtype: bson::spec::BinarySubtype::Generic, bytes: vec![1, 2] } },
    ];
    let bytes = |it: &Document| RawDocumentBuf::try_from(it).unwrap().into_bytes();
    all.iter().flat_map(bytes).collect()
}

fn file(folder: &tempfile::TempDir, name: &str, content: &[u8]) -> PathBuf {
    let path = folder.path().join(name);
    std::fs::write(&path, content).unwrap();
    path
}

#[test]
fn what_is_damaged_here_can_be_read_while_it_is_whole() {
    let folder = tempfile::tempdir().unwrap();
    Plan::parse(&plan()).unwrap();
    let decisions = DecisionFile::parse(DECISIONS).unwrap();
    decisions.decisions("shop", &mapping().user).unwrap();
    assert_eq!(metadata::parse(METADATA).unwrap().indexes.len(), 2);
    let mut reader = BsonReader::open(&file(&folder, "a.bson", &documents())).unwrap();
    while reader.next_document().unwrap().is_some() {}
    assert_eq!(reader.documents(), 3);
    run_record();
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_plan_is_refused_with_line_and_column_or_by_its_hash(damages in damages()) {
        match Plan::parse(&as_text(&plan(), &damages)) {
            Err(BadPlan::Syntax(error)) => assert_place(&error.to_string()),
            Ok(plan) => drop(plan.decisions()),
            Err(_) => {}
        }
    }

    #[test]
    fn damaged_decisions_are_refused_with_line_and_column(damages in damages()) {
        match DecisionFile::parse(&as_text(DECISIONS, &damages)) {
            Err(error @ BadDecisions::Syntax(_)) => assert_place(&error.to_string()),
            Ok(file) => drop(file.decisions("shop", &mapping().user)),
            Err(_) => {}
        }
    }

    #[test]
    fn a_damaged_mapping_is_refused_with_its_line(damages in damages()) {
        if let Err(error) = Mapping::parse(&as_text(mapping::DEFAULT, &damages)) {
            let error = error.to_string();
            assert!(error.starts_with("ringfence.toml:"), "no place in: {error}");
        }
    }

    #[test]
    fn damaged_metadata_are_refused_and_broken_json_with_its_column(damages in damages()) {
        let text = as_text(METADATA, &damages);
        if let Err(error) = metadata::parse(&text)
            && serde_json::from_str::<serde_json::Value>(&text).is_err()
        {
            assert!(error.contains("column "), "no place in: {error}");
        }
    }

    #[test]
    fn a_run_record_from_a_database_is_read_or_refused(damages in damages()) {
        let whole = bson::serialize_to_vec(&run_record()).unwrap();
        if let Err(error) = bson::deserialize_from_slice::<RunRecord>(&damaged(&whole, &damages)) {
            assert!(!error.to_string().is_empty());
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 200, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_damaged_bson_file_is_refused_with_its_byte(damages in damages()) {
        let folder = tempfile::tempdir().unwrap();
        let whole = documents();
        let path = file(&folder, "a.bson", &damaged(&whole, &damages));
        let mut reader = BsonReader::open(&path).unwrap();
        loop {
            match reader.next_document() {
                Ok(Some(document)) => drop(Document::try_from(&*document)),
                Ok(None) => break,
                Err(error) => {
                    assert!(error.to_string().contains("byte "), "no place in: {error}");
                    break;
                }
            }
        }
    }

    #[test]
    fn a_damaged_packed_file_is_refused(damages in damages()) {
        use std::io::Write as _;
        let folder = tempfile::tempdir().unwrap();
        let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
        packer.write_all(&documents()).unwrap();
        let packed = packer.finish().unwrap();
        let path = file(&folder, "a.bson.gz", &damaged(&packed, &damages));
        let mut reader = BsonReader::open(&path).unwrap();
        while let Ok(Some(_)) = reader.next_document() {}
    }

    #[test]
    fn a_damaged_manifest_is_refused_with_line_and_column(damages in damages()) {
        const WHOLE: &str = r#"{
  "format": 1, "tool": "ringfence 0.1.0", "server_version": "6.0.5", "database": "shop", "gzip": false,
  "started_at": "2026-11-23T10:11:12Z", "finished_at": "2026-11-23T10:11:13Z",
  "collections": [{ "name": "Booking", "kind": "collection", "metadata": "shop/Booking.metadata.json", "metadata_sha256": "00", "data": { "file": "shop/Booking.bson", "documents": 1, "bytes": 5, "sha256": "00", "fingerprint": "1-00" } }]
}"#;
        let folder = tempfile::tempdir().unwrap();
        file(&folder, MANIFEST, &damaged(WHOLE.as_bytes(), &damages));
        if let Err(error) = Manifest::load(folder.path()) {
            let error = error.to_string();
            assert!(error.contains(MANIFEST), "no file in: {error}");
            if error.contains("not the manifest") {
                assert_place(&error);
            }
        }
    }

    #[test]
    fn a_damaged_journal_is_refused_with_its_line_or_was_only_cut_off(damages in damages()) {
        let folder = tempfile::tempdir().unwrap();
        let mut record = run_record();
        let mut journal = Journal::open(folder.path(), &record).unwrap();
        for save in 1..=3 {
            record.saves = save;
            journal.append(&record, 0).unwrap();
        }
        drop(journal);
        let path = folder.path().join(JOURNAL);
        let whole = std::fs::read(&path).unwrap();
        let bad = damaged(&whole, &damages);
        std::fs::write(&path, &bad).unwrap();
        match Journal::open(folder.path(), &record) {
            Ok(_) => {
                let now = std::fs::read(&path).unwrap();
                assert!(whole.starts_with(&now), "a changed journal was believed");
            }
            Err(error) => {
                let error = error.to_string();
                assert!(error.contains(JOURNAL) && error.contains("line"), "no place in: {error}");
            }
        }
    }
}
