//! The identity matrix of threat rows F1, F4 to F7: who can approve, one line an identity.

use super::{Bench, Opinion, Outcome, Strictness};
use crate::{
    config::{self, Config},
    model::{
        Access, Account, AccountKind, CommitFacts, Contributor, Facts, ForgeFacts, Known, Request,
        RequestState, Review, ReviewState, RevisionFacts,
    },
};
use std::collections::BTreeMap;
use tollgate_yaml::Sources;

pub(super) const HEAD: &str = "4ead4ead4ead4ead4ead4ead4ead4ead4ead4ead";
const OLDER: &str = "01de01de01de01de01de01de01de01de01de01de";

/// A request of Ann's with one commit, and what is said of it.
pub(super) struct Case {
    pub(super) facts: Facts,
}

pub(super) fn person(login: &str) -> Account {
    let names = ["ann", "bob", "cho", "dee", "eve", "fay", "gus"];
    let at = names.iter().position(|it| *it == login).expect(login);
    Account {
        id: 11 + u64::try_from(at).expect("small"),
        login: login.to_owned(),
        kind: AccountKind::Person,
    }
}

fn bot(login: &str, id: u64) -> Account {
    Account {
        id,
        login: login.to_owned(),
        kind: AccountKind::Bot,
    }
}

impl Case {
    pub(super) fn new() -> Self {
        let mut facts = Facts::empty(1_700_000_000);
        facts.change.head = RevisionFacts {
            name: "HEAD".to_owned(),
            commit: Some(HEAD.to_owned()),
            tree: None,
        };
        facts.change.commits = Known::Known(vec![CommitFacts {
            id: HEAD.to_owned(),
            author: "ann@example.com".to_owned(),
            committer: "ann@example.com".to_owned(),
            co_authors: Vec::new(),
        }]);
        let ann = person("ann");
        let by_ann = vec![Contributor::Account(ann.clone())];
        facts.forge = Some(ForgeFacts {
            forge: "github".to_owned(),
            repository: "github.com/acme/gitops".to_owned(),
            request: Known::Known(Request {
                number: 7,
                state: RequestState::Open,
                draft: false,
                author: Some(ann.clone()),
                head: HEAD.to_owned(),
                branch: "main".to_owned(),
            }),
            reviews: Known::Known(Vec::new()),
            commits: Known::Known([(HEAD.to_owned(), by_ann)].into()),
            last_pusher: Known::Known(ann),
            permissions: BTreeMap::new(),
            teams: BTreeMap::new(),
            protection: None,
            notes: Vec::new(),
        });
        Self { facts }
    }

    fn forge(mut self, change: impl FnOnce(&mut ForgeFacts)) -> Self {
        change(self.facts.forge.as_mut().expect("a forge"));
        self
    }

    /// One more review of the head, by somebody who may write.
    pub(super) fn review(self, account: Account, state: ReviewState) -> Self {
        self.review_of(Some(account), state, Some(HEAD))
    }

    fn review_of(self, account: Option<Account>, state: ReviewState, commit: Option<&str>) -> Self {
        self.forge(|forge| {
            if let Some(account) = &account {
                let write = Known::Known(Access::Write);
                forge.permissions.entry(account.id).or_insert(write);
            }
            if let Known::Known(reviews) = &mut forge.reviews {
                reviews.push(Review {
                    id: None,
                    account,
                    state,
                    commit: commit.map(str::to_owned),
                    at: None,
                });
            }
        })
    }

    fn access(self, account: u64, access: Access) -> Self {
        self.forge(|it| {
            it.permissions.insert(account, Known::Known(access));
        })
    }

    fn contributor(self, contributor: Contributor) -> Self {
        self.forge(|forge| {
            if let Known::Known(commits) = &mut forge.commits {
                commits
                    .entry(HEAD.to_owned())
                    .or_default()
                    .push(contributor);
            }
        })
    }

    /// An address in a commit that belongs to no account.
    pub(super) fn address(self, address: &str) -> Self {
        self.contributor(Contributor::Unmatched(address.to_owned()))
    }

    fn team(self, members: Known<Vec<Account>>) -> Self {
        self.forge(|it| {
            it.teams.insert("acme/platform".to_owned(), members);
        })
    }
}

/// Bob is listed by his name, Dee by name and number, a bot by its name, and there is a team.
const CONFIG: &str = "version: 1
groups:
  platform: {users: [bob, 'dee#14', 'renovate[bot]'], team: acme/platform}
approvals:
  defaults: {bots: BOTS}
  rules: [{name: x, when: {any: true}, require: {count: 1, from: [platform]}}]
";

fn config(bots: bool) -> Config {
    let text = CONFIG.replace("BOTS", if bots { "true" } else { "false" });
    config::parse("tollgate.yaml", &text, &Sources::new())
        .unwrap_or_else(|errors| panic!("{errors:?}"))
        .config
}

