use super::*;

const GOOD: &str = "version: 1
exceptions:
  - id: legacy
    rule: policies/require-probes
    subject: {environment: prod, kind: Deployment, namespace: web, name: api-*}
    reason: moves out in winter
    owner: platform
    expires: 2026-12-31
  - id: one-value
    rule: secrets/plain
    subject: \"git: Secret old\"
    reason: it is a sample value
    owner: ann#12
    expires: 2026-12-31T18:00:00+01:00
";

fn read(text: &str) -> Result<Vec<ExceptionFacts>, Vec<String>> {
    let sources = Sources::new();
    exceptions("e.yaml", text, &sources, Side::Head).map_err(|mistakes| {
        let text = |it: &YamlError| {
            let help = it.help.as_deref().unwrap_or_default();
            format!("{}: {} [{help}]", sources.describe(it.span), it.message)
        };
        mistakes.iter().map(text).collect()
    })
}

#[test]
fn exceptions_are_read_with_their_places() {
    let read = read(GOOD).expect("no mistake");
    let [legacy, value] = read.as_slice() else {
        panic!("{read:?}");
    };
    let resource = ExceptionSubject::Resource {
        environment: Some("prod".to_owned()),
        kind: "Deployment".to_owned(),
        namespace: Some("web".to_owned()),
        name: "api-*".to_owned(),
    };
    assert_eq!(legacy.subject, resource);
    // The day holds to its end.
    assert_eq!(crate::model::utc(legacy.expires), "2027-01-01T00:00:00Z");
    assert_eq!(legacy.place.as_ref().map(|it| it.line), Some(3));
    let exactly = ExceptionSubject::Exactly("git: Secret old".to_owned());
    assert_eq!(value.subject, exactly);
    assert_eq!(crate::model::utc(value.expires), "2026-12-31T17:00:00Z");
    assert_eq!(
        (value.owner.as_str(), value.id.as_str()),
        ("ann#12", "one-value")
    );
    let none = "version: 1\nexceptions: []\n";
    assert_eq!(super::tests::read(none), Ok(Vec::new()));
}

#[test]
fn a_day_can_stand_in_quotes() {
    let quoted = GOOD.replacen("2026-12-31", "\"2026-12-31\"", 1);
    assert_eq!(read(&quoted), read(GOOD));
}

