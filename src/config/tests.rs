//! Stories about `tollgate.yaml`.

use super::*;
use tollgate_kustomize::MemoryFiles;

const FULL: &str = r#"
version: 1
environments:
  dev:     {overlays: ["apps/*/overlays/dev"],     enforcement: audit,   argocd: {automated: required, prune: allowed}}
  staging: {overlays: ["apps/*/overlays/staging"], enforcement: enforce, promote_from: {env: dev}, argocd: {require: [canary]}}
  prod:
    overlays: ["apps/*/overlays/prod-*"]
    enforcement: strict
    promote_from:
      env: staging
      soak: 1h
      identity: [images, remote_refs, charts]
      may_differ: ["/spec/replicas", "/spec/template/spec/containers/*/resources"]
    waves: [[prod-canary], [prod-eu, prod-us]]
    images: {require: digest, registries: ["registry.example.com/*"], signed_by: [release-key]}
    argocd: {automated: forbidden, prune: forbidden, target_revision: pinned}
    freeze: {timezone: Europe/Berlin, deny: [{cron: "0 0 24 12 *", for: 72h, reason: holidays}], allow: [{cron: "0 9 * * 1-4", for: 8h}]}
policies:  {paths: ["policies/**"], fixtures: ["policies-tests/**"], coverage: {min_rules: 100%}}
schema:    {kubernetes: "1.34", crds: ["crds/**"]}
secrets:   {allow_kinds: [SealedSecret, ExternalSecret], plain: forbidden}
pull_request: {max_protected_environments: 1}
groups:    {platform: {users: [ann, bob, cho], team: acme/platform}}
approvals:
  defaults: {bind: head, bots: false, min_permission: write, changes_requested: block}
  rules:
    - {name: prod,   when: {touches: [prod]}, require: {count: 2, from: [platform]}}
    - {name: policy, when: {control_plane: true}, require: {count: 2, from: [platform]}}
    - {name: others, when: {any: true}, require: {count: 1}}
  codeowners: enforce
protection:
  require: {approvals: 2, dismiss_stale: true, code_owners: true, force_push: false, deletion: false, status_checks: [tollgate], bypass: []}
  on_unknown: {default: warn, strict: fail}
rollback:  {allow: true, within: 20, waives: [promotion, soak, freeze]}
override:  {path: ".tollgate/overrides/*.yaml", require: {count: 2, from: [platform]}, max_ttl: 4h, may_waive: [promotion, soak, freeze, one_environment]}
exceptions: ".tollgate/exceptions.yaml"
baseline:   ".tollgate/baseline.json"
handoff:   {bind: tree, valid_for: 60m}
audit:     {ref: refs/tollgate/audit}
"#;

fn read(text: &str) -> Result<Loaded, String> {
    let sources = Sources::new();
    parse(FILE_NAME, text, &sources).map_err(|problems| {
        let lines: Vec<String> = problems
            .iter()
            .map(|it| {
                let help = it
                    .help
                    .as_deref()
                    .map_or(String::new(), |it| format!(" [{it}]"));
                format!("{}: {}{help}", sources.describe(it.span), it.message)
            })
            .collect();
        lines.join("\n")
    })
}

/// A small file with `rest` after its two environments.
fn with(rest: &str) -> String {
    format!(
        "version: 1\nenvironments:\n  dev: {{overlays: [\"*/dev\"]}}\n  prod: {{overlays: [\"*/prod\"]}}\n{rest}"
    )
}

#[track_caller]
fn refused(text: &str, want: &[&str]) {
    let shown = read(text).expect_err("must be refused");
    let lines: Vec<&str> = shown.lines().collect();
    assert_eq!(lines, want, "for:\n{text}");
}

#[test]
fn every_setting_of_the_manual_is_read() {
    let loaded = read(FULL).expect("the manual's example");
    let config = &loaded.config;
    let names: Vec<&str> = config
        .environments
        .iter()
        .map(|it| it.name.as_str())
        .collect();
    assert_eq!(names, ["dev", "staging", "prod"]);
    let prod = config.environment("prod").expect("listed");
    assert_eq!(prod.enforcement, Enforcement::Strict);
    let promotion = prod.promote_from.as_ref().expect("given");
    assert_eq!(promotion.soak, Some(Duration::seconds(3_600)));
    assert_eq!(prod.waves[1][0].as_str(), "prod-eu");
    let freeze = prod.freeze.as_ref().expect("given");
    assert_eq!(freeze.deny[0].length, Duration::seconds(72 * 3_600));
    assert_eq!(freeze.allow[0].reason, None);
    let emergency = config.emergency.as_ref().expect("given");
    assert_eq!(emergency.may_waive.len(), 4);
    assert_eq!(
        config.audit.as_ref().expect("given").reference.as_str(),
        "refs/tollgate/audit"
    );
    let protection = config.protection.as_ref().expect("given");
    assert_eq!(protection.require.bypass, Some(Vec::new()));
    assert_eq!(protection.on_unknown.strict, Some(Unknown::Fail));
}