/// What one line of the matrix expects.
#[derive(Debug, PartialEq)]
enum Want {
    Counts,
    /// It does not, and the report says this of it.
    Not(&'static str),
    /// It counts as far as anybody can tell.
    Doubted,
    Unknown,
}

use Want::{Counts, Doubted, Not, Unknown};

#[test]
fn who_can_approve() {
    use ReviewState::{Approved, ChangesRequested, Commented, Dismissed};
    let bob = || person("bob");
    let ok = || Case::new().team(Known::Known(Vec::new()));
    let by_bob = || ok().review(bob(), Approved);
    let account = |it: Account| Contributor::Account(it);
    let matrix: Vec<(&str, bool, Case, Want)> = vec![
        ("somebody else of the group", false, by_bob(), Counts),
        (
            "the author",
            false,
            ok().review(person("ann"), Approved)
                .team(Known::Known(vec![person("ann")])),
            Not("opened the request"),
        ),
        (
            "an author, committer or co-author of a commit",
            false,
            by_bob().contributor(account(bob())),
            Not("had a hand in commit 4ead4ead4e"),
        ),
        (
            "who pushed last",
            false,
            by_bob().forge(|it| it.last_pusher = Known::Known(bob())),
            Not("pushed the newest commit"),
        ),
        (
            "a bot that is listed, where bots count",
            true,
            ok().review(bot("renovate[bot]", 90), Approved),
            Counts,
        ),
        (
            "a bot that is listed, where none counts",
            false,
            ok().review(bot("renovate[bot]", 90), Approved),
            Not("is no person"),
        ),
        (
            "a bot that is not listed, where bots count",
            true,
            ok().review(bot("deploy[bot]", 92), Approved),
            Not("is no person, and no group lists it by name"),
        ),
        (
            "a bot of the team, where bots count",
            true,
            ok().team(Known::Known(vec![bot("deploy[bot]", 92)]))
                .review(bot("deploy[bot]", 92), Approved),
            Not("is no person, and no group lists it by name"),
        ),
        (
            "the bot of GitHub Actions",
            true,
            ok().review(bot("github-actions[bot]", 41_898_282), Approved),
            Not("is no person, and no group lists it by name"),
        ),
        (
            "an app whose kind the forge does not tell",
            false,
            ok().review(
                Account {
                    kind: AccountKind::Other,
                    ..bob()
                },
                Approved,
            ),
            Not("is no person"),
        ),
        (
            "a commit made on the forge's pages by its own account",
            false,
            by_bob().contributor(account(bot("web-flow", 19_864_447))),
            Counts,
        ),
        (
            "an approval that was dismissed",
            false,
            ok().review(bob(), Dismissed),
            Not("gave a review that was dismissed"),
        ),
        (
            "a dismissal does not bring an older approval back",
            false,
            by_bob().review(bob(), Dismissed),
            Not("gave a review that was dismissed"),
        ),
        (
            "an approval of an older commit",
            false,
            ok().review_of(Some(bob()), Approved, Some(OLDER)),
            Not("approved the older commit 01de01de01"),
        ),
        (
            "an approval of a commit that was pushed away",
            false,
            ok().review_of(Some(bob()), Approved, None),
            Not("approved a commit that the forge cannot name any more"),
        ),
        (
            "an older approval after a newer one: the last word counts",
            false,
            by_bob().review_of(Some(bob()), Approved, Some(OLDER)),
            Not("approved the older commit 01de01de01"),
        ),
        (
            "changes requested, then approved",
            false,
            ok().review(bob(), ChangesRequested).review(bob(), Approved),
            Counts,
        ),
        (
            "approved, then changes requested",
            false,
            by_bob().review(bob(), ChangesRequested),
            Not("asks for changes"),
        ),
        (
            "approved, then commented",
            false,
            by_bob().review(bob(), Commented),
            Counts,
        ),
        (
            "a comment only",
            false,
            ok().review(bob(), Commented),
            Not("only commented"),
        ),
        (
            "renamed, listed by number",
            false,
            ok().review(
                Account {
                    login: "dee-of-acme".to_owned(),
                    ..person("dee")
                },
                Approved,
            ),
            Counts,
        ),
        (
            "renamed, listed by the old name only",
            false,
            ok().review(
                Account {
                    login: "robert".to_owned(),
                    ..bob()
                },
                Approved,
            ),
            Not("is not in `platform`"),
        ),
        (
            "somebody who took the name of an account that is listed by number",
            false,
            ok().review(
                Account {
                    id: 999,
                    ..person("dee")
                },
                Approved,
            ),
            Not("is account 999, and `dee#14` is meant"),
        ),
        (
            "the same name in other letters",
            false,
            ok().review(
                Account {
                    login: "BOB".to_owned(),
                    ..bob()
                },
                Approved,
            ),
            Counts,
        ),
        (
            "a member of the team",
            false,
            ok().team(Known::Known(vec![person("eve")]))
                .review(person("eve"), Approved),
            Counts,
        ),
        (
            "removed from the team, or only invited to it",
            false,
            ok().review(person("eve"), Approved),
            Not("is not in `platform`"),
        ),
        (
            "a team that cannot be read",
            false,
            ok().team(Known::unknown("no answer", "a token"))
                .review(person("eve"), Approved),
            Unknown,
        ),
        (
            "read access",
            false,
            by_bob().access(12, Access::Read),
            Not("may only read, and `write` is needed"),
        ),
        (
            "triage access",
            false,
            by_bob().access(12, Access::Triage),
            Not("may only sort issues, and `write` is needed"),
        ),
        (
            "suspended, or no collaborator any more",
            false,
            by_bob().access(12, Access::None),
            Not("may do nothing in the repository, and `write` is needed"),
        ),
        (
            "a collaborator from outside who may write and is not in the group",
            false,
            ok().review(person("gus"), Approved),
            Not("is not in `platform`"),
        ),
        (
            "a second account of the author, which nobody can tell from a colleague's",
            false,
            ok().team(Known::Known(vec![person("fay")]))
                .review(person("fay"), Approved),
            Counts,
        ),
        (
            "an approver's address forged into a commit",
            false,
            by_bob().contributor(account(bob())),
            Not("had a hand in commit 4ead4ead4e"),
        ),
        (
            "an address that belongs to nobody",
            false,
            by_bob().address("root@localhost"),
            Doubted,
        ),
    ];
    assert!(matrix.len() >= 24);
    for (name, bots, case, want) in matrix {
        let config = config(bots);
        let bench = Bench::convene(&case.facts, &config).unwrap_or_else(|gap| panic!("{gap:?}"));
        let rules = &config.approvals.as_ref().expect("approvals").rules;
        let standing = bench.standing(&rules[0].require);
        let others: Vec<&str> = standing.others.iter().map(|it| it.1.as_str()).collect();
        match want {
            Counts => assert!(
                standing.outcome.holds(Strictness::Strict),
                "{name}: {others:?}"
            ),
            Doubted => assert_eq!(standing.outcome, Outcome::Met { doubted: true }, "{name}"),
            Unknown => assert!(matches!(standing.outcome, Outcome::Unsure(_)), "{name}"),
            Not(why) => {
                assert_eq!(standing.outcome, Outcome::Missing, "{name}");
                assert_eq!(others, [why], "{name}");
            }
        }
    }
}

#[test]
fn an_account_that_is_gone_counts_for_nothing() {
    let case = Case::new().review_of(None, ReviewState::Approved, Some(HEAD));
    let config = config(false);
    let bench = Bench::convene(&case.facts, &config).unwrap_or_else(|gap| panic!("{gap:?}"));
    assert_eq!((bench.reviewers.len(), bench.gone), (0, 1));
    for state in [
        ReviewState::Commented,
        ReviewState::Dismissed,
        ReviewState::ChangesRequested,
    ] {
        let case = Case::new().review_of(None, state, Some(HEAD));
        let bench = Bench::convene(&case.facts, &config).unwrap_or_else(|gap| panic!("{gap:?}"));
        assert_eq!(bench.gone, 0, "{state:?} is no approval");
    }
}

#[test]
fn an_objection_stands_until_it_is_taken_back() {
    use ReviewState::{Approved, ChangesRequested, Commented, Dismissed};
    let objects = |case: Case| {
        let config = config(false);
        let bench = Bench::convene(&case.facts, &config).unwrap_or_else(|gap| panic!("{gap:?}"));
        let found: Vec<String> = bench
            .objections()
            .map(|it| it.account.login.clone())
            .collect();
        found
    };
    let cho = || person("cho");
    let case = || Case::new().review_of(Some(cho()), ChangesRequested, Some(OLDER));
    assert_eq!(
        objects(case()),
        ["cho"],
        "outside of every group, of an older commit"
    );
    assert_eq!(objects(case().review(cho(), Commented)), ["cho"]);
    assert_eq!(objects(case().review(person("bob"), Approved)), ["cho"]);
    assert!(objects(case().review(cho(), Approved)).is_empty());
    assert!(objects(case().review(cho(), Dismissed)).is_empty());
    assert!(objects(case().access(13, Access::Read)).is_empty());
    let made = case().contributor(Contributor::Account(cho()));
    assert_eq!(
        objects(made),
        ["cho"],
        "who made the change may find fault with it"
    );
    let machine = Case::new().review(bot("lint[bot]", 93), ChangesRequested);
    assert!(objects(machine).is_empty());
    let unknown = case().forge(|it| {
        it.permissions
            .insert(13, Known::unknown("no answer", "a token"));
    });
    let config = config(false);
    let bench = Bench::convene(&unknown.facts, &config).unwrap_or_else(|gap| panic!("{gap:?}"));
    let gaps: Vec<usize> = bench.objections().map(|it| it.gaps.len()).collect();
    assert_eq!(gaps, [1]);
    let opinions: Vec<&Opinion> = bench.reviewers.iter().map(|it| &it.opinion).collect();
    assert_eq!(opinions, [&Opinion::Objects]);
}
