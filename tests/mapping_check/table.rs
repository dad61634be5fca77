//! Every single mistake of a mapping: refused before a plan with the file's line, and nothing changed.

use bson::doc;
use ringfence::domain::mapping::DEFAULT;

use crate::mapping_check::world::{World, id};
use crate::support::case::Case;

/// A mistake: the line of the default mapping that is changed (within a section), and what it becomes.
struct Mistake {
    section: &'static str,
    line: &'static str,
    becomes: &'static str,
    says: &'static [&'static str],
}

const fn of(
    section: &'static str,
    line: &'static str,
    becomes: &'static str,
    says: &'static [&'static str],
) -> Mistake {
    Mistake {
        section,
        line,
        becomes,
        says,
    }
}

/// The mapping with the mistake, and the number of the changed line.
fn broken(mistake: &Mistake) -> (String, usize) {
    let mut within = false;
    let mut changed = None;
    let mut lines = Vec::new();
    for (at, line) in DEFAULT.lines().enumerate() {
        if line.starts_with('[') {
            within = line == format!("[{}]", mistake.section);
        }
        let here = within || mistake.section.is_empty();
        if here && changed.is_none() && line == mistake.line {
            changed = Some(at + 1);
            lines.push(mistake.becomes);
        } else {
            lines.push(line);
        }
    }
    let at = changed.unwrap_or_else(|| panic!("no {} in [{}]", mistake.line, mistake.section));
    (lines.join("\n") + "\n", at)
}

