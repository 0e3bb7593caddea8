//! Accounts, what they may do in the project, and who is in a group.

use super::super::http::{Failed, segment, timestamp};
use super::api::{Api, Needs};
use crate::model::{Access, Account, AccountKind, Known};
use serde::Deserialize;
use std::collections::{BTreeMap, BTreeSet};

/// An account as GitLab shows it beside what it did. Source: `API::Entities::UserBasic`, and
/// `MergeRequestAuthor` and `User` for `bot`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) username: String,
    /// `active`, `blocked`, `deactivated`, `banned`, `ldap_blocked`, …
    #[serde(default)]
    pub(super) state: Option<String>,
    #[serde(default)]
    pub(super) bot: Option<bool>,
}

impl User {
    /// Whether the account can be used. GitLab says it of every account; where it does not, nobody
    /// knows.
    fn is_active(&self) -> bool {
        self.state.as_deref() == Some("active")
    }

    /// Whether the account stands for all those that are gone.
    fn is_ghost(&self) -> bool {
        self.username == "ghost"
    }
}

/// A member of a project or group. Source: `API::Entities::Member`.
#[derive(Debug, Deserialize)]
pub(super) struct Member {
    #[serde(flatten)]
    user: User,
    access_level: u64,
    /// The day on which the membership ends, `2026-12-31`.
    #[serde(default)]
    expires_at: Option<String>,
    /// `active` or `awaiting`; GitLab with paid seats only.
    #[serde(default)]
    membership_state: Option<String>,
}

impl Member {
    /// Whether the membership counts at `now`, in seconds since 1970. A date that cannot be read
    /// has passed.
    fn counts(&self, now: u64) -> bool {
        let lasts = match self.expires_at.as_deref() {
            None | Some("") => true,
            Some(day) => {
                let midnight = format!("{}T00:00:00Z", day.get(..10).unwrap_or_default());
                timestamp(&midnight).is_some_and(|it| now < it)
            }
        };
        let confirmed = self.membership_state.as_deref().unwrap_or("active") == "active";
        lasts && confirmed && self.user.is_active()
    }
}

/// What an access level allows; one that GitLab adds later allows what the next lower one does.
/// Source: `Gitlab::Access` (5 minimal, 10 guest, 15 planner, 20 reporter, 25 security manager, 30
/// developer, 40 maintainer, 50 owner, 60 administrator).
pub(super) fn access(level: u64) -> Access {
    match level {
        0..=9 => Access::None,
        10..=29 => Access::Read,
        30..=39 => Access::Write,
        40..=49 => Access::Maintain,
        _ => Access::Admin,
    }
}

/// The accounts that a run has met.
#[derive(Debug, Default)]
pub(super) struct People {
    known: BTreeMap<u64, Account>,
    /// Accounts that cannot be used any more.
    inactive: BTreeSet<u64>,
}

impl People {
    /// The account behind a name. Whether it is a bot's stands in the account itself or is asked
    /// for; where that cannot be read either, nobody says that it is a person's.
    pub(super) fn account(&mut self, api: &Api, user: &User) -> Option<Account> {
        if user.is_ghost() {
            return None;
        }
        if let Some(account) = self.known.get(&user.id) {
            return Some(account.clone());
        }
        let path = format!("/users/{}", user.id);
        let what = format!("the account of {}", user.username);
        let user = match user.bot {
            Some(_) => user.clone(),
            None => (api.get::<User>(&what, &path, Needs::Reporter))
                .ok()
                .filter(|it| it.id == user.id)
                .unwrap_or_else(|| user.clone()),
        };
        Some(self.learn(&user))
    }

    /// Keep what an account says of itself.
    pub(super) fn learn(&mut self, user: &User) -> Account {
        if !user.is_active() {
            self.inactive.insert(user.id);
        }
        let account = Account {
            id: user.id,
            login: user.username.clone(),
            kind: kind(user),
        };
        self.known.insert(user.id, account.clone());
        account
    }

    /// The account of a number, if it can be read.
    pub(super) fn by_number(&mut self, api: &Api, id: u64) -> Option<Account> {
        if let Some(account) = self.known.get(&id) {
            return Some(account.clone());
        }
        let what = format!("the account {id}");
        let user: User = (api.get(&what, &format!("/users/{id}"), Needs::Reporter)).ok()?;
        (user.id == id).then(|| self.learn(&user))
    }

