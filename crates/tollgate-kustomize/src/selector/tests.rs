use super::*;

fn fits(pattern: &str, text: &str) -> bool {
    go_regex(pattern).expect(pattern).is_match(text)
}

#[test]
fn expressions_mean_what_they_mean_to_go() {
    for (pattern, text, expected) in [
        (r"^\d+$", "12", true),
        (r"^\d+$", "١٢", false),
        (r"^\w$", "é", false),
        (r"^\W$", "é", true),
        (r"^[\w-]+$", "a-b_c", true),
        (r"^[^\d]$", "x", true),
        (r"^a{,2}$", "a{,2}", true),
        (r"^a{2}$", "aa", true),
        (r"^[a&&b]$", "&", true),
        (r"^[]a]$", "]", true),
        (r"^[[:alpha:]x[]$", "[", true),
        (r"^\Qa.b\E+$", "a.bb", true),
        (r"^\Qa.b$", "a.b$", true),
        (r"^\_\-\/$", "_-/", true),
        (r"^\x41\x{42}\103$", "ABC", true),
        (r"(?i)^cm$", "CM", true),
        (r"^.$", "é", true),
        (r"x\b", "xé", true),
        (r"^a.b$", "a\nb", false),
        (r"(?s)^a.b$", "a\nb", true),
        (r"^(?P<n>a)|b$", "b", true),
        (r"^\pL+$", "é", true),
        (r"^\p{^L}+$", "12", true),
        (r"^\p{^L}+$", "é", false),
        (r"^\P{^L}+$", "é", true),
        (r"^[\p{^L}a]+$", "a1", true),
    ] {
        assert_eq!(fits(pattern, text), expected, "{pattern} on {text}");
    }
}

#[test]
fn what_go_refuses_is_refused() {
    for pattern in [
        "a**",
        "a{2}{3}",
        "a+*",
        "(",
        ")",
        "[",
        "[b-a]",
        r"\1",
        r"\y",
        r"\",
        "*",
        "a{1001}",
        "a{3,2}",
        "(?x)a",
        "(?=a)",
        "(?<!a)",
        r"[\b]",
        r"\x{110000}",
        "[a-\\d]",
        "(((((a{1000}){1000}){1000})))",
        "(a{500}){3}",
        "[[:foo:]]",
    ] {
        assert!(go_regex(pattern).is_err(), "{pattern}");
    }
}

fn selects(selector: &str, labels: &[(&str, &str)]) -> Result<bool, String> {
    let get = |key: &str| labels.iter().find(|it| it.0 == key).map(|it| it.1);
    Requirements::parse(selector).map(|it| it.fit(get))
}

#[test]
fn label_selectors() {
    let labels = [("app", "web"), ("tier", ""), ("x.io/n", "5")];
    for (selector, expected) in [
        ("", true),
        ("app=web", true),
        ("app == web , tier=", true),
        ("app!=web", false),
        ("none!=web", true),
        ("app", true),
        ("!app", false),
        ("!none,app", true),
        ("app in (a, web)", true),
        ("app notin (a,b)", true),
        ("none notin (a)", true),
        ("none in (a)", false),
        ("tier in ()", true),
        ("tier in (a,)", true),
        ("tier in (,a)", true),
        ("x.io/n>4", true),
        ("x.io/n < 5", false),
        ("app>4", false),
        ("in in (in)", false),
    ] {
        assert_eq!(selects(selector, &labels), Ok(expected), "{selector}");
    }
}

#[test]
fn wrong_label_selectors() {
    for selector in [
        ",",
        "app,",
        "app=web,",
        "app web",
        "app in a",
        "app in (a",
        "app in (a b)",
        "=web",
        "app=a b",
        "-app",
        "a/b/c",
        "/a",
        "app=-x",
        "app>x",
        "!app=web",
        "app===web",
        "A/b",
    ] {
        assert!(selects(selector, &[]).is_err(), "{selector}");
    }
}
