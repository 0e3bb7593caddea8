//! Rules, bindings and counting, each on facts made for it.

use super::matrix::{Case, person};
use super::*;
use crate::config::{self, Config};
use crate::model::{
    Access, Account, AccountKind, ChangedFile, ControlPlane, ControlPlaneFile, Edit, Facts,
    ForgeKind, Gap, Known, OverlayFacts, Proposal, RenderFacts, RequestState, ResourceFacts,
    ResourceKey, ReviewState,
};
use tollgate_yaml::Sources;

pub(super) fn config(text: &str) -> Config {
    let text = format!("version: 1\n{text}");
    match config::parse("tollgate.yaml", &text, &Sources::new()) {
        Ok(loaded) => loaded.config,
        Err(errors) => panic!("{text}: {errors:?}"),
    }
}

fn outcome(case: &Case, config: &Config) -> Outcome {
    let bench = Bench::convene(&case.facts, config).unwrap_or_else(|gap| panic!("{gap:?}"));
    let rules = &config.approvals.as_ref().expect("approvals").rules;
    bench.standing(&rules[0].require).outcome
}

const TWO_GROUPS: &str = "
groups: {a: {users: [bob, cho]}, b: {users: [cho, dee]}}
approvals: {rules: [{name: x, when: {any: true}, require: {count: COUNT, from: [a, b], distinct_groups: true}}]}
";

#[test]
fn each_group_is_represented_by_somebody_of_its_own() {
    let two = config(&TWO_GROUPS.replace("COUNT", "2"));
    let three = config(&TWO_GROUPS.replace("COUNT", "3"));
    for (who, met_two, met_three) in [
        (vec!["cho"], false, false),
        (vec!["bob", "cho"], true, false),
        (vec!["cho", "dee"], true, false),
        (vec!["bob", "dee"], true, false),
        (vec!["bob", "cho", "dee"], true, true),
    ] {
        let mut case = Case::new();
        for it in &who {
            case = case.review(person(it), ReviewState::Approved);
        }
        let met = |config| outcome(&case, config).holds(Strictness::Strict);
        assert_eq!(met(&two), met_two, "{who:?} of two");
        assert_eq!(met(&three), met_three, "{who:?} of three");
    }
    let both_of_one = config(
        "
groups: {a: {users: [bob, cho, eve]}, b: {users: [dee, fay]}}
approvals: {rules: [{name: x, when: {any: true}, require: {count: 2, from: [a, b], distinct_groups: true}}]}
",
    );
    let case = Case::new()
        .review(person("bob"), ReviewState::Approved)
        .review(person("cho"), ReviewState::Approved);
    let bench = Bench::convene(&case.facts, &both_of_one).expect("bound");
    let rules = &both_of_one.approvals.as_ref().expect("approvals").rules;
    let standing = bench.standing(&rules[0].require);
    assert_eq!(standing.outcome, Outcome::Missing);
    assert_eq!(standing.unrepresented, ["b"]);
    assert_eq!(standing.counted.len(), 2);
}

#[test]
fn a_long_chain_of_groups_is_matched() {
    // Each person speaks for two neighbours; the last group can only be seated by moving all others.
    let names: Vec<&str> = vec!["bob", "cho", "dee", "eve", "fay", "gus"];
    let mut groups = String::from("g0: {users: [bob]}");
    for (at, pair) in names.windows(2).enumerate() {
        groups.push_str(&format!(
            ", g{}: {{users: [{}, {}]}}",
            at + 1,
            pair[0],
            pair[1]
        ));
    }
    for order in [
        vec![5, 4, 3, 2, 1, 0],
        vec![0, 1, 2, 3, 4, 5],
        vec![3, 0, 5, 1, 4, 2],
    ] {
        let from: Vec<String> = order.iter().map(|it| format!("g{it}")).collect();
        let config = config(&format!(
            "groups: {{{groups}}}\napprovals: {{rules: [{{name: x, when: {{any: true}}, require: {{count: 1, from: [{}], distinct_groups: true}}}}]}}",
            from.join(", ")
        ));
        let mut case = Case::new();
        for it in &names {
            case = case.review(person(it), ReviewState::Approved);
        }
        assert!(
            outcome(&case, &config).holds(Strictness::Strict),
            "{order:?}"
        );
        let mut case = Case::new();
        for it in &names[1..] {
            case = case.review(person(it), ReviewState::Approved);
        }
        assert_eq!(
            outcome(&case, &config),
            Outcome::Missing,
            "{order:?} without bob"
        );
    }
}

