use super::*;
use crate::model::owners::Role;

fn read_as(dialect: ForgeKind, text: &str) -> Result<Owners, Vec<OwnersMistake>> {
    read("CODEOWNERS", Side::Base, text.as_bytes(), dialect)
}

fn owners(dialect: ForgeKind, text: &str) -> Owners {
    read_as(dialect, text).unwrap_or_else(|it| panic!("{it:#?}"))
}

/// `section: owners x count?` for each demand.
fn asked(owners: &Owners, path: &str) -> Vec<String> {
    let show = |it: Demand| {
        let section = it.section.map_or_else(String::new, |it| format!("{it}: "));
        let names: Vec<String> = it.owners.iter().map(ToString::to_string).collect();
        let count = if it.count == 1 {
            String::new()
        } else {
            format!(" x{}", it.count)
        };
        let optional = if it.optional { " optional" } else { "" };
        let names = names.join(" ");
        format!("{section}{names}{count}{optional} :{}", it.place.line)
    };
    owners.of(path).into_iter().map(show).collect()
}

/// `line:column-end message` of each mistake.
fn mistakes(dialect: ForgeKind, text: &str) -> Vec<String> {
    let found = read_as(dialect, text).err().unwrap_or_default();
    let show = |it: OwnersMistake| {
        assert!(it.help.is_some_and(|it| !it.is_empty()), "{}", it.message);
        let at = it.place.expect("a place");
        assert_eq!(at.path, "CODEOWNERS");
        format!("{}:{}-{} {}", at.line, at.column, at.end_column, it.message)
    };
    found.into_iter().map(show).collect()
}

#[test]
fn places_are_searched_in_the_order_of_the_forge() {
    assert_eq!(places(ForgeKind::Github)[0], ".github/CODEOWNERS");
    assert_eq!(places(ForgeKind::Gitlab)[0], "CODEOWNERS");
    let mut both = [places(ForgeKind::Github), places(ForgeKind::Gitlab)];
    both.iter_mut().for_each(|it| it.sort_unstable());
    assert_eq!(both[0][1..], ["CODEOWNERS", "docs/CODEOWNERS"]);
}

#[test]
fn on_github_the_last_line_that_matches_decides() {
    let file = owners(
        ForgeKind::Github,
        "# everything\r\n\
         *   @ann   bob@example.com # whoever is there\r\n\
         \r\n\
         \t/apps/ @acme/web-team\r\n\
         /apps/github\r\n\
         /apps/github/deploy.yaml @Cho_corp\r\n\
         with\\ space/ @dan\r\n",
    );
    for (path, want) in [
        ("README.md", vec!["@ann bob@example.com :2"]),
        ("apps/web/a.yaml", vec!["@acme/web-team :4"]),
        // A line without owners takes them away.
        ("apps/github/a.yaml", vec![" :5"]),
        ("apps/github/deploy.yaml", vec!["@Cho_corp :6"]),
        ("with space/a", vec!["@dan :7"]),
        // Letters count.
        ("Apps/web/a.yaml", vec!["@ann bob@example.com :2"]),
    ] {
        assert_eq!(asked(&file, path), want, "{path}");
    }
    let owner = file.of("apps/x").remove(0).owners.remove(0);
    let (organisation, team) = ("acme".to_owned(), "web-team".to_owned());
    assert_eq!(owner, Owner::Team { organisation, team });
    let file = owners(ForgeKind::Github, "/apps/ @ann\n");
    assert_eq!(asked(&file, "README.md"), [""; 0]);
}

#[test]
fn escaped_brackets_belong_to_names_for_github() {
    let file = owners(
        ForgeKind::Github,
        "* @ann\n/pages/\\[id\\]/ @bob\n/a:b/\\(x\\)/ @cho\n",
    );
    for (path, want) in [
        ("pages/[id]/x.js", "@bob :2"),
        ("pages/i/x.js", "@ann :1"),
        ("a:b/(x)/y", "@cho :3"),
    ] {
        assert_eq!(asked(&file, path), [want], "{path}");
    }
}