const MISTAKES: &[Mistake] = &[
    // A name with a slip of the hand.
    of(
        "user",
        "collection = \"User\"",
        "collection = \"Usr\"",
        &["nearest: `User`"],
    ),
    of(
        "business",
        "collection = \"Business\"",
        "collection = \"Busines\"",
        &["nearest: `Business`"],
    ),
    of(
        "service",
        "collection = \"Service\"",
        "collection = \"Servise\"",
        &["nearest: `Service`"],
    ),
    of(
        "booking",
        "collection = \"Booking\"",
        "collection = \"Bookings\"",
        &["nearest: `Booking`"],
    ),
    of(
        "user",
        "name = \"name\"",
        "name = \"nmae\"",
        &["nearest: `name`"],
    ),
    of(
        "user",
        "email = \"email\"",
        "email = \"emial\"",
        &["occurs in no document of User", "nearest: `email`"],
    ),
    of(
        "user",
        "password = \"hashedPassword\"",
        "password = \"hashedPasword\"",
        &["nearest: `hashedPassword`"],
    ),
    of(
        "booking",
        "user = \"userId\"",
        "user = \"userid\"",
        &["nearest: `userId`"],
    ),
    of(
        "booking",
        "service = \"serviceId\"",
        "service = \"servicesId\"",
        &["nearest: `serviceId`"],
    ),
    of(
        "service",
        "business = \"businessId\"",
        "business = \"bussinessId\"",
        &["nearest: `businessId`"],
    ),
    // Another field than the one that was meant.
    of("user", "name = \"name\"", "name = \"city\"", &["`city`"]),
    of(
        "user",
        "password = \"hashedPassword\"",
        "password = \"createdAt\"",
        &["createdAt"],
    ),
    of(
        "user",
        "created = \"createdAt\"",
        "created = \"hashedPassword\"",
        &["hashedPassword"],
    ),
    of("user", "email = \"email\"", "email = \"phone\"", &["phone"]),
    of(
        "booking",
        "user = \"userId\"",
        "user = \"notes\"",
        &["only 0 of 400", "`userId` would fit"],
    ),
    of(
        "booking",
        "service = \"serviceId\"",
        "service = \"date\"",
        &["booking.service"],
    ),
    of(
        "service",
        "business = \"businessId\"",
        "business = \"title\"",
        &["only 0 of 6", "`businessId` would fit"],
    ),
    of(
        "business",
        "owner = \"ownerId\"",
        "owner = \"name\"",
        &["only 0 of 3", "`ownerId` would fit"],
    ),
    of(
        "",
        "  { collection = \"TeamMember\", user = \"userId\" },",
        "  { collection = \"TeamMember\", user = \"businessId\" },",
        &["accounts.0.user", "`userId` would fit"],
    ),
    // Another collection than the one that was meant.
    of(
        "user",
        "collection = \"User\"",
        "collection = \"Business\"",
        &["user."],
    ),
    of(
        "user",
        "collection = \"User\"",
        "collection = \"Customer\"",
        &["customer.collection"],
    ),
    of(
        "business",
        "collection = \"Business\"",
        "collection = \"User\"",
        &["service.business: only 0 of 6", "ids of Business"],
    ),
    of(
        "business",
        "collection = \"Business\"",
        "collection = \"Service\"",
        &["service.business: only 0 of 6"],
    ),
    of(
        "service",
        "collection = \"Service\"",
        "collection = \"Business\"",
        &["service.business"],
    ),
    of(
        "service",
        "collection = \"Service\"",
        "collection = \"Booking\"",
        &["booking.collection"],
    ),
    of(
        "service",
        "collection = \"Service\"",
        "collection = \"User\"",
        &["service.business"],
    ),
    of(
        "booking",
        "collection = \"Booking\"",
        "collection = \"Service\"",
        &["booking.collection"],
    ),
    of(
        "booking",
        "collection = \"Booking\"",
        "collection = \"User\"",
        &["booking.collection"],
    ),
    of(
        "booking",
        "collection = \"Booking\"",
        "collection = \"Invoice\"",
        &["booking.service"],
    ),
    of(
        "customer",
        "collection = \"Customer\"",
        "collection = \"User\"",
        &["customer.collection"],
    ),
    of(
        "customer",
        "collection = \"Customer\"",
        "collection = \"Booking\"",
        &["customer.collection"],
    ),
    of(
        "customer",
        "collection = \"Customer\"",
        "collection = \"Business\"",
        &["customer.collection"],
    ),
    of(
        "customer",
        "collection = \"Customer\"",
        "collection = \"TeamMember\"",
        &["customer.collection"],
    ),
    of(
        "customer",
        "collection = \"Customer\"",
        "collection = \"Invoice\"",
        &["customer.business", "12"],
    ),
    // `_id` leaves nowhere and comes to nothing.
    of(
        "booking",
        "user = \"userId\"",
        "user = \"_id\"",
        &["`_id` stays"],
    ),
    of(
        "booking",
        "service = \"serviceId\"",
        "service = \"_id\"",
        &["booking.service: only 0 of 400"],
    ),
    of(
        "booking",
        "customer = \"customerId\"",
        "customer = \"_id\"",
        &["`_id` stays"],
    ),
    of(
        "booking",
        "created = \"createdAt\"",
        "created = \"_id\"",
        &["`_id` stays"],
    ),
    of(
        "service",
        "business = \"businessId\"",
        "business = \"_id\"",
        &["service.business: only 0 of 6"],
    ),
    of(
        "customer",
        "business = \"businessId\"",
        "business = \"_id\"",
        &["_id"],
    ),
    of("user", "name = \"name\"", "name = \"_id\"", &["_id"]),
    of("user", "email = \"email\"", "email = \"_id\"", &["_id"]),
    of(
        "user",
        "password = \"hashedPassword\"",
        "password = \"_id\"",
        &["`_id` stays"],
    ),
    of(
        "user",
        "created = \"createdAt\"",
        "created = \"_id\"",
        &["_id"],
    ),
    // One field for two things.
    of(
        "booking",
        "customer = \"customerId\"",
        "customer = \"userId\"",
        &["userId"],
    ),
    of(
        "booking",
        "customer = \"customerId\"",
        "customer = \"serviceId\"",
        &["`serviceId` is booking.service too"],
    ),
    of(
        "booking",
        "customer = \"customerId\"",
        "customer = \"createdAt\"",
        &["`createdAt` is booking.c"],
    ),
    of(
        "booking",
        "created = \"createdAt\"",
        "created = \"userId\"",
        &["`userId` is booking.user too"],
    ),
    of(
        "user",
        "created = \"createdAt\"",
        "created = \"email\"",
        &["email"],
    ),
    of(
        "user",
        "password = \"hashedPassword\"",
        "password = \"email\"",
        &["`email` is user.email too"],
    ),
    of(
        "user",
        "contact = [\"phone\", \"company\", \"country\", \"address\", \"city\", \"state\", \"zipCode\"]",
        "contact = [\"phone\", \"country\", \"hashedPassword\"]",
        &["`hashedPassword` is user.password too"],
    ),
    of(
        "customer",
        "business = \"businessId\"",
        "business = \"email\"",
        &["email"],
    ),
    // A field of the application's own would be written over.
    of(
        "booking",
        "customer = \"customerId\"",
        "customer = \"status\"",
        &["booking.customer: 400 of 400", "something else than ids"],
    ),
    of(
        "booking",
        "customer = \"customerId\"",
        "customer = \"notes\"",
        &["something else than ids"],
    ),
    of(
        "booking",
        "customer = \"customerId\"",
        "customer = \"date\"",
        &["something else than ids"],
    ),
];