#[test]
fn a_team_that_nobody_can_see_matters_only_where_it_decides() {
    let config = config(
        "
groups: {a: {users: [bob], team: Acme/Platform}}
approvals: {rules: [{name: x, when: {any: true}, require: {count: 1, from: [a]}}]}
",
    );
    let unknown = Gap {
        why: "the token may not read teams".to_owned(),
        needs: "`members: read`".to_owned(),
    };
    let by = |name| {
        let mut case = Case::new().review(person(name), ReviewState::Approved);
        let forge = case.facts.forge.as_mut().expect("a forge");
        let team = Known::Unknown(unknown.clone());
        forge.teams.insert("acme/platform".to_owned(), team);
        case
    };
    assert!(outcome(&by("bob"), &config).holds(Strictness::Strict));
    assert_eq!(
        outcome(&by("cho"), &config),
        Outcome::Unsure(vec![unknown.clone()])
    );
    assert_eq!(
        outcome(&Case::new(), &config),
        Outcome::Missing,
        "nobody approved"
    );
    let mut case = by("cho");
    let forge = case.facts.forge.as_mut().expect("a forge");
    let members = Known::Known(vec![person("cho")]);
    forge.teams.insert("acme/platform".to_owned(), members);
    assert!(outcome(&case, &config).holds(Strictness::Strict));
}

#[test]
fn a_permission_that_nobody_can_see_matters_only_where_it_decides() {
    let config = config("approvals: {rules: [{name: x, when: {any: true}, require: {count: 1}}]}");
    let mut case = Case::new().review(person("bob"), ReviewState::Approved);
    let forge = case.facts.forge.as_mut().expect("a forge");
    forge
        .permissions
        .insert(12, Known::unknown("no answer", "another token"));
    assert!(matches!(outcome(&case, &config), Outcome::Unsure(gaps) if gaps.len() == 1));
    let case = case.review(person("cho"), ReviewState::Approved);
    assert!(outcome(&case, &config).holds(Strictness::Strict));
    let mut case = Case::new().review(person("bob"), ReviewState::Approved);
    case.facts
        .forge
        .as_mut()
        .expect("a forge")
        .permissions
        .clear();
    assert!(
        matches!(outcome(&case, &config), Outcome::Unsure(_)),
        "nobody asked"
    );
}

/// Threat row F5.
#[test]
fn somebody_without_a_name_may_be_any_approver() {
    let config = config("approvals: {rules: [{name: x, when: {any: true}, require: {count: 1}}]}");
    let one = || Case::new().review(person("bob"), ReviewState::Approved);
    let two = || one().review(person("cho"), ReviewState::Approved);
    let doubted = Outcome::Met { doubted: true };
    assert_eq!(outcome(&one().address("x@nowhere"), &config), doubted);
    assert!(outcome(&two().address("x@nowhere"), &config).holds(Strictness::Strict));
    let both = two().address("x@nowhere").address("y@nowhere");
    assert_eq!(outcome(&both, &config), doubted);
    let pushed = |mut case: Case| {
        let forge = case.facts.forge.as_mut().expect("a forge");
        forge.last_pusher = Known::unknown("no answer", "another token");
        case
    };
    assert_eq!(outcome(&pushed(one()), &config), doubted);
    assert!(outcome(&pushed(two()), &config).holds(Strictness::Strict));
    let mut shallow = two();
    shallow.facts.change.commits = Known::unknown("the clone is shallow", "a deep one");
    assert_eq!(
        outcome(&shallow, &config),
        doubted,
        "anybody may have made it"
    );
    let mut silent = two();
    let forge = silent.facts.forge.as_mut().expect("a forge");
    forge.commits = Known::Known([].into());
    assert_eq!(
        outcome(&silent, &config),
        doubted,
        "the forge names nobody for a commit of git"
    );
    let mut empty = two();
    let forge = empty.facts.forge.as_mut().expect("a forge");
    forge.commits = Known::Known([(matrix::HEAD.to_owned(), Vec::new())].into());
    assert_eq!(
        outcome(&empty, &config),
        doubted,
        "the forge names nobody in its answer"
    );
}