#[test]
fn a_configuration_survives_its_way_through_facts() {
    let loaded = read(FULL).expect("the manual's example");
    let json = serde_json::to_string(&loaded).expect("serialises");
    let back: Loaded = serde_json::from_str(&json).expect("deserialises");
    assert_eq!(back, loaded);
    assert!(
        json.contains("\"override\":{\"path\":"),
        "file keys are fact keys"
    );
    assert!(
        json.contains("\"for\":\"3d\""),
        "file values are fact values"
    );
}

#[test]
fn the_line_that_decided_can_be_shown() {
    let loaded = read(FULL).expect("the manual's example");
    let line = |setting| loaded.place(setting).expect("in the file").line;
    assert_eq!(line("environments.prod.enforcement"), 8);
    assert_eq!(line("environments.prod.waves[1][0]"), 14);
    // A setting that is not written is blamed on what it would stand in.
    assert_eq!(line("environments.dev.waves"), 4);
    assert_eq!(line("environments.prod.promote_from.no_such"), 9);
    let file = loaded.file.as_ref().expect("from a file");
    let place = file
        .places
        .nearest("environments.prod.enforcement")
        .expect("there");
    let shown: String = place.text.chars().skip(place.column as usize - 1).collect();
    assert!(shown.starts_with("strict"), "{shown}");
    assert_eq!(place.end_column - place.column, 6);
    // sha256sum of the text.
    assert_eq!(file.sha256.len(), 64);
    assert_ne!(
        file.sha256,
        read(&with(""))
            .expect("reads")
            .file
            .expect("from a file")
            .sha256
    );
}

#[test]
fn absent_sections_have_their_documented_defaults() {
    let config = read(&with("")).expect("reads").config;
    let dev = config.environment("dev").expect("listed");
    assert_eq!(dev.enforcement, Enforcement::Enforce);
    assert_eq!(config.policies.coverage.min_rules, Percent::ALL);
    assert_eq!(config.policies.paths[0].as_str(), "**");
    assert_eq!(config.policies.builtin, Builtin::Auto);
    assert_eq!(config.secrets.plain, Plain::Forbidden);
    assert_eq!(config.exceptions.as_str(), ".tollgate/exceptions.yaml");
    assert!(config.approvals.is_none() && config.handoff.is_none() && config.schema.is_none());
    // The defaults that are not read from text pass their own checks.
    for path in [&config.exceptions, &config.baseline] {
        assert!(FilePath::parse(path.as_str()).is_ok());
    }
}

#[test]
fn built_in_policies_are_switched_by_a_word_or_a_boolean() {
    for (word, want) in [
        ("off", Builtin::Off),
        ("false", Builtin::Off),
        ("auto", Builtin::Auto),
        ("on", Builtin::On),
        ("true", Builtin::On),
        ("\"on\"", Builtin::On),
    ] {
        let text = with(&format!("policies: {{builtin: {word}}}"));
        let config = read(&text).expect("reads").config;
        assert_eq!(config.policies.builtin, want, "{word}");
    }
    refused(
        &with("policies: {builtin: of}"),
        &["tollgate.yaml:5:21: unknown value `of`: did you mean `off`?"],
    );
}

#[test]
fn every_mistake_is_reported_at_its_place() {
    refused(
        "version: 1\nenvironmnets:\n  prod: {}\nsecrets: {plain: forbiden, allow_kinds: SealedSecret}\npolicies: {paths: [\"a[\"]}\n",
        &[
            "tollgate.yaml:2:1: unknown key `environmnets` [did you mean `environments`?]",
            "tollgate.yaml:4:18: unknown value `forbiden`: did you mean `forbidden`?",
            "tollgate.yaml:4:41: a list was expected here, but this is a string (`SealedSecret`) [put the value in square brackets]",
            "tollgate.yaml:5:20: pattern `a[` is invalid: unclosed character class; missing ']'",
        ],
    );
}

