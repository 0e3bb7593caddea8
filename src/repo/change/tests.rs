//! Which two trees: flags, GitHub, GitLab, a clone at home, and clones that lack what is asked for.

use super::*;
use crate::repo::{
    GitTree,
    testing::{TestRepo, path},
};
use git2::Oid;
use std::io::Write;
use tempfile::NamedTempFile;
use tollgate_kustomize::Files;

/// A story with a fork:
///
/// ```text
/// root -- fork -- newest      main, origin/main
///             \-- proposal    feature (HEAD)
/// ```
struct Story {
    repo: TestRepo,
    root: Oid,
    fork: Oid,
    newest: Oid,
    proposal: Oid,
}

impl Story {
    fn new() -> Self {
        let mut repo = TestRepo::new();
        let root = repo.file("a", "1").commit("refs/heads/main", &[]);
        let fork = repo.file("a", "2").commit("refs/heads/main", &[root]);
        let proposal = repo.file("b", "new").commit("refs/heads/feature", &[fork]);
        let newest = repo
            .remove("b")
            .file("a", "3")
            .commit("refs/heads/main", &[fork]);
        repo.git
            .reference("refs/remotes/origin/main", newest, true, "test")
            .expect("a reference");
        repo.git.set_head("refs/heads/feature").expect("a branch");
        Self {
            repo,
            root,
            fork,
            newest,
            proposal,
        }
    }

    fn resolve(&self, ask: &Ask<'_>) -> Result<Change, RepoError> {
        resolve(&self.repo.objects(), ask)
    }

    /// Commit ids as the names of this story, and whether the head is a merge.
    fn shown(&self, change: &Change) -> String {
        let name = |id: &str| {
            let all = [
                ("root", self.root),
                ("fork", self.fork),
                ("newest", self.newest),
                ("proposal", self.proposal),
            ];
            let found = all.iter().find(|(_, it)| it.to_string() == id);
            found.map_or_else(|| "other".to_owned(), |(name, _)| (*name).to_owned())
        };
        let head = match &change.head {
            Head::Commit(head) => name(&head.commit),
            Head::Behind(head) => format!("{} behind", name(&head.commit)),
            Head::Merged(head) => format!("{} merged", name(&head.commit)),
            Head::WorkingTree => "work tree".to_owned(),
        };
        format!("{}..{head}", name(&change.base.commit))
    }

    /// Cut history behind a commit, as a shallow clone does.
    fn cut(&self, at: Oid) {
        std::fs::write(self.repo.git.path().join("shallow"), format!("{at}\n")).expect("a file");
    }
}

fn environment(pairs: &[(&str, &str)]) -> BTreeMap<String, String> {
    pairs
        .iter()
        .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
        .collect()
}

fn in_ci(pairs: &[(&str, &str)]) -> Ask<'static> {
    Ask {
        environment: environment(pairs),
        ..Ask::default()
    }
}

fn event(text: &str) -> NamedTempFile {
    let mut file = NamedTempFile::new().expect("a file");
    file.write_all(text.as_bytes()).expect("written");
    file
}

fn at(file: &NamedTempFile) -> &str {
    file.path().to_str().expect("UTF-8")
}

#[test]
fn revisions_that_the_user_names() {
    let story = Story::new();
    let short = story.fork.to_string()[..8].to_owned();
    for (base, head, want) in [
        (Some("main"), Some("feature"), "newest..proposal merged"),
        (Some("main"), None, "newest..proposal merged"),
        (None, Some("feature"), "fork..proposal"),
        (None, None, "fork..proposal"),
        (Some("feature~1"), None, "fork..proposal"),
        (Some(short.as_str()), Some("main"), "fork..newest"),
        (Some("main"), Some("main~2"), "newest..root behind"),
        (Some("HEAD"), Some("HEAD"), "proposal..proposal"),
    ] {
        let change = story
            .resolve(&Ask {
                base,
                head,
                ..Ask::default()
            })
            .expect("both are there");
        assert_eq!(story.shown(&change), want, "{base:?}..{head:?}");
        assert!(change.can_be_handed_off());
    }
}

