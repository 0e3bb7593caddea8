//! Threat row F4: who can approve, each identity through the whole program.

use super::{said, why};
use crate::forge::{Change, GitHub, Server};
use std::collections::BTreeMap;

/// Bob is listed by his name, Dee by name and number, a bot by its name, and there is a team.
const SETTINGS: &str = "version: 1
environments:
  prod: {overlays: [prod], enforcement: strict}
  dev: {overlays: [dev], enforcement: audit}
groups:
  platform: {users: [bob, 'dee#14', 'renovate[bot]'], team: acme/platform}
approvals:
  defaults: {bots: BOTS}
  rules: [{name: x, when: {any: true}, require: {count: 1, from: [platform]}}]
";

const ACCOUNTS: &[(&str, &str)] = &[
    ("ann", "{id: 11, emails: [ann@example.com]}"),
    ("bob", "{id: 12, emails: [bob@example.com]}"),
    ("dee", "{id: 14}"),
    ("eve", "{id: 15}"),
    ("fay", "{id: 16}"),
    ("gus", "{id: 17}"),
    ("renovate[bot]", "{id: 90, kind: Bot}"),
    ("deploy[bot]", "{id: 92, kind: Bot}"),
    ("dependabot[bot]", "{id: 49699333, kind: Bot}"),
    ("github-actions[bot]", "{id: 41898282, kind: Bot}"),
];