    /// Names of accounts that cannot be used any more.
    pub(super) fn inactive(&self) -> impl Iterator<Item = &str> {
        let logins = self.inactive.iter().filter_map(|it| self.known.get(it));
        logins.map(|it| it.login.as_str())
    }
}

fn kind(user: &User) -> AccountKind {
    match user.bot {
        _ if is_machine_name(&user.username) => AccountKind::Bot,
        Some(true) => AccountKind::Bot,
        Some(false) if !user.is_ghost() && !stands_in(&user.username) => AccountKind::Person,
        _ => AccountKind::Other,
    }
}

/// Whether GitLab itself made the name, for an access token or a service account: people cannot
/// choose it by accident. Source: `ResourceAccessTokens::CreateService`,
/// `Users::ServiceAccounts::CreateService`.
fn is_machine_name(name: &str) -> bool {
    let after_number = |prefix: &str| {
        let rest = name.strip_prefix(prefix)?;
        Some(rest.trim_start_matches(|it: char| it.is_ascii_digit())).filter(|it| *it != rest)
    };
    let of_token = ["project_", "group_"]
        .iter()
        .filter_map(|it| after_number(it))
        .any(|it| it.starts_with("_bot"));
    of_token || name.starts_with("service_account_")
}

/// Whether the account stands in for people of another instance whose work was imported.
fn stands_in(name: &str) -> bool {
    name.contains("_placeholder_user_") || name.starts_with("import_user_")
}

/// What these accounts may do in the project at `now`. Whoever is not among the members, inherited
/// ones and those of invited groups included, may do nothing.
pub(super) fn permissions(
    api: &Api,
    people: &People,
    accounts: &BTreeSet<u64>,
    now: u64,
) -> BTreeMap<u64, Known<Access>> {
    if accounts.is_empty() {
        return BTreeMap::new();
    }
    let ids: Vec<String> = accounts.iter().map(u64::to_string).collect();
    let path = api.of_project(&format!(
        "/members/all?user_ids={}",
        segment(&ids.join(","))
    ));
    let members = api.list(
        "the members of the project",
        &path,
        Needs::Reporter,
        identity,
    );
    match members {
        Ok(members) => levels(&members, people, accounts, now),
        Err(failed) => accounts
            .iter()
            .map(|it| (*it, Known::Unknown(failed.gap.clone())))
            .collect(),
    }
}

fn levels(
    members: &[Member],
    people: &People,
    accounts: &BTreeSet<u64>,
    now: u64,
) -> BTreeMap<u64, Known<Access>> {
    let highest = |id: &u64| {
        let own = members.iter().filter(|it| it.user.id == *id);
        own.filter(|it| it.counts(now))
            .map(|it| access(it.access_level))
            .max()
    };
    accounts
        .iter()
        .map(|id| {
            let usable = !people.inactive.contains(id);
            let level = highest(id).filter(|_| usable).unwrap_or(Access::None);
            (*id, Known::Known(level))
        })
        .collect()
}

/// A member may be listed once for each way in which it became one.
fn identity(member: &Member) -> String {
    let day = member.expires_at.as_deref().unwrap_or_default();
    format!("{} {} {day}", member.user.id, member.access_level)
}

/// Who is in a group, inherited members and those of invited groups included, at `now`.
pub(super) fn team(api: &Api, people: &People, path: &str, now: u64) -> Known<Vec<Account>> {
    let what = format!("the members of the group {path}");
    let at = format!("/groups/{}/members/all", segment(path));
    match api.list::<Member>(&what, &at, Needs::Group, identity) {
        Ok(members) => Known::Known(in_team(&members, people, now)),
        Err(failed) => missing_team(failed, path),
    }
}

/// GitLab hides a group that the token may not see by saying that there is none.
fn missing_team(failed: Failed, path: &str) -> Known<Vec<Account>> {
    let hidden = failed.status == Some(404);
    let mut gap = failed.gap;
    if hidden {
        gap.needs = format!(
            "the full path of the group instead of `{path}`, or {}",
            gap.needs
        );
    }
    Known::Unknown(gap)
}