#[test]
fn the_head_that_is_judged_is_what_the_base_would_become() {
    let story = Story::new();
    let objects = story.repo.objects();
    let ask = Ask {
        base: Some("main"),
        ..Ask::default()
    };
    let change = resolve(&objects, &ask).expect("a merge");
    let head = change.head.revision().expect("a commit");
    let file = |tree: &str, name: &str| {
        let tree = GitTree::read(&objects, tree).expect("a tree");
        let bytes = tree.read(&path(name)).expect("readable");
        bytes.map(|it| String::from_utf8_lossy(&it).into_owned())
    };
    assert_eq!(file(&head.tree, "a").as_deref(), Some("3"));
    assert_eq!(file(&head.tree, "b").as_deref(), Some("new"));
    assert_eq!(file(&change.base.tree, "a").as_deref(), Some("3"));
    // It is in memory and nowhere else.
    let id = Oid::from_str(&head.tree).expect("an id");
    assert!(story.repo.git.find_tree(id).is_err());
}

#[test]
fn what_does_not_merge_is_no_change() {
    let mut story = Story::new();
    let clash = story
        .repo
        .file("a", "4")
        .commit("refs/heads/clash", &[story.fork]);
    let error = story
        .resolve(&Ask {
            base: Some("main"),
            head: Some(&clash.to_string()),
            ..Ask::default()
        })
        .expect_err("a conflict");
    assert_eq!(
        error.message,
        "head does not merge into base: conflict in `a` (both sides change the same lines)"
    );
    let other = story.repo.file("z", "z").commit("refs/heads/other", &[]);
    let error = story
        .resolve(&Ask {
            base: Some("main"),
            head: Some(&other.to_string()),
            ..Ask::default()
        })
        .expect_err("unrelated");
    assert!(error.message.contains("no history in common"), "{error}");
}

#[test]
fn names_that_are_no_commits() {
    let story = Story::new();
    let blob = story.repo.blob("x").to_string();
    for bad in [
        "none",
        "",
        "--upload-pack=x",
        "main..feature",
        "v1\u{1b}[2J",
        blob.as_str(),
        "HEAD~99",
        "main:a",
    ] {
        let error = story
            .resolve(&Ask {
                base: Some(bad),
                ..Ask::default()
            })
            .expect_err(bad);
        assert!(
            error.message.contains("is no commit of this clone"),
            "{bad}: {error}"
        );
        assert!(!error.message.contains('\u{1b}'));
        assert!(error.help.is_some());
    }
    let empty = TestRepo::new();
    assert!(resolve(&empty.objects(), &Ask::default()).is_err());
}

#[test]
fn pull_requests_of_github() {
    let mut story = Story::new();
    let pull = event(&format!(
        "{{\"number\":7,\"pull_request\":{{\"base\":{{\"sha\":\"{}\",\"ref\":\"main\"}},\"head\":{{\"sha\":\"{}\"}}}}}}",
        story.fork, story.proposal
    ));
    let actions = [
        ("GITHUB_ACTIONS", "true"),
        ("GITHUB_EVENT_NAME", "pull_request"),
        ("GITHUB_BASE_REF", "main"),
        ("GITHUB_EVENT_PATH", at(&pull)),
    ];
    let change = story.resolve(&in_ci(&actions)).expect("both are there");
    assert_eq!(
        (story.shown(&change).as_str(), change.source),
        ("newest..proposal merged", Source::GitHubPullRequest)
    );
    assert_eq!(change.base.name, "main");

    // The merge that GitHub checks out.
    let merge = story
        .repo
        .file("b", "new")
        .commit("refs/heads/merge", &[story.newest, story.proposal])
        .to_string();
    let mut with_merge = actions.to_vec();
    with_merge.push(("GITHUB_SHA", &merge));
    let change = story.resolve(&in_ci(&with_merge)).expect("a merge");
    assert_eq!(story.shown(&change), "newest..other");
    assert_eq!(change.head.revision().expect("a commit").commit, merge);

    // A merge of something else says nothing about this pull request.
    let other = story
        .repo
        .commit("refs/heads/merge", &[story.newest, story.root])
        .to_string();
    let mut with_other = actions.to_vec();
    with_other.push(("GITHUB_SHA", &other));
    assert_eq!(
        story.shown(&story.resolve(&in_ci(&with_other)).expect("resolves")),
        "newest..proposal merged"
    );

    // Flags win over the environment.
    let flags = Ask {
        base: Some("main~1"),
        ..in_ci(&actions)
    };
    assert_eq!(
        story.resolve(&flags).expect("resolves").source,
        Source::Named
    );
}

