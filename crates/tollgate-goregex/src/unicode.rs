//! Sets of characters that have a name: `\d`, `\pL`, `\p{Greek}`.

/// Categories by their short names.
const CATEGORIES: &str = "C Cc Cf Cn Co L LC Ll Lm Lo Lt Lu M Mc Me Mn N Nd Nl No P Pc Pd Pe Pf Pi Po Ps S Sc Sk Sm So \
    Z Zl Zp Zs";

/// Longer names of categories.
const CATEGORY_ALIASES: &[(&str, &str)] = &[
    ("Casedletter", "LC"),
    ("Closepunctuation", "Pe"),
    ("Combiningmark", "M"),
    ("Connectorpunctuation", "Pc"),
    ("Control", "Cc"),
    ("Currencysymbol", "Sc"),
    ("Dashpunctuation", "Pd"),
    ("Decimalnumber", "Nd"),
    ("Enclosingmark", "Me"),
    ("Finalpunctuation", "Pf"),
    ("Format", "Cf"),
    ("Initialpunctuation", "Pi"),
    ("Letter", "L"),
    ("Letternumber", "Nl"),
    ("Lineseparator", "Zl"),
    ("Lowercaseletter", "Ll"),
    ("Mark", "M"),
    ("Mathsymbol", "Sm"),
    ("Modifierletter", "Lm"),
    ("Modifiersymbol", "Sk"),
    ("Nonspacingmark", "Mn"),
    ("Number", "N"),
    ("Openpunctuation", "Ps"),
    ("Other", "C"),
    ("Otherletter", "Lo"),
    ("Othernumber", "No"),
    ("Otherpunctuation", "Po"),
    ("Othersymbol", "So"),
    ("Paragraphseparator", "Zp"),
    ("Privateuse", "Co"),
    ("Punctuation", "P"),
    ("Separator", "Z"),
    ("Spaceseparator", "Zs"),
    ("Spacingmark", "Mc"),
    ("Surrogate", "Cs"),
    ("Symbol", "S"),
    ("Titlecaseletter", "Lt"),
    ("Unassigned", "Cn"),
    ("Uppercaseletter", "Lu"),
    ("Cntrl", "Cc"),
    ("Digit", "Nd"),
    ("Punct", "P"),
];

/// Scripts of Unicode 15, as Go spells them.
const SCRIPTS: &str = "Adlam Ahom Anatolian_Hieroglyphs Arabic Armenian Avestan Balinese Bamum Bassa_Vah Batak Bengali Bhaiksuki \
    Bopomofo Brahmi Braille Buginese Buhid Canadian_Aboriginal Carian Caucasian_Albanian Chakma Cham Cherokee \
    Chorasmian Common Coptic Cuneiform Cypriot Cypro_Minoan Cyrillic Deseret Devanagari Dives_Akuru Dogra Duployan \
    Egyptian_Hieroglyphs Elbasan Elymaic Ethiopic Georgian Glagolitic Gothic Grantha Greek Gujarati Gunjala_Gondi \
    Gurmukhi Han Hangul Hanifi_Rohingya Hanunoo Hatran Hebrew Hiragana Imperial_Aramaic Inherited \
    Inscriptional_Pahlavi Inscriptional_Parthian Javanese Kaithi Kannada Katakana Kawi Kayah_Li Kharoshthi \
    Khitan_Small_Script Khmer Khojki Khudawadi Lao Latin Lepcha Limbu Linear_A Linear_B Lisu Lycian Lydian \
    Mahajani Makasar Malayalam Mandaic Manichaean Marchen Masaram_Gondi Medefaidrin Meetei_Mayek Mende_Kikakui \
    Meroitic_Cursive Meroitic_Hieroglyphs Miao Modi Mongolian Mro Multani Myanmar Nabataean Nag_Mundari \
    Nandinagari New_Tai_Lue Newa Nko Nushu Nyiakeng_Puachue_Hmong Ogham Ol_Chiki Old_Hungarian Old_Italic \
    Old_North_Arabian Old_Permic Old_Persian Old_Sogdian Old_South_Arabian Old_Turkic Old_Uyghur Oriya Osage \
    Osmanya Pahawh_Hmong Palmyrene Pau_Cin_Hau Phags_Pa Phoenician Psalter_Pahlavi Rejang Runic Samaritan \
    Saurashtra Sharada Shavian Siddham SignWriting Sinhala Sogdian Sora_Sompeng Soyombo Sundanese Syloti_Nagri \
    Syriac Tagalog Tagbanwa Tai_Le Tai_Tham Tai_Viet Takri Tamil Tangsa Tangut Telugu Thaana Thai Tibetan Tifinagh \
    Tirhuta Toto Ugaritic Vai Vithkuqi Wancho Warang_Citi Yezidi Yi Zanabazar_Square";

