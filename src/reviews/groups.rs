//! Who belongs to a group of the configuration.

use crate::{
    config::{Group, User},
    model::{Account, AccountKind, ForgeFacts, Gap, Known},
};

/// Whether an account belongs to a group.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Member {
    Yes,
    No,
    /// Nobody can tell.
    Maybe(Gap),
}

/// Whether the group lists the account itself, not only a team that it is in.
pub(super) fn names(group: &Group, account: &Account) -> bool {
    group.users.iter().any(|it| is(it, account))
}

/// An account by its number where one is given, and else by the name that it has now, as forges
/// compare names: without regard to case.
fn is(user: &User, account: &Account) -> bool {
    match user.id() {
        Some(id) => id == account.id,
        None => user.login().eq_ignore_ascii_case(&account.login),
    }
}

/// Whether the account belongs to the group. Accounts that are no people belong by name only.
pub(super) fn member(group: &Group, account: &Account, forge: &ForgeFacts) -> Member {
    if names(group, account) {
        return Member::Yes;
    }
    let Some(team) = &group.team else {
        return Member::No;
    };
    if account.kind != AccountKind::Person {
        return Member::No;
    }
    match forge.teams.get(&team.to_lowercase()) {
        Some(Known::Known(members)) if members.iter().any(|it| it.id == account.id) => Member::Yes,
        Some(Known::Known(_)) => Member::No,
        Some(Known::Unknown(gap)) => Member::Maybe(gap.clone()),
        None => Member::Maybe(Gap {
            why: format!("nobody asked who belongs to team `{team}`"),
            needs: "a run that asks the forge about it".to_owned(),
        }),
    }
}

/// The entry that has the account's name and another account's number.
pub(super) fn namesake<'g>(group: &'g Group, account: &Account) -> Option<&'g User> {
    let same = |it: &&User| it.login().eq_ignore_ascii_case(&account.login);
    group
        .users
        .iter()
        .filter(same)
        .find(|it| it.id().is_some_and(|id| id != account.id))
}

/// The names of everybody who is known to belong to the group.
pub(super) fn logins(group: &Group, forge: &ForgeFacts) -> Vec<String> {
    let mut logins: Vec<String> = group.users.iter().map(|it| it.login().to_owned()).collect();
    let team = group
        .team
        .as_ref()
        .and_then(|it| forge.teams.get(&it.to_lowercase()));
    if let Some(Known::Known(members)) = team {
        logins.extend(members.iter().map(|it| it.login.clone()));
    }
    logins.sort_by_key(|it| it.to_lowercase());
    logins.dedup_by(|a, b| a.eq_ignore_ascii_case(b));
    logins
}
