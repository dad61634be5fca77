//! What a real Prisma client reads of the migrated demo, with a schema that `conform` finds nothing wrong with. One of the long tests: it needs node,
//! and fetches the client with npm once. `RINGFENCE_PRISMA` names a folder that has it already.

use std::path::{Path, PathBuf};
use std::process::Command;

use bson::{Document, doc};
use ringfence::demo::schemas;
use serde_json::Value as Json;

use crate::conform::sample::{mended, sample};
use crate::conform::shop::{conform, json};
use crate::schema_step::world;
use crate::support::case::Case;

/// The newest client whose engine can be had from npm alone.
const PACKAGES: [&str; 2] = ["@prisma/client@4.6.1", "@prisma/internals@4.6.1"];
const ENGINE: &str =
    "node_modules/@prisma/internals/dist/libquery_engine-debian-openssl-1.1.x.so.node";
/// A wheel that carries OpenSSL 1.1, which the engine needs and newer systems lack.
const OPENSSL: &str = "psycopg2-binary==2.9.5";

/// Runs a program that must end well.
#[track_caller]
fn run(program: &str, arguments: &[&str], folder: &Path) -> String {
    let output = Command::new(program)
        .args(arguments)
        .current_dir(folder)
        .output();
    let output = output.unwrap_or_else(|error| {
        panic!("{program}: {error}. This test needs node, npm, python3 and pip; without them nobody read the result with a real client")
    });
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    assert!(
        output.status.success(),
        "{program} {arguments:?}: {}{}",
        text(&output.stdout),
        text(&output.stderr)
    );
    text(&output.stdout)
}

/// A folder with the client, fetched where it is not there yet.
fn client() -> PathBuf {
    let folder = std::env::var_os("RINGFENCE_PRISMA").map_or_else(
        || Path::new(env!("CARGO_TARGET_TMPDIR")).join("prisma-4.6.1"),
        PathBuf::from,
    );
    if !folder.join(ENGINE).exists() {
        std::fs::create_dir_all(&folder).unwrap();
        std::fs::write(folder.join("package.json"), "{\"private\":true}").unwrap();
        let mut arguments = vec!["install", "--ignore-scripts", "--no-audit", "--no-fund"];
        arguments.extend(PACKAGES);
        run("npm", &arguments, &folder);
    }
    let needs = run("ldd", &[ENGINE], &folder);
    if needs.contains("libssl.so.1.1 => not found")
        && !folder.join("openssl/libssl.so.1.1").exists()
    {
        let all = [
            "-m",
            "pip",
            "download",
            "--no-deps",
            "--only-binary=:all:",
            "--python-version",
            "3.10",
            "--platform",
            "manylinux2014_x86_64",
            OPENSSL,
            "-d",
            "wheel",
        ];
        run("python3", &all, &folder);
        let unpack =
            "import glob,zipfile; zipfile.ZipFile(glob.glob('wheel/*.whl')[0]).extractall('wheel')";
        run("python3", &["-c", unpack], &folder);
        let link = "mkdir -p openssl && cp wheel/psycopg2_binary.libs/* openssl/ && cd openssl && ln -sf libcrypto-*.so.1.1 libcrypto.so.1.1 && ln -sf libssl-*.so.1.1 libssl.so.1.1";
        run("sh", &["-c", link], &folder);
    }
    std::fs::write(folder.join("read.js"), include_str!("client.js")).unwrap();
    folder
}

/// What the client saw of every model: a number of documents, or its error.
fn read(client: &Path, case: &Case) -> Json {
    let output = Command::new("node")
        .arg("read.js")
        .arg(case.path("schema.prisma"))
        .current_dir(client)
        .env("DATABASE_URL", &case.uri)
        .env("PRISMA_QUERY_ENGINE_LIBRARY", client.join(ENGINE))
        .env("LD_LIBRARY_PATH", client.join("openssl"))
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned();
    let errors = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&said).unwrap_or_else(|error| panic!("{error}: {said}{errors}"))
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_real_client_reads_every_document_that_conform_finds_nothing_wrong_with_and_fails_where_it_does()
 {
    let client = client();
    let case = sample(schemas::AFTER).await;
    case.migrate().await;
    mended(&case).await;
    let found = json(conform(&case, &["--json"]).await, 0);
    let seen = read(&client, &case);
    for model in found["models"].as_array().unwrap() {
        let name = model["name"].as_str().unwrap();
        assert_eq!(seen[name], model["documents"], "{name}: {seen}");
    }
    assert!(seen["Booking"].as_u64().unwrap() > 1_900, "{seen}");

    // A document that it finds wrong, the client does not read.
    let bookings = case.database.collection::<Document>("Booking");
    let unset = doc! { "$unset": { "updatedAt": "" } };
    bookings.update_one(doc! {}, unset).await.unwrap();
    json(conform(&case, &["--json"]).await, 2);
    let seen = read(&client, &case);
    assert!(
        seen["Booking"].as_str().unwrap().starts_with("P2032"),
        "{seen}"
    );
}

