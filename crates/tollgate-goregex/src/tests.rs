use super::*;

#[test]
fn matches_as_go_does() {
    for (pattern, text, want) in [
        (r"^\d+$", "42", true),
        (r"^\d+$", "\u{664}\u{662}", false),
        (r"^\w$", "é", false),
        (r"^\W$", "é", true),
        (r"^[\w-]+$", "a-b", true),
        (r"^[^\W]$", "é", false),
        (r"^\s$", "\u{b}", false),
        (r"^\s$", "\t", true),
        (r"\bfoo\b", "éfoo", true),
        (r"x\b", "xé", true),
        (r"^[a[b]+$", "[ab", true),
        (r"^[]a]+$", "]a", true),
        (r"^[a&&b]+$", "&", true),
        (r"^[[:alpha:]_]+$", "a_b", true),
        (r"^[[:alpha:]x[]$", "[", true),
        (r"^[[:^alpha:]]$", "1", true),
        (r"^\Qa.b\E$", "a.b", true),
        (r"^\Qa.b\E$", "axb", false),
        (r"^\Qa.b\E+$", "a.bb", true),
        (r"^\Qa.b", "a.b", true),
        (r"^a\<b\>$", "a<b>", true),
        (r"^a{,2}$", "a{,2}", true),
        (r"^a{02}$", "a{02}", true),
        (r"^a{x$", "a{x", true),
        (r"^(?i)ABC$", "abc", true),
        (r"^(?i)k$", "\u{212a}", true),
        (r"^(?i)[^k]$", "\u{212a}", false),
        (r"^(?i)\w$", "\u{17f}", true),
        (r"^(?i:a)b$", "AB", false),
        (r"^(?P<n>a)(?<m>b)$", "ab", true),
        (r"^(?<1>a)(?<1>b)$", "ab", true),
        (r"^\x41\x{1F600}\101$", "A\u{1F600}A", true),
        (r"^\p{Greek}\pL\p{^Lu}$", "αbc", true),
        (r"^\p{letter}\p{Old_Italic}\p{c}$", "a\u{10300}\n", true),
        (r"^\p{^Cs}\P{Assigned}$", "a\u{378}", true),
        (r"^[\p{^L}a]+$", "a1", true),
        (r"^\P{^L}+$", "é", true),
        (r"^(?i)\p{Lu}$", "a", true),
        (r"^.$", "\n", false),
        (r"(?s)^.$", "\n", true),
        (r"(?-s:(?s:.).)", "\n\n", false),
        (r"(?m)a$", "a\nb", true),
        (r"a$", "a\n", false),
        (r"^[a\-z]$", "-", true),
        (r"^[+--]$", ",", true),
        (r"^\.\*$", ".*", true),
        (r"^#\# $", "## ", true),
        (r"^[\x{D000}-\x{E000}]$", "\u{d001}", true),
        (r"^[\x{D800}]?$", "", true),
        (r"\x{D800}", "\u{fffd}", false),
        (r"^[^\x{D800}]$", "a", true),
        // What applies to the atom before it, although something without length stands between.
        (r"^a(?i)*$", "aa", true),
        (r"^a*(?i)*$", "aa", true),
        (r"^ab\Q\E*$", "abb", true),
        (r"^(?:a*)*$", "aa", true),
        (r"^^*a\b+$", "a", true),
        (r"^((a{10}){0}){1000}$", "", true),
        (r"^(?)a$", "a", true),
        // A flag lasts until its group ends, past an alternative.
        (r"^(?:x(?i)|a)$", "A", true),
        (r"^(?:(?i)x)a$", "XA", false),
    ] {
        let regex = Regex::new(pattern).expect(pattern);
        assert_eq!(regex.is_match(text), want, "{pattern} on {text:?}");
    }
}

#[test]
fn refuses_what_go_refuses() {
    for pattern in [
        "a**",
        "a+*",
        "*",
        "*a",
        "|*",
        "(*a)",
        "(?)*",
        "(?i)+",
        "a{1001}",
        "a{3,2}",
        "(a{100}){100}",
        "(a{500}){3}",
        "(?:(?:a{1000}){0,}){2}",
        "(?=a)",
        "(?<!a)",
        r"\1",
        r"\h",
        r"\y",
        r"\Z",
        r"\C",
        r"\E",
        "(?x)a",
        "(?u)a",
        "(?i-)a",
        "(?-i-s)a",
        "(?P=n)",
        "(?P<>a)",
        "(?<n-m>a)",
        "[z-a]",
        "[a-\\d]",
        "[a",
        "[]",
        "[^]",
        "(",
        "(a",
        ")",
        "a)",
        r"\",
        "[[:nope:]]",
        "a{2}{3}",
        "a++",
        r"\u0041",
        r"\p{Nope}",
        r"\p{}",
        r"\p",
        r"\pé",
        r"\p{Alphabetic}",
        r"\p{gc=L}",
        r"[\b]",
        r"[\Qa\E]",
        r"\x",
        r"\xg0",
        r"\x{}",
        r"\x{110000}",
        r"\x{41",
    ] {
        assert!(Regex::new(pattern).is_err(), "{pattern}");
        assert!(Regex::check(pattern).is_err(), "{pattern}");
    }
}

