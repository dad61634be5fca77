//! Mapping mistakes on databases of many shapes: a letter that is missing from a key or a name, two values that changed places, another
//! collection, `_id`, a filter that lets nothing in. None of them ends with exit 0 and data moved in another way than the right mapping moves them.

use std::collections::BTreeSet;

use bson::{Document, doc, oid::ObjectId};
use ringfence::domain::mapping::Mapping;

use crate::shapes::shape::{Shape, all};
use crate::shapes::{copies, follow, own_collections, paths, payers, several};

/// A mapping, its data, and the field of a booking that leaves.
type Given = (String, Vec<(&'static str, Vec<Document>)>);

fn shapes() -> Vec<Given> {
    vec![
        follow::given(),
        own_collections::given(),
        payers::given(),
        several::given(),
        copies::given(),
        paths::given(),
    ]
}

/// Users with nothing but themselves, so that it can be told what stands in the users' fields.
fn strangers() -> Vec<Document> {
    let one = |n: u8| {
        let mut user = doc! {
            "_id": ObjectId::from_bytes([100 + n; 12]), "name": format!("Some One {}", char::from(b'a' + n)),
            "email": format!("someone{n}@x.org"), "phone": format!("+49 30 2{n:03}"),
        };
        if n > 12 {
            user.insert("hash", "$2b$10$secret");
        }
        user
    };
    (0..26).map(one).collect()
}

/// The mapping with each mistake, and what it is.
fn mistakes(mapping: &str, collections: &BTreeSet<&str>) -> Vec<(String, String)> {
    let lines: Vec<&str> = mapping.lines().collect();
    let with = |at: usize, line: &str| {
        let mut lines: Vec<&str> = lines.clone();
        lines[at] = line;
        lines.join("\n") + "\n"
    };
    let mut all = Vec::new();
    let mut section = 0;
    for (at, line) in lines.iter().enumerate() {
        if line.starts_with('[') {
            section = at;
            if !line.contains("customer") {
                let filter = format!("{line}\nwhere = {{ nothing = \"x\" }}");
                all.push((with(at, &filter), format!("{line}: a filter")));
            }
        }
        let Some((key, value)) = line.split_once(" = ") else {
            continue;
        };
        // What the migration makes may be called anything.
        let makes = ["to", "customer"].contains(&key) || lines[section] == "[customer]";
        if key == "version" {
            continue;
        }
        let typed = format!("{}{} = {value}", &key[..1], &key[2..]);
        all.push((with(at, &typed), typed));
        // Each name in quotes.
        let parts: Vec<&str> = value.split('"').collect();
        for place in (1..parts.len()).step_by(2) {
            let put = |name: String| {
                let mut parts: Vec<String> = parts.iter().map(|it| (*it).to_owned()).collect();
                parts[place] = name;
                format!("{key} = {}", parts.join("\""))
            };
            let name = parts[place];
            let mut wrong = vec!["_id".to_owned()];
            if !makes {
                wrong.push(name[..name.len() - 1].to_owned());
            }
            if key == "collection" {
                wrong.extend(collections.iter().map(|it| (*it).to_owned()));
            }
            for wrong in wrong.into_iter().filter(|it| it != name) {
                let line = put(wrong);
                all.push((with(at, &line), line));
            }
        }
        // Two values of one section.
        for (other_at, other) in lines.iter().enumerate().take(at).skip(section + 1) {
            let Some((other_key, other_value)) = other.split_once(" = ") else {
                continue;
            };
            let mut swapped: Vec<String> = lines.iter().map(|it| (*it).to_owned()).collect();
            swapped[at] = format!("{key} = {other_value}");
            swapped[other_at] = format!("{other_key} = {value}");
            all.push((swapped.join("\n") + "\n", format!("{key} and {other_key}")));
        }
    }
    all
}

/// What of a database the application sees, without what a migration may call otherwise.
async fn seen(shape: &Shape, collections: &BTreeSet<&str>) -> Vec<String> {
    let mut seen = Vec::new();
    for name in collections.iter().chain(&["customers"]) {
        let documents = all(&shape.case.database, name).await;
        seen.extend(documents.iter().map(ToString::to_string));
    }
    seen
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn no_mapping_mistake_on_any_shape_ends_well_with_data_that_moved_wrongly() {
    let mut wrong = Vec::new();
    let mut tried = 0;
    for (mapping, data) in shapes() {
        let collections: BTreeSet<&str> = data.iter().map(|(name, _)| *name).collect();
        let mut data = data;
        let users = data.iter_mut().find(|(name, _)| *name == "users");
        users.unwrap().1.extend(strangers());
        let shape = Shape::new(&mapping, data, "bookings", &[]).await;
        shape.migrate().await;
        let right = seen(&shape, &collections).await;
        shape.case.roll_back(&[]).await.code(0);
        for (text, what) in mistakes(&mapping, &collections) {
            tried += 1;
            if Mapping::parse(&text).is_err() {
                continue;
            }
            std::fs::write(shape.case.path("ringfence.toml"), &text).unwrap();
            let planned = shape.plan().await;
            if planned.code != 0 {
                assert!([1, 2].contains(&planned.code), "{what}: {planned:?}");
                continue;
            }
            let name = shape.case.name.clone();
            let apply = ["apply", "--plan", "plan.json", "--confirm", &name];
            let applied = shape.run(&apply).await;
            let now = seen(&shape, &collections).await;
            let warned = planned.err.contains("warning: mapping");
            if applied.code == 0 && now != right && !warned {
                let differ: Vec<_> = now
                    .iter()
                    .filter(|it| !right.contains(it))
                    .take(3)
                    .collect();
                wrong.push(format!("{what}\n{differ:#?}\n{}", planned.err));
            }
            shape.case.roll_back(&[]).await;
        }
    }
    assert!(tried > 300, "{tried}");
    assert!(
        wrong.is_empty(),
        "{} of {tried}:\n{}",
        wrong.len(),
        wrong.join("\n\n")
    );
}
