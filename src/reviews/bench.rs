//! Everybody who reviewed the change: what they say now, and whether that can count.

use super::{
    binding::{Bound, bind},
    groups, short,
};
use crate::{
    config::{ApprovalBind, ApprovalDefaults, Config, Permission},
    model::{
        Access, Account, AccountKind, CommitFacts, Contributor, Facts, Gap, Known, Request, Review,
        ReviewState,
    },
};
use std::collections::{BTreeMap, BTreeSet};

/// Everybody who reviewed a change, and who made it.
pub struct Bench<'a> {
    pub(super) bound: Bound<'a>,
    pub(super) config: &'a Config,
    /// What makes an approval count here.
    defaults: ApprovalDefaults,
    /// One entry an account, in the order of their numbers.
    pub reviewers: Vec<Reviewer<'a>>,
    /// Accounts that opened the request, pushed it or had a hand in a commit.
    pub(super) makers: Vec<&'a Account>,
    /// Approvals of accounts that are gone. They count for nothing.
    pub gone: usize,
    /// How many people had a hand in the change whom nobody can name; `None`: any number. An
    /// approver may be one of them.
    pub(super) unnamed: Option<usize>,
    /// Why: one entry a reason.
    pub unnamed_why: Vec<Gap>,
}

/// An account that reviewed the change.
pub struct Reviewer<'a> {
    /// Whose.
    pub account: &'a Account,
    /// What it says now.
    pub opinion: Opinion,
    /// Why nothing that it says can count.
    pub(super) no_say: Vec<String>,
    /// Why its approval cannot count.
    pub(super) no_approval: Vec<String>,
    /// Whether its approval is for an older commit, and nothing else is wrong with it.
    pub(super) stale: bool,
    /// What is not known of it and decides whether it has a say.
    pub(super) gaps: Vec<Gap>,
}

/// What an account says of the change, after everything that it said.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opinion {
    /// Yes; the commit that was reviewed, if the forge knows it.
    Approves(Option<String>),
    /// Not like this. It stands until the same account says something else or it is dismissed,
    /// whatever is pushed: GitHub's rule.
    Objects,
    /// Nothing: what it said last was taken back. Nothing that it said before comes back.
    Dismissed,
    /// It never said yes or no.
    Commented,
}

/// Somebody who wants something else.
pub struct Objection<'a> {
    /// Who.
    pub account: &'a Account,
    /// What must be known before it is clear that the objection has any weight.
    pub gaps: &'a [Gap],
}

impl<'a> Bench<'a> {
    /// Call everybody in.
    ///
    /// # Errors
    /// Why nobody can tell who agreed to what is judged.
    pub fn convene(facts: &'a Facts, config: &'a Config) -> Result<Self, Gap> {
        Self::convene_as(facts, config, defaults(config))
    }

    /// The same for what skips other demands: only people count, and only for the commit that is
    /// judged, whatever the configuration says of other approvals.
    ///
    /// # Errors
    /// As [`Bench::convene`].
    pub fn convene_strictly(facts: &'a Facts, config: &'a Config) -> Result<Self, Gap> {
        let strict = ApprovalDefaults {
            bind: ApprovalBind::Head,
            bots: false,
            ..defaults(config)
        };
        Self::convene_as(facts, config, strict)
    }

    fn convene_as(
        facts: &'a Facts,
        config: &'a Config,
        defaults: ApprovalDefaults,
    ) -> Result<Self, Gap> {
        let bound = bind(facts)?;
        let reviews = bound.forge.reviews.get().map_err(Clone::clone)?;
        let authors = Authors::of(facts, &bound);
        let (opinions, gone) = fold(reviews);
        let reviewers = opinions.into_values().map(|(account, opinion)| {
            let mut reviewer = Reviewer {
                account,
                opinion,
                no_say: Vec::new(),
                no_approval: authors
                    .hands
                    .get(&account.id)
                    .cloned()
                    .into_iter()
                    .collect(),
                stale: false,
                gaps: Vec::new(),
            };
            reviewer.person(config, &defaults);
            let access = bound.forge.permissions.get(&account.id);
            reviewer.permission(access, defaults.min_permission);
            reviewer.bind(bound.head, &defaults);
            reviewer
        });
        let reviewers = reviewers.collect();
        Ok(Self {
            config,
            reviewers,
            defaults,
            gone,
            makers: authors.accounts,
            unnamed: authors.unnamed,
            unnamed_why: authors.why,
            bound,
        })
    }

