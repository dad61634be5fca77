//! Believable names: people, addresses, companies and trades of many countries, from the lists in `assets/demo`. Everything is made up;
//! e-mail domains end in `.example` and phone numbers have 555 after the country's code.

use std::sync::LazyLock;

use fastrand::Rng;
use unicode_normalization::UnicodeNormalization;
use unicode_normalization::char::is_combining_mark;

type Text = &'static str;
/// The lines of a block: key and values.
type Lines = Vec<(Text, Vec<Text>)>;

static COUNTRIES: LazyLock<Vec<Country>> =
    LazyLock::new(|| countries(include_str!("../../assets/demo/people.txt")));
static TRADES: LazyLock<Vec<Trade>> =
    LazyLock::new(|| trades(include_str!("../../assets/demo/businesses.txt")));

const MAIL_DOMAINS: &[Text] = &[
    "postbox.example",
    "webmail.example",
    "inbox.example",
    "courriel.example",
    "fastpost.example",
    "mail.postfach.example",
];

/// A country with its names and places.
#[derive(Debug, Default)]
pub struct Country {
    name: Text,
    calling: Text,
    order: Text,
    given: Vec<(Text, Option<Text>)>,
    family: Vec<(Text, Option<Text>)>,
    city: Vec<[Text; 3]>,
    street: Vec<Text>,
    company: Vec<Text>,
}

/// A kind of business, with its services.
#[derive(Debug, Default)]
pub struct Trade {
    name: Vec<Text>,
    /// What it offers.
    pub services: Vec<Offer>,
}

/// A service: name, minutes, whole price.
#[derive(Debug, Clone, Copy)]
pub struct Offer {
    /// Its name.
    pub name: Text,
    /// How long it takes.
    pub minutes: u32,
    /// What it costs, without cents.
    pub price: u32,
}

/// Somebody.
#[derive(Debug, Clone)]
pub struct Person {
    /// The name as its owner would write it.
    pub name: String,
    given: Text,
    family: Text,
    latin: String,
    country: &'static Country,
}

/// Where somebody lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address {
    /// Country.
    pub country: Text,
    /// Street and number.
    pub street: String,
    /// City.
    pub city: Text,
    /// State or region; "" where the country has none.
    pub state: Text,
    /// Postcode.
    pub zip: Text,
}

/// One of `items`, which are never empty here.
pub(super) fn pick<'a, T>(rng: &mut Rng, items: &'a [T]) -> &'a T {
    &items[rng.usize(..items.len())]
}

/// Somebody new.
pub fn person(rng: &mut Rng) -> Person {
    let country = pick(rng, COUNTRIES.as_slice());
    let (given, given_latin) = *pick(rng, &country.given);
    let (family, family_latin) = *pick(rng, &country.family);
    let name = match country.order {
        "family given" => format!("{family} {given}"),
        "familygiven" => format!("{family}{given}"),
        _ => format!("{given} {family}"),
    };
    let latin = format!(
        "{}.{}",
        latin(given_latin.unwrap_or(given)),
        latin(family_latin.unwrap_or(family))
    );
    Person {
        name,
        given,
        family,
        latin,
        country,
    }
}

impl Person {
    /// An e-mail address that nobody else with another `number` has.
    pub fn email(&self, number: u64, rng: &mut Rng) -> String {
        format!("{}{number}@{}", self.latin, pick(rng, MAIL_DOMAINS))
    }

    /// A phone number that nobody else with another `number` has.
    pub fn phone(&self, number: u64) -> String {
        let number = 1_000_000 + number;
        format!(
            "{} 555 {:03} {:04}",
            self.country.calling,
            number / 10_000,
            number % 10_000
        )
    }

    /// An employer.
    pub fn company(&self, rng: &mut Rng) -> String {
        let (family, _) = *pick(rng, &self.country.family);
        pick(rng, &self.country.company).replace('#', family)
    }

    /// A home.
    pub fn address(&self, rng: &mut Rng) -> Address {
        let [city, state, zip] = *pick(rng, &self.country.city);
        let number = rng.u32(1..140).to_string();
        Address {
            country: self.country.name,
            street: pick(rng, &self.country.street).replace('#', &number),
            city,
            state,
            zip,
        }
    }
}

/// A business that `owner` might have: its name and its trade.
pub fn business(owner: &Person, rng: &mut Rng) -> (String, &'static Trade) {
    let trade = pick(rng, TRADES.as_slice());
    let [city, ..] = *pick(rng, &owner.country.city);
    let name = pick(rng, &trade.name)
        .replace("{given}", owner.given)
        .replace("{family}", owner.family)
        .replace("{city}", city);
    (name, trade)
}

