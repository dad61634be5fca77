//! Letters of several scripts that look alike: a word of Latin and Cyrillic letters, or a Cyrillic word beside Latin ones all of whose letters
//! could be Latin, can pass for another text.

use std::collections::BTreeSet;

/// Scripts whose letters can be taken for one another's. Han, Kana, Hangul, Arabic, Hebrew and others stand beside Latin letters in honest
/// text and look like none of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Script {
    Latin,
    Greek,
    Cyrillic,
    Armenian,
    Cherokee,
    Coptic,
    Lisu,
}

/// Letters of other scripts that look like a Latin one.
const LIKE_LATIN: &str = "\
    \u{391}\u{392}\u{395}\u{396}\u{397}\u{399}\u{39a}\u{39c}\u{39d}\u{39f}\u{3a1}\u{3a4}\u{3a5}\u{3a7}\
    \u{3b1}\u{3b3}\u{3b9}\u{3ba}\u{3bd}\u{3bf}\u{3c1}\u{3c5}\u{3c7}\u{3f2}\u{3f3}\u{3f9}\
    \u{410}\u{412}\u{415}\u{41a}\u{41c}\u{41d}\u{41e}\u{420}\u{421}\u{422}\u{423}\u{425}\
    \u{430}\u{433}\u{435}\u{43a}\u{43e}\u{43f}\u{440}\u{441}\u{443}\u{445}\
    \u{405}\u{406}\u{408}\u{455}\u{456}\u{458}\u{4bb}\u{4c0}\u{4cf}\u{501}\u{51b}\u{51d}\
    \u{555}\u{54d}\u{570}\u{578}\u{57d}\u{585}\u{581}";

fn script(c: char) -> Option<Script> {
    Some(match u32::from(c) {
        0x41..=0x5A
        | 0x61..=0x7A
        | 0xC0..=0xD6
        | 0xD8..=0xF6
        | 0xF8..=0x2AF
        | 0x1E00..=0x1EFF
        | 0x2C60..=0x2C7F
        | 0xA720..=0xA7FF
        | 0xFF21..=0xFF3A
        | 0xFF41..=0xFF5A => Script::Latin,
        0x370..=0x3FF | 0x1F00..=0x1FFF => Script::Greek,
        0x400..=0x52F | 0x1C80..=0x1C8F | 0xA640..=0xA69F => Script::Cyrillic,
        0x531..=0x588 => Script::Armenian,
        0x13A0..=0x13FF | 0xAB70..=0xABBF => Script::Cherokee,
        0x2C80..=0x2CFF => Script::Coptic,
        0xA4D0..=0xA4FF => Script::Lisu,
        _ => return None,
    })
}

/// True for a text in which letters of one script can pass for another's.
pub fn is_mixed(text: &str) -> bool {
    if text.is_ascii() {
        return false;
    }
    let scripts: BTreeSet<Script> = text.chars().filter_map(script).collect();
    if scripts.len() < 2 {
        return false;
    }
    let has_latin = scripts.contains(&Script::Latin);
    let of_word = |c: char| c.is_alphabetic() || unicode_normalization::char::is_combining_mark(c);
    let words = text.split(|c: char| !of_word(c));
    words.into_iter().any(|word| {
        let own: BTreeSet<Script> = word.chars().filter_map(script).collect();
        let foreign = own.len() == 1 && !own.contains(&Script::Latin);
        own.len() > 1 || has_latin && foreign && word.chars().all(|c| LIKE_LATIN.contains(c))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_two_scripts_and_words_that_could_be_latin_are_found() {
        for text in [
            "\u{410}nna Smith",                                // a Cyrillic A
            "p\u{430}yp\u{430}l@example.org",                  // two Cyrillic a
            "\u{430}\u{440}\u{440}\u{4cf}\u{435}.example.org", // a label without a Latin letter
            "\u{3bf}lga@example.org",                          // a Greek o
            "\u{41e}\u{3bb}\u{3b3}\u{3b1}",                    // Cyrillic and Greek
        ] {
            assert!(is_mixed(text), "{text}");
        }
    }

    #[test]
    fn honest_text_is_not_found() {
        for text in [
            "Jos\u{e9} \u{674e} \u{5e9}\u{5dc}\u{5d5}\u{5dd}",
            "\u{421}\u{430}\u{440}\u{430}",
            "Anna \u{418}\u{432}\u{430}\u{43d}\u{43e}\u{432}\u{430}",
            "\u{39c}\u{3b1}\u{3c1}\u{3af}\u{3b1} Smith",
            "NTT\u{30c9}\u{30b3}\u{30e2}",
            "plain",
        ] {
            assert!(!is_mixed(text), "{text}");
        }
    }
}
