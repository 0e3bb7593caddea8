//! A pull or merge request: two commits of a repository, the event or variables that a CI system
//! tells of it, and the binary run on it.

use super::server::Server;
use crate::support::{Repository, Verdict, command};
use serde_json::{Value, json};
use std::process::{Command, Output};

/// Stands for a secret: no output, file or request to another host may hold it.
pub(crate) const TOKEN: &str = "ghs_canary0123456789canary0123456789canary";

/// The person whose name stands in a commit.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Who(pub(crate) &'static str, pub(crate) &'static str);

/// A request for a change of `acme/gitops`, number 7, into `main`.
pub(crate) struct Change {
    pub(crate) repository: Repository,
    pub(crate) base: String,
    pub(crate) head: String,
    /// The branch that it would be merged into.
    pub(crate) branch: String,
}

impl Change {
    /// The commits `base` and `head` of a repository.
    pub(crate) fn new(repository: Repository, base: String, head: String) -> Self {
        Self {
            repository,
            base,
            head,
            branch: "main".to_owned(),
        }
    }

    /// A small repository with these settings in `tollgate.yaml`, and a change of production.
    pub(crate) fn of_production(settings: &str) -> Self {
        let repository = Repository::new();
        repository
            .write("tollgate.yaml", settings)
            .write("prod/kustomization.yaml", "resources: [map.yaml]\n")
            .write("prod/map.yaml", &map("one"))
            .write("dev/kustomization.yaml", "resources: [map.yaml]\n")
            .write("dev/map.yaml", &map("one"));
        let base = repository.commit("base");
        repository.write("prod/map.yaml", &map("two"));
        let head = repository.commit("head");
        Self::new(repository, base, head)
    }

    /// As [`Change::of_production`], with a head by this author and committer, and this message.
    pub(crate) fn by(settings: &str, author: Who, committer: Who, message: &str) -> Self {
        let mut change = Self::of_production(settings);
        change.head = rewrite(&change, author, committer, message);
        change
    }

    /// The binary in a job of GitHub Actions for this request, not started yet.
    pub(crate) fn command(&self, forge: &Server, arguments: &[&str]) -> Command {
        let folder = self.repository.path();
        let event = folder.join(".git/event.json");
        let text = json!({
            "action": "synchronize",
            "number": 7,
            "pull_request": {
                "number": 7,
                "head": {"sha": self.head, "ref": "change"},
                "base": {"sha": self.base, "ref": self.branch},
            },
            "repository": {"full_name": "acme/gitops", "default_branch": "main"},
        });
        std::fs::write(&event, text.to_string()).expect("the event is written");
        let mut command = command(folder, arguments);
        command
            .env("CI", "true")
            .env("GITHUB_ACTIONS", "true")
            .env("GITHUB_EVENT_NAME", "pull_request")
            .env("GITHUB_EVENT_PATH", &event)
            .env("GITHUB_BASE_REF", &self.branch)
            .env("GITHUB_HEAD_REF", "change")
            .env("GITHUB_REF", "refs/pull/7/merge");
        for (name, value) in github_environment(forge) {
            command.env(name, value);
        }
        command
    }

    /// Run it.
    pub(crate) fn run(&self, forge: &Server, arguments: &[&str]) -> Output {
        let output = self.command(forge, arguments).output();
        let output = output.expect("the binary runs");
        for stream in [&output.stdout, &output.stderr] {
            assert!(
                !String::from_utf8_lossy(stream).contains(TOKEN),
                "the token was printed"
            );
        }
        output
    }

    /// `tollgate check` in the merge queue, of the merge of the request into its base that GitHub makes
    /// there.
    pub(crate) fn ask_in_queue(&self, forge: &Server) -> Verdict {
        let repository = git2::Repository::open(self.repository.path()).expect("the repository");
        let commit = |id: &str| {
            let id = git2::Oid::from_str(id).expect("an id");
            repository.find_commit(id).expect("a commit")
        };
        let (base, head) = (commit(&self.base), commit(&self.head));
        let tree = head.tree().expect("its tree");
        let github = git2::Signature::new("GitHub", "noreply@github.com", &head.time());
        let github = github.expect("a name");
        let merge = repository
            .commit(None, &github, &github, "merge", &tree, &[&base, &head])
            .expect("a merge");
        let (onto, branch) = (&self.base, &self.branch);
        let event = self.repository.path().join(".git/queue.json");
        let text = json!({
            "action": "checks_requested",
            "merge_group": {
                "base_sha": onto,
                "base_ref": format!("refs/heads/{branch}"),
                "head_sha": merge.to_string(),
                "head_ref": format!("refs/heads/gh-readonly-queue/{branch}/pr-7-{onto}"),
            },
            "repository": {"full_name": "acme/gitops", "default_branch": "main"},
        });
        std::fs::write(&event, text.to_string()).expect("the event is written");
        let mut command = self.command(forge, &["check", "--format", "json"]);
        command
            .env("GITHUB_EVENT_NAME", "merge_group")
            .env("GITHUB_EVENT_PATH", &event)
            .env_remove("GITHUB_BASE_REF")
            .env_remove("GITHUB_HEAD_REF");
        Verdict::read(&command.output().expect("the binary runs"))
    }

    /// `tollgate check`: what it says, and what the forge told it.
    pub(crate) fn ask(&self, forge: &Server, arguments: &[&str]) -> (Verdict, Value) {
        let file = self.repository.path().join(".git/facts.json");
        let path = file.display().to_string();
        let all = ["check", "--format", "json", "--facts-out", &path];
        let output = self.run(forge, &[&all[..], arguments].concat());
        let facts =
            std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{error}: {output:?}"));
        assert!(!facts.contains(TOKEN), "the token is in the facts");
        let facts: Value = serde_json::from_str(&facts).expect("JSON");
        let told = facts["content"]["facts"]["forge"].clone();
        assert!(told.is_object(), "the forge was not asked");
        (Verdict::read(&output), told)
    }
}

/// The variables by which a job of GitHub Actions finds its forge, with a token.
pub(crate) fn github_environment(forge: &Server) -> Vec<(&'static str, String)> {
    vec![
        ("GITHUB_API_URL", forge.url()),
        ("GITHUB_GRAPHQL_URL", format!("{}/graphql", forge.url())),
        ("GITHUB_SERVER_URL", "https://github.com".to_owned()),
        ("GITHUB_REPOSITORY", "acme/gitops".to_owned()),
        ("GITHUB_REPOSITORY_OWNER", "acme".to_owned()),
        ("GITHUB_TOKEN", TOKEN.to_owned()),
    ]
}

fn map(value: &str) -> String {
    format!("apiVersion: v1\nkind: ConfigMap\nmetadata:\n  name: web\ndata:\n  a: {value}\n")
}

/// The head once more, by other people.
fn rewrite(change: &Change, author: Who, committer: Who, message: &str) -> String {
    let repository = git2::Repository::open(change.repository.path()).expect("the repository");
    let id = |it: &str| git2::Oid::from_str(it).expect("an id");
    let base = repository.find_commit(id(&change.base)).expect("the base");
    let head = repository.find_commit(id(&change.head)).expect("the head");
    let sign = |who: Who| {
        git2::Signature::new(who.0, who.1, &git2::Time::new(1_700_000_100, 0)).expect("a name")
    };
    let tree = head.tree().expect("its tree");
    repository
        .commit(
            None,
            &sign(author),
            &sign(committer),
            message,
            &tree,
            &[&base],
        )
        .expect("a commit")
        .to_string()
}