#[test]
fn what_github_would_skip_is_told() {
    for (text, want) in [
        (
            "!/a @ann",
            "1:1-4 GitHub knows no exclusions, and skips the line",
        ),
        (
            "[Docs] @ann",
            "1:1-7 GitHub knows no sections, and skips the line",
        ),
        (
            "^[Docs] @ann",
            "1:1-8 GitHub knows no sections, and skips the line",
        ),
        (
            "a[bc] @ann",
            "1:2-3 GitHub knows no sets of characters, and skips the line",
        ),
        (
            "a\\\\[b] @ann",
            "1:4-5 GitHub knows no sets of characters, and skips the line",
        ),
        (
            "a]b @ann",
            "1:2-3 GitHub knows no sets of characters, and skips the line",
        ),
        (
            "\\#a @ann",
            "1:1-4 GitHub takes the line for no pattern: a `#` at the start cannot be escaped",
        ),
        (
            "a#b @ann",
            "1:2-3 whether a `#` inside of a pattern begins a comment is not defined",
        ),
        (
            "* ann",
            "1:3-6 `ann` is no owner, and GitHub skips the line",
        ),
        (
            "* @ann,@bob",
            "1:3-12 `@ann,@bob` is no owner, and GitHub skips the line",
        ),
        (
            "* @ann#x",
            "1:3-9 `@ann#x` is no owner, and GitHub skips the line",
        ),
        (
            "* @a/b/c",
            "1:3-9 `@a/b/c` is no owner, and GitHub skips the line",
        ),
        (
            "* @@owner",
            "1:3-10 `@@owner` is no owner, and GitHub skips the line",
        ),
        ("* @", "1:3-4 `@` is no owner, and GitHub skips the line"),
        (
            "* @/a",
            "1:3-6 `@/a` is no owner, and GitHub skips the line",
        ),
        (
            "* a@b",
            "1:3-6 `a@b` is no owner, and GitHub skips the line",
        ),
        (
            "* ann@example..com",
            "1:3-19 `ann@example..com` is no owner, and GitHub skips the line",
        ),
        ("/ @ann", "1:1-2 the pattern `/` matches nothing"),
        (
            "a\\",
            "1:1-3 the pattern ends with a backslash that escapes nothing",
        ),
        (
            "/a/\\ b* ann",
            "1:9-12 `ann` is no owner, and GitHub skips the line",
        ),
    ] {
        assert_eq!(mistakes(ForgeKind::Github, text), [want], "{text}");
    }
    let two = mistakes(ForgeKind::Github, "* @ann\n!x @bob\n  y bob\n");
    assert_eq!(
        two,
        [
            "2:1-3 GitHub knows no exclusions, and skips the line",
            "3:5-8 `bob` is no owner, and GitHub skips the line"
        ]
    );
}

#[test]
fn on_gitlab_each_section_has_its_own_last_line() {
    let file = owners(
        ForgeKind::Gitlab,
        "* @admin\n\
         [Docs][2] @docs-team @docs/writers\n\
         *.md\n\
         internal/ @@Maintainers\n\
         \n\
         ^[Ruby]\n\
         *.rb ruby@example.com\n\
         !/config/**/*.rb # generated\n\
         /config/routes.rb @ops\n\
         [DOCS]\n\
         path\\ with\\ spaces/*.md @spaces\n",
    );
    for (path, want) in [
        ("x", vec!["@admin :1"]),
        (
            "README.md",
            vec!["@admin :1", "Docs: @docs-team @docs/writers x2 :3"],
        ),
        (
            "a/internal/README.md",
            vec!["@admin :1", "Docs: @@maintainer x2 :4"],
        ),
        (
            "lib/a.rb",
            vec!["@admin :1", "Ruby: ruby@example.com optional :7"],
        ),
        // What is excluded cannot be taken in again.
        ("config/routes.rb", vec!["@admin :1"]),
        // A second header of the same name continues the section, with its own number.
        (
            "path with spaces/a.md",
            vec!["@admin :1", "Docs: @spaces :11"],
        ),
    ] {
        assert_eq!(asked(&file, path), want, "{path}");
    }
    let of = |path: &str| file.of(path).remove(1).owners;
    assert_eq!(of("internal/x"), [Owner::Role(Role::Maintainer)]);
    let (user, group) = ("docs-team".to_owned(), "docs/writers".to_owned());
    assert_eq!(of("x.md"), [Owner::User(user), Owner::Group(group)]);
}

#[test]
fn a_section_of_gitlab_is_optional_where_every_line_of_it_is() {
    let text = "^[Go]\n*.go @ann\n[other]\n* @bob\n[GO]\n";
    let file = owners(ForgeKind::Gitlab, text);
    assert_eq!(asked(&file, "a.go")[0], "Go: @ann optional :2");
    let file = owners(ForgeKind::Gitlab, &format!("{text}/x @cho\n"));
    assert_eq!(asked(&file, "a.go")[0], "Go: @ann :2");
}