/// A merge that somebody put something into besides what its parents hold.
#[test]
fn a_merge_of_the_ci_system_is_the_merge_of_its_parents() {
    let mut story = Story::new();
    let pull = event(&format!(
        "{{\"number\":7,\"pull_request\":{{\"base\":{{\"sha\":\"{}\",\"ref\":\"main\"}},\"head\":{{\"sha\":\"{}\"}}}}}}",
        story.fork, story.proposal
    ));
    let parents = [story.newest, story.proposal];
    for (text, more, want) in [
        ("new", None, None),
        ("other", None, Some("`b` differs")),
        ("new", Some("c"), Some("`c` differs")),
    ] {
        story.repo.file("a", "3").file("b", text);
        if let Some(more) = more {
            story.repo.file(more, "more");
        }
        let merge = story.repo.commit("refs/heads/merge", &parents).to_string();
        let ask = in_ci(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", at(&pull)),
            ("GITHUB_SHA", &merge),
        ]);
        let found = story.resolve(&ask).err().map(|it| it.message);
        match want {
            None => assert_eq!(found, None),
            Some(want) => {
                let message = found.expect("it differs");
                assert!(
                    message.contains("is not the merge of its parents"),
                    "{message}"
                );
                assert!(message.ends_with(want), "{message}");
            }
        }
    }
}

/// A tag that somebody pushes does not take the place of a branch.
#[test]
fn a_name_of_several_things_is_refused_with_their_full_names() {
    let story = Story::new();
    let git = &story.repo.git;
    let refer = |name: &str| drop(git.reference(name, story.root, true, "test").expect("new"));
    let short = story.fork.to_string()[..7].to_owned();
    refer("refs/tags/origin/main");
    refer("refs/tags/feature");
    refer("refs/tags/HEAD");
    refer(&format!("refs/tags/{short}"));
    refer("refs/heads/both");
    git.reference("refs/remotes/both", story.newest, true, "test")
        .expect("new");
    let base = |name: &str| {
        let ask = Ask {
            base: Some(name),
            head: Some("HEAD"),
            ..Ask::default()
        };
        story.resolve(&ask).map(|it| story.shown(&it))
    };
    for (name, help) in [
        (
            "origin/main",
            "`refs/tags/origin/main`, `refs/remotes/origin/main`".to_owned(),
        ),
        (
            "origin/main~1",
            "`refs/tags/origin/main~1`, `refs/remotes/origin/main~1`".to_owned(),
        ),
        (
            "feature",
            "`refs/tags/feature`, `refs/heads/feature`".to_owned(),
        ),
        (
            short.as_str(),
            format!("`refs/tags/{short}`, `{}`", story.fork),
        ),
    ] {
        let error = base(name).expect_err(name);
        assert_eq!(error.message, format!("`{name}` is the name of 2 things"));
        let help = format!("name one of them in full: {help}");
        assert_eq!(error.help.as_deref(), Some(help.as_str()));
    }
    // What is on the server counts for BASE, and a full name or id is what it says.
    for (name, want) in [
        ("both", "newest..proposal merged"),
        ("refs/remotes/origin/main", "newest..proposal merged"),
        ("refs/tags/origin/main", "root..proposal"),
        (&story.fork.to_string(), "fork..proposal"),
        ("main~1", "fork..proposal"),
    ] {
        assert_eq!(base(name).expect(name), want, "{name}");
    }
    let head = Ask {
        base: Some("main"),
        head: Some("both"),
        ..Ask::default()
    };
    let error = story.resolve(&head).expect_err("two branches");
    assert_eq!(
        error.help.as_deref(),
        Some("name one of them in full: `refs/heads/both`, `refs/remotes/both`")
    );
}