    /// The permission that an approver needs.
    pub fn least(&self) -> Permission {
        self.defaults.min_permission
    }

    /// The request that is reviewed.
    pub fn request(&self) -> &'a Request {
        self.bound.request
    }

    /// Objections that have weight, or may have: those of accounts whose approval would have it, the
    /// makers of the change included.
    pub fn objections(&self) -> impl Iterator<Item = Objection<'_>> {
        let objects = |it: &&Reviewer<'_>| it.opinion == Opinion::Objects && it.no_say.is_empty();
        self.reviewers.iter().filter(objects).map(|it| Objection {
            account: it.account,
            gaps: &it.gaps,
        })
    }
}

impl Reviewer<'_> {
    /// Why its approval counts for no rule; `None` where it does for some.
    pub fn why_not(&self) -> Option<String> {
        let why = match &self.opinion {
            Opinion::Approves(_) => {
                let all = self.no_approval.iter().chain(&self.no_say);
                let all: Vec<&str> = all.map(String::as_str).collect();
                if all.is_empty() {
                    return None;
                }
                all.join(" and ")
            }
            Opinion::Objects => "asks for changes".to_owned(),
            Opinion::Dismissed => "gave a review that was dismissed".to_owned(),
            Opinion::Commented => "only commented".to_owned(),
        };
        Some(why)
    }

    /// Accounts that are no people count where the configuration wants them to, and then by name.
    fn person(&mut self, config: &Config, defaults: &ApprovalDefaults) {
        if self.account.kind == AccountKind::Person {
            return;
        }
        if !defaults.bots {
            self.no_say.push("is no person".to_owned());
        } else if !config
            .groups
            .values()
            .any(|it| groups::names(it, self.account))
        {
            let why = "is no person, and no group lists it by name";
            self.no_say.push(why.to_owned());
        }
    }

    fn permission(&mut self, access: Option<&Known<Access>>, least: Permission) {
        match access {
            Some(Known::Known(it)) if *it >= access_of(least) => {}
            Some(Known::Known(it)) => {
                self.no_say
                    .push(format!("may {}, and `{least}` is needed", can(*it)));
            }
            Some(Known::Unknown(gap)) => self.gaps.push(gap.clone()),
            None => self.gaps.push(Gap {
                why: format!("nobody asked what `{}` may do", self.account.login),
                needs: "a run that asks the forge about every reviewer".to_owned(),
            }),
        }
    }

    fn bind(&mut self, head: &str, defaults: &ApprovalDefaults) {
        let Opinion::Approves(commit) = &self.opinion else {
            return;
        };
        if defaults.bind == ApprovalBind::PullRequest || commit.as_deref() == Some(head) {
            return;
        }
        let why = match commit {
            Some(commit) => format!("approved the older commit {}", short(commit)),
            None => "approved a commit that the forge cannot name any more".to_owned(),
        };
        self.stale = self.no_approval.is_empty() && self.no_say.is_empty();
        self.no_approval.push(why);
    }
}

/// What makes an approval count.
fn defaults(config: &Config) -> ApprovalDefaults {
    let approvals = config.approvals.as_ref();
    approvals.map_or_else(ApprovalDefaults::default, |it| it.defaults.clone())
}

/// The last word of each account: approval, objection or dismissal. Comments change nothing. Also the
/// number of approvals whose account is gone.
fn fold(reviews: &[Review]) -> (BTreeMap<u64, (&Account, Opinion)>, usize) {
    let mut opinions: BTreeMap<u64, (&Account, Opinion)> = BTreeMap::new();
    let mut gone = 0;
    for review in reviews {
        let Some(account) = &review.account else {
            gone += usize::from(review.state == ReviewState::Approved);
            continue;
        };
        let new = match review.state {
            ReviewState::Approved => Opinion::Approves(review.commit.clone()),
            ReviewState::ChangesRequested => Opinion::Objects,
            ReviewState::Dismissed => Opinion::Dismissed,
            ReviewState::Commented => {
                opinions
                    .entry(account.id)
                    .or_insert((account, Opinion::Commented));
                continue;
            }
        };
        opinions.insert(account.id, (account, new));
    }
    (opinions, gone)
}