#[test]
fn mistakes_in_one_value() {
    for (rest, want) in [
        (
            "schema: {kubernetes: 1.34}",
            "tollgate.yaml:5:22: a string was expected here, but this is a number (`1.34`) [put the value in quotes]",
        ),
        (
            "schema: {}",
            "tollgate.yaml:5:9: key `kubernetes` is missing [add `kubernetes:`, the version of Kubernetes]",
        ),
        (
            "handoff: {valid_for: 1 hour}",
            "tollgate.yaml:5:22: `1 hour` is not a length of time: write it like `90s`, `30m`, `1h30m` or `7d`",
        ),
        (
            "handoff: {valid_for: 25h}",
            "tollgate.yaml:5:22: 1d1h is not between 1s and 1d",
        ),
        (
            "handoff: {bind: treee}",
            "tollgate.yaml:5:17: unknown value `treee`: did you mean `tree`?",
        ),
        (
            "rollback: {allow: yes}",
            "tollgate.yaml:5:19: `true` or `false` was expected here, but this is a string (`yes`)",
        ),
        (
            "rollback: {allow: true, within: -1}",
            "tollgate.yaml:5:33: a whole number, 0 or more, was expected here, but this is a number (`-1`)",
        ),
        (
            "rollback: {allow: true, waives: [images]}",
            "tollgate.yaml:5:34: unknown value `images`: known here: promotion, soak, freeze, one_environment",
        ),
        (
            "audit: {ref: main}",
            "tollgate.yaml:5:14: `main` is not the full name of a git reference: write it like `refs/tollgate/audit`",
        ),
        (
            "exceptions: ../x.yaml",
            "tollgate.yaml:5:13: `../x.yaml` is not the path of a file in the repository: write it from the root, without `.` and `..`",
        ),
        (
            "policies: {coverage: {min_rules: 100}}",
            "tollgate.yaml:5:34: a share like `80%` was expected here, but this is a number (`100`)",
        ),
        (
            "secrets: {allow_kinds: [Secret]}",
            "tollgate.yaml:5:25: kind `Secret` holds its values in clear text [use `plain: allowed` if that is meant]",
        ),
        (
            "groups: {platform: {}}",
            "tollgate.yaml:5:10: group `platform` is empty [give `users` or `team`]",
        ),
        (
            "approvals: {rules: [{name: a, when: {touches: [prd]}, require: {count: 1}}]}",
            "tollgate.yaml:5:48: environment `prd` is not listed [did you mean `prod`?]",
        ),
        (
            "approvals: {rules: [{name: a, when: {}, require: {count: 1}}]}",
            "tollgate.yaml:5:31: the rule is for no change [give `touches`, `paths`, `changes_kind`, `control_plane: true` or `any: true`]",
        ),
        (
            "approvals: {rules: [{name: a, when: {any: true}, require: {count: 1, from: [plat]}}]}",
            "tollgate.yaml:5:77: group `plat` is not defined [define it: `groups: {plat: {users: [...]}}`]",
        ),
        (
            "groups: {a: {users: [x, X]}}\napprovals: {rules: [{name: a, when: {any: true}, require: {count: 2, from: [a]}}]}",
            "tollgate.yaml:6:67: 2 approvals are asked of 1 people",
        ),
        (
            "pull_request: {max_protected_environments: 0}",
            "tollgate.yaml:5:44: with 0 no protected environment could ever change",
        ),
        (
            "override: {path: \"o/*.yaml\", require: {count: 0, from: [a]}, may_waive: [soak]}\ngroups: {a: {users: [x, y]}}",
            "tollgate.yaml:5:47: 0 approvals ask for nothing",
        ),
        (
            "override: {path: \"o/*.yaml\", require: {count: 1, from: [a]}, may_waive: [soak]}\ngroups: {a: {users: [x, y]}}",
            "tollgate.yaml:5:47: an override takes the approval of two people at least [write `count: 2`]",
        ),
        (
            "override: {path: \"o/*.yaml\", require: {count: 2}, may_waive: [soak]}",
            "tollgate.yaml:5:30: an override takes the approval of people whom a group lists [name one or more of `groups`: `from: [oncall]`]",
        ),
        (
            "override: {path: \"o/*.yaml\", require: {count: 2, from: [a]}, max_ttl: 5h, may_waive: [soak]}\ngroups: {a: {users: [x, y]}}",
            "tollgate.yaml:5:71: 5h is not between 1s and 4h",
        ),
        (
            "override: {path: \".tollgate/*.yaml\", require: {count: 2, from: [a]}, may_waive: [soak]}\ngroups: {a: {users: [x, y]}}",
            "tollgate.yaml:5:18: the pattern matches `.tollgate/exceptions.yaml`, which is no override [give overrides a folder of their own, like `.tollgate/overrides/*.yaml`]",
        ),
    ] {
        refused(&with(rest), &[want]);
    }
}