/// Take a set with a name at the start of the text, as the inside of a class of the `regex` crate.
///
/// # Errors
/// A name that Go does not know.
pub(crate) fn set(rest: &mut &str) -> Result<Option<String>, String> {
    let set = match rest.as_bytes() {
        [b'\\', b'd', ..] => "0-9",
        [b'\\', b'D', ..] => "[^0-9]",
        [b'\\', b's', ..] => r"\t\n\x0c\r\x20",
        [b'\\', b'S', ..] => r"[^\t\n\x0c\r\x20]",
        [b'\\', b'w', ..] => "0-9A-Za-z_",
        [b'\\', b'W', ..] => "[^0-9A-Za-z_]",
        [b'\\', b'p' | b'P', ..] => return named(rest).map(Some),
        _ => return Ok(None),
    };
    *rest = &rest[2..];
    Ok(Some(set.to_owned()))
}

/// Take `\pL`, `\p{Lu}`, `\P{^Greek}`.
fn named(rest: &mut &str) -> Result<String, String> {
    let mut negated = rest.starts_with("\\P");
    let after = &rest[2..];
    let (name, after) = match after.strip_prefix('{') {
        Some(body) => body.split_once('}').ok_or("`\\p{` is not closed")?,
        None => {
            let c = after.chars().next().ok_or("`\\p` has no name")?;
            after.split_at(c.len_utf8())
        }
    };
    *rest = after;
    let name = match name.strip_prefix('^') {
        Some(name) => {
            negated = !negated;
            name
        }
        None => name,
    };
    let unknown = || format!("`{name}` is not a Unicode class");
    let letter = if negated { 'P' } else { 'p' };
    let other = if negated { 'p' } else { 'P' };
    Ok(match of(name).ok_or_else(unknown)? {
        Set::Category(it) => format!("\\{letter}{{gc={it}}}"),
        Set::Script(it) => format!("\\{letter}{{sc={it}}}"),
        Set::Any => format!("\\{letter}{{any}}"),
        Set::Ascii => format!("\\{letter}{{ascii}}"),
        Set::Assigned => format!("\\{other}{{gc=Cn}}"),
        Set::Surrogates => format!("\\{other}{{any}}"),
    })
}

enum Set {
    Category(&'static str),
    Script(&'static str),
    Any,
    Ascii,
    Assigned,
    /// No text has one.
    Surrogates,
}

/// The set that a name means.
fn of(name: &str) -> Option<Set> {
    let canonical = canonical(name);
    match &*canonical {
        "Any" => return Some(Set::Any),
        "Ascii" => return Some(Set::Ascii),
        "Assigned" => return Some(Set::Assigned),
        "Cs" => return Some(Set::Surrogates),
        "Lc" => return Some(Set::Category("LC")),
        _ => {}
    }
    let among = |names: &'static str, name: &str| names.split_whitespace().find(|it| *it == name);
    if let Some(category) = among(CATEGORIES, &canonical) {
        return Some(Set::Category(category));
    }
    if let Some(script) = among(SCRIPTS, &canonical).or_else(|| among(SCRIPTS, name)) {
        return Some(Set::Script(script));
    }
    let alias = CATEGORY_ALIASES.iter().find(|it| it.0 == canonical)?;
    Some(match alias.1 {
        "Cs" => Set::Surrogates,
        category => Set::Category(category),
    })
}

/// The name without spaces, `_` and `-`, its first letter large and the others small.
fn canonical(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    for c in name.chars().filter(|it| !matches!(it, '_' | '-' | ' ')) {
        out.push(match out.is_empty() {
            true => c.to_ascii_uppercase(),
            false => c.to_ascii_lowercase(),
        });
    }
    out
}

/// Every name as Go spells it.
#[cfg(test)]
pub(crate) fn names() -> impl Iterator<Item = &'static str> {
    let aliases = CATEGORY_ALIASES.iter().map(|it| it.0);
    CATEGORIES
        .split_whitespace()
        .chain(SCRIPTS.split_whitespace())
        .chain(aliases)
        .chain(["Any", "ASCII", "Assigned", "Cs"])
}