#[test]
fn the_first_match_is_the_one_that_go_takes() {
    let find = |pattern, text| Regex::new(pattern).expect(pattern).find(text);
    assert_eq!(
        find("(a+)(b)?", "xaac"),
        Some(vec![Some(1..3), Some(1..3), None])
    );
    assert_eq!(find("a+?", "aa"), Some(vec![Some(0..1)]));
    assert_eq!(find("(?U)a+", "aa"), Some(vec![Some(0..1)]));
    assert_eq!(find("(?U)a+?", "aa"), Some(vec![Some(0..2)]));
    assert_eq!(find("(?U:a{1,})a*", "aaa"), Some(vec![Some(0..3)]));
    assert_eq!(find("a|ab", "ab"), Some(vec![Some(0..1)]));
    assert_eq!(find("b", "a"), None);
    // A group that is repeated no times is still a group.
    assert_eq!(
        find("(a){0}(b)", "ab"),
        Some(vec![Some(1..2), None, Some(1..2)])
    );
    assert_eq!(find("a{0}", "a"), Some(vec![Some(0..0)]));
}

#[test]
fn groups_of_all_matches() {
    let regex = Regex::new("(a)|(b)").expect("valid");
    assert_eq!(regex.groups("ab"), [["a", "a", ""], ["b", "", "b"]]);
}

#[test]
fn templates() {
    let limit = Limit {
        bytes: 100,
        matches: 10,
    };
    let show = |it: Result<Replaced, Limit>| it.map_or("too much".to_owned(), |it| it.text);
    for (pattern, text, template, want) in [
        (r"(?P<key>\w+)=(\w+)", "a=1 b=2", "$2=$1", "1=a 2=b"),
        (r"(?P<key>\w+)=(\w+)", "a=1 b=2", "${2}x", "1x 2x"),
        (r"(?P<key>\w+)=(\w+)", "a=1 b=2", "$2x", " "),
        (r"(?P<key>\w+)=(\w+)", "a=1 b=2", "$key", "a b"),
        (r"(?P<key>\w+)=(\w+)", "a=1 b=2", "$$1 $", "$1 $ $1 $"),
        (r"(?P<key>\w+)=(\w+)", "a=1 b=2", "${2", "${2 ${2"),
        (r"(?P<key>\w+)=(\w+)", "a=1 b=2", "$99$0", "a=1 b=2"),
        // A number that starts with zero is a name, and so is one that no group can have.
        (r"(a)(?P<02>b)", "ab", "<$01,$02,$999999999999>", "<,b,>"),
        (r"(?P<n>a)|(?P<n>b)", "ab", "<$n>", "<a><b>"),
        // Letters and digits by Unicode, but no other numbers.
        (r"(a)", "a", "$1é$1½", "a½"),
        (r"a*", "baaac", "x", "xbxcx"),
    ] {
        let regex = Regex::new(pattern).expect(pattern);
        let got = show(regex.replace_all(text, template, limit));
        assert_eq!(got, want, "{pattern} on {text} by {template}");
    }
    let all = Regex::new("a*").expect("valid");
    assert_eq!(show(all.replace_all_literal("a", "$0", limit)), "$0");
    assert_eq!(
        show(all.replace_all("b", &"x".repeat(60), limit)),
        "too much"
    );
    assert_eq!(show(all.replace_all("bbbbbbbbbbb", "", limit)), "too much");
}

#[test]
fn what_is_beyond_the_limits_is_an_error_and_says_which() {
    let deep = |levels: usize| format!("{}a{}", "(".repeat(levels), ")".repeat(levels));
    let why = |pattern: &str| Regex::new(pattern).map(|_| ()).map_err(|it| it.why);
    assert_eq!(why(&deep(200)), Ok(()));
    assert_eq!(
        why(&deep(201)),
        Err("groups are nested deeper than 200 levels".to_owned())
    );
    assert_eq!(
        why(&"a".repeat(16385)),
        Err("it is longer than 16384 bytes".to_owned())
    );
    assert_eq!(
        Regex::within("[a-z]{1000}", 1000)
            .map(|_| ())
            .map_err(|it| it.why),
        Err("it is too large when compiled".to_owned())
    );
}

#[test]
fn every_named_set_of_go_is_known_to_the_regex_crate() {
    for name in unicode::names() {
        let pattern = format!("^(?i)[\\p{{{name}}}]\\P{{{name}}}$");
        assert!(Regex::new(&pattern).is_ok(), "{name}");
    }
}

proptest::proptest! {
    /// What is read is compiled, unless it is too large: a pattern that cannot be used is refused by our own reader.
    #[test]
    fn what_is_read_is_compiled(pattern in r"([a-c(){}|*+?.^$\\\[\]0-2,:?<>PimsUQEpdwbxL-]|\(\?|\\p\{|\[:alpha:\]){0,24}") {
        if Regex::check(&pattern).is_ok() {
            let compiled = Regex::new(&pattern);
            let large = compiled.as_ref().is_err_and(|it| it.why.contains("too large"));
            proptest::prop_assert!(compiled.is_ok() || large, "{:?}", compiled);
        }
    }
}