/// Threat rows F2, F10 and F15.
#[test]
fn answers_about_something_else_are_no_answers() {
    let config = config("approvals: {rules: [{name: x, when: {any: true}, require: {count: 1}}]}");
    let refused = |change: &dyn Fn(&mut Facts), want: &str| {
        let mut case = Case::new().review(person("bob"), ReviewState::Approved);
        change(&mut case.facts);
        let gap = Bench::convene(&case.facts, &config).err().expect(want);
        assert!(gap.why.contains(want), "{}", gap.why);
        assert!(!gap.needs.is_empty());
    };
    let request = |facts: &mut Facts, change: &dyn Fn(&mut crate::model::Request)| {
        let forge = facts.forge.as_mut().expect("a forge");
        if let Known::Known(it) = &mut forge.request {
            change(it);
        }
    };
    let proposal = || Proposal {
        forge: ForgeKind::Github,
        number: 7,
        head: matrix::HEAD.to_owned(),
        branch: "main".to_owned(),
    };
    refused(&|it| it.forge = None, "no forge was asked");
    refused(
        &|it| request(it, &|it| it.state = RequestState::Closed),
        "request 7 is closed",
    );
    refused(
        &|it| request(it, &|it| it.state = RequestState::Merged),
        "request 7 is merged already",
    );
    refused(
        &|it| request(it, &|it| it.head = "another".to_owned()),
        "the request proposes commit another",
    );
    refused(&|it| it.change.head.commit = None, "a working tree");
    refused(
        &|it| {
            it.change.proposal = Some(Proposal {
                branch: "release".to_owned(),
                ..proposal()
            });
        },
        "the request is for branch `main`",
    );
    refused(
        &|it| {
            it.change.proposal = Some(Proposal {
                number: 8,
                ..proposal()
            });
        },
        "the forge answered about request 7",
    );
    refused(
        &|it| {
            let forge = it.forge.as_mut().expect("a forge");
            forge.reviews = Known::unknown("page 2 is missing", "another run");
        },
        "page 2 is missing",
    );
    // In a run for a request, what is judged is its merge; reviews are for its tip.
    let mut case = Case::new().review(person("bob"), ReviewState::Approved);
    case.facts.change.proposal = Some(proposal());
    case.facts.change.head.commit = Some("the merge".to_owned());
    assert!(outcome(&case, &config).holds(Strictness::Strict));
}

fn rule_applies(when: &str, facts: &Facts) -> bool {
    let text = format!(
        "environments: {{dev: {{overlays: [dev]}}, prod: {{overlays: [prod]}}}}\napprovals: {{rules: [{{name: x, when: {when}, require: {{count: 1}}}}]}}"
    );
    let config = config(&text);
    applies(&config.approvals.expect("approvals").rules[0].when, facts)
}

fn rendered(kinds: &[(&str, &str)]) -> RenderFacts {
    let resources = kinds.iter().map(|(api_version, kind)| ResourceFacts {
        key: ResourceKey {
            api_version: (*api_version).to_owned(),
            kind: (*kind).to_owned(),
            namespace: None,
            name: "x".to_owned(),
        },
        rule: false,
        digest: "1".to_owned(),
    });
    RenderFacts::Rendered {
        digest: format!("{kinds:?}"),
        resources: resources.collect(),
        warnings: Vec::new(),
        outside: None,
    }
}

fn failed() -> RenderFacts {
    RenderFacts::Failed {
        message: "no".to_owned(),
        help: None,
        place: None,
        elsewhere: false,
    }
}

fn overlay(base: Option<RenderFacts>, head: Option<RenderFacts>) -> Facts {
    let mut facts = Facts::empty(0);
    facts.overlays.push(OverlayFacts {
        path: "prod".to_owned(),
        environment: Some("prod".to_owned()),
        base,
        head,
        touched: true,
        leftovers: false,
    });
    facts
}

#[test]
fn an_environment_is_touched_by_what_it_receives() {
    let role = || Some(rendered(&[("rbac.authorization.k8s.io/v1", "ClusterRole")]));
    let map = || Some(rendered(&[("v1", "ConfigMap")]));
    for (base, head, touched) in [
        (role(), role(), false),
        (role(), map(), true),
        (role(), None, true),
        (None, role(), true),
        (role(), Some(failed()), true),
    ] {
        let facts = overlay(base, head);
        assert_eq!(rule_applies("{touches: [prod]}", &facts), touched);
        assert!(!rule_applies("{touches: [dev]}", &facts));
        assert_eq!(rule_applies("{touches: [dev, prod]}", &facts), touched);
    }
}