/// Who made the change. The forge goes by addresses in commits, and anybody can write any address
/// there: it can make somebody a contributor who is none, which costs an approval, and it can hide
/// one. Who opened the request and who pushed is not forgeable.
struct Authors<'a> {
    /// What each account did: the first thing that is known of it.
    hands: BTreeMap<u64, String>,
    accounts: Vec<&'a Account>,
    unnamed: Option<usize>,
    why: Vec<Gap>,
    addresses: BTreeSet<&'a str>,
}

impl<'a> Authors<'a> {
    fn of(facts: &'a Facts, bound: &Bound<'a>) -> Self {
        let mut authors = Self {
            hands: BTreeMap::new(),
            accounts: Vec::new(),
            unnamed: Some(0),
            why: Vec::new(),
            addresses: BTreeSet::new(),
        };
        if let Some(author) = &bound.request.author {
            authors.hand(author, "opened the request".to_owned());
        }
        match bound.forge.last_pusher.get() {
            Ok(it) => authors.hand(it, "pushed the newest commit".to_owned()),
            Err(gap) => authors.add_unnamed(1, gap.clone()),
        }
        match bound.forge.commits.get() {
            Ok(attributed) => {
                for (commit, contributors) in attributed {
                    authors.attribute(commit, contributors);
                }
                match facts.change.commits.get() {
                    Ok(commits) => authors.compare(commits, attributed),
                    Err(gap) => authors.anybody(gap.clone()),
                }
            }
            Err(gap) => authors.anybody(gap.clone()),
        }
        if !authors.addresses.is_empty() {
            let count = authors.addresses.len();
            let list: Vec<String> = authors
                .addresses
                .iter()
                .map(|it| format!("`{it}`"))
                .collect();
            let who = if count == 1 { "belongs" } else { "belong" };
            let gap = Gap {
                why: format!(
                    "{} in the change's commits {who} to no account, so an approver may have written them",
                    list.join(", ")
                ),
                needs:
                    "commits under an address that their author's account has, or one more approval"
                        .to_owned(),
            };
            authors.add_unnamed(count, gap);
        }
        authors
    }

    fn attribute(&mut self, commit: &'a str, contributors: &'a [Contributor]) {
        for contributor in contributors {
            match contributor {
                Contributor::Account(it) => {
                    self.hand(it, format!("had a hand in commit {}", short(commit)));
                }
                Contributor::Unmatched(address) => {
                    self.addresses.insert(address);
                }
            }
        }
    }

    /// Commits that git knows and the forge names nobody for.
    fn compare(
        &mut self,
        commits: &[CommitFacts],
        attributed: &BTreeMap<String, Vec<Contributor>>,
    ) {
        let orphan = |it: &&CommitFacts| attributed.get(&it.id).is_none_or(Vec::is_empty);
        if let Some(commit) = commits.iter().find(orphan) {
            self.anybody(Gap {
                why: format!(
                    "the forge does not say who wrote commit {}",
                    short(&commit.id)
                ),
                needs: "answers about every commit of the change".to_owned(),
            });
        }
    }

    /// One reason is enough.
    fn hand(&mut self, account: &'a Account, what: String) {
        self.hands.entry(account.id).or_insert_with(|| {
            self.accounts.push(account);
            what
        });
    }

    fn add_unnamed(&mut self, people: usize, gap: Gap) {
        self.unnamed = self.unnamed.map(|it| it.saturating_add(people));
        self.why.push(gap);
    }

    fn anybody(&mut self, gap: Gap) {
        self.unnamed = None;
        self.why.push(gap);
    }
}

fn access_of(permission: Permission) -> Access {
    match permission {
        Permission::Read => Access::Read,
        Permission::Triage => Access::Triage,
        Permission::Write => Access::Write,
        Permission::Maintain => Access::Maintain,
        Permission::Admin => Access::Admin,
    }
}

fn can(access: Access) -> &'static str {
    match access {
        Access::None => "do nothing in the repository",
        Access::Read => "only read",
        Access::Triage => "only sort issues",
        Access::Write => "only write",
        Access::Maintain => "only maintain",
        Access::Admin => "do everything",
    }
}
