//! Mistakes that need more than one line of the default mapping: paths over the wrong documents, filters that let nobody in, keys that exclude
//! each other, fields of customers with two sources. None gets as far as data that moved.

use ringfence::domain::mapping::DEFAULT;

use crate::mapping_check::world::{World, id};
use crate::support::case::Case;

/// What stands in the section, and what stands there instead: lines that begin with the key go, these come.
struct Mistake {
    section: &'static str,
    becomes: &'static [&'static str],
}

const fn of(section: &'static str, becomes: &'static [&'static str]) -> Mistake {
    Mistake { section, becomes }
}

fn broken(mistake: &Mistake) -> String {
    let key = |line: &str| line.split_once(" = ").map(|(key, _)| key.trim().to_owned());
    let keys: Vec<_> = mistake
        .becomes
        .iter()
        .filter_map(|line| key(line))
        .collect();
    let mut within = mistake.section.is_empty();
    let mut lines: Vec<String> = Vec::new();
    for line in DEFAULT.lines() {
        if line.starts_with('[') {
            within = line == format!("[{}]", mistake.section);
            lines.push(line.to_owned());
            if within {
                lines.extend(mistake.becomes.iter().map(|it| (*it).to_owned()));
            }
            continue;
        }
        let replaced = within && key(line).is_some_and(|key| keys.contains(&key));
        if !replaced {
            lines.push(line.to_owned());
        }
    }
    lines.join("\n") + "\n"
}

const MISTAKES: &[Mistake] = &[
    // Ways that lead elsewhere.
    of("booking", &["user = \"userId > Service.businessId\""]),
    of("booking", &["user = \"serviceId > Service.businessId\""]),
    of("booking", &["user = \"userId > User.email\""]),
    of("booking", &["user = { email = \"userId\" }"]),
    of("booking", &["user = \"user.id\""]),
    of("booking", &["user = \"userId > Usr._id\""]),
    of("booking", &["business = \"userId\""]),
    of("booking", &["business = \"serviceId\""]),
    of("booking", &["business = \"serviceId > Service._id\""]),
    of("booking", &["business = \"serviceId > Business.ownerId\""]),
    of("booking", &["business = \"serviceId > Service.title\""]),
    of("booking", &["business = [\"notes\", \"status\"]"]),
    // What a filter asks for must stay.
    of(
        "user",
        &["where = { role = { set = true } }", "drop = [\"role\"]"],
    ),
    of(
        "booking",
        &["where = { status = { set = true } }", "drop = [\"status\"]"],
    ),
    of(
        "booking",
        &["business = \"serviceId > Service(title).businessId\""],
    ),
    of("booking", &["business = { constant = \"main\" }"]),
    of("business", &["owner = \"_id\""]),
    of("user", &["business = \"email\""]),
    // Filters that let nobody in, or too few.
    of("booking", &["where = { status = \"nonsense\" }"]),
    of("booking", &["where = { sttus = \"done\" }"]),
    of("user", &["where = { kind = \"Client\" }"]),
    of("user", &["where = { email = \"person7@example.org\" }"]),
    of("business", &["where = { name = \"Salon 0\" }"]),
    of("business", &["where = { name = \"Saloon\" }"]),
    // Keys that exclude each other.
    of("booking", &["in_place = true"]),
    of(
        "booking",
        &["keep = true", "in_place = true", "customer = \"userId\""],
    ),
    of("booking", &["several = \"all\""]),
    of("booking", &["drop = [\"serviceId\"]"]),
    of("booking", &["drop = [\"_id\"]"]),
    of("booking", &["drop = [\"customerId\"]"]),
    of("booking", &["drop = [\"nothing\"]", "user = \"nothing\""]),
    of("user", &["drop = [\"email\"]"]),
    of("user", &["drop = [\"hashedPassword\"]"]),
    of("user", &["drop = [\"_id\"]"]),
    of("user", &["contact = [\"_id\"]", "phone = \"_id\""]),
    of("user", &["contact = [\"name\", \"phone\", \"country\"]"]),
    of("user", &["contact = [\"email\", \"phone\", \"country\"]"]),
    of(
        "user",
        &["contact = [\"createdAt\", \"phone\", \"country\"]"],
    ),
    of("user", &["name = [\"name\", \"_id\"]"]),
    of("user", &["name = []"]),
    of("user", &["email = [\"email\"]"]),
    of("user", &["password = [\"hashedPasword\"]"]),
    of("user", &["customers = \"everbody\""]),
    of("user", &["phone = \"name\""]),
    // Fields of customers.
    of("customer", &["fields = { email = \"phone\" }"]),
    of("customer", &["fields = { _id = \"name\" }"]),
    of("customer", &["fields = { businessId = \"name\" }"]),
    of("customer", &["fields = { fullName = \"nmae\" }"]),
    of("customer", &["defaults = { businessId = \"x\" }"]),
    of("customer", &["defaults = { _id = 1 }"]),
    of("customer", &["nulls = [\"_id\"]"]),
    of("customer", &["nulls = [\"businessId\"]"]),
    of("customer", &["ids = \"objectId\""]),
    of("customer", &["adopt = [\"nmae\"]"]),
    of("customer", &["fields = { \"contact.phone\" = \"phone\" }"]),
    of("customer", &["defaults = { \"a.b\" = 1 }"]),
    of(
        "customer",
        &["fields = { email = \"name\", name = \"email\" }"],
    ),
    // What the migration itself takes away.
    of("booking", &["where = { userId = { set = true } }"]),
    of("booking", &["where = { customerId = { set = false } }"]),
    // Collections.
    of("customer", &["collection = \"system.customers\""]),
    of("customer", &["collection = \"_ringfence_links\""]),
    of("customer", &["collection = \"\""]),
    of("booking", &["collection = \"booking\""]),
];

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn no_mistake_of_these_kinds_ends_well_with_data_that_moved() {
    let case: Case = World::clean().case().await;
    let before = case.picture().await;
    let mut wrong = Vec::new();
    for mistake in MISTAKES {
        std::fs::write(case.path("ringfence.toml"), broken(mistake)).unwrap();
        let plan = ["plan", "--defaults", "--out", "plan.json"];
        let ended = case.ringfence(&plan).await;
        let made = case.path("plan.json").exists();
        if ![1, 2].contains(&ended.code) || made {
            wrong.push(format!(
                "[{}] {:?}: {}\n{}{}",
                mistake.section, mistake.becomes, ended.code, ended.out, ended.err
            ));
            let _ = std::fs::remove_file(case.path("plan.json"));
        }
    }
    assert!(
        wrong.is_empty(),
        "{} of {}:\n{}",
        wrong.len(),
        MISTAKES.len(),
        wrong.join("\n")
    );
    assert!(MISTAKES.len() >= 30);
    case.assert_same(&before).await;
}

/// Mistakes that only what a field reaches tells: all of these fields are there, and lead somewhere.
const REACHING: &[(Mistake, &str)] = &[
    (
        of("booking", &["user = \"createdBy\""]),
        "`userId` would fit",
    ),
    (
        of("booking", &["customer = \"createdBy\""]),
        "are ids of User",
    ),
    (of("booking", &["customer = \"roomId\""]), "are ids of Room"),
    (
        of("user", &["name = \"role\""]),
        "`name = \"name\"` would fit",
    ),
];

#[tokio::test]
async fn a_field_that_leads_to_other_people_or_things_is_refused_where_its_key_means_another() {
    let mut world = World::clean();
    for (at, user) in (0..).zip(&mut world.users) {
        user.insert("role", if at < 3 { "OWNER" } else { "USER" });
    }
    for (at, booking) in (0..).zip(&mut world.bookings) {
        booking.insert("createdBy", id(b'u', at % 3));
        booking.insert("roomId", id(b'r', at % 20));
    }
    let rooms = (0..20).map(|at| bson::doc! { "_id": id(b'r', at) });
    world.others.push(("Room", rooms.collect()));
    let case: Case = world.case().await;
    for (mistake, says) in REACHING {
        std::fs::write(case.path("ringfence.toml"), broken(mistake)).unwrap();
        let plan = ["plan", "--defaults", "--out", "plan.json"];
        case.ringfence(&plan).await.code(1).says(&[says]);
    }
    std::fs::write(case.path("ringfence.toml"), DEFAULT).unwrap();
    let plan = ["plan", "--defaults", "--out", "plan.json"];
    let ended = case.ringfence(&plan).await.code(0);
    let doubts = ["different words", "is there already"];
    assert!(
        doubts.iter().all(|it| !ended.err.contains(it)),
        "{}",
        ended.err
    );
}