#[test]
fn a_kind_is_changed_where_a_resource_comes_goes_or_differs() {
    let role = || Some(rendered(&[("rbac.authorization.k8s.io/v1", "ClusterRole")]));
    let both = || {
        Some(rendered(&[
            ("v1", "ConfigMap"),
            ("rbac.authorization.k8s.io/v1", "ClusterRole"),
        ]))
    };
    let map = || Some(rendered(&[("v1", "ConfigMap")]));
    for (when, base, head, want) in [
        ("ClusterRole", map(), both(), true),
        ("ClusterRole", both(), map(), true),
        ("ClusterRole", role(), None, true),
        ("ClusterRole", role(), both(), false),
        ("ConfigMap", role(), both(), true),
        ("clusterrole", role(), None, true),
        ("rbac.authorization.k8s.io/ClusterRole", role(), None, true),
        (
            "rbac.authorization.k8s.io/v1/ClusterRole",
            role(),
            None,
            true,
        ),
        ("apps/ClusterRole", role(), None, false),
        ("v1/ConfigMap", role(), both(), true),
        ("apps/Deployment", map(), Some(failed()), true),
        ("apps/Deployment", None, Some(failed()), true),
        ("apps/Deployment", Some(failed()), None, true),
    ] {
        let facts = overlay(base, head);
        let rule = format!("{{changes_kind: [{when}]}}");
        assert_eq!(rule_applies(&rule, &facts), want, "{when}");
    }
}

#[test]
fn a_renamed_file_is_touched_at_both_places_and_conditions_hold_together() {
    let mut facts = Facts::empty(0);
    for (path, edit) in [
        ("policies/a.yaml", Edit::Deleted),
        ("old/a.yaml", Edit::Added),
    ] {
        facts.change.files.push(ChangedFile {
            path: path.to_owned(),
            edit,
        });
    }
    assert!(rule_applies("{paths: [\"policies/**\"]}", &facts));
    assert!(rule_applies("{paths: [\"old/**\"]}", &facts));
    assert!(!rule_applies("{paths: [\"apps/**\"]}", &facts));
    assert!(!rule_applies(
        "{paths: [\"old/**\"], touches: [prod]}",
        &facts
    ));
    assert!(!rule_applies(
        "{paths: [\"old/**\"], control_plane: true}",
        &facts
    ));
    assert!(rule_applies(
        "{paths: [\"old/**\"], control_plane: false}",
        &facts
    ));
    assert!(rule_applies("{any: true}", &facts));
}

#[test]
fn the_least_permission_is_what_the_configuration_says() {
    for (least, access, counts) in [
        ("read", Access::None, false),
        ("read", Access::Read, true),
        ("write", Access::Triage, false),
        ("write", Access::Write, true),
        ("maintain", Access::Write, false),
        ("admin", Access::Admin, true),
    ] {
        let config = config(&format!(
            "approvals: {{defaults: {{min_permission: {least}}}, rules: [{{name: x, when: {{any: true}}, require: {{count: 1}}}}]}}"
        ));
        let mut case = Case::new().review(person("bob"), ReviewState::Approved);
        let forge = case.facts.forge.as_mut().expect("a forge");
        forge.permissions.insert(12, Known::Known(access));
        let met = outcome(&case, &config).holds(Strictness::Strict);
        assert_eq!(met, counts, "{least} {access:?}");
    }
}

const RULES: &str = "
groups: {platform: {users: [bob, cho, dee]}}
approvals: {rules: [{name: rules, when: {control_plane: true}, require: {count: 1, from: [platform]}}]}
";

fn said(reviews: &[(&str, ReviewState)]) -> Case {
    let all = reviews.iter();
    all.fold(Case::new(), |case, (who, state)| {
        case.review(person(who), *state)
    })
}

#[test]
fn consent_is_what_those_who_are_asked_agreed_to_and_nobody_objects_to() {
    use ReviewState::{Approved, ChangesRequested, Commented};
    let rules = config(RULES);
    let given = |who: &[&str]| Consent::Given(who.iter().map(|it| (*it).to_owned()).collect());
    for (reviews, want) in [
        (vec![("bob", Approved)], given(&["bob"])),
        (
            vec![("cho", Approved), ("bob", Approved)],
            given(&["bob", "cho"]),
        ),
        (vec![], Consent::Missing),
        (vec![("bob", Commented)], Consent::Missing),
        // Of another group.
        (vec![("eve", Approved)], Consent::Missing),
        // The maker.
        (vec![("ann", Approved)], Consent::Missing),
        // Somebody whose word has weight objects.
        (
            vec![("bob", Approved), ("cho", ChangesRequested)],
            Consent::Missing,
        ),
        (
            vec![("bob", Approved), ("eve", ChangesRequested)],
            Consent::Missing,
        ),
    ] {
        assert_eq!(consent(&said(&reviews).facts, &rules), want, "{reviews:?}");
    }
}