#[test]
fn environments_fit_together() {
    let environments = |text: &str| format!("version: 1\nenvironments:\n{text}");
    for (text, want) in [
        (
            "  dev: {overlays: [\"a\"]}\n  dev: {overlays: [\"b\"]}\n",
            "tollgate.yaml:4:3: ",
        ),
        (
            "  prod: {overlays: [\"a\"], promote_from: {env: stagin}}\n  staging: {overlays: [\"b\"]}\n",
            "tollgate.yaml:3:47: environment `stagin` is not listed [did you mean `staging`?]",
        ),
        (
            "  a: {overlays: [\"a\"], promote_from: {env: a}}\n",
            "tollgate.yaml:3:44: promotion goes round in a circle: a <- a",
        ),
        (
            "  a: {overlays: [\"a\"], promote_from: {env: b}}\n  b: {overlays: [\"b\"], promote_from: {env: a}}\n",
            "tollgate.yaml:3:44: promotion goes round in a circle: a <- b <- a",
        ),
        (
            "  a: {overlays: [\"a\"], promote_from: {env: b}}\n  b: {overlays: [\"b\"]}\n",
            "tollgate.yaml:3:44: `a` is promoted from `b`, which stands after it [list environments in promotion order]",
        ),
        (
            "  a: {overlays: [\"x/a-*\"], waves: [[a-1], [b-1]]}\n",
            "tollgate.yaml:3:44: wave `b-1` is no overlay of environment `a` [waves name overlays by the last folder of their path]",
        ),
        (
            "  a: {overlays: [\"x/a-*\"], waves: [[a-1, a-1]]}\n",
            "tollgate.yaml:3:42: `a-1` is in a wave for the second time",
        ),
        (
            "  a: {overlays: []}\n",
            "tollgate.yaml:3:7: environment `a` has no overlays [give the folders of its overlays as patterns, like `apps/*/overlays/prod`, or `others`]",
        ),
        (
            "  a: {overlays: others}\n  b: {overlays: others}\n",
            "tollgate.yaml:4:17: the other overlays are those of `a` already [an overlay belongs to one environment]",
        ),
        (
            "  a: {overlays: other}\n",
            "tollgate.yaml:3:17: a list of patterns, or `others`, was expected here, but this is a string (`other`)",
        ),
        (
            "  a: {overlays: [\"x\"]}\n  b: {overlays: [\"x/\"]}\n",
            "tollgate.yaml:4:18: pattern `x` stands here for the second time [an overlay belongs to one environment]",
        ),
        (
            "  Prod: {overlays: [\"x\"]}\n",
            "tollgate.yaml:3:3: `Prod` is not a name: small letters, digits, `-`, `_` and `.`, at most 63 characters",
        ),
        (
            "  a: {overlays: [\"x\"], freeze: {timezone: UTC}}\n",
            "tollgate.yaml:3:24: a freeze without `deny` and `allow` freezes nothing",
        ),
        (
            "  a: {overlays: [\"x\"], freeze: {timezone: UTC, deny: [{cron: \"0 0 31 13 *\", for: 1h}]}}\n",
            "tollgate.yaml:3:62: `13` is not a month (1 to 12)",
        ),
    ] {
        let shown = read(&environments(text)).expect_err(text);
        assert!(shown.starts_with(want), "{text}\n{shown}\n{want}");
    }
}

#[test]
fn a_key_without_a_value_is_a_mistake() {
    let shown = read(&with("handoff:")).expect_err("null is no map");
    assert!(shown.starts_with("tollgate.yaml:5:"), "{shown}");
    assert!(
        shown.ends_with("this is null [give the key a value, or remove it]"),
        "{shown}"
    );
}

#[test]
fn what_is_no_configuration_is_refused() {
    refused(
        "",
        &[
            "tollgate.yaml:1:1: the configuration is empty [it begins with `version: 1`; `tollgate init` writes one]",
        ],
    );
    let list = read("- a\n").expect_err("a list is no map");
    assert!(
        list.ends_with("a map was expected here, but this is a list"),
        "{list}"
    );
    refused(
        "version: 2\n",
        &[
            "tollgate.yaml:1:10: version 2 of the configuration is not known [this build reads `version: 1`]",
        ],
    );
    refused(
        "version: 1\n---\nversion: 1\n",
        &["tollgate.yaml:3:1: the configuration is one document [remove everything after `---`]"],
    );
    refused(
        "version: 1\nenvironments: {}\n",
        &[
            "tollgate.yaml:2:15: no environment is listed [list at least one, or remove the key: environments are then found by folder names]",
        ],
    );
}

