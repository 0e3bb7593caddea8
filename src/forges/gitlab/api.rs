//! Where GitLab is, with which token it is asked, and what a token lacks.

use super::super::http::{Ask, Base, Client, Failed, Settings, Token, segment};
use super::super::{BUDGET, Environment, Question};
use crate::model::Gap;
use serde::de::DeserializeOwned;
use serde_json::Value;

/// Where the REST interface is when the job does not say.
const GITLAB_COM: &str = "https://gitlab.com/api/v4";

/// Variables that hold a token which the project's people made for this purpose.
const TOKENS: &[&str] = &["TOLLGATE_GITLAB_TOKEN", "GITLAB_TOKEN"];

/// What reading something takes. Source: GitLab's policies (`ProjectPolicy`,
/// `ProtectedBranchPolicy`) and "Permissions and roles".
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Needs {
    /// Seeing the project and its merge requests.
    Reporter,
    /// Seeing the project's settings.
    Maintainer,
    /// Seeing who is in a group.
    Group,
    /// Seeing the project that the merge request comes from.
    Source,
}

/// A project of a GitLab, and a token.
pub(super) struct Api {
    client: Client,
    /// The project's number, or its path.
    project: String,
    /// Whether the token is the job's own, which reaches a merge request and little else. Source:
    /// "CI/CD job token", job token access.
    job_token: bool,
    /// The project's path, where the job says it.
    path: Option<String>,
}

impl Api {
    /// What the variables of the job say. The project is the one that the merge request is for,
    /// which is not the one that it comes from.
    ///
    /// # Errors
    /// What is missing.
    pub(super) fn connect(environment: &Environment, question: &Question) -> Result<Self, Gap> {
        let address = environment.get("CI_API_V4_URL").unwrap_or(GITLAB_COM);
        let root = address.trim_end_matches('/').strip_suffix("/api/v4");
        let base = root
            .ok_or_else(|| "does not end in `/api/v4`".to_owned())
            .and_then(Base::parse)
            .map_err(|why| Gap {
                why: format!("GitLab cannot be asked: its address in `CI_API_V4_URL` {why}"),
                needs: "the address that GitLab itself gives to its jobs, over https".to_owned(),
            })?;
        let request = [
            "CI_MERGE_REQUEST_PROJECT_ID",
            "CI_MERGE_REQUEST_PROJECT_PATH",
        ];
        let own = ["CI_PROJECT_ID", "CI_PROJECT_PATH"];
        let project = (request.iter().chain(&own))
            .find_map(|it| environment.get(it))
            .ok_or_else(|| Gap {
                why: "GitLab cannot be asked: no variable names the project".to_owned(),
                needs: "a job of GitLab CI, which sets `CI_PROJECT_ID`".to_owned(),
            })?
            .to_owned();
        let path = ["CI_MERGE_REQUEST_PROJECT_PATH", "CI_PROJECT_PATH"]
            .iter()
            .find_map(|it| environment.get(it))
            .map(str::to_owned);
        let given = TOKENS.iter().find_map(|it| environment.get(it));
        let job_token = given.is_none();
        let credential = match (given, environment.get("CI_JOB_TOKEN")) {
            (Some(token), _) => Some(("authorization", "Bearer ", Token::parse(token)?)),
            (None, Some(token)) => Some(("job-token", "", Token::parse(token)?)),
            (None, None) => None,
        };
        let client = Client::new(Settings {
            base,
            credential,
            headers: &[("accept", "application/json")],
            budget: question.budget.unwrap_or(BUDGET),
        });
        Ok(Self {
            client,
            project,
            job_token,
            path,
        })
    }

    /// The host that is asked.
    pub(super) fn host(&self) -> &str {
        self.client.host()
    }

    /// The project's path as far as the job says it.
    pub(super) fn path(&self) -> Option<&str> {
        self.path.as_deref()
    }

    /// Whether the clocks here and there agree.
    pub(super) fn clocks_agree(&self) -> Result<(), Gap> {
        self.client.clocks_agree()
    }

    /// Path and query below the project.
    pub(super) fn of_project(&self, rest: &str) -> String {
        of_project(&self.project, rest)
    }

    /// One document; `path` is below the REST interface, as [`Api::of_project`] gives it.
    pub(super) fn get<T: DeserializeOwned>(
        &self,
        what: &str,
        path: &str,
        needs: Needs,
    ) -> Result<T, Failed> {
        self.client.get(&Ask {
            what,
            path: format!("/api/v4{path}"),
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
            path: format!("/api/v4{path}"),
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
    ) -> Result<T, Failed> {
        let ask = Ask {
            what,
            path: "/api/graphql".to_owned(),
            needs: &self.lacks(Needs::Reporter),
        };
        self.client.graphql(&ask, query, variables)
    }

    /// What would let a token read this.
    pub(super) fn lacks(&self, needs: Needs) -> String {
        let role = match needs {
            Needs::Reporter => "the role Reporter in the project",
            Needs::Maintainer => "the role Maintainer in the project",
            Needs::Group => "a role in the group",
            Needs::Source => "the role Reporter in the project that the merge request comes from",
        };
        if self.job_token {
            format!(
                "a project or group access token with the scope `read_api` and {role}, in the masked variable `TOLLGATE_GITLAB_TOKEN`; the job's own token does not reach this"
            )
        } else {
            format!("the scope `read_api` and {role} for the token")
        }
    }
}

/// Path below the REST interface of something in a project, which is named by number or path.
pub(super) fn of_project(project: &str, rest: &str) -> String {
    format!("/projects/{}{rest}", segment(project))
}