#[test]
fn what_nobody_can_tell_is_no_consent() {
    let rules = config(RULES);
    let approved = || said(&[("bob", ReviewState::Approved)]);
    let mut case = approved();
    let forge = case.facts.forge.as_mut().expect("a forge");
    let unknown = Known::unknown("no answer", "another token");
    forge.permissions.insert(person("bob").id, unknown);
    assert_eq!(
        consent(&case.facts, &rules),
        Consent::Missing,
        "a permission"
    );
    let mut case = approved();
    case.facts.forge = None;
    assert_eq!(consent(&case.facts, &rules), Consent::Missing, "no forge");
    let mut case = approved();
    let forge = case.facts.forge.as_mut().expect("a forge");
    forge.reviews = Known::unknown("no answer", "another token");
    assert_eq!(
        consent(&case.facts, &rules),
        Consent::Missing,
        "the reviews"
    );
}

#[test]
fn a_rule_that_is_for_other_changes_too_asks_nobody_for_consent() {
    for when in [
        "{any: true}",
        "{control_plane: true, touches: [prod]}",
        "{control_plane: false}",
    ] {
        let text = RULES.replace("{control_plane: true}", when);
        let text = format!("environments: {{prod: {{overlays: [prod]}}}}\n{text}");
        let approved = said(&[("bob", ReviewState::Approved)]);
        assert_eq!(
            consent(&approved.facts, &config(&text)),
            Consent::NobodyAsked,
            "{when}"
        );
    }
}

#[test]
fn only_a_demand_that_is_met_holds_and_a_doubted_one_only_where_that_is_enough() {
    let gap = || {
        vec![Gap {
            why: "no answer".to_owned(),
            needs: "another token".to_owned(),
        }]
    };
    for (outcome, lenient, strict) in [
        (Outcome::Met { doubted: false }, true, true),
        (Outcome::Met { doubted: true }, true, false),
        (Outcome::Unsure(gap()), false, false),
        (Outcome::Unsure(Vec::new()), false, false),
        (Outcome::Missing, false, false),
    ] {
        assert_eq!(outcome.holds(Strictness::Lenient), lenient, "{outcome:?}");
        assert_eq!(outcome.holds(Strictness::Strict), strict, "{outcome:?}");
    }
}

/// The team of these tests, as far as anybody knows.
pub(super) fn team(mut case: Case, members: Known<Vec<Account>>) -> Case {
    let forge = case.facts.forge.as_mut().expect("a forge");
    forge.teams.insert("acme/platform".to_owned(), members);
    case
}

pub(super) fn unseen_team(case: Case) -> Case {
    team(case, Known::unknown("no answer", "another token"))
}

pub(super) fn machine() -> Account {
    Account {
        id: 90,
        login: "renovate[bot]".to_owned(),
        kind: AccountKind::Bot,
    }
}

pub(super) fn approved(who: &[&str]) -> Case {
    let all: Vec<_> = who.iter().map(|it| (*it, ReviewState::Approved)).collect();
    said(&all)
}

#[test]
fn groups_that_need_not_be_distinct_are_alternatives() {
    let config = config(
        "
groups: {a: {users: [bob, cho]}, b: {users: [dee]}}
approvals: {rules: [{name: x, when: {any: true}, require: {count: 2, from: [a, b]}}]}
",
    );
    for (who, met) in [
        (vec!["bob"], false),
        (vec!["bob", "cho"], true),
        (vec!["bob", "dee"], true),
        (vec!["bob", "eve"], false),
    ] {
        let met_now = outcome(&approved(&who), &config).holds(Strictness::Strict);
        assert_eq!(met_now, met, "{who:?}");
    }
}

#[test]
fn whoever_approved_or_made_the_change_is_not_asked_again() {
    let config = config(
        "
groups: {a: {users: [Ann, bob, cho, dee]}}
approvals: {rules: [{name: x, when: {any: true}, require: {count: 2, from: [a]}}]}
",
    );
    let case = approved(&["bob"]);
    let bench = Bench::convene(&case.facts, &config).expect("bound");
    let rules = &config.approvals.as_ref().expect("approvals").rules;
    assert_eq!(bench.standing(&rules[0].require).askable, ["cho", "dee"]);
}