async fn case() -> Case {
    let mut world = World::clean();
    let invoices = (0..12)
        .map(|n| doc! { "_id": id(b'i', n), "number": format!("I-{n}"), "userId": id(b'u', n) });
    world.others.push(("Invoice", invoices.collect()));
    world.case().await
}

#[tokio::test]
async fn no_single_mistake_of_a_mapping_gets_as_far_as_a_plan() {
    let case = case().await;
    let before = case.picture().await;
    let mut wrong = Vec::new();
    for mistake in MISTAKES {
        let (text, line) = broken(mistake);
        std::fs::write(case.path("ringfence.toml"), text).unwrap();
        let plan = ["plan", "--defaults", "--out", "plan.json"];
        let ended = case.ringfence(&plan).await;
        let places = [":", ")"].map(|after| format!("ringfence.toml:{line}{after}"));
        // What the file alone makes impossible is said of its section.
        let read = ended.err.contains("cannot be read") && ended.err.contains("ringfence.toml:");
        let place = places
            .iter()
            .find(|place| read || ended.err.contains(*place));
        let mut words = vec![place.map_or(places[0].as_str(), |_| "ringfence.toml:")];
        if mistake.section.is_empty() || mistake.becomes.contains("collection = ") {
            words.clear(); // the line that is wrong may be the one that the collection belongs to
        }
        words.extend(mistake.says);
        let missing: Vec<_> = words
            .iter()
            .filter(|it| !ended.err.contains(**it))
            .collect();
        if ended.code != 1 || !missing.is_empty() || case.path("plan.json").exists() {
            wrong.push(format!(
                "[{}] {}: {} {missing:?}\n{}",
                mistake.section, mistake.becomes, ended.code, ended.err
            ));
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

#[tokio::test]
async fn a_mistyped_key_is_refused_with_its_line_and_the_nearest_one() {
    let case = case().await;
    for (at, line) in DEFAULT.lines().enumerate() {
        let Some((key, _)) = line.split_once(" = ").filter(|(key, _)| key.len() > 3) else {
            continue;
        };
        if key.starts_with(['#', ' ']) {
            continue;
        }
        let mistyped = format!("{}{}", &key[..2], &key[3..]);
        let text = DEFAULT.lines().enumerate().map(|(it, text)| {
            if it == at {
                text.replacen(key, &mistyped, 1)
            } else {
                text.to_owned()
            }
        });
        let text: Vec<_> = text.collect();
        std::fs::write(case.path("m.toml"), text.join("\n")).unwrap();
        let ended = case.ringfence(&["survey", "--config", "m.toml"]).await;
        assert_eq!(ended.code, 1, "{line}: {ended:?}");
        if key != "version" {
            ended.says(&[&format!("m.toml:{}", at + 1), key]);
        }
    }
}

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn what_is_optional_and_occurs_nowhere_warns_with_its_line_and_stays_in_the_survey() {
    let case = case().await;
    let mistake = of(
        "booking",
        "created = \"createdAt\"",
        "created = \"creatdAt\"",
        &[],
    );
    let (text, line) = broken(&mistake);
    std::fs::write(case.path("ringfence.toml"), text).unwrap();
    let warning = format!(
        "warning: mapping ringfence.toml:{line}: booking.created: `creatdAt` occurs in no document of Booking; nearest: `createdAt`"
    );
    let ended = case.ringfence(&["survey"]).await.code(0);
    assert!(
        ended.err.starts_with("the mapping is ringfence.toml"),
        "{}",
        ended.err
    );
    assert!(ended.err.lines().any(|it| it == warning), "{}", ended.err);
    let json = case.ringfence(&["survey", "--json"]).await.code(0).out;
    assert!(json.contains(&warning), "{json}");
    case.plan().await.says(&[&warning]);
    case.apply(&[]).await.code(0).says(&[&warning]);
}

#[tokio::test]
async fn what_the_built_in_mapping_names_beyond_the_database_is_said_once() {
    let case = case().await;
    let ended = case.ringfence(&["survey"]).await.code(0);
    assert!(!ended.err.contains("warning: mapping"), "{}", ended.err);
    ended.says(&["does not have: ", "user.contact `company`", "`Account`"]);
}

#[tokio::test]
async fn empty_collections_are_not_judged_and_what_the_tool_makes_may_be_absent() {
    let case = Case::empty().await;
    for name in ["User", "Business", "Service", "Booking"] {
        case.database.create_collection(name).await.unwrap();
    }
    case.ringfence(&["survey"]).await.code(0);
    let mut world = World::clean();
    world.bookings.clear();
    let case = world.case().await;
    case.database.create_collection("Booking").await.unwrap();
    case.ringfence(&["survey"]).await.code(0);
}
