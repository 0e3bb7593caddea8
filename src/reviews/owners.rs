//! Whether the owners of what is changed agreed.

use super::{Bench, Standing, groups::Member};
use crate::model::{
    Access, Account, AccountKind, ForgeKind, Gap, Known,
    owners::{Demand, Owner, Role},
};

impl<'a> Bench<'a> {
    /// Where the demand of a line of CODEOWNERS stands. Owners of one line are alternatives; nobody
    /// can be two of them. A demand without owners is met: the line takes ownership away.
    pub fn owners(&self, demand: &Demand, dialect: ForgeKind) -> Standing<'a> {
        let count = if demand.owners.is_empty() {
            0
        } else {
            demand.count as usize
        };
        let tally = self.tally(
            count,
            1,
            false,
            |account| vec![self.owns(&demand.owners, account, dialect)],
            |_| "is not among them".to_owned(),
        );
        let logins = demand
            .owners
            .iter()
            .flat_map(|it| self.logins(it))
            .collect();
        Standing {
            askable: self.askable(logins, &tally.counted),
            unrepresented: Vec::new(),
            stale: self.reviewers.iter().any(|it| it.stale),
            counted: tally.counted,
            others: tally.others,
            outcome: tally.outcome,
        }
    }

    /// Whether no owner can ever approve, because each of them made the change. Unknown is no.
    pub fn only_makers_own(&self, demand: &Demand, dialect: ForgeKind) -> bool {
        let maker = |it: &Owner| match it {
            Owner::User(name) => {
                let known = dialect == ForgeKind::Github;
                known && self.is_maker(name)
            }
            Owner::Team { .. } | Owner::Group(_) | Owner::Email(_) | Owner::Role(_) => {
                let logins = self.logins(it);
                !logins.is_empty() && logins.iter().all(|it| self.is_maker(it))
            }
        };
        !demand.owners.is_empty() && demand.owners.iter().all(maker)
    }

    fn is_maker(&self, login: &str) -> bool {
        let mut makers = self.makers.iter();
        makers.any(|it| it.login.eq_ignore_ascii_case(login))
    }

    /// Whether an account is one of the owners.
    fn owns(&self, owners: &[Owner], account: &Account, dialect: ForgeKind) -> Member {
        let mut gap = None;
        for owner in owners {
            match self.is(owner, account, dialect) {
                Member::Yes => return Member::Yes,
                Member::Maybe(it) => gap = gap.or(Some(it)),
                Member::No => {}
            }
        }
        gap.map_or(Member::No, Member::Maybe)
    }

    fn is(&self, owner: &Owner, account: &Account, dialect: ForgeKind) -> Member {
        match owner {
            Owner::User(name) if name.eq_ignore_ascii_case(&account.login) => Member::Yes,
            // GitLab's accounts and groups share their names: only the forge knows which it is.
            Owner::User(name) if dialect == ForgeKind::Gitlab => {
                match self.bound.forge.teams.get(&name.to_lowercase()) {
                    Some(_) => self.in_team(name, account),
                    None => Member::No,
                }
            }
            Owner::User(_) => Member::No,
            Owner::Team { .. } | Owner::Group(_) => {
                team(owner).map_or(Member::No, |it| self.in_team(&it, account))
            }
            Owner::Email(address) => Member::Maybe(Gap {
                why: format!("nobody can tell whose account has the address `{address}`"),
                needs: "the name of the account in CODEOWNERS".to_owned(),
            }),
            Owner::Role(role) => self.has(*role, account),
        }
    }

    fn in_team(&self, path: &str, account: &Account) -> Member {
        if account.kind != AccountKind::Person {
            return Member::No;
        }
        match self.bound.forge.teams.get(&path.to_lowercase()) {
            Some(Known::Known(members)) if members.iter().any(|it| it.id == account.id) => {
                Member::Yes
            }
            Some(Known::Known(_)) => Member::No,
            Some(Known::Unknown(gap)) => Member::Maybe(gap.clone()),
            None => Member::Maybe(Gap {
                why: format!("nobody asked who belongs to `{path}`"),
                needs: "a run that asks the forge about it".to_owned(),
            }),
        }
    }

    /// A role is held by direct members of the project alone, and who has the same rights through a
    /// group has not the role; the forge's answer does not tell the two apart.
    fn has(&self, role: Role, account: &Account) -> Member {
        let access = match role {
            Role::Developer => Access::Write,
            Role::Maintainer => Access::Maintain,
            Role::Owner => Access::Admin,
        };
        match self.bound.forge.permissions.get(&account.id) {
            Some(Known::Known(it)) if *it != access => Member::No,
            _ => Member::Maybe(Gap {
                why: format!(
                    "nobody can tell whether `{}` has the role `{}` as a direct member of the project",
                    account.login,
                    Owner::Role(role)
                ),
                needs: "names of accounts or groups in CODEOWNERS".to_owned(),
            }),
        }
    }

    /// The names of those who are known to be meant by an owner.
    fn logins(&self, owner: &Owner) -> Vec<String> {
        let members = |path: &str| match self.bound.forge.teams.get(&path.to_lowercase()) {
            Some(Known::Known(members)) => {
                Some(members.iter().map(|it| it.login.clone()).collect())
            }
            Some(Known::Unknown(_)) | None => None,
        };
        match owner {
            Owner::User(name) => members(name).unwrap_or_else(|| vec![name.clone()]),
            Owner::Team { .. } | Owner::Group(_) => {
                team(owner).and_then(|it| members(&it)).unwrap_or_default()
            }
            Owner::Email(_) | Owner::Role(_) => Vec::new(),
        }
    }
}

/// The path under which the forge is asked for the members of an owner. For GitLab, a single name may
/// be a group's.
pub fn team_of(owner: &Owner, dialect: ForgeKind) -> Option<String> {
    match owner {
        Owner::User(name) if dialect == ForgeKind::Gitlab => Some(name.to_lowercase()),
        _ => team(owner).map(|it| it.to_lowercase()),
    }
}

fn team(owner: &Owner) -> Option<String> {
    match owner {
        Owner::Team { organisation, team } => Some(format!("{organisation}/{team}")),
        Owner::Group(path) => Some(path.clone()),
        Owner::User(_) | Owner::Email(_) | Owner::Role(_) => None,
    }
}
