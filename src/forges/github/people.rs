//! Accounts, what they may do in the repository, and who is in a team.

use super::super::http::segment;
use super::api::{Api, Needs};
use crate::model::{Access, Account, AccountKind, Known};
use serde::Deserialize;
use std::collections::BTreeMap;

/// An account as REST shows it beside what it did. Source: schema `simple-user`.
#[derive(Clone, Debug, Deserialize)]
pub(super) struct User {
    pub(super) id: u64,
    pub(super) login: String,
    /// `User`, `Bot`, `Organization`, `Mannequin`.
    #[serde(default, rename = "type")]
    pub(super) kind: Option<String>,
}

impl User {
    /// The account; `None` for the one that stands for all those that are gone.
    pub(super) fn account(&self) -> Option<Account> {
        if self.login == "ghost" {
            return None;
        }
        Some(Account {
            id: self.id,
            login: self.login.clone(),
            kind: kind(self.kind.as_deref(), &self.login),
        })
    }
}

/// What an account is. People cannot have brackets in their names.
pub(super) fn kind(stated: Option<&str>, login: &str) -> AccountKind {
    match stated {
        _ if login.ends_with("[bot]") => AccountKind::Bot,
        Some("Bot") => AccountKind::Bot,
        Some("User") if !is_web_flow(login) => AccountKind::Person,
        _ => AccountKind::Other,
    }
}

/// Whether it is the account by which GitHub commits what people do on its pages.
pub(super) fn is_web_flow(login: &str) -> bool {
    login.eq_ignore_ascii_case("web-flow")
}

/// Source: schema `repository-collaborator-permission`.
#[derive(Debug, Deserialize)]
struct Permission {
    /// `none`, `read`, `write`, `admin`: triage is folded into read, maintain into write.
    permission: String,
    /// As the role is called; an organisation may have roles of its own.
    #[serde(default)]
    role_name: Option<String>,
    #[serde(default)]
    user: Option<Collaborator>,
}

#[derive(Debug, Deserialize)]
struct Collaborator {
    id: u64,
    #[serde(default)]
    permissions: Option<Rights>,
}

#[derive(Debug, Deserialize)]
struct Rights {
    pull: bool,
    #[serde(default)]
    triage: bool,
    push: bool,
    #[serde(default)]
    maintain: bool,
    admin: bool,
}

impl Rights {
    fn access(&self) -> Access {
        let all = [
            (self.admin, Access::Admin),
            (self.maintain, Access::Maintain),
            (self.push, Access::Write),
            (self.triage, Access::Triage),
            (self.pull, Access::Read),
        ];
        let highest = all.into_iter().find(|(has, _)| *has);
        highest.map_or(Access::None, |(_, access)| access)
    }
}

impl Permission {
    /// What the role allows, by the most exact of what GitHub says; `None` where what it says does
    /// not fit together.
    fn access(&self) -> Option<Access> {
        let named = match self.role_name.as_deref() {
            Some("none") => Some(Access::None),
            Some("read") => Some(Access::Read),
            Some("triage") => Some(Access::Triage),
            Some("write") => Some(Access::Write),
            Some("maintain") => Some(Access::Maintain),
            Some("admin") => Some(Access::Admin),
            Some(_) | None => None,
        };
        let folded = match self.permission.as_str() {
            "none" => Access::None,
            "read" => Access::Read,
            "write" => Access::Write,
            "admin" => Access::Admin,
            _ => return None,
        };
        let rights = self.user.as_ref().and_then(|it| it.permissions.as_ref());
        let told = [rights.map(Rights::access), named];
        let mut told = told.into_iter().flatten();
        let exact = told.next().unwrap_or(folded);
        (fold(exact) == folded && told.all(|it| it == exact)).then_some(exact)
    }
}

/// What the older interface calls it.
fn fold(access: Access) -> Access {
    match access {
        Access::Triage => Access::Read,
        Access::Maintain => Access::Write,
        other => other,
    }
}

/// What each of these accounts may do in the repository.
pub(super) fn permissions(
    api: &Api,
    accounts: &BTreeMap<u64, String>,
) -> BTreeMap<u64, Known<Access>> {
    let one = |(id, login): (&u64, &String)| (*id, permission(api, *id, login));
    accounts.iter().map(one).collect()
}

