use super::*;

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