/// GitLab keeps the lines of a section in a hash by their pattern.
#[test]
fn a_pattern_that_gitlab_meets_twice_keeps_its_first_place() {
    let file = owners(
        ForgeKind::Gitlab,
        "*.md @ann\nterms.md @bob\n/**/*.md @cho\n",
    );
    assert_eq!(asked(&file, "terms.md"), ["@bob :2"]);
    assert_eq!(asked(&file, "other.md"), ["@cho :3"]);
    let file = owners(ForgeKind::Gitlab, "!*.md\n*.md @ann\n");
    assert_eq!(asked(&file, "a.md"), ["@ann :2"]);
    let file = owners(ForgeKind::Gitlab, "*.md @ann\n!*.md\n");
    assert_eq!(asked(&file, "a.md"), [""; 0]);
}

#[test]
fn the_lines_before_the_first_section_have_a_name_on_gitlab() {
    let file = owners(ForgeKind::Gitlab, "* @ann\n[codeowners]\n*.md @bob\n");
    assert_eq!(asked(&file, "a.md"), ["@bob :3"]);
    let file = owners(ForgeKind::Gitlab, "* @ann\n[Codeowners]\n*.md @bob\n");
    assert_eq!(asked(&file, "a.md"), ["@ann :1", "Codeowners: @bob :3"]);
    let file = owners(ForgeKind::Gitlab, "* @ann\n[x]\n[Codeowners]\n*.md @bob\n");
    assert_eq!(asked(&file, "a.md"), ["@bob :4"]);
}

#[test]
fn what_gitlab_would_read_otherwise_is_told() {
    let header = "GitLab does not read this part of the section header";
    let unclosed = "the section header has no `]`, and GitLab takes it for a path";
    let no_owners = "the entry has no owners, and GitLab takes it for approved";
    for (text, want) in [
        ("[Docs", format!("1:1-6 {unclosed}")),
        ("^[Docs", format!("1:1-7 {unclosed}")),
        ("[]", "1:1-3 the section has no name".to_owned()),
        ("[ ] @ann", "1:1-9 the section has no name".to_owned()),
        ("[Docs]] @ann", format!("1:7-13 {header}")),
        ("[Docs]@ann", format!("1:7-11 {header}")),
        ("[Docs][2]x", format!("1:10-11 {header}")),
        // A set of characters at the start is a section to GitLab.
        ("[ab]*.rb @ann", format!("1:5-14 {header}")),
        (
            "[Docs][0]",
            "1:8-9 `0` is no number of approvals, and GitLab takes it for 1".to_owned(),
        ),
        (
            "[Docs][two]",
            "1:8-11 `two` is no number of approvals, and GitLab takes it for 1".to_owned(),
        ),
        (
            "[Docs][+2]",
            "1:8-10 `+2` is no number of approvals, and GitLab takes it for 1".to_owned(),
        ),
        (
            "[Docs][99999999999]",
            "1:8-19 `99999999999` is no number of approvals, and GitLab takes it for 1".to_owned(),
        ),
        (
            "[Docs][]",
            "1:8-9 `` is no number of approvals, and GitLab takes it for 1".to_owned(),
        ),
        (
            "^[Docs][2]",
            "1:9-10 a section that is optional cannot ask for a number of approvals".to_owned(),
        ),
        (
            "[Docs] ann",
            "1:8-11 `ann` is no owner, and GitLab leaves it out".to_owned(),
        ),
        ("*.md", format!("1:1-5 {no_owners}")),
        ("[Docs]\n  *.md  ", format!("2:3-7 {no_owners}")),
        (
            "a b.md @ann",
            "1:3-7 `b.md` is no owner, and GitLab leaves it out".to_owned(),
        ),
        (
            "* @a//b",
            "1:3-8 `@a//b` is no owner, and GitLab leaves it out".to_owned(),
        ),
        (
            "* @@guest",
            "1:3-10 `@@guest` is no role that can own".to_owned(),
        ),
        (
            "* @ann # or @bob",
            "1:8-9 GitLab knows no comment behind an entry: names in it would be owners".to_owned(),
        ),
        (
            "!*.md @ann",
            "1:7-11 an exclusion has no owners, and GitLab does not read them".to_owned(),
        ),
        ("!", "1:1-2 the pattern is empty".to_owned()),
        (
            "a[b @ann",
            "1:1-4 the pattern has a `[` without its `]`, so it matches nothing".to_owned(),
        ),
    ] {
        assert_eq!(mistakes(ForgeKind::Gitlab, text), [want], "{text}");
    }
}

