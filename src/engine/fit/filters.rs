//! The filters of a mapping's roles, and the sections that their keys stand in.

use crate::domain::mapping::Mapping;
use crate::domain::mapping::filter::Filter;

/// The section of a key: "booking", "follow.0".
pub(super) fn section(key: &str) -> &str {
    let parts = if key.starts_with("follow.") { 2 } else { 1 };
    let end = key.match_indices('.').nth(parts - 1);
    end.map_or(key, |(at, _)| &key[..at])
}

/// True for the key of a role's filter.
pub(super) fn is_filter(key: &str) -> bool {
    key.rsplit_once('.')
        .is_some_and(|(_, last)| last == "where")
}

/// The filters of roles, each with a key of its section and its collection.
pub(super) fn filters<'m>(mapping: &'m Mapping) -> Vec<(String, String, &'m Filter)> {
    let mut filters = Vec::new();
    let mut add = |key: &str, collection: &str, filter: Option<&'m Filter>| {
        if let Some(filter) = filter {
            filters.push((key.to_owned(), collection.to_owned(), filter));
        }
    };
    let user = &mapping.user;
    add("user.where", &user.collection, user.filter.as_ref());
    for collection in &mapping.business.collections {
        add(
            "business.where",
            collection,
            mapping.business.filter.as_ref(),
        );
    }
    let booking = &mapping.booking.following;
    add(
        "booking.where",
        &booking.collection,
        booking.filter.as_ref(),
    );
    for (at, follow) in mapping.follow.iter().enumerate() {
        add(
            &format!("follow.{at}.where"),
            &follow.collection,
            follow.filter.as_ref(),
        );
    }
    filters
}

/// Which documents of a collection a key is about; a filter's own fields are looked for in all of them.
pub(super) fn filter_of<'m>(
    mapping: &'m Mapping,
    key: &str,
    collection: &str,
) -> Option<&'m Filter> {
    if is_filter(key) {
        return None;
    }
    let of = filters(mapping).into_iter();
    let mut of = of.filter(|(of, at, _)| section(of) == section(key) && at == collection);
    of.next().map(|(_, _, filter)| filter)
}