/// One document for each model, what the client says of it, and the finding that says so.
const EDGES: &str = r#"
datasource db {
  provider = "mongodb"
  url      = env("DATABASE_URL")
}
type Part {
  a Int
  b Int
}
model Texts {
  id   Int @id @map("_id")
  tags String[]
}
model Numbers {
  id   Int @id @map("_id")
  list Int[]
}
model Composed {
  id   Int @id @map("_id")
  part Part
}
model Measured {
  id Int @id @map("_id")
  x  Float
}
model Several {
  id Int @id @map("_id")
  xs Float[]
}
model Held {
  id    Int @id @map("_id")
  bytes Bytes
}
"#;

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_real_client_says_of_nulls_in_lists_empty_composites_and_odd_numbers_what_conform_says() {
    let client = client();
    let case = Case::empty().await;
    std::fs::write(case.path("schema.prisma"), EDGES).unwrap();
    let uuid = bson::Binary {
        subtype: bson::spec::BinarySubtype::Uuid,
        bytes: vec![7; 16],
    };
    let planted = [
        ("Texts", doc! { "_id": 1, "tags": [bson::Bson::Null, "a"] }),
        (
            "Numbers",
            doc! { "_id": 1, "list": [bson::Bson::Null, "a"] },
        ),
        ("Composed", doc! { "_id": 1, "part": {} }),
        ("Measured", doc! { "_id": 1, "x": f64::INFINITY }),
        ("Several", doc! { "_id": 1, "xs": [f64::NEG_INFINITY, 1] }),
        ("Held", doc! { "_id": 1, "bytes": uuid }),
    ];
    for (name, document) in planted {
        let collection = case.database.collection::<Document>(name);
        collection.insert_one(document).await.unwrap();
    }
    let found = json(conform(&case, &["--json"]).await, 2);
    let seen = read(&client, &case);
    let findings = |name: &str| -> Vec<String> {
        let models = found["models"].as_array().unwrap();
        let of = models.iter().find(|it| it["name"] == name).unwrap();
        let all = of["findings"].as_array().unwrap().iter();
        let words = |it: &Json| {
            format!(
                "{} {}",
                it["field"].as_str().unwrap(),
                it["kind"].as_str().unwrap()
            )
        };
        all.map(words).collect()
    };
    let begins = |name: &str, code: &str| {
        let said = seen[name].as_str().unwrap_or_default();
        assert!(said.starts_with(code), "{name}: {seen}");
    };
    assert_eq!(findings("Texts"), ["tags null-in-list"]);
    begins("Texts", "P2032");
    assert_eq!(
        findings("Numbers"),
        ["list null-in-list", "list wrong-type"]
    );
    begins("Numbers", "P2");
    assert_eq!(
        findings("Composed"),
        ["part.a missing-required", "part.b missing-required"]
    );
    begins("Composed", "P2032");
    assert_eq!(findings("Measured"), ["x wrong-type"]);
    begins("Measured", "P2023");
    assert_eq!(findings("Several"), ["xs wrong-type"]);
    begins("Several", "P2023");
    assert!(findings("Held").is_empty());
    assert_eq!(seen["Held"], 1, "{seen}");
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn a_real_client_reads_collections_and_fields_under_the_names_that_a_plan_gave_them() {
    let client = client();
    let case = world::seeded().await;
    let plan = ["plan", "--defaults", "--retire-users", "--out", "plan.json"];
    case.ringfence(&plan).await.code(0);
    case.apply(&[]).await.code(0);
    std::fs::copy(case.path("after.prisma"), case.path("schema.prisma")).unwrap();
    let found = json(conform(&case, &["--json"]).await, 0);
    let seen = read(&client, &case);
    for model in found["models"].as_array().unwrap() {
        let name = model["name"].as_str().unwrap();
        assert_eq!(seen[name], model["documents"], "{name}: {seen}");
    }
    assert_eq!(seen["Booking"], 14, "{seen}");
    assert_eq!(seen["Customer"], 6, "{seen}");
}