#[test]
fn a_file_is_read_whole_or_not_at_all() {
    for dialect in [ForgeKind::Github, ForgeKind::Gitlab] {
        for (text, want) in [
            (
                "",
                "1:1-1 no line of the file names a path, so nobody owns anything",
            ),
            (
                "# nobody\n\n",
                "1:1-1 no line of the file names a path, so nobody owns anything",
            ),
            (
                "\u{FEFF}* @ann\n",
                "1:1-1 the file begins with a byte order mark, which becomes a part of its first line",
            ),
            (
                "# x\r* @eve\n",
                "1:4-5 the line holds the control character U+000D",
            ),
            (
                "* @ann\n# \0\n",
                "2:3-4 the line holds the control character U+0000",
            ),
            (
                "* @ann\x1b[2K\n",
                "1:7-8 the line holds the control character U+001B",
            ),
            (
                "a\u{85}b @ann\n",
                "1:2-3 the line holds the control character U+0085",
            ),
            (
                "/a\u{202e}b/ @ann\n",
                "1:3-4 the line holds the invisible character U+202E",
            ),
            (
                "* @a\u{200b}nn\n",
                "1:5-6 the line holds the invisible character U+200B",
            ),
        ] {
            assert_eq!(mistakes(dialect, text), [want], "{dialect} {text:?}");
        }
        let latin = read("CODEOWNERS", Side::Base, b"* @ann\n# \xe4\n", dialect);
        let message = &latin.expect_err("no UTF-8")[0].message;
        assert_eq!(message, "line 2 of the file is no UTF-8 text");
        // A comment may hold what people write.
        owners(dialect, "# \u{1f469}\u{200d}\u{1f4bb} says: äöü\n* @ann");
    }
}

#[test]
fn a_large_file_is_read_or_refused() {
    for dialect in [ForgeKind::Github, ForgeKind::Gitlab] {
        let largest = format!("* @ann\n{}", "#".repeat(LIMIT - 8));
        assert_eq!(largest.len(), LIMIT - 1);
        owners(dialect, &largest);
        let found = mistakes(dialect, &format!("{largest}#"));
        assert!(found[0].contains("3000000 bytes"), "{found:?}");
        let most = "a @b\n".repeat(MOST_RULES);
        owners(dialect, &most);
        let many = mistakes(dialect, &format!("{most}a @b\n"));
        match dialect {
            ForgeKind::Github => assert_eq!(
                many,
                ["250001:1-5 the file has more than 250000 patterns or sections"]
            ),
            // One pattern, however often it is written.
            ForgeKind::Gitlab => assert!(many.is_empty(), "{many:?}"),
        }
        let bad = read_as(dialect, &"a b\n".repeat(52)).expect_err("no owner");
        let last = bad.last().expect("a mistake");
        assert_eq!(
            (bad.len(), last.message.as_str()),
            (51, "2 more lines have mistakes")
        );
    }
    // Many lines and many paths: only lines that may match are tried.
    let lines: String = (0..60_000)
        .map(|it| format!("/apps/app-{it}/overlays/ @t{it}\n"))
        .collect();
    let file = owners(ForgeKind::Github, &lines);
    for it in 0..20_000 {
        let path = format!("apps/app-{it}/overlays/prod/kustomization.yaml");
        assert_eq!(asked(&file, &path), [format!("@t{it} :{}", it + 1)]);
    }
}

#[test]
fn every_line_that_matches_is_told() {
    let file = owners(
        ForgeKind::Github,
        "* @ann\n/apps/ @bob\n*.yaml @cho\n/other @dan\n",
    );
    let found = file.explain("apps/a.yaml");
    let [decision] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!(decision.demand.place.text, "*.yaml @cho");
    let lines = |it: &Decision| it.overrides.iter().map(|it| it.line).collect::<Vec<_>>();
    assert_eq!((decision.excluded, lines(decision)), (false, vec![2, 1]));

    let file = owners(
        ForgeKind::Gitlab,
        "* @ann\n[x]\n*.rb @bob\n!a.rb\n/a.rb @cho\n",
    );
    let found = file.explain("a.rb");
    let [first, second] = found.as_slice() else {
        panic!("{found:#?}");
    };
    assert_eq!((first.excluded, lines(first)), (false, vec![]));
    assert_eq!((second.excluded, lines(second)), (true, vec![5, 3]));
    assert_eq!(second.demand.place.line, 4);
}
