//! Who had a hand in the commits of a request, and how many reviews it has.
//!
//! GitHub goes by the addresses in a commit, and whoever makes a commit writes there what he likes.
//! An address that belongs to an account can only cost that account its approval. What could hide
//! somebody is an address that stands for no person: GitHub's own, under which it commits what
//! people do on its pages, and those of bots. They are believed where GitHub has signed the commit,
//! because then its servers made it; a bot's also where nobody but that bot has ever pushed to the
//! branch. Everywhere else they belong to nobody.

use super::super::http::Failed;
use super::api::{Api, Needs};
use super::people::{is_web_flow, kind};
use super::request::Pull;
use crate::model::{Account, AccountKind, Contributor, Gap};
use serde::Deserialize;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// Pages of commits that are read.
const MOST_PAGES: usize = 100;

/// Source: GraphQL's `PullRequest.commits`, which has no cap like REST's 250; `Commit.authors`, the
/// author and those in `Co-authored-by:` lines; `GitSignature.wasSignedByGitHub`.
const COMMITS: &str =
    "query Commits($owner: String!, $name: String!, $number: Int!, $after: String) {
  repository(owner: $owner, name: $name) { databaseId pullRequest(number: $number) {
    headRefOid
    reviews(first: 1, states: [APPROVED, CHANGES_REQUESTED, COMMENTED, DISMISSED]) { totalCount }
    commits(first: 100, after: $after) {
      totalCount
      pageInfo { hasNextPage endCursor }
      nodes { commit {
        oid
        committer { email user { databaseId login } }
        authors(first: 50) { totalCount nodes { email user { databaseId login } } }
        signature { isValid wasSignedByGitHub }
      } }
    }
  } }
}";

