//! Who speaks for a line of CODEOWNERS.

use super::matrix::{Case, person};
use super::tests::{approved, config, machine, team, unseen_team};
use super::*;
use crate::{
    config::Config,
    model::{
        Access, ForgeKind, Known, Place, ReviewState, Side,
        owners::{Demand, Owner, Role},
    },
};

fn demand(owners: Vec<Owner>) -> Demand {
    Demand {
        section: None,
        owners,
        count: 1,
        optional: false,
        pattern: "*".to_owned(),
        place: Place::file("CODEOWNERS", Side::Base),
    }
}

fn owned(case: &Case, owners: Vec<Owner>, dialect: ForgeKind) -> Outcome {
    let config = Config::default();
    let bench = Bench::convene(&case.facts, &config).expect("bound");
    bench.owners(&demand(owners), dialect).outcome
}

fn of_team() -> Owner {
    Owner::Team {
        organisation: "Acme".to_owned(),
        team: "Platform".to_owned(),
    }
}

fn met() -> Outcome {
    Outcome::Met { doubted: false }
}

#[test]
fn an_owner_is_somebody_whom_the_line_names_and_what_is_unknown_is_asked() {
    let user = |name: &str| Owner::User(name.to_owned());
    let bob = || approved(&["bob"]);
    let members = || Known::Known(vec![person("bob")]);
    let email = || Owner::Email("bob@example.com".to_owned());
    for (what, case, owners, want) in [
        ("nobody owns it", Case::new(), vec![], Some(met())),
        ("an owner", bob(), vec![user("BOB")], Some(met())),
        (
            "one of two",
            bob(),
            vec![user("cho"), user("bob")],
            Some(met()),
        ),
        ("another", bob(), vec![user("cho")], Some(Outcome::Missing)),
        (
            "no review",
            Case::new(),
            vec![user("bob")],
            Some(Outcome::Missing),
        ),
        (
            "of the team",
            team(bob(), members()),
            vec![of_team()],
            Some(met()),
        ),
        (
            "not of the team",
            team(bob(), Known::Known(vec![person("cho")])),
            vec![of_team()],
            Some(Outcome::Missing),
        ),
        (
            "a team that nobody sees",
            unseen_team(bob()),
            vec![of_team()],
            None,
        ),
        ("an address", bob(), vec![email()], None),
        (
            "an address, or another",
            bob(),
            vec![email(), user("cho")],
            None,
        ),
        (
            "an address, or an owner",
            bob(),
            vec![email(), user("bob")],
            Some(met()),
        ),
    ] {
        let got = owned(&case, owners, ForgeKind::Github);
        match want {
            Some(want) => assert_eq!(got, want, "{what}"),
            None => assert!(matches!(got, Outcome::Unsure(_)), "{what}: {got:?}"),
        }
    }
}

#[test]
fn a_machine_of_the_team_is_no_owner() {
    let config = config(
        "groups: {m: {users: ['renovate[bot]']}}\napprovals: {defaults: {bots: true}, rules: []}",
    );
    let case = Case::new().review(machine(), ReviewState::Approved);
    let case = team(case, Known::Known(vec![machine()]));
    let bench = Bench::convene(&case.facts, &config).expect("bound");
    let standing = bench.owners(&demand(vec![of_team()]), ForgeKind::Github);
    assert_eq!(standing.outcome, Outcome::Missing);
}

#[test]
fn a_role_is_never_certain_and_ruled_out_by_other_rights() {
    for (access, role, may_be) in [
        (Access::Maintain, Role::Maintainer, true),
        (Access::Write, Role::Maintainer, false),
        (Access::Write, Role::Developer, true),
        (Access::Admin, Role::Owner, true),
        (Access::Admin, Role::Developer, false),
    ] {
        let mut case = approved(&["bob"]);
        let forge = case.facts.forge.as_mut().expect("a forge");
        forge
            .permissions
            .insert(person("bob").id, Known::Known(access));
        let got = owned(&case, vec![Owner::Role(role)], ForgeKind::Gitlab);
        if may_be {
            assert!(matches!(got, Outcome::Unsure(_)), "{access:?} {role:?}");
        } else {
            assert_eq!(got, Outcome::Missing, "{access:?} {role:?}");
        }
    }
}

#[test]
fn only_where_every_owner_is_known_to_have_made_the_change_can_nobody_approve() {
    let user = |name: &str| Owner::User(name.to_owned());
    let ann = || Known::Known(vec![person("ann")]);
    let both = || Known::Known(vec![person("ann"), person("bob")]);
    for (what, case, owners, dialect, want) in [
        (
            "the maker",
            Case::new(),
            vec![user("ANN")],
            ForgeKind::Github,
            true,
        ),
        (
            "and another",
            Case::new(),
            vec![user("ann"), user("bob")],
            ForgeKind::Github,
            false,
        ),
        ("no owner", Case::new(), vec![], ForgeKind::Github, false),
        (
            "a name that may be a group's",
            Case::new(),
            vec![user("ann")],
            ForgeKind::Gitlab,
            false,
        ),
        (
            "a team of the maker",
            team(Case::new(), ann()),
            vec![of_team()],
            ForgeKind::Github,
            true,
        ),
        (
            "a larger team",
            team(Case::new(), both()),
            vec![of_team()],
            ForgeKind::Github,
            false,
        ),
        (
            "a team that nobody sees",
            unseen_team(Case::new()),
            vec![of_team()],
            ForgeKind::Github,
            false,
        ),
        (
            "a team without members",
            team(Case::new(), Known::Known(vec![])),
            vec![of_team()],
            ForgeKind::Github,
            false,
        ),
    ] {
        let config = Config::default();
        let bench = Bench::convene(&case.facts, &config).expect("bound");
        assert_eq!(
            bench.only_makers_own(&demand(owners), dialect),
            want,
            "{what}"
        );
    }
}
