//! Whether enough of the right people agreed.

use super::{
    Bench, Strictness,
    groups::{self, Member},
};
use crate::{
    config::{Group, Name, Require},
    model::{Account, Gap},
};

/// Where a demand for approvals stands.
pub struct Standing<'a> {
    /// Whose approval counts, in the order of their names.
    pub counted: Vec<&'a Account>,
    /// Who said something that does not count, and why.
    pub others: Vec<(&'a Account, String)>,
    /// Groups that must be represented by somebody of their own and are not.
    pub unrepresented: Vec<String>,
    /// Names of those who can still be asked, as far as they are known; empty where that is anybody
    /// with the permission.
    pub askable: Vec<String>,
    /// Whether somebody approved an older commit, and could approve the newest one.
    pub stale: bool,
    /// What it comes to.
    pub outcome: Outcome,
}

/// What a demand comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Enough people agreed.
    Met {
        /// Whether that depends on who made the change, where nobody can tell.
        doubted: bool,
    },
    /// It depends on what nobody can tell.
    Unsure(Vec<Gap>),
    /// Too few did.
    Missing,
}

impl Outcome {
    /// Whether enough people agreed, as strictly as the change is judged.
    pub fn holds(&self, strictness: Strictness) -> bool {
        match self {
            Self::Met { doubted } => !doubted || strictness == Strictness::Lenient,
            Self::Unsure(_) | Self::Missing => false,
        }
    }
}

impl<'a> Bench<'a> {
    /// Where a demand of the configuration stands.
    pub fn standing(&self, require: &Require) -> Standing<'a> {
        let forge = self.bound.forge;
        // The configuration was checked: no demand names a group that is not there.
        let groups: Vec<Option<&Group>> = require
            .from
            .iter()
            .map(|it| self.config.groups.get(it.as_str()))
            .collect();
        let tally = self.tally(
            require.count as usize,
            groups.len(),
            require.distinct_groups,
            |account| {
                let of = |group: &Option<&Group>| {
                    group.map_or(Member::No, |it| groups::member(it, account, forge))
                };
                groups.iter().map(of).collect()
            },
            |account| {
                let mut groups = groups.iter().flatten();
                match groups.find_map(|it| groups::namesake(it, account)) {
                    Some(user) => format!("is account {}, and `{user}` is meant", account.id),
                    None => format!("is not in {}", either(&require.from)),
                }
            },
        );
        let logins = groups.iter().flatten();
        let logins = logins.flat_map(|it| groups::logins(it, forge)).collect();
        let missing = tally.unrepresented.iter();
        Standing {
            unrepresented: missing
                .filter_map(|it| require.from.get(*it))
                .map(ToString::to_string)
                .collect(),
            askable: self.askable(logins, &tally.counted),
            stale: self.reviewers.iter().any(|it| it.stale),
            counted: tally.counted,
            others: tally.others,
            outcome: tally.outcome,
        }
    }

    /// Of these people, those who could still give an approval that counts.
    pub(super) fn askable(&self, mut logins: Vec<String>, counted: &[&Account]) -> Vec<String> {
        let is = |login: &str, account: &Account| account.login.eq_ignore_ascii_case(login);
        let settled = |login: &String| {
            let mut all = counted.iter().chain(&self.makers);
            all.any(|it| is(login, it))
        };
        logins.retain(|it| !settled(it));
        logins.sort_by_key(|it| it.to_lowercase());
        logins.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
        logins
    }

    /// Count approvals. `member` says for each of the `groups` whether an account belongs to it;
    /// `outside` says why an account that belongs to none does not count.
    pub(super) fn tally(
        &self,
        count: usize,
        groups: usize,
        distinct: bool,
        member: impl Fn(&Account) -> Vec<Member>,
        outside: impl Fn(&Account) -> String,
    ) -> Tally<'a> {
        let mut candidates = Vec::new();
        let mut others = Vec::new();
        for reviewer in &self.reviewers {
            if let Some(why) = reviewer.why_not() {
                others.push((reviewer.account, why));
                continue;
            }
            let member = member(reviewer.account);
            if !member.is_empty() && member.iter().all(|it| *it == Member::No) {
                others.push((reviewer.account, outside(reviewer.account)));
                continue;
            }
            candidates.push(Candidate {
                account: reviewer.account,
                member,
                gaps: reviewer.gaps.clone(),
            });
        }
        candidates.sort_by_key(|it| it.account.login.to_lowercase());
        others.sort_by_key(|(it, _)| it.login.to_lowercase());
        let certain: Vec<&Candidate<'_>> = candidates.iter().filter(|it| it.certain()).collect();
        let hopeful: Vec<&Candidate<'_>> = candidates.iter().collect();
        let needed = if distinct { groups } else { 0 };
        let met = |who: &[&Candidate<'_>], hope| {
            who.len() >= count && unrepresented(who, needed, hope).is_empty()
        };
        let outcome = if met(&certain, false) {
            Outcome::Met {
                doubted: !self.holds_without(&certain, count, needed),
            }
        } else if met(&hopeful, true) {
            let mut gaps: Vec<Gap> = candidates.iter().flat_map(Candidate::open).collect();
            gaps.sort();
            gaps.dedup();
            Outcome::Unsure(gaps)
        } else {
            Outcome::Missing
        };
        for it in candidates.iter().filter(|it| !it.certain()) {
            let why: Vec<String> = it.open().map(|it| it.why).collect();
            others.push((it.account, format!("may count, but {}", why.join(" and "))));
        }
        Tally {
            unrepresented: unrepresented(&certain, needed, false),
            counted: certain.iter().map(|it| it.account).collect(),
            others,
            outcome,
        }
    }

    /// Whether enough approvals are left if those whom nobody can name are among the approvers.
    fn holds_without(&self, who: &[&Candidate<'_>], count: usize, groups: usize) -> bool {
        match self.unnamed {
            Some(0) => true,
            Some(people) if groups == 0 => who.len().saturating_sub(people) >= count,
            Some(1) => (0..who.len()).all(|gone| {
                let mut left = who.to_vec();
                left.remove(gone);
                left.len() >= count && unrepresented(&left, groups, false).is_empty()
            }),
            // Which of many are left cannot be tried in short time: not certain.
            Some(_) | None => false,
        }
    }
}

