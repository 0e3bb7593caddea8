//! What the gate would have made of changes that are merged already.

use serde::{Deserialize, Serialize};

/// The last changes of a branch, each judged by itself.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Backtest {
    /// The branch, as it was named, with its commit.
    pub branch: String,
    /// Where the rules of judging come from.
    pub configuration: String,
    /// What was not looked at, and why.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
    /// The changes, the newest first.
    pub commits: Vec<BacktestCommit>,
}

/// A commit of the branch, as a change of its first parent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacktestCommit {
    /// Its id.
    pub id: String,
    /// The first line of its message.
    pub title: String,
    /// What the gate would have said.
    pub outcome: BacktestOutcome,
    /// Why, one entry for each rule and weight.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub findings: Vec<BacktestFinding>,
}

/// What the gate would have said of a change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BacktestOutcome {
    /// It may go on.
    Admitted,
    /// It is refused.
    Refused,
    /// Something could not be decided, which holds it.
    Undecided,
    /// There was nothing to evaluate, which holds it as well (exit code 4).
    Nothing,
    /// It could not be judged at all.
    NotJudged {
        /// Why.
        why: String,
    },
}

/// What a finding would have done to a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BacktestWeight {
    /// It would have held it.
    Held,
    /// It was there before, and would have held nothing.
    Known,
    /// It could not be decided, and would have held it until something is there that is needed.
    WouldNeed,
}

/// What one rule would have said of one change.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacktestFinding {
    /// The rule as findings name it; of what could not be decided, the gate.
    pub rule: String,
    /// What it would have done.
    pub weight: BacktestWeight,
    /// How many findings there are.
    pub count: usize,
    /// The message of the first.
    pub message: String,
    /// `path:line:column` of the first, or what it is about.
    pub at: String,
    /// The setting that would change it.
    pub setting: String,
}

/// One row of the table: a rule, and what it would have done.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacktestRule {
    /// The rule, or the gate.
    pub rule: String,
    /// Changes that it would have held.
    pub held: usize,
    /// Changes in which it would have named what was there before.
    pub known: usize,
    /// Changes that it would have held until something is there that is needed.
    pub would_need: usize,
    /// The setting that would change it.
    pub setting: String,
    /// Some of the changes, those that would have been held first.
    pub examples: Vec<BacktestExample>,
}

/// A change that stands for others.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BacktestExample {
    /// The commit.
    pub commit: String,
    /// The first line of its message.
    pub title: String,
    /// What the rule would have done to it.
    pub weight: BacktestWeight,
    /// Where.
    pub at: String,
    /// What it would have said.
    pub message: String,
}

/// Examples of a rule.
const EXAMPLES: usize = 3;

impl Backtest {
    /// Number of changes with an outcome.
    pub fn count(&self, is: impl Fn(&BacktestOutcome) -> bool) -> usize {
        self.commits.iter().filter(|it| is(&it.outcome)).count()
    }

    /// The table: what holds most changes first.
    pub fn rules(&self) -> Vec<BacktestRule> {
        let mut rules: Vec<BacktestRule> = Vec::new();
        for weight in [
            BacktestWeight::Held,
            BacktestWeight::WouldNeed,
            BacktestWeight::Known,
        ] {
            for commit in &self.commits {
                for finding in commit.findings.iter().filter(|it| it.weight == weight) {
                    row(&mut rules, finding).add(commit, finding);
                }
            }
        }
        rules.sort_by(|a, b| {
            let weight = |it: &BacktestRule| (it.held, it.would_need, it.known);
            weight(b).cmp(&weight(a)).then_with(|| a.rule.cmp(&b.rule))
        });
        rules
    }
}

fn row<'a>(rules: &'a mut Vec<BacktestRule>, finding: &BacktestFinding) -> &'a mut BacktestRule {
    let at = rules.iter().position(|it| it.rule == finding.rule);
    let at = at.unwrap_or_else(|| {
        rules.push(BacktestRule {
            rule: finding.rule.clone(),
            held: 0,
            known: 0,
            would_need: 0,
            setting: finding.setting.clone(),
            examples: Vec::new(),
        });
        rules.len() - 1
    });
    &mut rules[at]
}

impl BacktestRule {
    fn add(&mut self, commit: &BacktestCommit, finding: &BacktestFinding) {
        match finding.weight {
            BacktestWeight::Held => self.held += 1,
            BacktestWeight::Known => self.known += 1,
            BacktestWeight::WouldNeed => self.would_need += 1,
        }
        if self.examples.len() < EXAMPLES {
            self.examples.push(BacktestExample {
                commit: commit.id.clone(),
                title: commit.title.clone(),
                weight: finding.weight,
                at: finding.at.clone(),
                message: finding.message.clone(),
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(id: &str, findings: &[(&str, BacktestWeight)]) -> BacktestCommit {
        let finding = |(rule, weight): &(&str, BacktestWeight)| BacktestFinding {
            rule: (*rule).to_owned(),
            weight: *weight,
            count: 2,
            message: "m".to_owned(),
            at: "a".to_owned(),
            setting: "s".to_owned(),
        };
        BacktestCommit {
            id: id.to_owned(),
            title: "t".to_owned(),
            outcome: BacktestOutcome::Refused,
            findings: findings.iter().map(finding).collect(),
        }
    }

    #[test]
    fn a_row_counts_changes_and_shows_three_of_them_the_held_first() {
        use BacktestWeight::{Held, Known, WouldNeed};
        let backtest = Backtest {
            commits: vec![
                commit("1", &[("a", Known), ("b", Held)]),
                commit("2", &[("a", Known), ("c", WouldNeed)]),
                commit("3", &[("a", Known)]),
                commit("4", &[("a", Held)]),
                commit("5", &[("b", Held)]),
            ],
            ..Backtest::default()
        };
        let rules = backtest.rules();
        let shown: Vec<_> = rules
            .iter()
            .map(|it| (&*it.rule, it.held, it.known, it.would_need))
            .collect();
        assert_eq!(shown, [("b", 2, 0, 0), ("a", 1, 3, 0), ("c", 0, 0, 1)]);
        let examples: Vec<&str> = rules[1].examples.iter().map(|it| &*it.commit).collect();
        assert_eq!(examples, ["4", "1", "2"]);
    }
}