/// The name in plain lower-case ASCII letters, as people write it in an e-mail address.
fn latin(name: &str) -> String {
    let mut plain = String::with_capacity(name.len());
    for letter in name.to_lowercase().nfd() {
        match letter {
            'ß' => plain.push_str("ss"),
            'æ' => plain.push_str("ae"),
            'ø' => plain.push('o'),
            'ł' => plain.push('l'),
            'đ' => plain.push('d'),
            'ı' => plain.push('i'),
            letter if letter.is_ascii_alphabetic() => plain.push(letter),
            letter if is_combining_mark(letter) => {}
            '-' => plain.push('-'),
            _ => {}
        }
    }
    plain
}

/// `header` and `key = value` lines of each block; comments and empty lines are left out.
fn blocks(text: Text) -> Vec<(Text, Lines)> {
    let mut blocks: Vec<(Text, Lines)> = Vec::new();
    for line in text
        .lines()
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(header) = line
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
        {
            blocks.push((header, Vec::new()));
        } else if let (Some((key, values)), Some((_, lines))) =
            (line.split_once(" = "), blocks.last_mut())
        {
            lines.push((key, values.split("; ").collect()));
        }
    }
    blocks
}

fn parts<const N: usize>(text: Text) -> [Text; N] {
    let mut parts = text.split('|');
    std::array::from_fn(|_| parts.next().unwrap_or_default())
}

fn countries(text: Text) -> Vec<Country> {
    let with_latin = |values: &[Text]| {
        values
            .iter()
            .map(|value| match value.split_once('=') {
                Some((text, latin)) => (text, Some(latin)),
                None => (*value, None),
            })
            .collect()
    };
    blocks(text)
        .into_iter()
        .map(|(header, lines)| {
            let [name, calling, order] = parts(header);
            let mut country = Country {
                name,
                calling,
                order,
                ..Country::default()
            };
            for (key, values) in lines {
                match key {
                    "given" => country.given = with_latin(&values),
                    "family" => country.family = with_latin(&values),
                    "city" => country.city = values.into_iter().map(parts).collect(),
                    "street" => country.street = values,
                    _ => country.company = values,
                }
            }
            country
        })
        .collect()
}

fn trades(text: Text) -> Vec<Trade> {
    blocks(text)
        .into_iter()
        .map(|(_, lines)| {
            let mut trade = Trade::default();
            for (key, values) in lines {
                if key == "name" {
                    trade.name = values;
                } else {
                    trade.services = values.into_iter().map(offer).collect();
                }
            }
            trade
        })
        .collect()
}

fn offer(text: Text) -> Offer {
    let [name, minutes, price] = parts(text);
    Offer {
        name,
        minutes: minutes.parse().unwrap_or(30),
        price: price.parse().unwrap_or_default(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::email::is_address;

    #[test]
    fn every_country_and_trade_of_the_lists_is_whole() {
        assert!(COUNTRIES.len() >= 20 && TRADES.len() >= 9);
        for country in COUNTRIES.iter() {
            let name = country.name;
            assert!(country.calling.starts_with('+'), "{name}");
            assert!(country.given.len() >= 6, "{name}");
            assert!(country.family.len() >= 5, "{name}");
            assert!(
                country.city.iter().all(|city| !city[2].is_empty()),
                "{name}"
            );
            assert!(
                country.street.iter().all(|street| street.contains('#')),
                "{name}"
            );
            assert!(
                !country.city.is_empty() && !country.street.is_empty(),
                "{name}"
            );
            assert!(
                country.company.iter().all(|company| company.contains('#')),
                "{name}"
            );
            assert!(!country.company.is_empty(), "{name}");
            for (text, plain) in country.given.iter().chain(&country.family) {
                assert!(latin(plain.unwrap_or(text)).len() >= 2, "{name}: {text}");
            }
        }
        for trade in TRADES.iter() {
            assert!(trade.name.len() >= 4 && trade.services.len() >= 4);
        }
    }

    #[test]
    fn every_address_is_an_address() {
        let mut rng = Rng::with_seed(1);
        for number in 0..2_000 {
            let email = person(&mut rng).email(number, &mut rng);
            assert!(is_address(&email) && email.is_ascii(), "{email}");
        }
    }
}
