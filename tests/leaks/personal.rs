//! Ids that are e-mail addresses or telephone numbers: data like any other, shown by a stand-in.

use bson::{Document, doc};

use crate::leaks::traces::{self, LOG};
use crate::support::case::Case;
use crate::support::data;

const MAIL: &str = "zelda.q@secret.example.net";
const PHONE: &str = "+49 30 7654321";
const SECRETS: [&str; 3] = ["zelda.q", "secret.example", "7654321"];

#[tokio::test]
#[ignore = "long: RINGFENCE_TESTS=full"]
async fn an_id_that_is_an_address_or_a_number_is_masked_everywhere_unless_it_is_asked_for() {
    let case = Case::empty().await;
    data::seed(&case.database).await;
    let users = case.database.collection::<Document>("User");
    let bookings = case.database.collection::<Document>("Booking");
    for (at, id) in [MAIL, PHONE].into_iter().enumerate() {
        users
            .insert_one(doc! { "_id": id, "name": "Zed", "createdAt": bson::DateTime::now() })
            .await
            .unwrap();
        for user in [id.to_owned(), format!("{id}0")] {
            let booking = doc! { "_id": format!("{user}{}", if at == 0 { ".de" } else { "" }), "userId": user, "serviceId": data::id(data::SERVICE, 0), "reference": format!("{at}{id}{}", fastrand::u32(..)), "status": "open" };
            bookings.insert_one(booking).await.unwrap();
        }
    }
    let masked = async |arguments: &[&str]| {
        let mut all = vec!["--log", LOG];
        all.extend(arguments);
        let ended = case.ringfence(&all).await;
        let traces = traces::of(&case, &ended).await;
        traces::hold_none_of(&traces, &SECRETS);
        ended
    };
    masked(&["survey"]).await;
    masked(&["plan", "--out", "plan.json"]).await.code(2);
    masked(&["plan", "--defaults", "--out", "plan.json"])
        .await
        .code(0);
    masked(&["apply", "--plan", "plan.json", "--confirm", &case.name])
        .await
        .code(0);
    masked(&["report"]).await.code(0);
    let live = case.database.collection::<Document>("Booking");
    live.update_many(
        doc! { "_id": { "$regex": "^zelda" } },
        doc! { "$set": { "notes": "changed" } },
    )
    .await
    .unwrap();
    live.update_one(
        doc! { "_id": format!("{MAIL}.de") },
        doc! { "$set": { "userId": MAIL } },
    )
    .await
    .unwrap();
    live.delete_one(doc! { "_id": PHONE }).await.unwrap();
    let found = masked(&["verify"]).await.code(2).says(&["booking \"z…#"]);
    let stand_ins: Vec<&str> = found
        .out
        .split('"')
        .filter(|it| it.contains("…#"))
        .collect();
    assert!(stand_ins.len() > 1, "{}", found.out);
    masked(&["--json", "verify"]).await.code(2);
    case.ringfence(&["--show-personal-data", "verify"])
        .await
        .code(2)
        .says(&[MAIL]);
    masked(&["rollback", "--confirm", &case.name]).await.code(2);
    masked(&["rollback", "--keep-new", "--confirm", &case.name]).await;
    masked(&["report"]).await;
}