#[test]
fn what_brings_nothing_is_told_with_both_sides() {
    let story = Story::new();
    let ask = |base: &'static str, head: &'static str| {
        let ask = Ask {
            base: Some(base),
            head: Some(head),
            ..Ask::default()
        };
        let change = story.resolve(&ask).expect("resolves");
        change.nothing_to_judge(false).map(|it| it.message)
    };
    let short = |id: Oid| id.to_string()[..12].to_owned();
    assert_eq!(
        ask("main", "HEAD~1").as_deref(),
        Some(&*format!(
            "nothing to judge: the head `HEAD~1` ({}) is behind its base `main` ({}), which has it already",
            short(story.fork),
            short(story.newest)
        ))
    );
    assert_eq!(
        ask("feature", "HEAD").as_deref(),
        Some(&*format!(
            "nothing to judge: the base `feature` ({0}) and the head `HEAD` ({0}) are one commit",
            short(story.proposal)
        ))
    );
    assert_eq!(ask("main", "feature"), None);
    let change = story.resolve(&Ask::default()).expect("resolves");
    let same = change.nothing_to_judge(true).expect("nothing");
    assert!(
        same.nothing && same.message.contains("changes no file of its base"),
        "{same}"
    );
    assert!(same.help.is_some_and(|it| it.contains("--working-tree")));
}

#[test]
fn a_merge_group_is_the_request_that_it_merges() {
    let mut story = Story::new();
    let parents = [story.newest, story.proposal];
    let merge = (story.repo.file("b", "new").file("a", "3")).commit("refs/heads/queue", &parents);
    let squash = story.repo.commit("refs/heads/squash", &[story.newest]);
    let ask = |head: Oid, base_ref: &str, head_ref: &str| {
        let text = serde_json::json!({"merge_group": {
            "base_sha": story.newest.to_string(), "head_sha": head.to_string(),
            "base_ref": base_ref, "head_ref": head_ref,
        }});
        let file = event(&text.to_string());
        let ask = in_ci(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "merge_group"),
            ("GITHUB_EVENT_PATH", at(&file)),
        ]);
        story.resolve(&ask).expect("resolves")
    };
    let queue = |branch: &str, name: &str| format!("refs/heads/gh-readonly-queue/{branch}/{name}");
    let pr = format!("pr-7-{}", story.newest);
    let change = ask(merge, "refs/heads/main", &queue("main", &pr));
    let proposal = change.proposal.expect("a request");
    assert_eq!((proposal.number, proposal.branch.as_str()), (7, "main"));
    assert_eq!(proposal.head, story.proposal.to_string());
    // What GitHub's merge is made of is not a commit that the request brings.
    let commits = change.commits.get().expect("known");
    let ids: Vec<&str> = commits.iter().map(|it| it.id.as_str()).collect();
    assert_eq!(ids, [story.proposal.to_string()]);
    let Head::Commit(head) = change.head else {
        panic!("{:?}", change.head)
    };
    assert_eq!(head.commit, merge.to_string());
    // A branch may have slashes in its name.
    let release = queue("release/1.0", &pr);
    let change = ask(merge, "refs/heads/release/1.0", &release);
    assert_eq!(
        change.proposal.map(|it| it.branch).as_deref(),
        Some("release/1.0")
    );
    let other = format!("pr-7-{}", story.fork);
    for (head, base_ref, head_ref) in [
        // Nothing in git says what was squashed.
        (squash, "refs/heads/main", queue("main", &pr)),
        (merge, "refs/heads/main", queue("main", &other)),
        (merge, "refs/heads/main", queue("dev", &pr)),
        (merge, "refs/heads/main", queue("main", "pr-x-1")),
        (merge, "refs/heads/main", format!("refs/heads/{pr}")),
        (merge, "main", queue("main", &pr)),
        (merge, "", String::new()),
    ] {
        let change = ask(head, base_ref, &head_ref);
        assert_eq!(change.proposal, None, "{base_ref} {head_ref}");
    }
}

