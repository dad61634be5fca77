//! The application's query before and after, with the names of the mapping, to copy: the guide's own example.

use super::mapping::Mapping;

/// A collection's name as a Prisma client spells its model.
fn model(collection: &str) -> String {
    let plain: String = collection
        .chars()
        .filter(|c| c.is_alphanumeric() || *c == '_')
        .collect();
    let mut letters = plain.chars();
    letters
        .next()
        .map(|first| first.to_lowercase().chain(letters).collect())
        .unwrap_or_default()
}

/// The query that the old application makes.
pub fn old(mapping: &Mapping) -> String {
    if !mapping.has_users() {
        return format!(
            "// OLD: people stand in their bookings alone\nconst bookings = await prisma.{}.findMany({{\n  where: {{ /* all bookings */ }}\n}})",
            model(&mapping.booking.collection)
        );
    }
    format!(
        "// OLD: every business sees all users\nconst customers = await prisma.{}.findMany({{\n  where: {{ /* all users */ }}\n}})",
        model(&mapping.user.collection)
    )
}

/// The query that the new application makes.
pub fn new(mapping: &Mapping) -> String {
    format!(
        "// NEW: a business sees its own customers alone\nconst customers = await prisma.{}.findMany({{\n  where: {{ {}: business.id }}\n}})",
        model(&mapping.customer.collection),
        mapping.customer.business
    )
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]
    use super::*;
    use crate::domain::mapping::DEFAULT;

    #[test]
    fn the_queries_have_the_names_of_the_mapping() {
        let text = DEFAULT.replace(
            "[customer]\ncollection = \"Customer\"\nbusiness = \"businessId\"",
            "[customer]\ncollection = \"Client\"\nbusiness = \"shopId\"",
        );
        let mapping = Mapping::parse(&text).unwrap();
        assert!(old(&mapping).contains("prisma.user.findMany"));
        let new = new(&mapping);
        assert!(
            new.contains("prisma.client.findMany") && new.contains("shopId: business.id"),
            "{new}"
        );
    }
}
