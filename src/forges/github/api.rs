//! Where GitHub is, with which token it is asked, and what a token lacks.

use super::super::http::{Ask, Base, Client, Failed, Settings, Token, segment};
use super::super::{BUDGET, Environment, Question};
use crate::model::Gap;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where the REST interface is when the job does not say.
const GITHUB_COM: &str = "https://api.github.com";

/// Variables that hold a token, the one that was made for this purpose first.
const TOKENS: &[&str] = &["TOLLGATE_GITHUB_TOKEN", "GITHUB_TOKEN", "GH_TOKEN"];

/// What reading something takes. Source: "Permissions required for fine-grained personal access
/// tokens" and "Automatic token authentication", permissions of the `GITHUB_TOKEN`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Seeing requests and their reviews.
    Requests,
    /// Seeing requests and what is in their commits.
    Commits,
    /// Seeing branches and who pushed.
    Contents,
    /// Seeing that the repository is there: rules of branches, what a person may do.
    Metadata,
    /// Seeing the classic protection of a branch.
    Administration,
    /// Seeing who may go around a ruleset.
    Bypass,
    /// Seeing who is in a team.
    Members,
    /// Seeing the repository that the request comes from.
    Source,
}

/// Whose token it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Bearer {
    /// There is none.
    Nobody,
    /// The job's own: it can be given only what `permissions:` has a key for.
    Job,
    /// Somebody's who made it for this purpose.
    Own,
}

/// A repository of a GitHub, and a token.
pub(super) struct Api {
    client: Client,
    /// Path of the REST interface: empty, or `/api/v3` on GitHub Enterprise Server.
    rest: String,
    /// Path of the GraphQL interface.
    graphql: String,
    /// `acme`
    owner: String,
    /// `gitops`
    name: String,
    /// Its number, where the job says it.
    number: Option<u64>,
    /// The host as people know it: `github.com`.
    site: String,
    bearer: Bearer,
}

