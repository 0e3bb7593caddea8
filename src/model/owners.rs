//! Who owns a path, as CODEOWNERS says it.

use super::{ForgeKind, Place};
use serde::{Deserialize, Serialize};
use std::fmt;

/// Somebody whose approval is asked for. Names are as written: forges compare them without regard
/// to case.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Owner {
    /// `@name`. On GitLab it may be a group as well: accounts and groups share their names.
    User(String),
    /// GitHub's `@organisation/team`.
    Team {
        /// The organisation.
        organisation: String,
        /// The team's short name.
        team: String,
    },
    /// GitLab's `@group/subgroup`, as a path: its direct members.
    Group(String),
    /// An email address of an account.
    Email(String),
    /// GitLab's `@@role`: direct members of the project with exactly this role.
    Role(Role),
}

/// A role that GitLab takes for an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// Developers.
    Developer,
    /// Maintainers.
    Maintainer,
    /// Owners of the project.
    Owner,
}

/// As it is written in CODEOWNERS.
impl fmt::Display for Owner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::User(name) | Self::Group(name) => write!(f, "@{name}"),
            Self::Team { organisation, team } => write!(f, "@{organisation}/{team}"),
            Self::Email(address) => f.write_str(address),
            Self::Role(role) => f.write_str(match role {
                Role::Developer => "@@developer",
                Role::Maintainer => "@@maintainer",
                Role::Owner => "@@owner",
            }),
        }
    }
}

/// What the line that decided asks for a path.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Demand {
    /// GitLab's section; `None` for lines before the first section, and on GitHub.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub section: Option<String>,
    /// Any of them may approve. Empty where a line of GitHub's dialect takes ownership away.
    pub owners: Vec<Owner>,
    /// How many of them must.
    pub count: u32,
    /// Whether the section only asks, and does not require.
    pub optional: bool,
    /// The pattern, as written.
    pub pattern: String,
    /// The line.
    pub place: Place,
}

/// Why nobody can say who owns what.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnersMistake {
    /// What is wrong: one lower-case clause, no full stop.
    pub message: String,
    /// What to do.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub help: Option<String>,
    /// Where; absent where there is no file.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place: Option<Place>,
}

/// What BASE's CODEOWNERS asks of the change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct OwnersFacts {
    /// By whose rules it was read.
    pub dialect: ForgeKind,
    /// The file that counts; `None` where BASE has none, which is a mistake too.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Where there is one, nobody knows who owns what, and the lists below are empty.
    pub mistakes: Vec<OwnersMistake>,
    /// In the order of the file: each line that decided for a changed path.
    pub demands: Vec<DemandFacts>,
    /// Changed paths for which no line asks, in their order.
    pub unowned: Vec<String>,
}

/// A line of CODEOWNERS and what it decided for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DemandFacts {
    /// What it asks.
    pub demand: Demand,
    /// The changed paths that it asks it for, in their order. A renamed file is there under both
    /// names.
    pub files: Vec<String>,
}

impl OwnersFacts {
    /// What is asked for one changed path: nothing, or one demand a section.
    pub fn of<'a>(&'a self, path: &'a str) -> impl Iterator<Item = &'a Demand> {
        let asks = move |it: &&DemandFacts| {
            let found = it.files.binary_search_by(|file| file.as_str().cmp(path));
            found.is_ok()
        };
        self.demands.iter().filter(asks).map(|it| &it.demand)
    }
}
