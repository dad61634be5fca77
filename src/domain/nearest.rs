//! The most similar name: for a name that somebody mistyped.

/// The most similar of `among`, if one is similar at all.
pub fn nearest<'a>(name: &str, among: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = name.to_lowercase();
    among
        .into_iter()
        .map(|other| (likeness(&lower, &other.to_lowercase()), other))
        .filter(|(score, _)| *score > 0.75)
        .max_by(|(one, _), (other, _)| one.total_cmp(other))
        .map(|(_, other)| other)
}

/// How like two names are, from 0 to 1. A name that ends another, as `password` ends `hashedPassword`, is like it.
fn likeness(one: &str, other: &str) -> f64 {
    let (short, long) = if one.len() < other.len() {
        (one, other)
    } else {
        (other, one)
    };
    let ends = short.len() >= 4 && long.ends_with(short);
    strsim::jaro_winkler(one, other).max(if ends { 0.8 } else { 0.0 })
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn a_name_that_ends_another_is_like_it_and_a_typo_is_more_so() {
        let among = ["email", "password", "createdAt"];
        assert_eq!(nearest("hashedPassword", among), Some("password"));
        assert_eq!(
            nearest("pasword", ["hashedPasword", "password"]),
            Some("password")
        );
        assert_eq!(nearest("zip", among), None);
    }
}