fn in_team(members: &[Member], people: &People, now: u64) -> Vec<Account> {
    let counted = members.iter().filter(|it| {
        it.counts(now) && access(it.access_level) > Access::None && !it.user.is_ghost()
    });
    let accounts: BTreeMap<u64, Account> = counted
        .map(|it| {
            let known = people.known.get(&it.user.id).cloned();
            let account = known.unwrap_or_else(|| Account {
                id: it.user.id,
                login: it.user.username.clone(),
                kind: kind(&it.user),
            });
            (it.user.id, account)
        })
        .collect();
    accounts.into_values().collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    fn user(name: &str, bot: Option<bool>) -> User {
        User {
            id: 7,
            username: name.to_owned(),
            state: Some("active".to_owned()),
            bot,
        }
    }

    #[test]
    fn levels_are_what_their_number_allows() {
        for (level, allows) in [
            (0, Access::None),
            (5, Access::None),
            (10, Access::Read),
            (15, Access::Read),
            (20, Access::Read),
            (25, Access::Read),
            (30, Access::Write),
            (35, Access::Write),
            (40, Access::Maintain),
            (50, Access::Admin),
            (60, Access::Admin),
        ] {
            assert_eq!(access(level), allows, "{level}");
        }
    }

    #[test]
    fn a_person_is_whom_gitlab_calls_no_bot() {
        for (name, bot, expected) in [
            ("ann", Some(false), AccountKind::Person),
            ("ann", None, AccountKind::Other),
            ("renovate", Some(true), AccountKind::Bot),
            ("project_42_bot", Some(false), AccountKind::Bot),
            ("project_42_bot_3f5c", None, AccountKind::Bot),
            ("group_9_bot1", None, AccountKind::Bot),
            ("service_account_00ab", None, AccountKind::Bot),
            ("project_bot", Some(false), AccountKind::Person),
            ("project_x_bot", Some(false), AccountKind::Person),
            ("ghost", Some(false), AccountKind::Other),
            ("acme_placeholder_user_3", Some(false), AccountKind::Other),
        ] {
            assert_eq!(kind(&user(name, bot)), expected, "{name} {bot:?}");
        }
    }

    const NOW: u64 = 1_790_000_000; // 2026-09-21

    fn member(id: u64, more: &Value) -> Member {
        let mut body = json!({
            "id": id, "username": format!("user{id}"), "state": "active", "access_level": 30,
            "expires_at": null
        });
        for (name, value) in more.as_object().into_iter().flatten() {
            body[name] = value.clone();
        }
        serde_json::from_value(body).expect("a member")
    }

    #[test]
    fn a_membership_counts_while_it_lasts_and_the_account_can_be_used() {
        for (more, counts) in [
            (json!({}), true),
            (json!({"expires_at": "2026-09-22"}), true),
            (json!({"expires_at": "2026-09-21"}), false),
            (json!({"expires_at": "2020-01-01T00:00:00Z"}), false),
            (json!({"expires_at": "soon"}), false),
            (json!({"state": "blocked"}), false),
            (json!({"state": "deactivated"}), false),
            (json!({"state": null}), false),
            (json!({"membership_state": "active"}), true),
            (json!({"membership_state": "awaiting"}), false),
        ] {
            assert_eq!(member(1, &more).counts(NOW), counts, "{more}");
        }
    }

    #[test]
    fn whoever_is_no_member_may_do_nothing() {
        let members = [
            member(1, &json!({"access_level": 20})),
            member(1, &json!({"access_level": 40})),
            member(1, &json!({"access_level": 50, "expires_at": "2020-01-01"})),
            member(2, &json!({"state": "blocked"})),
            member(4, &json!({})),
        ];
        let mut people = People::default();
        people.learn(&User {
            id: 4,
            state: Some("banned".to_owned()),
            ..user("dan", Some(false))
        });
        let asked = BTreeSet::from([1, 2, 3, 4]);
        let found = levels(&members, &people, &asked, NOW);
        let expected = [
            (1, Access::Maintain),
            (2, Access::None),
            (3, Access::None),
            (4, Access::None),
        ];
        assert_eq!(
            found,
            expected.map(|(id, it)| (id, Known::Known(it))).into()
        );
    }

    #[test]
    fn a_team_is_who_is_in_it_now() {
        let members = [
            member(3, &json!({})),
            member(1, &json!({"access_level": 10})),
            member(2, &json!({"access_level": 5})),
            member(4, &json!({"state": "blocked"})),
            member(5, &json!({"expires_at": "2026-01-01"})),
        ];
        let team = in_team(&members, &People::default(), NOW);
        let ids: Vec<u64> = team.iter().map(|it| it.id).collect();
        assert_eq!(ids, [1, 3]);
    }
}