/// What is expected of a line.
enum Want {
    Counts,
    /// It does not, and the report says this of it.
    Not(&'static str),
    /// Nobody can tell, and the report says this.
    Unsure(&'static str),
}

use Want::{Counts, Not, Unsure};

struct Line {
    name: &'static str,
    bots: bool,
    /// Accounts that are another than usual.
    accounts: &'static [(&'static str, &'static str)],
    /// What the scenario says besides.
    rest: String,
    want: Want,
}

fn line(name: &'static str, rest: &str, want: Want) -> Line {
    Line {
        name,
        bots: false,
        accounts: &[],
        rest: rest.to_owned(),
        want,
    }
}

fn with(mut line: Line, accounts: &'static [(&'static str, &'static str)]) -> Line {
    line.accounts = accounts;
    line
}

fn bots(mut line: Line) -> Line {
    line.bots = true;
    line
}

/// Bob approves a head by these people.
fn commit(author: &str, committer: &str, more: &str) -> String {
    format!(
        "reviews: [{{by: bob}}]\ncommits: [{{id: '${{HEAD}}', author: '{author}', committer: '{committer}'{more}}}]\n"
    )
}

const ANN: &str = "ann@example.com";
const BOB: &str = "bob@example.com";
const GITHUB: &str = "noreply@github.com";
const BOT: &str = "49699333+dependabot[bot]@users.noreply.github.com";
const BY_BOB: &str = "reviews: [{by: bob}]\n";

fn makers() -> Vec<Line> {
    let hand = || Not("bob does not: had a hand in commit");
    vec![
        line("somebody else of the group", BY_BOB, Counts),
        line(
            "the author",
            "reviews: [{by: ann}]\nteams: {acme/platform: {ann: active}}\n",
            Not("ann does not: opened the request"),
        ),
        line("the author of a commit", &commit(BOB, ANN, ""), hand()),
        line("its committer", &commit(ANN, BOB, ""), hand()),
        line(
            "its co-author",
            &commit(
                ANN,
                ANN,
                ", message: \"x\\n\\nCo-authored-by: B <bob@example.com>\"",
            ),
            hand(),
        ),
        line(
            "who pushed last",
            "reviews: [{by: bob}]\npushes: [bob, ann]\n",
            Not("bob does not: pushed the newest commit"),
        ),
        line(
            "who pushed before the last push, and has no hand in what is there",
            "reviews: [{by: bob}]\npushes: [ann, bob]\n",
            Counts,
        ),
        line(
            "a commit that GitHub made on its pages",
            &commit(ANN, GITHUB, ", signed: true"),
            Counts,
        ),
        line(
            "a commit of the approver's that GitHub made on its pages",
            &commit(BOB, GITHUB, ", signed: true"),
            hand(),
        ),
        line(
            "a commit that says that GitHub made it",
            &commit(ANN, GITHUB, ""),
            Unsure("`noreply@github.com`"),
        ),
        line(
            "a commit whose author hides behind GitHub",
            &commit(GITHUB, GITHUB, ", signed: true"),
            Unsure("`noreply@github.com`"),
        ),
        line(
            "a commit of a bot that GitHub has signed",
            &commit(BOT, GITHUB, ", signed: true"),
            Counts,
        ),
        line(
            "a commit under a bot's address",
            &commit(BOT, ANN, ""),
            Unsure("dependabot[bot]@users.noreply.github.com"),
        ),
        line(
            "a commit under the address of a bot that alone has ever pushed to the branch",
            &format!(
                "{}pushes: ['dependabot[bot]', 'dependabot[bot]']\n",
                commit(BOT, BOT, "")
            ),
            Counts,
        ),
        line(
            "a commit under the address of a bot, on a branch to which somebody else has pushed",
            &format!(
                "{}pushes: ['dependabot[bot]', gus, 'dependabot[bot]']\n",
                commit(BOT, BOT, "")
            ),
            Unsure("dependabot[bot]@users.noreply.github.com"),
        ),
        line(
            "an address that belongs to nobody",
            &commit("root@localhost", ANN, ""),
            Unsure("`root@localhost`"),
        ),
        line(
            "the approver's address, forged into a commit",
            &commit(BOB, "root@localhost", ""),
            hand(),
        ),
    ]
}

fn machines() -> Vec<Line> {
    let by = |login: &str| format!("reviews: [{{by: '{login}'}}]\n");
    let unlisted = |name: &'static str, login: &str, team: &str| {
        let rest = format!("{}{team}", by(login));
        let want = Not("is no person, and no group lists it by name");
        bots(line(name, &rest, want))
    };
    vec![
        bots(line(
            "a listed bot, where bots count",
            &by("renovate[bot]"),
            Counts,
        )),
        line(
            "a listed bot, where none counts",
            &by("renovate[bot]"),
            Not("renovate[bot] does not: is no person"),
        ),
        unlisted("a bot that is not listed", "deploy[bot]", ""),
        unlisted(
            "a bot of the team",
            "deploy[bot]",
            "teams: {acme/platform: {'deploy[bot]': active}}\n",
        ),
        unlisted("the bot of GitHub Actions", "github-actions[bot]", ""),
        with(
            line(
                "an imported account",
                BY_BOB,
                Not("bob does not: is no person"),
            ),
            &[("bob", "{id: 12, kind: Mannequin}")],
        ),
        with(
            line("an organisation", BY_BOB, Not("bob does not: is no person")),
            &[("bob", "{id: 12, kind: Organization}")],
        ),
        line(
            "an account that is gone",
            "reviews: [{by: null}]\n",
            Not("an account that is gone"),
        ),
    ]
}

fn words() -> Vec<Line> {
    let old = "0123456789012345678901234567890123456789";
    let two =
        |first: &str, second: &str| format!("reviews: [{{by: bob{first}}}, {{by: bob{second}}}]\n");
    let older = format!(", commit: '{old}'");
    let dismissed = || Not("bob does not: gave a review that was dismissed");
    vec![
        line(
            "dismissed",
            "reviews: [{by: bob, state: DISMISSED}]\n",
            dismissed(),
        ),
        line(
            "a dismissal brings no older approval back",
            &two("", ", state: DISMISSED"),
            dismissed(),
        ),
        line(
            "an older commit",
            &format!("reviews: [{{by: bob{older}}}]\n"),
            Not("bob does not: approved the older commit 0123456789"),
        ),
        line(
            "a commit that was pushed away",
            "reviews: [{by: bob, commit: null}]\n",
            Not("approved a commit that the forge cannot name any more"),
        ),
        line(
            "the last word is about an older commit",
            &two("", &older),
            Not("approved the older commit"),
        ),
        line(
            "by time, whatever the order of the answer",
            &two(", at: '2026-11-20T10:00:00Z'", ", state: CHANGES_REQUESTED"),
            Counts,
        ),
        line(
            "changes requested, then approved",
            &two(", state: CHANGES_REQUESTED", ""),
            Counts,
        ),
        line(
            "approved, then changes requested",
            &two("", ", state: CHANGES_REQUESTED"),
            Not("bob asks for changes"),
        ),
        line(
            "approved, then commented",
            &two("", ", state: COMMENTED"),
            Counts,
        ),
        line(
            "a comment only",
            "reviews: [{by: bob, state: COMMENTED, body: approved}]\n",
            Not("bob does not: only commented"),
        ),
        line(
            "a review that was not sent off",
            "reviews: [{by: bob, state: PENDING}]\n",
            Not("nobody's approval counts"),
        ),
    ]
}

fn names_and_rights() -> Vec<Line> {
    let by = |login: &str| format!("reviews: [{{by: '{login}'}}]\n");
    let eve = |state: &str| format!("{}teams: {{acme/platform: {{eve: {state}}}}}\n", by("eve"));
    let outside = || Not("is not in `platform`");
    let role = |name, role: &'static [(&'static str, &'static str)], want| {
        with(line(name, BY_BOB, want), role)
    };
    vec![
        with(
            line("renamed, listed by number", &by("dee-of-acme"), Counts),
            &[("dee-of-acme", "{id: 14}"), ("dee", "{id: 999}")],
        ),
        with(
            line(
                "renamed, listed by the old name only",
                &by("robert"),
                outside(),
            ),
            &[("robert", "{id: 12}"), ("bob", "{id: 999}")],
        ),
        with(
            line(
                "somebody who took a name that is listed with its number",
                &by("dee"),
                Not("is account 999, and `dee#14` is meant"),
            ),
            &[("dee", "{id: 999}")],
        ),
        with(
            line("the name in other letters", &by("BOB"), Counts),
            &[("BOB", "{id: 12}")],
        ),
        line(
            "a name that changes hands while it is looked at",
            &format!(
                "{BY_BOB}routes:\n  - path: /repos/acme/gitops/collaborators/bob/permission\n    body: {{permission: admin, role_name: admin, user: {{id: 999, login: bob}}}}\n"
            ),
            Unsure("GitHub answers about account 999"),
        ),
        line("a member of the team", &eve("active"), Counts),
        line("only invited to the team", &eve("pending"), outside()),
        line("removed from the team", &by("eve"), outside()),
        line(
            "a team that cannot be read",
            &format!("token: job\n{}", eve("active")),
            Unsure("the members of the team acme/platform"),
        ),
        line("from outside", &by("gus"), outside()),
        line(
            "a second account of the author's, which nobody can tell from a colleague's",
            "reviews: [{by: fay}]\nteams: {acme/platform: {fay: active}}\n",
            Counts,
        ),
        role(
            "reads",
            &[("bob", "{id: 12, role: read}")],
            Not("may only read"),
        ),
        role(
            "triages",
            &[("bob", "{id: 12, role: triage}")],
            Not("may only sort issues"),
        ),
        role("maintains", &[("bob", "{id: 12, role: maintain}")], Counts),
        role(
            "may nothing",
            &[("bob", "{id: 12, role: none}")],
            Not("may do nothing"),
        ),
        role(
            "a role of the organisation's own",
            &[("bob", "{id: 12, role: reviewer}")],
            Counts,
        ),
        line(
            "suspended: GitHub knows nobody of this name",
            &format!(
                "{BY_BOB}routes:\n  - {{path: /repos/acme/gitops/collaborators/bob/permission, status: 404, body: {{message: Not Found}}}}\n"
            ),
            Unsure("what bob may do in the repository"),
        ),
    ]
}