#[test]
fn somebody_without_a_name_may_be_the_only_one_who_speaks_for_a_group() {
    let config = config(
        "
groups: {a: {users: [bob, eve]}, b: {users: [cho, dee]}}
approvals: {rules: [{name: x, when: {any: true}, require: {count: 1, from: [a, b], distinct_groups: true}}]}
",
    );
    for (who, doubted) in [
        (vec!["bob", "cho", "dee"], true),
        (vec!["bob", "eve", "cho", "dee"], false),
    ] {
        let case = approved(&who).address("x@nowhere");
        assert_eq!(outcome(&case, &config), Outcome::Met { doubted }, "{who:?}");
    }
}

#[test]
fn a_member_of_one_group_and_perhaps_of_another_speaks_for_the_first_alone() {
    let config = config(
        "
groups: {a: {users: [bob, cho]}, b: {team: acme/platform}}
approvals: {rules: [{name: x, when: {any: true}, require: {count: 2, from: [a, b], distinct_groups: true}}]}
",
    );
    let case = unseen_team(approved(&["bob", "cho"]));
    assert!(matches!(outcome(&case, &config), Outcome::Unsure(gaps) if gaps.len() == 1));
}

#[test]
fn a_machine_belongs_to_a_group_by_its_name_there_and_not_by_a_team() {
    let config = config(
        "
groups: {machines: {users: ['renovate[bot]']}, people: {team: acme/platform}}
approvals:
  defaults: {bots: true}
  rules: [{name: x, when: {any: true}, require: {count: 1, from: [people]}}]
",
    );
    let case = Case::new().review(machine(), ReviewState::Approved);
    let case = team(case, Known::Known(vec![machine()]));
    assert_eq!(outcome(&case, &config), Outcome::Missing);
}

#[test]
fn what_skips_other_demands_takes_people_and_the_judged_commit_whatever_is_configured() {
    let config = config(
        "
groups: {a: {users: [bob, 'renovate[bot]']}}
approvals:
  defaults: {bots: true, bind: pull_request}
  rules: [{name: x, when: {any: true}, require: {count: 1, from: [a]}}]
",
    );
    let mut older = approved(&["bob"]);
    let forge = older.facts.forge.as_mut().expect("a forge");
    if let Known::Known(reviews) = &mut forge.reviews {
        reviews[0].commit = Some("01de01de01de01de01de01de01de01de01de01de".to_owned());
    }
    let bot = Case::new().review(machine(), ReviewState::Approved);
    for (what, case, met) in [
        ("an older commit", older, false),
        ("a machine", bot, false),
        ("a person, this commit", approved(&["bob"]), true),
    ] {
        let rules = &config.approvals.as_ref().expect("approvals").rules;
        let strictly = Bench::convene_strictly(&case.facts, &config).expect("bound");
        let strictly = strictly.standing(&rules[0].require).outcome;
        assert!(outcome(&case, &config).holds(Strictness::Strict), "{what}");
        assert_eq!(strictly.holds(Strictness::Strict), met, "{what}, strictly");
    }
}

#[test]
fn a_change_is_judged_as_strictly_as_what_it_touches_and_rules_alone_as_everything() {
    let config = config(
        "environments:
  dev: {overlays: [dev], enforcement: audit}
  prod: {overlays: [prod], enforcement: strict}
",
    );
    let rules = ControlPlaneFile {
        path: "tollgate.yaml".to_owned(),
        edit: Edit::Modified,
        class: ControlPlane::Policy,
    };
    let map = || Some(rendered(&[("v1", "ConfigMap")]));
    for (environment, rule, want) in [
        (None, false, Strictness::Lenient),
        (None, true, Strictness::Strict),
        (Some("dev"), false, Strictness::Lenient),
        (Some("dev"), true, Strictness::Lenient),
        (Some("prod"), false, Strictness::Strict),
    ] {
        let mut facts = environment.map_or_else(|| Facts::empty(0), |_| overlay(None, map()));
        for it in &mut facts.overlays {
            it.environment = environment.map(str::to_owned);
        }
        facts.control_plane.extend(rule.then(|| rules.clone()));
        assert_eq!(
            Strictness::of(&facts, &config),
            want,
            "{environment:?} {rule}"
        );
    }
}

#[test]
fn a_path_that_cannot_be_read_escapes_no_rule() {
    let mut facts = Facts::empty(0);
    facts.change.files.push(ChangedFile {
        path: "../outside.yaml".to_owned(),
        edit: Edit::Modified,
    });
    assert!(rule_applies("{paths: [\"apps/**\"]}", &facts));
}
