//! Other collections that refer to users: entries that may be wanted, as comments.

use super::proposal::Proposal;
use super::seen::SeenReference;
use super::words::{ACCOUNTS, like, says};
use super::written::{Written, quoted};

/// Other collections whose user may be a customer.
pub(super) fn suggest(of: &Proposal<'_>, out: &mut Written, customer: &str) {
    let Some(users) = &of.users else { return };
    let business = of.places.business.as_ref().map(|(name, _)| name.as_str());
    let mut lines = Vec::new();
    for name in of.seen.collections.keys() {
        let role = Some(name.as_str()) == business
            || name == users
            || *name == of.bookings
            || of.places.service.as_ref().is_some_and(|(it, _)| it == name)
            || says(name, ACCOUNTS);
        let between = of
            .reference
            .as_ref()
            .and_then(|it| it.path.as_ref())
            .is_some_and(|path| path.contains(&format!("> {name}")));
        if role || between {
            continue;
        }
        let references: Vec<&SeenReference> = of.seen.leading(name, users).collect();
        let Some(user) = references.first() else {
            continue;
        };
        let way = business.and_then(|business| {
            let mut ways = of.seen.ways(name, business, &[users]);
            (!ways.is_empty()).then(|| ways.remove(0))
        });
        let path = match (&way, business) {
            (Some(way), _) => quoted(&way.path),
            (None, None) => "{ constant = \"main\" }".to_owned(),
            (None, Some(_)) => continue,
        };
        lines.push(format!("[[follow]] # {}", user.words()));
        lines.push(format!("collection = {}", quoted(name)));
        lines.push(format!("user = {}", quoted(&user.field)));
        lines.push(format!("business = {path}"));
        lines.push(format!(
            "to = {}",
            quoted(&like(
                &user.field,
                customer.trim_end_matches("Id").trim_end_matches("_id")
            ))
        ));
    }
    if lines.is_empty() {
        return;
    }
    out.text.push('\n');
    out.comment("These refer to users too, and have a way to a business. Uncomment an entry where its user is to become that business's customer:");
    for line in lines {
        out.comment(&line);
    }
}