#[derive(Debug, Deserialize)]
struct Answer {
    repository: Option<Repository>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Repository {
    database_id: u64,
    pull_request: Option<PullRequest>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PullRequest {
    head_ref_oid: String,
    reviews: Total,
    commits: Commits,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Total {
    total_count: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Commits {
    total_count: u64,
    page_info: PageInfo,
    nodes: Vec<Node>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct PageInfo {
    has_next_page: bool,
    end_cursor: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Node {
    commit: Commit,
}

#[derive(Debug, Deserialize)]
struct Commit {
    oid: String,
    committer: Option<Actor>,
    authors: Authors,
    signature: Option<Signature>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Authors {
    total_count: usize,
    nodes: Vec<Actor>,
}

/// Somebody as a commit names him.
#[derive(Debug, Deserialize)]
struct Actor {
    email: Option<String>,
    /// The account that has this address.
    user: Option<User>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct User {
    database_id: u64,
    login: String,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Signature {
    is_valid: bool,
    was_signed_by_git_hub: bool,
}

/// What GraphQL says of a request.
#[derive(Debug)]
pub(super) struct Told {
    /// Who had a hand in each commit, by its id.
    pub(super) contributors: BTreeMap<String, Vec<Contributor>>,
    /// Reviews that were sent off.
    pub(super) reviews: u64,
}

/// Every commit of a request. Nothing is told of some of them only. `alone` is the account that alone
/// has ever pushed to the branch, if there is one.
pub(super) fn read(api: &Api, number: u64, pull: &Pull, alone: Option<u64>) -> Result<Told, Gap> {
    let what = format!("the commits of pull request {number}");
    let broken = |why: &str| Gap {
        why: format!("{what} cannot be read whole: {why}"),
        needs: "another run, when nobody pushes to it meanwhile".to_owned(),
    };
    let believed = Believed {
        private: &api.private_domain(),
        alone,
    };
    let (owner, name) = api.names();
    let mut found: Option<Told> = None;
    let mut after: Option<String> = None;
    for _ in 0..MOST_PAGES {
        let variables = json!({"owner": owner, "name": name, "number": number, "after": after});
        let answer: Answer = (api.graphql(&what, COMMITS, &variables, Needs::Commits))
            .map_err(|failed: Failed| failed.gap)?;
        let Some((repository, request)) = answer.repository.and_then(split) else {
            return Err(Gap {
                why: format!("{what} cannot be read: GraphQL shows no such request"),
                needs: api.lacks(Needs::Commits),
            });
        };
        if pull.repository() != Some(repository) {
            return Err(broken("GraphQL answers about another repository"));
        }
        if request.head_ref_oid != pull.head() {
            return Err(broken(&format!(
                "REST sees it at {}, and GraphQL at {}",
                pull.head(),
                request.head_ref_oid
            )));
        }
        let told = found.get_or_insert_with(|| Told {
            contributors: BTreeMap::new(),
            reviews: request.reviews.total_count,
        });
        for Node { commit } in request.commits.nodes {
            let hands = commit.hands(&believed);
            if told.contributors.insert(commit.oid, hands).is_some() {
                return Err(broken("a page repeats what an earlier one held"));
            }
        }
        let page = request.commits.page_info;
        if !page.has_next_page {
            return whole(told, request.commits.total_count, pull)
                .map_err(|why| broken(&why))
                .and_then(|()| found.ok_or_else(|| broken("it has none")));
        }
        if page.end_cursor.is_none() || page.end_cursor == after {
            return Err(broken("its pages do not go on"));
        }
        after = page.end_cursor;
    }
    Err(broken(&format!("it has more than {MOST_PAGES} pages")))
}

fn split(repository: Repository) -> Option<(u64, PullRequest)> {
    Some((repository.database_id, repository.pull_request?))
}

/// Whether these are all commits, by everything that GitHub says of them.
fn whole(told: &Told, total: u64, pull: &Pull) -> Result<(), String> {
    let listed = told.contributors.len() as u64;
    if listed != total {
        return Err(format!("GitHub shows {listed} of {total} commits"));
    }
    if let Some(counted) = pull.commits().filter(|it| *it != total) {
        return Err(format!(
            "REST counts {counted} commits, and GraphQL {total}"
        ));
    }
    if told.contributors.contains_key(pull.head()) {
        Ok(())
    } else {
        Err("the head is not among them".to_owned())
    }
}

/// Whose word is taken for what stands in a commit.
struct Believed<'a> {
    /// Where addresses are that GitHub gives to those who hide their own, and to bots.
    private: &'a str,
    /// Who alone has ever pushed to the branch.
    alone: Option<u64>,
}

impl Commit {
    /// Everybody who had a hand in it; nobody at all where GitHub does not name all of them, which
    /// means that they are not known.
    fn hands(&self, believed: &Believed<'_>) -> Vec<Contributor> {
        if self.authors.nodes.is_empty() || self.authors.nodes.len() != self.authors.total_count {
            return Vec::new();
        }
        let signed =
            (self.signature.as_ref()).is_some_and(|it| it.is_valid && it.was_signed_by_git_hub);
        let mut hands = BTreeSet::new();
        for (index, author) in self.authors.nodes.iter().enumerate() {
            // Whoever made the commit wrote its message, and may name anybody in it.
            let own = index == 0;
            hands.insert(author.contributor(believed, own, signed));
        }
        match &self.committer {
            Some(committer) if signed && committer.is_github() => {}
            Some(committer) => {
                hands.insert(committer.contributor(believed, true, signed));
            }
            None => {
                hands.insert(stranger(None));
            }
        }
        hands.into_iter().collect()
    }
}

impl Actor {
    /// Whether it is GitHub itself.
    fn is_github(&self) -> bool {
        self.user.as_ref().is_some_and(|it| is_web_flow(&it.login))
    }

    /// Whose hand it is; `own`: it stands in the commit itself and not in its message.
    fn contributor(&self, believed: &Believed<'_>, own: bool, signed: bool) -> Contributor {
        let email = self.email.as_deref();
        let account = self.user.as_ref().map(|it| Account {
            id: it.database_id,
            login: it.login.clone(),
            kind: kind(Some("User"), &it.login),
        });
        let bot = email.and_then(|it| bot(it, believed.private));
        match bot.or(account) {
            Some(account) if account.kind == AccountKind::Person => Contributor::Account(account),
            Some(account)
                if account.kind == AccountKind::Bot
                    && own
                    && (signed || believed.alone == Some(account.id)) =>
            {
                Contributor::Account(account)
            }
            _ => stranger(email),
        }
    }
}

fn stranger(email: Option<&str>) -> Contributor {
    let email = email.filter(|it| !it.is_empty()).unwrap_or("nobody");
    Contributor::Unmatched(email.to_owned())
}

/// The account in a bot's address: `49699333+dependabot[bot]@users.noreply.github.com`.
fn bot(email: &str, private: &str) -> Option<Account> {
    let (local, domain) = email.split_once('@')?;
    let (id, login) = local.split_once('+')?;
    if !domain.eq_ignore_ascii_case(private) || !login.ends_with("[bot]") {
        return None;
    }
    Some(Account {
        id: id.parse().ok()?,
        login: login.to_owned(),
        kind: AccountKind::Bot,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const ANYBODY: Believed<'static> = Believed {
        private: "users.noreply.github.com",
        alone: None,
    };

    fn actor(email: &str) -> Value {
        let user = match email {
            "noreply@github.com" => json!({"databaseId": 19_864_447, "login": "web-flow"}),
            "ann@example.com" => json!({"databaseId": 11, "login": "ann"}),
            "bob@example.com" => json!({"databaseId": 12, "login": "bob"}),
            "bot@example.com" => json!({"databaseId": 90, "login": "renovate[bot]"}),
            _ => Value::Null,
        };
        json!({"email": email, "user": user})
    }

    fn hands(authors: &[&str], committer: &str, signed: Option<(bool, bool)>) -> Vec<String> {
        believing(&ANYBODY, authors, committer, signed)
    }

    fn believing(
        believed: &Believed<'_>,
        authors: &[&str],
        committer: &str,
        signed: Option<(bool, bool)>,
    ) -> Vec<String> {
        let authors: Vec<Value> = authors.iter().map(|it| actor(it)).collect();
        let commit: Commit = serde_json::from_value(json!({
            "oid": "a", "committer": actor(committer),
            "authors": {"totalCount": authors.len(), "nodes": authors},
            "signature": signed.map(|(valid, by)| json!({"isValid": valid, "wasSignedByGitHub": by})),
        }))
        .expect("a commit");
        let all = commit.hands(believed);
        all.iter()
            .map(|it| match it {
                Contributor::Account(it) => it.login.clone(),
                Contributor::Unmatched(it) => format!("<{it}>"),
            })
            .collect()
    }

    #[test]
    fn who_had_a_hand_in_a_commit() {
        const ANN: &str = "ann@example.com";
        const BOB: &str = "bob@example.com";
        const GITHUB: &str = "noreply@github.com";
        const BOT: &str = "49699333+dependabot[bot]@users.noreply.github.com";
        let signed = Some((true, true));
        assert_eq!(hands(&[ANN], ANN, None), ["ann"]);
        assert_eq!(hands(&[ANN, BOB], ANN, None), ["ann", "bob"]);
        assert_eq!(hands(&[ANN], BOB, None), ["ann", "bob"]);
        assert_eq!(hands(&[ANN, "x@y"], ANN, signed), ["ann", "<x@y>"]);
        assert_eq!(hands(&[ANN], "", None), ["ann", "<nobody>"]);
        // On GitHub's pages, and somebody who says so.
        assert_eq!(hands(&[ANN], GITHUB, signed), ["ann"]);
        for not in [None, Some((false, true)), Some((true, false))] {
            assert_eq!(hands(&[ANN], GITHUB, not), ["ann", "<noreply@github.com>"]);
            assert_eq!(hands(&[BOT], ANN, not), ["ann", &format!("<{BOT}>")]);
        }
        // Nobody hides behind GitHub as an author.
        assert_eq!(hands(&[GITHUB], GITHUB, signed), ["<noreply@github.com>"]);
        assert_eq!(
            hands(&[ANN, GITHUB], GITHUB, signed),
            ["ann", "<noreply@github.com>"]
        );
        // A bot, by its account or its address, and one that somebody else names.
        assert_eq!(hands(&[BOT], GITHUB, signed), ["dependabot[bot]"]);
        assert_eq!(
            hands(&["bot@example.com"], GITHUB, signed),
            ["renovate[bot]"]
        );
        assert_eq!(
            hands(&["bot@example.com"], ANN, None),
            ["ann", "<bot@example.com>"]
        );
        assert_eq!(
            hands(&[ANN, BOT], ANN, signed),
            ["ann", &format!("<{BOT}>")]
        );
        // One that alone has ever pushed, and another.
        for (id, name) in [(49_699_333, "dependabot[bot]"), (1, &*format!("<{BOT}>"))] {
            let alone = Believed {
                alone: Some(id),
                ..ANYBODY
            };
            assert_eq!(believing(&alone, &[BOT], BOT, None), [name], "{id}");
            let named = believing(&alone, &[ANN, BOT], ANN, None);
            assert_eq!(named, ["ann", &format!("<{BOT}>")], "{id}");
            let github = believing(&alone, &[BOT], GITHUB, None);
            assert!(github.contains(&format!("<{GITHUB}>")), "{github:?}");
        }
        let other = BOT.replace("github.com", "example.com");
        assert_eq!(hands(&[&other], GITHUB, signed), [format!("<{other}>")]);
    }

    #[test]
    fn authors_that_are_not_all_there_are_not_known() {
        let commit = |total: usize, authors: &[&str]| -> Commit {
            let authors: Vec<Value> = authors.iter().map(|it| actor(it)).collect();
            serde_json::from_value(json!({
                "oid": "a", "committer": actor("ann@example.com"), "signature": null,
                "authors": {"totalCount": total, "nodes": authors},
            }))
            .expect("a commit")
        };
        assert!(commit(60, &["ann@example.com"]).hands(&ANYBODY).is_empty());
        assert!(commit(0, &[]).hands(&ANYBODY).is_empty());
    }
}