/// GitHub is asked by name, and names change hands: the answer must be about the same number.
fn permission(api: &Api, id: u64, login: &str) -> Known<Access> {
    let what = format!("what {login} may do in the repository");
    let path = api.of_repository(&format!("/collaborators/{}/permission", segment(login)));
    let answer: Permission = match api.get(&what, &path, Needs::Metadata) {
        Ok(answer) => answer,
        Err(failed) => return failed.unknown(),
    };
    match answer.user.as_ref().map(|it| it.id) {
        Some(theirs) if theirs == id => {}
        theirs => {
            let who = theirs.map_or("nobody".to_owned(), |it| format!("account {it}"));
            return Known::unknown(
                format!(
                    "{what} cannot be told: GitHub answers about {who}, and account {id} reviewed"
                ),
                "another run, when GitHub knows the account by its new name",
            );
        }
    }
    answer.access().map_or_else(
        || {
            Known::unknown(
                format!("{what} cannot be told: GitHub contradicts itself, or names a role that nobody knows"),
                format!("a role for {login} among read, triage, write, maintain and admin, or another run"),
            )
        },
        Known::Known,
    )
}

/// Who is in a team, those of teams below it included; whoever has not accepted the invitation is
/// not. Source: "List team members".
pub(super) fn team(api: &Api, path: &str) -> Known<Vec<Account>> {
    let named = path
        .split_once('/')
        .filter(|(org, slug)| !org.is_empty() && !slug.is_empty() && !slug.contains('/'));
    let Some((org, slug)) = named else {
        return Known::unknown(
            format!("`{path}` names no team of GitHub"),
            "a team as `organisation/team`",
        );
    };
    let what = format!("the members of the team {path}");
    let at = format!("/orgs/{}/teams/{}/members", segment(org), segment(slug));
    let listed = api.list(&what, &at, Needs::Members, |it: &User| it.id.to_string());
    match listed {
        Ok(members) => Known::Known(members.iter().filter_map(User::account).collect()),
        Err(failed) => {
            let hidden = failed.status == Some(404);
            let mut gap = failed.gap;
            if hidden {
                gap.needs = format!("a team that exists instead of `{path}`, or {}", gap.needs);
            } else {
                gap.needs = format!("{}; or the people themselves under `users:`", gap.needs);
            }
            Known::Unknown(gap)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    #[test]
    fn a_person_is_whom_github_calls_a_user() {
        for (stated, login, expected) in [
            (Some("User"), "ann", AccountKind::Person),
            (Some("Bot"), "renovate[bot]", AccountKind::Bot),
            (Some("User"), "renovate[bot]", AccountKind::Bot),
            (Some("Bot"), "renovate", AccountKind::Bot),
            (Some("User"), "web-flow", AccountKind::Other),
            (Some("Mannequin"), "ann", AccountKind::Other),
            (Some("Organization"), "acme", AccountKind::Other),
            (Some("EnterpriseUserAccount"), "ann", AccountKind::Other),
            (None, "ann", AccountKind::Other),
        ] {
            assert_eq!(kind(stated, login), expected, "{stated:?} {login}");
        }
        let ghost = User {
            id: 10_137,
            login: "ghost".to_owned(),
            kind: Some("User".to_owned()),
        };
        assert_eq!(ghost.account(), None);
    }

    fn rights(level: usize) -> Value {
        json!({
            "pull": level > 0, "triage": level > 1, "push": level > 2, "maintain": level > 3,
            "admin": level > 4,
        })
    }

    #[test]
    fn roles() {
        use Access::{Admin, Maintain, None as Nothing, Read, Triage, Write};
        for (permission, role, rights, expected) in [
            ("none", Some("none"), Some(rights(0)), Some(Nothing)),
            ("read", Some("read"), Some(rights(1)), Some(Read)),
            ("read", Some("triage"), Some(rights(2)), Some(Triage)),
            ("write", Some("write"), Some(rights(3)), Some(Write)),
            ("write", Some("maintain"), Some(rights(4)), Some(Maintain)),
            ("admin", Some("admin"), Some(rights(5)), Some(Admin)),
            // A role of the organisation's own is what it rests on.
            ("write", Some("reviewer"), Some(rights(3)), Some(Write)),
            ("read", Some("reviewer"), Some(rights(2)), Some(Triage)),
            // An older server says less.
            ("write", None, None, Some(Write)),
            ("read", Some("triage"), None, Some(Triage)),
            ("write", Some("reviewer"), None, Some(Write)),
            // What does not fit together says nothing.
            ("read", Some("read"), Some(rights(3)), None),
            ("admin", Some("write"), Some(rights(3)), None),
            ("write", Some("write"), Some(rights(4)), None),
            ("owner", Some("admin"), Some(rights(5)), None),
        ] {
            let body = json!({
                "permission": permission, "role_name": role,
                "user": {"id": 1, "login": "ann", "permissions": rights},
            });
            let found: Permission = serde_json::from_value(body.clone()).expect("a permission");
            assert_eq!(found.access(), expected, "{body}");
        }
    }
}