#[test]
fn other_events_of_github() {
    let story = Story::new();
    let table = [
        (
            "merge_group",
            format!(
                "{{\"merge_group\":{{\"base_sha\":\"{}\",\"head_sha\":\"{}\"}}}}",
                story.fork, story.newest
            ),
            Ok("fork..newest"),
        ),
        (
            "push",
            format!(
                "{{\"before\":\"{}\",\"after\":\"{}\"}}",
                story.fork, story.newest
            ),
            Ok("fork..newest"),
        ),
        (
            "push",
            format!(
                "{{\"before\":\"{}\",\"after\":\"{}\"}}",
                "0".repeat(40),
                story.newest
            ),
            Err("the commit before the push is not known to the CI system"),
        ),
        (
            "schedule",
            "{\"schedule\":\"0 0 * * *\"}".to_owned(),
            Err("the event `schedule` of GitHub is no change"),
        ),
        (
            "pull_request",
            "{\"pull_request\":{}}".to_owned(),
            Err("cannot read the event of GitHub"),
        ),
        (
            "pull_request",
            "not json".to_owned(),
            Err("cannot read the event of GitHub"),
        ),
        // A branch may be called anything: ids are ids and nothing else is looked up.
        (
            "pull_request",
            "{\"pull_request\":{\"base\":{\"sha\":\"main\"},\"head\":{\"sha\":\"feature\"}}}"
                .to_owned(),
            Err("the head of the pull request (`feature`) is not in this clone"),
        ),
    ];
    for (name, text, want) in table {
        let file = event(&text);
        let ask = in_ci(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", name),
            ("GITHUB_EVENT_PATH", at(&file)),
        ]);
        match (story.resolve(&ask), want) {
            (Ok(change), Ok(want)) => assert_eq!(story.shown(&change), want, "{name}"),
            (Err(error), Err(want)) => assert!(error.message.starts_with(want), "{name}: {error}"),
            (got, want) => panic!("{name}: {got:?} instead of {want:?}"),
        }
    }
    assert!(
        story
            .resolve(&in_ci(&[("GITHUB_ACTIONS", "true")]))
            .is_err(),
        "no event"
    );
}