/// What counting gave.
pub(super) struct Tally<'a> {
    pub(super) counted: Vec<&'a Account>,
    pub(super) others: Vec<(&'a Account, String)>,
    /// Groups that nobody is left for, by their position.
    pub(super) unrepresented: Vec<usize>,
    pub(super) outcome: Outcome,
}

/// An approver, and for each of the groups whether it belongs to it.
struct Candidate<'a> {
    account: &'a Account,
    member: Vec<Member>,
    gaps: Vec<Gap>,
}

impl Candidate<'_> {
    fn certain(&self) -> bool {
        self.gaps.is_empty() && (self.member.is_empty() || self.member.contains(&Member::Yes))
    }

    /// What is not known of it.
    fn open(&self) -> impl Iterator<Item = Gap> {
        let teams = self.member.iter().filter_map(|it| match it {
            Member::Maybe(gap) => Some(gap),
            Member::Yes | Member::No => None,
        });
        self.gaps.iter().chain(teams).cloned()
    }

    /// Whether it can speak for a group; where `hope` is set, what is unknown is taken for a yes.
    fn speaks_for(&self, group: usize, hope: bool) -> bool {
        match self.member.get(group) {
            Some(Member::Yes) => true,
            Some(Member::Maybe(_)) => hope,
            Some(Member::No) | None => false,
        }
    }
}

/// Groups for which nobody is left when each is spoken for by somebody of its own: a largest matching
/// of groups and people, grown along one free path after the other.
fn unrepresented(who: &[&Candidate<'_>], groups: usize, hope: bool) -> Vec<usize> {
    let mut speaks: Vec<Option<usize>> = vec![None; who.len()];
    (0..groups)
        .filter(|group| !seat(*group, who, &mut speaks, hope))
        .collect()
}

/// Find somebody for a group, moving others to groups that they can speak for as well.
fn seat(group: usize, who: &[&Candidate<'_>], speaks: &mut [Option<usize>], hope: bool) -> bool {
    // For whom each person was asked; a person is asked once.
    let mut asked_for: Vec<Option<usize>> = vec![None; who.len()];
    let mut open = std::collections::VecDeque::from([group]);
    while let Some(group) = open.pop_front() {
        for person in 0..who.len() {
            if asked_for[person].is_some() || !who[person].speaks_for(group, hope) {
                continue;
            }
            asked_for[person] = Some(group);
            if let Some(taken) = speaks[person] {
                open.push_back(taken);
                continue;
            }
            // Free: everybody on the way moves to the group that asked.
            let mut person = person;
            while let Some(new) = asked_for[person] {
                let old = speaks.iter().position(|it| *it == Some(new));
                speaks[person] = Some(new);
                match old {
                    Some(next) => person = next,
                    None => break,
                }
            }
            return true;
        }
    }
    false
}

/// `platform`, `platform or oncall`.
fn either(names: &[Name]) -> String {
    let names: Vec<String> = names.iter().map(|it| format!("`{it}`")).collect();
    names.join(" or ")
}