#[test]
fn a_file_of_a_near_name_is_never_ignored() {
    let sources = Sources::new();
    let load = |files: &MemoryFiles| load(files, &sources);
    let loaded = load(&MemoryFiles::new()).expect("no file is fine");
    assert_eq!((loaded.config, loaded.file), (Config::default(), None));
    for name in NEAR_MISSES {
        let files = MemoryFiles::new().with(name, "version: 1\n");
        let problems = load(&files).expect_err(name);
        assert_eq!(
            problems[0].help.as_deref(),
            Some("rename it to `tollgate.yaml`")
        );
    }
    let files = MemoryFiles::new().with(FILE_NAME, b"version: \xff\n");
    assert!(
        load(&files).expect_err("no UTF-8")[0]
            .message
            .contains("is not UTF-8")
    );
    let both = MemoryFiles::new().with(FILE_NAME, "version: 1\n");
    assert!(load(&both).expect("reads").file.is_some());
}

#[test]
fn one_more_than_a_limit_is_refused() {
    let refusals = |text: &str| -> Vec<String> {
        let problems = parse(FILE_NAME, text, &Sources::new())
            .err()
            .unwrap_or_default();
        problems.into_iter().map(|it| it.message).collect()
    };
    let unknown = ["unknown key `x`"];
    let nested = |levels: usize| {
        let (open, close) = ("[".repeat(levels), "]".repeat(levels));
        format!("version: 1\nx: {open}1{close}\n")
    };
    // The map around it is a level too.
    assert_eq!(refusals(&nested(31)), unknown);
    assert_eq!(refusals(&nested(32)), ["nested deeper than 32 levels"]);
    let long = |bytes: usize| {
        let start = "version: 1\nx: ";
        format!("{start}{}", "y".repeat(bytes - start.len()))
    };
    assert_eq!(refusals(&long(1 << 20)), unknown);
    let too_long = ["the file has 1048577 bytes, the limit is 1048576"];
    assert_eq!(refusals(&long((1 << 20) + 1)), too_long);
    let keys = |count: usize| -> String { (0..count).map(|it| format!("k{it}: 1\n")).collect() };
    let fits = refusals(&keys(10_000));
    assert!(
        fits.iter().any(|it| it == "unknown key `k9999`"),
        "{fits:?}"
    );
    assert_eq!(refusals(&keys(10_001)), ["a map with more than 10000 keys"]);
}

/// What an override can never waive is no demand that it can name, and no name covers more than it says.
#[test]
fn what_can_be_waived_is_a_fixed_set_of_rules() {
    use Waivable::{
        Approvals, Argocd, Freeze, Images, OneEnvironment, Policies, PolicyTests, Promotion,
        Protection, Schemas, Soak,
    };
    let all = [
        Promotion,
        Soak,
        Freeze,
        OneEnvironment,
        Schemas,
        Policies,
        PolicyTests,
        Approvals,
        Protection,
        Argocd,
        Images,
    ];
    for (rule, want) in [
        ("promotion/not-promoted", vec![Promotion]),
        ("promotion/soak", vec![Soak]),
        ("promotion/freeze", vec![Freeze]),
        ("promotion/one-environment", vec![OneEnvironment]),
        ("promotion/other", vec![]),
        ("schemas/invalid", vec![Schemas]),
        ("policies/soak", vec![Policies]),
        ("policies/require/more", vec![Policies]),
        ("policy-tests/failed", vec![PolicyTests]),
        ("approvals/missing", vec![Approvals]),
        ("approvals/owners", vec![Approvals]),
        ("approvals/no-rule", vec![Approvals]),
        ("approvals/owners-unreadable", vec![]),
        ("approvals/changes-requested", vec![]),
        ("approvals/draft", vec![]),
        ("approvals/unknown-contributor", vec![]),
        ("protection/weaker", vec![Protection]),
        ("argocd/automated", vec![Argocd]),
        ("images/tag", vec![Images]),
        ("renders/failed", vec![]),
        ("secrets/plain", vec![]),
        ("control-plane/weakened", vec![]),
        ("control-plane/override-unapproved", vec![]),
        ("policies", vec![]),
        ("policiesx/y", vec![]),
    ] {
        let covers: Vec<Waivable> = all.into_iter().filter(|it| it.is_asked_by(rule)).collect();
        assert_eq!(covers, want, "{rule}");
    }
}