#[test]
fn who_can_approve() {
    let mut matrix = makers();
    matrix.extend(machines());
    matrix.extend(words());
    matrix.extend(names_and_rights());
    assert!(matrix.len() >= 24);
    let changes = [false, true].map(|bots| {
        Change::of_production(&SETTINGS.replace("BOTS", if bots { "true" } else { "false" }))
    });
    for it in matrix {
        let change = &changes[usize::from(it.bots)];
        let mut accounts: BTreeMap<&str, &str> = ACCOUNTS.iter().copied().collect();
        accounts.extend(it.accounts.iter().copied());
        let accounts: String = accounts
            .iter()
            .map(|(name, account)| format!("  '{name}': {account}\n"))
            .collect();
        let mut scenario = format!("accounts:\n{accounts}{}", it.rest);
        if !it.rest.contains("token:") {
            scenario.push_str("token: admin\n");
        }
        if !it.rest.contains("teams:") {
            scenario.push_str("teams: {acme/platform: {}}\n");
        }
        let forge = Server::start(GitHub::new(&scenario, change));
        let (verdict, facts) = change.ask(&forge, &[]);
        let said = said(&verdict);
        let name = it.name;
        match it.want {
            Counts => assert_eq!(verdict.decision(), "admit", "{name}: {said}"),
            Not(part) => {
                assert_eq!(verdict.decision(), "refuse", "{name}: {said}");
                assert!(said.contains(part), "{name}: {said}");
            }
            Unsure(part) => {
                assert_eq!(verdict.exit, 3, "{name}: {said}");
                assert!(said.contains(part), "{name}: {said}");
            }
        }
        assert_eq!(why(&facts["request"]), "", "{name}");
    }
}