impl Api {
    /// What the variables of the job say. The repository is the one that the request is for, which
    /// is not the one that it comes from.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn connect(environment: &Environment, question: &Question) -> Result<Self, Gap> {
        let address = environment.get("GITHUB_API_URL").unwrap_or(GITHUB_COM);
        let rest = Base::parse(address).map_err(|why| misplaced("GITHUB_API_URL", &why))?;
        let graphql = match environment.get("GITHUB_GRAPHQL_URL") {
            Some(address) => {
                Base::parse(address).map_err(|why| misplaced("GITHUB_GRAPHQL_URL", &why))?
            }
            None => rest.with_path(&match rest.path().strip_suffix("/v3") {
                Some(above) => format!("{above}/graphql"),
                None => format!("{}/graphql", rest.path()),
            }),
        };
        if graphql.with_path("") != rest.with_path("") {
            return Err(misplaced(
                "GITHUB_GRAPHQL_URL",
                "is at another place than the one in `GITHUB_API_URL`, and the token goes to one",
            ));
        }
        let repository = environment.get("GITHUB_REPOSITORY").unwrap_or_default();
        let (owner, name) = repository
            .split_once('/')
            .filter(|(owner, name)| is_name(owner) && is_name(name))
            .ok_or_else(|| Gap {
                why: "GitHub cannot be asked: no variable names the repository".to_owned(),
                needs: "a job of GitHub Actions, which sets `GITHUB_REPOSITORY` to `owner/name`"
                    .to_owned(),
            })?;
        let given = TOKENS
            .iter()
            .find_map(|it| Some((*it, environment.get(it)?)));
        let (bearer, credential) = match given {
            None => (Bearer::Nobody, None),
            Some((variable, token)) => {
                let own = Some(&variable) == TOKENS.first();
                let bearer = if own { Bearer::Own } else { Bearer::Job };
                let token = Token::parse(token)?;
                (bearer, Some(("authorization", "Bearer ", token)))
            }
        };
        let site = environment.get("GITHUB_SERVER_URL").map(Base::parse);
        let site = match site {
            Some(Ok(site)) => site.host().to_owned(),
            _ => (rest.host().strip_prefix("api."))
                .unwrap_or(rest.host())
                .to_owned(),
        };
        Ok(Self {
            rest: rest.path().to_owned(),
            graphql: graphql.path().to_owned(),
            owner: owner.to_owned(),
            name: name.to_owned(),
            number: environment
                .get("GITHUB_REPOSITORY_ID")
                .and_then(|it| it.parse().ok()),
            site,
            bearer,
            client: Client::new(Settings {
                base: rest.with_path(""),
                credential,
                headers: &[
                    ("accept", "application/vnd.github+json"),
                    ("x-github-api-version", "2022-11-28"),
                ],
                budget: question.budget.unwrap_or(BUDGET),
            }),
        })
    }

    /// The repository as people name it: `github.com/acme/gitops`.
    pub(super) fn repository(&self) -> String {
        format!("{}/{}", self.site, self.slug())
    }

    /// `acme/gitops`
    pub(super) fn slug(&self) -> String {
        format!("{}/{}", self.owner, self.name)
    }

    /// The repository's owner, and its name.
    pub(super) fn names(&self) -> (&str, &str) {
        (&self.owner, &self.name)
    }

    /// The repository's number as far as the job says it.
    pub(super) fn number(&self) -> Option<u64> {
        self.number
    }

    /// Where addresses are that GitHub gives to those who hide their own.
    pub(super) fn private_domain(&self) -> String {
        format!("users.noreply.{}", self.site)
    }

    /// Whether the clocks here and there agree.
    pub(super) fn clocks_agree(&self) -> Result<(), Gap> {
        self.client.clocks_agree()
    }

    /// Path and query below the repository.
    pub(super) fn of_repository(&self, rest: &str) -> String {
        format!(
            "/repos/{}/{}{rest}",
            segment(&self.owner),
            segment(&self.name)
        )
    }

    /// One document; `path` is below the REST interface, as [`Api::of_repository`] gives it.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        needs: Needs,
    ) -> Result<T, Failed> {
        self.client.get(&Ask {
            what,
            path: format!("{}{path}", self.rest),
            needs: &self.lacks(needs),
        })
    }

    /// A list, all pages; `identity` says which item is which.
    pub(super) fn list<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        needs: Needs,
        identity: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, Failed> {
        let ask = Ask {
            what,
            path: format!("{}{path}", self.rest),
            needs: &self.lacks(needs),
        };
        self.client.pages(&ask, identity)
    }

    /// The `data` of a GraphQL query.
    pub(super) fn graphql<T: DeserializeOwned>(
        &self,
        what: &str,
        query: &str,
        variables: &Value,
        needs: Needs,
    ) -> Result<T, Failed> {
        let ask = Ask {
            what,
            path: self.graphql.clone(),
            needs: &self.lacks(needs),
        };
        self.client.graphql(&ask, query, variables)
    }

    /// What would let a token read this.
    pub(super) fn lacks(&self, needs: Needs) -> String {
        match needs {
            Needs::Requests => self.grant("pull-requests: read", "Pull requests: read"),
            Needs::Commits => self.grant(
                "pull-requests: read` and `contents: read",
                "Pull requests: read` and `Contents: read",
            ),
            Needs::Contents => self.grant("contents: read", "Contents: read"),
            Needs::Metadata => match self.bearer {
                Bearer::Own => {
                    "the repository permission `Metadata: read` for the token in `TOLLGATE_GITHUB_TOKEN`, on this repository"
                        .to_owned()
                }
                Bearer::Job => {
                    "a token of this repository: `GITHUB_TOKEN: ${{ github.token }}` in the step's `env:` has `metadata: read`"
                        .to_owned()
                }
                Bearer::Nobody => self.grant("contents: read", "Metadata: read"),
            },
            Needs::Administration => self.own("the repository permission `Administration: read`"),
            Needs::Bypass => format!(
                "{}; GitHub shows it to nobody who could not change it",
                self.own("the permission `Administration: write` where the ruleset is kept")
            ),
            Needs::Members => self.own("the organisation's permission `Members: read`"),
            Needs::Source => self.own(
                "`Contents: read` in the repository that the request comes from (or the branch pushed to this repository)",
            ),
        }
    }

    /// What a job can be granted in its workflow.
    fn grant(&self, key: &str, permission: &str) -> String {
        match self.bearer {
            Bearer::Job => format!("`{key}` under the job's `permissions:`"),
            Bearer::Own => format!(
                "the repository permission `{permission}` for the token in `TOLLGATE_GITHUB_TOKEN`"
            ),
            Bearer::Nobody => format!(
                "a token: `GITHUB_TOKEN: ${{{{ github.token }}}}` in the step's `env:`, and `{key}` under the job's `permissions:`"
            ),
        }
    }

    /// What no job's own token has.
    fn own(&self, permission: &str) -> String {
        match self.bearer {
            Bearer::Own => format!("{permission} for the token in `TOLLGATE_GITHUB_TOKEN`"),
            Bearer::Job | Bearer::Nobody => format!(
                "{permission} for a GitHub App's or a fine-grained token in `TOLLGATE_GITHUB_TOKEN` (no key under `permissions:` gives it to the job's own)"
            ),
        }
    }
}