#[test]
fn merge_requests_of_gitlab() {
    let story = Story::new();
    let (root, fork, newest, proposal) = (
        story.root.to_string(),
        story.fork.to_string(),
        story.newest.to_string(),
        story.proposal.to_string(),
    );
    let base = [
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", proposal.as_str()),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", fork.as_str()),
    ];
    for (more, want) in [
        (
            vec![("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main")],
            "newest..proposal merged",
        ),
        (
            vec![("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "gone")],
            "fork..proposal",
        ),
        (
            vec![("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", newest.as_str())],
            "newest..proposal merged",
        ),
        (
            vec![("CI_MERGE_REQUEST_TARGET_BRANCH_SHA", "")],
            "fork..proposal",
        ),
    ] {
        let mut pairs = base.to_vec();
        pairs.extend(more);
        let change = story.resolve(&in_ci(&pairs)).expect("all are there");
        assert_eq!(
            (story.shown(&change).as_str(), change.source),
            (want, Source::GitLabMergeRequest),
            "{pairs:?}"
        );
    }
    // A kept clone whose target is older than the fork: rules do not go back in time.
    let old = story
        .repo
        .git
        .reference("refs/remotes/origin/main", story.root, true, "test");
    old.expect("a reference");
    let mut pairs = base.to_vec();
    pairs.push(("CI_MERGE_REQUEST_TARGET_BRANCH_NAME", "main"));
    assert_eq!(
        story.shown(&story.resolve(&in_ci(&pairs)).expect("resolves")),
        "fork..proposal"
    );
    let error = story
        .resolve(&in_ci(&[("GITLAB_CI", "true"), ("CI_COMMIT_SHA", &root)]))
        .expect_err("a branch pipeline");
    assert!(error.message.contains("no merge request"), "{error}");
}

#[test]
fn the_default_branch_of_a_clone() {
    let story = Story::new();
    let git = &story.repo.git;
    git.reference("refs/remotes/origin/trunk", story.root, true, "test")
        .expect("a reference");
    git.reference_symbolic(
        "refs/remotes/origin/HEAD",
        "refs/remotes/origin/trunk",
        true,
        "test",
    )
    .expect("a reference");
    let change = story.resolve(&Ask::default()).expect("resolves");
    assert_eq!(
        (story.shown(&change).as_str(), change.base.name.as_str()),
        ("root..proposal", "fork from origin/HEAD")
    );
    assert_eq!(change.source, Source::Local);

    let mut lonely = TestRepo::new();
    lonely.file("a", "1").commit("refs/heads/topic", &[]);
    lonely.git.set_head("refs/heads/topic").expect("a branch");
    let error = resolve(&lonely.objects(), &Ask::default()).expect_err("nothing to compare with");
    assert_eq!(error.help.as_deref(), Some("name the base with `--base`"));
}

#[test]
fn the_work_tree_is_never_handed_off() {
    let story = Story::new();
    let change = story
        .resolve(&Ask {
            working_tree: true,
            ..Ask::default()
        })
        .expect("resolves");
    assert_eq!(story.shown(&change), "fork..work tree");
    assert!(!change.can_be_handed_off() && change.head.revision().is_none());
    let named = Ask {
        working_tree: true,
        base: Some("main"),
        ..Ask::default()
    };
    assert_eq!(
        story.shown(&story.resolve(&named).expect("resolves")),
        "newest..work tree"
    );
    assert!(
        story
            .resolve(&Ask {
                working_tree: true,
                head: Some("main"),
                ..Ask::default()
            })
            .is_err()
    );
}

#[test]
fn what_a_clone_lacks_is_said_with_what_to_fetch() {
    let story = Story::new();
    story.cut(story.newest);
    let gone = "a".repeat(40);
    let pull = |base: &str| {
        event(&format!(
            "{{\"pull_request\":{{\"base\":{{\"sha\":\"{base}\"}},\"head\":{{\"sha\":\"{}\"}}}}}}",
            story.proposal
        ))
    };
    let github = |file: &NamedTempFile| {
        let ask = in_ci(&[
            ("GITHUB_ACTIONS", "true"),
            ("GITHUB_EVENT_NAME", "pull_request"),
            ("GITHUB_EVENT_PATH", at(file)),
        ]);
        story.resolve(&ask).expect_err("not there")
    };
    let missing = github(&pull(&gone));
    assert!(
        missing.message.contains("is not in this clone"),
        "{missing}"
    );
    assert_eq!(
        missing.help.as_deref(),
        Some("give `actions/checkout` the setting `fetch-depth: 0`")
    );
    let parted = github(&pull(&story.newest.to_string()));
    assert!(parted.message.contains("the clone is shallow"), "{parted}");
    let gitlab = in_ci(&[
        ("GITLAB_CI", "true"),
        ("CI_COMMIT_SHA", &gone),
        ("CI_MERGE_REQUEST_DIFF_BASE_SHA", &gone),
    ]);
    let gitlab = story.resolve(&gitlab).expect_err("not there");
    assert_eq!(
        gitlab.help.as_deref(),
        Some("give the job the variable `GIT_DEPTH: \"0\"`")
    );
    let local = story.resolve(&Ask::default()).expect_err("cut");
    assert_eq!(local.help.as_deref(), Some("run `git fetch --unshallow`"));
}