#[test]
fn every_mistake_is_told_at_its_place() {
    let mut wrong = Vec::new();
    for (from, to, want) in [
        (
            "version: 1\n",
            "",
            "e.yaml:1:1: key `version` is missing [add `version:`, the version of the format: 1]",
        ),
        (
            "version: 1",
            "version: 2",
            "e.yaml:1:10: version 2 of the file with exceptions is not known [this build reads `version: 1`]",
        ),
        (
            "    owner: platform\n",
            "",
            "e.yaml:3:5: key `owner` is missing [add `owner:`, who answers for it: a group of tollgate.yaml, or an account]",
        ),
        (
            "owner: platform",
            "owners: platform",
            "e.yaml:3:5: key `owner` is missing [add `owner:`, who answers for it: a group of tollgate.yaml, or an account]|e.yaml:7:5: unknown key `owners` [did you mean `owner`?]",
        ),
        (
            "id: one-value",
            "id: legacy",
            "e.yaml:9:9: a second exception is called `legacy` [give each a name of its own]",
        ),
        (
            "id: legacy",
            "id: Legacy one",
            "e.yaml:3:9: `Legacy one` is not a name: small letters, digits, `-`, `_` and `.`, at most 63 characters []",
        ),
        (
            "policies/require-probes",
            "require-probes",
            "e.yaml:4:11: `require-probes` is not the name of a rule [write it as findings do, like `policies/require-probes`; exceptions are for rules of schemas, policies, secrets, policy-tests, argocd, images]",
        ),
        (
            "policies/require-probes",
            "renders/failed",
            "e.yaml:4:11: nothing can be excepted from `renders` [exceptions are for rules of schemas, policies, secrets, policy-tests, argocd, images]",
        ),
        (
            "policies/require-probes",
            "policies/*",
            "e.yaml:4:11: `policies/*` names more than one rule [an exception is for one rule]",
        ),
        (
            "kind: Deployment, ",
            "",
            "e.yaml:5:14: key `kind` is missing [add `kind:`, their kind]",
        ),
        (
            "kind: Deployment",
            "kind: \"*\"",
            "e.yaml:5:40: `*` cannot stand in `kind` [write an exception for each kind]",
        ),
        (
            "namespace: web",
            "namespace: \"web-*\"",
            "e.yaml:5:63: `*` cannot stand in `namespace` [leave the namespace out: then it is any]",
        ),
        (
            "name: api-*",
            "name: \"**\"",
            "e.yaml:5:74: `**` means every name [an exception names what it is for; `*` stands for a part of a name, like `web-*`]",
        ),
        (
            "\"git: Secret old\"",
            "[a, b]",
            "e.yaml:11:14: a map like `{kind: Deployment, name: web}`, or the subject of a finding in quotes, was expected here, but this is a list []",
        ),
        (
            "moves out in winter",
            "later",
            "e.yaml:6:13: `later` is no reason [say why in at least 10 characters: others will want to know]",
        ),
        (
            "moves out in winter",
            "\"               \"",
            "e.yaml:6:13: `               ` is no reason [say why in at least 10 characters: others will want to know]",
        ),
        (
            "ann#12",
            "the ann",
            "e.yaml:13:12: `the ann` is not an account: write its name as the forge does, without `@`, or name and number like `ann#1234` []",
        ),
        (
            "2026-12-31\n",
            "2026-02-30\n",
            "e.yaml:8:14: `2026-02-30` is not a day and not a moment [write the last day on which it holds, like `2026-12-31`, or a moment, like `2026-12-31T18:00:00Z`]",
        ),
        (
            "2026-12-31\n",
            "31.12.2026\n",
            "e.yaml:8:14: `31.12.2026` is not a day and not a moment [write the last day on which it holds, like `2026-12-31`, or a moment, like `2026-12-31T18:00:00Z`]",
        ),
        (
            "2026-12-31\n",
            "1969-12-30\n",
            "e.yaml:8:14: `1969-12-30` is not a day and not a moment [write the last day on which it holds, like `2026-12-31`, or a moment, like `2026-12-31T18:00:00Z`]",
        ),
        (
            "2026-12-31\n",
            "never\n",
            "e.yaml:8:14: `never` is not a day and not a moment [write the last day on which it holds, like `2026-12-31`, or a moment, like `2026-12-31T18:00:00Z`]",
        ),
        (
            "    rule: secrets/plain",
            "    id: other\n    rule: secrets/plain",
            "e.yaml:10:5: the key `id` stands on line 9 already [remove one of the two: readers disagree on which counts]",
        ),
    ] {
        let text = GOOD.replacen(from, to, 1);
        assert_ne!(text, GOOD, "{from}");
        match read(&text).map_err(|it| it.join("|")) {
            Err(got) if got == want => {}
            got => wrong.push(format!("{from} -> {to}: {got:?}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    for (text, want) in [
        (
            "",
            "e.yaml:1:1: the file with exceptions is empty [write `version: 1` and `exceptions: []`, or delete the file]",
        ),
        (
            "[]",
            "e.yaml:1:1: a map was expected here, but this is a list []",
        ),
        (
            "version: 1\nexceptions: []\n---\na: 1\n",
            "e.yaml:4:1: the file with exceptions is one document [remove everything after `---`]",
        ),
    ] {
        assert_eq!(read(text).map_err(|it| it.join("|")), Err(want.to_owned()));
    }
}

#[test]
fn the_schema_knows_every_key() {
    let schema = exceptions_schema();
    let keys = |definition: &Value| -> Vec<String> {
        let properties = definition["properties"].as_object();
        properties
            .into_iter()
            .flatten()
            .map(|it| it.0.clone())
            .collect()
    };
    assert_eq!(keys(&schema), ["exceptions", "version"]);
    let exception = keys(&schema["$defs"]["Exception"]);
    assert_eq!(
        exception,
        ["expires", "id", "owner", "reason", "rule", "subject"]
    );
    assert_eq!(
        keys(&schema["$defs"]["Resource"]),
        ["environment", "kind", "name", "namespace"]
    );
}