fn misplaced(variable: &str, why: &str) -> Gap {
    Gap {
        why: format!("GitHub cannot be asked: its address in `{variable}` {why}"),
        needs: "the address that GitHub itself gives to its jobs, over https".to_owned(),
    }
}

/// Whether an owner or a repository can be called this.
fn is_name(text: &str) -> bool {
    let allowed = |it: u8| it.is_ascii_alphanumeric() || b"-._".contains(&it);
    !text.is_empty() && text.bytes().all(allowed) && !text.bytes().all(|it| it == b'.')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connect(variables: &[(&str, &str)]) -> Result<Api, Gap> {
        let all = variables
            .iter()
            .map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Api::connect(&Environment::new(all.collect()), &Question::default())
    }

    const HERE: (&str, &str) = ("GITHUB_REPOSITORY", "acme/gitops");

    #[test]
    fn rest_and_graphql_are_at_one_place() {
        for (rest, graphql, paths) in [
            (None, None, Some(("", "/graphql"))),
            (
                Some("https://api.github.com"),
                Some("https://api.github.com/graphql"),
                Some(("", "/graphql")),
            ),
            (
                Some("https://ghe.example.com/api/v3"),
                Some("https://ghe.example.com/api/graphql"),
                Some(("/api/v3", "/api/graphql")),
            ),
            (
                Some("https://ghe.example.com/api/v3/"),
                None,
                Some(("/api/v3", "/api/graphql")),
            ),
            (
                Some("https://api.acme.ghe.com"),
                None,
                Some(("", "/graphql")),
            ),
            (
                Some("https://api.github.com"),
                Some("https://evil.example/graphql"),
                None,
            ),
            (
                Some("https://api.github.com"),
                Some("https://api.github.com:8443/graphql"),
                None,
            ),
            (Some("http://api.github.com"), None, None),
            (Some("api.github.com"), None, None),
        ] {
            let mut variables = vec![HERE];
            variables.extend(rest.map(|it| ("GITHUB_API_URL", it)));
            variables.extend(graphql.map(|it| ("GITHUB_GRAPHQL_URL", it)));
            let api = connect(&variables);
            let found = api.as_ref().ok();
            let found = found.map(|it| (it.rest.as_str(), it.graphql.as_str()));
            assert_eq!(found, paths, "{rest:?} {graphql:?}");
        }
    }

    #[test]
    fn a_repository_is_an_owner_and_a_name() {
        for (text, good) in [
            ("acme/gitops", true),
            ("acme/git.ops_2", true),
            ("acme/..", false),
            ("acme/a/b", false),
            ("acme/a?b", false),
            ("acme", false),
            ("/gitops", false),
            ("", false),
        ] {
            assert_eq!(
                connect(&[("GITHUB_REPOSITORY", text)]).is_ok(),
                good,
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_missing_is_said_for_the_token_that_is_there() {
        let own = connect(&[HERE, ("TOLLGATE_GITHUB_TOKEN", "a"), ("GITHUB_TOKEN", "b")]);
        let job = connect(&[HERE, ("GITHUB_TOKEN", "b")]);
        let other = connect(&[HERE, ("GH_TOKEN", "b")]);
        let none = connect(&[HERE]);
        let needs = |api: &Result<Api, Gap>, needs: Needs| {
            api.as_ref()
                .map(|it| it.lacks(needs))
                .unwrap_or_else(|gap| panic!("{gap:?}"))
        };
        for (api, part) in [
            (
                &own,
                "`Pull requests: read` for the token in `TOLLGATE_GITHUB_TOKEN`",
            ),
            (&job, "`pull-requests: read` under the job's `permissions:`"),
            (
                &other,
                "`pull-requests: read` under the job's `permissions:`",
            ),
            (&none, "${{ github.token }}"),
        ] {
            let text = needs(api, Needs::Requests);
            assert!(text.contains(part), "{text}");
        }
        let text = needs(&job, Needs::Administration);
        assert!(text.contains("Administration: read"), "{text}");
        assert!(text.contains("no key under `permissions:`"), "{text}");
        let text = needs(&own, Needs::Administration);
        assert!(!text.contains("no key"), "{text}");
    }
}
