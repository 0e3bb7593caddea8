//! Rows against what the policies say.
//!
//! Source: `cmd/cli/kubectl-kyverno/commands/test/output.go` and `command.go`. Kyverno passes rows
//! about things that it never evaluated; in compat mode such a row is `excluded`, otherwise it is a
//! mismatch that says what went unevaluated.

use super::{
    TestOptions,
    compare::same_object,
    document::Row,
    fault::SuiteError,
    fields::Named,
    nearest::nearest,
    object::Object,
    result::{Coverage, RowResult, RowStatus},
    suite::{Reader, Suite},
    values::operation_of,
};
use crate::{
    Operation, Outcome, Policy, PolicyKind, PolicyResponse, Request, RuleResult, RuleType,
    RuleValues, evaluate_policy,
};
use serde_json::Value;
use std::{collections::BTreeMap, rc::Rc};
use tollgate_yaml::{FieldPath, Node, Step};

/// One policy on one object under one operation.
type Question = (usize, usize, Option<&'static str>);

/// What a rule came to, in the words of a row.
struct Judged {
    actual: Option<&'static str>,
    status: RowStatus,
    why: Option<String>,
    /// The field that failed the rule; the root where no single one did.
    at: FieldPath,
}

impl Judged {
    fn not_evaluated(compat: bool, why: String) -> Self {
        Self {
            actual: None,
            status: if compat {
                RowStatus::Excluded
            } else {
                RowStatus::Mismatch
            },
            why: Some(why),
            at: FieldPath::root(),
        }
    }

    fn mismatch(why: String) -> Self {
        Self::not_evaluated(false, why)
    }

    fn unsupported(why: String) -> Self {
        Self {
            actual: None,
            status: RowStatus::Error,
            why: Some(why),
            at: FieldPath::root(),
        }
    }
}

/// What a row is about.
enum Target {
    /// An object of the suite.
    Object(usize),
    /// A name behind which no object stands, and what becomes of the row.
    Nothing(String, Judged),
}

/// The rows of one suite, and what the policies answered so far: rows share the evaluations.
pub(super) struct Judge<'a> {
    suite: &'a Suite,
    reader: &'a Reader<'a>,
    options: &'a TestOptions,
    rule_values: Vec<BTreeMap<String, RuleValues>>,
    by_name: BTreeMap<&'a str, Vec<usize>>,
    answers: BTreeMap<Question, Option<Rc<PolicyResponse>>>,
    /// Policies with rules that may change objects before others see them.
    changing: Vec<usize>,
    coverage: Vec<BTreeMap<usize, Coverage>>,
}

impl<'a> Judge<'a> {
    pub(super) fn new(suite: &'a Suite, reader: &'a Reader<'a>, options: &'a TestOptions) -> Self {
        let policies = suite.policies.iter();
        let mut by_name: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
        for (at, object) in suite.objects.iter().enumerate() {
            by_name.entry(&object.name).or_default().push(at);
        }
        Self {
            suite,
            reader,
            options,
            rule_values: policies
                .clone()
                .map(|it| suite.values.rule_values(&it.name))
                .collect(),
            by_name,
            answers: BTreeMap::new(),
            changing: policies
                .clone()
                .enumerate()
                .filter(|it| it.1.rules.iter().any(|rule| changes_objects(rule.kind)))
                .map(|it| it.0)
                .collect(),
            coverage: policies.map(uncovered).collect(),
        }
    }

    /// Judge every row.
    pub(super) fn rows(&mut self) -> Result<Vec<RowResult>, SuiteError> {
        let suite = self.suite;
        let mut results = Vec::new();
        for row in &suite.test.rows {
            for target in self.targets(row) {
                match target {
                    Target::Object(at) => self.object(row, at, &mut results)?,
                    Target::Nothing(name, judged) => {
                        results.push(result(row, &row.rule, None, &name, judged));
                    }
                }
            }
        }
        Ok(results)
    }

    /// What the rows proved, policy by policy.
    pub(super) fn into_coverage(self) -> Vec<Coverage> {
        let all = self.coverage.into_iter();
        all.flat_map(BTreeMap::into_values).collect()
    }

    fn targets(&self, row: &Row) -> Vec<Target> {
        let compat = self.options.compat;
        let objects = || self.suite.objects.iter().enumerate();
        let mut found = Vec::new();
        let named = row.resources.as_deref().unwrap_or_default();
        for entry in named {
            self.take(row, &entry.text, self.named(&entry.text), &mut found);
        }
        // Kyverno looks at `resourceSpecs` only where `resources` is there too.
        if row.resources.is_some() || !compat {
            for spec in &row.specs {
                let of_spec = objects().filter(|(_, it)| {
                    it.api_version == spec.api_version
                        && it.namespace == spec.namespace
                        && it.name == spec.name
                        && (compat || spec.kind.is_empty() || it.kind == spec.kind)
                });
                self.take(
                    row,
                    &spec.name,
                    of_spec.map(|it| it.0).collect(),
                    &mut found,
                );
            }
        }
        let nothing = !found.iter().any(|it| matches!(it, Target::Object(_)));
        let asked = !named.is_empty() || !row.specs.is_empty();
        let all = if compat { nothing } else { !asked };
        if all {
            found
                .retain(|it| matches!(it, Target::Nothing(_, it) if it.status == RowStatus::Error));
            let payloads = self.suite.test.payloads.iter();
            found.extend(objects().map(|it| Target::Object(it.0)));
            if !asked {
                found.extend(payloads.map(|it| payload(&it.text)));
            }
        }
        found
    }

    /// The objects of a name that stands alone or after its namespace.
    fn named(&self, name: &str) -> Vec<usize> {
        let (namespace, name) = match name.split('/').collect::<Vec<_>>()[..] {
            [name] => (None, name),
            [namespace, name] => (Some(namespace), name),
            _ => return Vec::new(),
        };
        let of_name = self.by_name.get(name).into_iter().flatten().copied();
        of_name
            .filter(|it| namespace.is_none_or(|there| self.suite.objects[*it].namespace == there))
            .collect()
    }

    /// Put the objects behind one name of a row among the targets.
    fn take(&self, row: &Row, name: &str, mut at: Vec<usize>, found: &mut Vec<Target>) {
        let compat = self.options.compat;
        if !compat && at.len() > 1 {
            // Kyverno does not look at the row's kind. Where it tells objects of one name apart,
            // it says which one is meant.
            let is_kind = |it: &usize| self.suite.objects[*it].kind == row.kind;
            if at.iter().any(is_kind) {
                at.retain(is_kind);
            }
        }
        if !at.is_empty() {
            found.extend(at.into_iter().map(Target::Object));
        } else if self
            .suite
            .test
            .payloads
            .iter()
            .any(|it| same_file(it, name))
        {
            found.push(payload(name));
        } else {
            let names = self.suite.objects.iter().map(|it| &*it.name);
            let bare = name.rsplit('/').next().unwrap_or_default();
            let hint = match nearest(bare, names) {
                Some(near) if near != bare => format!(": did you mean `{near}`?"),
                Some(_) => ": it stands in another namespace".to_owned(),
                None => " of this test".to_owned(),
            };
            let why = format!("`{name}` is not among the resources{hint}");
            found.push(Target::Nothing(
                name.to_owned(),
                Judged::not_evaluated(compat, why),
            ));
        }
    }

    /// A row on one object.
    fn object(
        &mut self,
        row: &Row,
        at: usize,
        results: &mut Vec<RowResult>,
    ) -> Result<(), SuiteError> {
        let suite = self.suite;
        let object = &suite.objects[at];
        let name = row.policy_name();
        let policies = suite.policies.iter().enumerate();
        let policies: Vec<_> = policies.filter(|it| &*it.1.name == name).collect();
        if policies.is_empty() {
            let judged = self.no_policy(name);
            results.push(result(row, &row.rule, Some(object), "", judged));
            return Ok(());
        }
        let before = results.len();
        let mut asked = false;
        for (index, policy) in policies.iter().copied() {
            let Some(answer) = self.answer(index, at, row.operation) else {
                continue;
            };
            asked = true;
            for found in &answer.rules {
                if !is_ruleless(policy.kind) && !row.names(&found.rule, self.options.compat) {
                    continue;
                }
                let obstacle = self.obstacle(policy, found, at, row.operation);
                let judged = match obstacle {
                    Some(why) => vec![Judged::unsupported(why)],
                    None => self.judge(row, policy, found, object)?,
                };
                for judged in judged {
                    self.cover(index, found, &judged);
                    results.push(result(row, &found.rule, Some(object), "", judged));
                }
            }
        }
        if results.len() == before {
            let policies: Vec<&Policy> = policies.into_iter().map(|it| it.1).collect();
            let judged = self.nothing_said(row, &policies, asked);
            results.push(result(row, &row.rule, Some(object), "", judged));
        }
        Ok(())
    }

    /// A row whose policies are there and gave no result for the object.
    fn nothing_said(&self, row: &Row, policies: &[&Policy], asked: bool) -> Judged {
        let (ruled, why) = why_nothing(row, policies);
        // Where Kyverno did not even ask the policy, it fails the row as "not found".
        let mut judged = Judged::not_evaluated(self.options.compat && asked, why);
        // A rule that leaves the object alone is what `skip` expects too.
        if ruled && !self.options.compat && row.result == "skip" {
            judged.status = RowStatus::Ok;
        }
        judged
    }

    fn no_policy(&self, name: &str) -> Judged {
        let mut problems = self.suite.problems.iter();
        if let Some(problem) = problems.find(|it| it.name.as_deref() == Some(name)) {
            let why = format!("policy `{name}` cannot be loaded: {}", problem.message);
            // Kyverno passes the row of a policy that it refuses, whatever the row expects.
            return if self.options.compat && problem.refused {
                Judged::not_evaluated(true, why)
            } else {
                Judged::unsupported(why)
            };
        }
        let names = self.suite.policies.iter().map(|it| &*it.name);
        let hint =
            nearest(name, names).map_or_else(String::new, |it| format!(": did you mean `{it}`?"));
        Judged::mismatch(format!("no policy of this test is named `{name}`{hint}"))
    }

    /// What the policy answers about the object. Asked once, however many rows want to know.
    fn answer(
        &mut self,
        policy: usize,
        object: usize,
        operation: Option<Operation>,
    ) -> Option<Rc<PolicyResponse>> {
        let question = (policy, object, operation.map(Operation::as_str));
        if let Some(known) = self.answers.get(&question) {
            return known.clone();
        }
        let suite = self.suite;
        let under_test = &suite.objects[object];
        let asked = &suite.policies[policy];
        let values = suite
            .values
            .variables(&asked.name, &under_test.name, operation);
        let operation = operation_of(&values);
        let body = Some(&under_test.body);
        let request = Request {
            object: body.filter(|_| operation != Operation::Delete),
            old_object: body.filter(|_| operation != Operation::Create),
            operation,
            user_info: suite.user_info.as_ref(),
            values: &values,
            rule_values: &self.rule_values[policy],
            fixtures: &suite.fixtures,
            now: self.options.now,
        };
        let answer = evaluate_policy(asked, &request).map(Rc::new);
        self.answers.insert(question, answer.clone());
        answer
    }

    /// Why the engine's answer cannot be the one that Kyverno would get.
    fn obstacle(
        &mut self,
        policy: &Policy,
        found: &RuleResult,
        object: usize,
        operation: Option<Operation>,
    ) -> Option<String> {
        let suite = self.suite;
        if suite.asks_cluster.contains(&policy.name) {
            return Some(
                "the policy calls an API that `clusterResources` answers: that is not supported yet"
                    .to_owned(),
            );
        }
        // Kyverno lets mutating rules change the object before it validates.
        for at in 0..self.changing.len() {
            let index = self.changing[at];
            let other = &suite.policies[index];
            let Some(answer) = self.answer(index, object, operation) else {
                continue;
            };
            let unknown = answer.rules.iter().find(|it| {
                matches!(it.outcome, Outcome::Unsupported { .. })
                    && rule_type(other, &it.rule).is_some_and(changes_objects)
                    && !std::ptr::eq(*it, found)
            });
            if let Some(first) = unknown {
                return Some(format!(
                    "`{}/{}` may change the object first: such rules are not supported yet",
                    other.name, first.rule
                ));
            }
        }
        None
    }

    /// What a rule said, against the row: once, or once for each object that it generated.
    fn judge(
        &self,
        row: &Row,
        policy: &Policy,
        found: &RuleResult,
        object: &Object,
    ) -> Result<Vec<Judged>, SuiteError> {
        let (actual, why) = match &found.outcome {
            Outcome::Pass => ("pass", None),
            Outcome::Fail { says, .. } if policy.scored => ("fail", Some(says.as_kyverno())),
            Outcome::Fail { says, .. } => ("warn", Some(says.as_kyverno())),
            Outcome::Skip { why } => ("skip", Some(why.as_str())),
            Outcome::Error { says } => ("error", Some(says.as_kyverno())),
            Outcome::Unsupported { feature } => {
                return Ok(vec![Judged::unsupported(feature.clone())]);
            }
        };
        let expected = RESULTS.contains(&&*row.result);
        let said = || Judged {
            actual: Some(actual),
            status: if actual == row.result {
                RowStatus::Ok
            } else {
                RowStatus::Mismatch
            },
            why: match actual == row.result || expected {
                true => why.map(str::to_owned),
                false => Some(format!(
                    "`{}` is no result: it is one of {}",
                    row.result,
                    RESULTS.join(", ")
                )),
            },
            at: match &found.outcome {
                Outcome::Fail { at, .. } => at.clone(),
                _ => FieldPath::root(),
            },
        };
        let against = |object: &Object| {
            let differs = self.differs(row, object)?.map(|it| Judged {
                actual: Some(actual),
                ..it
            });
            Ok(differs.unwrap_or_else(said))
        };
        if rule_type(policy, &found.rule) != Some(RuleType::Generate) {
            return Ok(vec![against(object)?]);
        }
        if found.generated.is_empty() {
            return Ok(vec![said()]);
        }
        let made = found.generated.iter().map(Object::made);
        made.map(|it| against(&it)).collect()
    }

    /// How the object differs from the one that the row expects, if it names one.
    fn differs(&self, row: &Row, object: &Object) -> Result<Option<Judged>, SuiteError> {
        if let Some(file) = &row.patched {
            match self.expected(file, object)? {
                None => {
                    let why = format!("`{}` is not in `{}`", object.name, file.text);
                    let compat = self.options.compat && !row.fail_on_missing;
                    return Ok(Some(Judged::not_evaluated(compat, why)));
                }
                Some(expected) if !same_object(&object.body, &expected) => {
                    let why = format!("the object is not the one in `{}`", file.text);
                    return Ok(Some(Judged::mismatch(why)));
                }
                Some(_) => {}
            }
        }
        for file in &row.generated {
            if self
                .expected(file, object)?
                .is_some_and(|it| same_object(&object.body, &it))
            {
                return Ok(None);
            }
        }
        Ok((!row.generated.is_empty()).then(|| {
            Judged::mismatch("the object is not the one that was to be generated".to_owned())
        }))
    }

    /// The object of the same kind and name in a file of expected objects.
    fn expected(&self, file: &Named, like: &Object) -> Result<Option<Value>, SuiteError> {
        let documents = self.reader.file(file)?;
        for document in documents.iter().filter(|it| has_name(it, &like.name)) {
            let object = Object::read(document)?;
            let same = (&object.api_version, &object.kind, &object.namespace)
                == (&like.api_version, &like.kind, &like.namespace);
            if same {
                return Ok(Some(object.body));
            }
        }
        Ok(None)
    }

    fn cover(&mut self, policy: usize, found: &RuleResult, judged: &Judged) {
        if judged.status != RowStatus::Ok {
            return;
        }
        let rules = &self.suite.policies[policy].rules;
        // A generated rule stands where its parent stands.
        let parent = rules.iter().position(|it| it.span == found.at);
        let Some(coverage) = parent.and_then(|it| self.coverage[policy].get_mut(&it)) else {
            return;
        };
        match judged.actual {
            Some("pass") => coverage.passing += 1,
            Some("fail" | "warn") => coverage.failing += 1,
            _ => {}
        }
    }
}

/// What a row can expect.
const RESULTS: [&str; 5] = ["pass", "fail", "skip", "warn", "error"];

/// The rules that people wrote, by their index, with nothing proved yet.
fn uncovered(policy: &Policy) -> BTreeMap<usize, Coverage> {
    let mut all: BTreeMap<usize, Coverage> = BTreeMap::new();
    for (at, rule) in policy.rules.iter().enumerate() {
        if all.values().any(|it| it.span == rule.span) {
            continue;
        }
        let coverage = Coverage {
            policy: policy.name.to_string(),
            rule: rule.name.to_string(),
            passing: 0,
            failing: 0,
            span: rule.span,
        };
        all.insert(at, coverage);
    }
    all
}

fn has_name(document: &Node, name: &str) -> bool {
    let named = document.get("metadata").and_then(|it| it.get("name"));
    named.and_then(Node::as_str) == Some(name)
}

fn same_file(payload: &Named, name: &str) -> bool {
    let bare = |it: &str| it.trim_start_matches("./").to_owned();
    bare(&payload.text) == bare(name)
}

fn payload(name: &str) -> Target {
    let why = "JSON, HTTP and Envoy payloads are not supported yet".to_owned();
    Target::Nothing(name.to_owned(), Judged::unsupported(why))
}

/// Whether rows about policies of this kind name no rule.
fn is_ruleless(kind: PolicyKind) -> bool {
    !matches!(kind, PolicyKind::ClusterPolicy | PolicyKind::Policy)
}

fn changes_objects(kind: RuleType) -> bool {
    matches!(kind, RuleType::Mutate | RuleType::VerifyImages)
}

fn rule_type(policy: &Policy, rule: &str) -> Option<RuleType> {
    let found = policy.rules.iter().find(|it| &*it.name == rule);
    found.map(|it| it.kind)
}

/// Whether the rule that the row names exists, and why it had nothing to say about the object.
fn why_nothing(row: &Row, policies: &[&Policy]) -> (bool, String) {
    let policy = row.policy_name();
    let rules = || {
        let of_rows = policies.iter().filter(|it| !is_ruleless(it.kind));
        of_rows.flat_map(|it| &it.rules).map(|it| &*it.name)
    };
    if policies.iter().any(|it| is_ruleless(it.kind)) || row.rule.is_empty() {
        let why = format!("policy `{policy}` does not match this resource");
        (true, why)
    } else if rules().any(|it| row.names(it, false)) {
        let rule = &row.rule;
        let why = format!("rule `{rule}` of policy `{policy}` does not match this resource");
        (true, why)
    } else {
        let hint = match nearest(&row.rule, rules()) {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("it has {}", rules().take(5).collect::<Vec<_>>().join(", ")),
        };
        let why = format!("policy `{policy}` has no rule `{}`: {hint}", row.rule);
        (false, why)
    }
}

fn result(row: &Row, rule: &str, object: Option<&Object>, name: &str, judged: Judged) -> RowResult {
    let mismatch = object.filter(|_| judged.status == RowStatus::Mismatch);
    RowResult {
        policy: row.policy.clone(),
        rule: rule.to_owned(),
        kind: object.map_or(&row.kind, |it| &it.kind).clone(),
        namespace: object.map_or_else(String::new, |it| it.namespace.clone()),
        resource: object.map_or(name, |it| &it.name).to_owned(),
        expected: row.result.clone(),
        actual: judged.actual,
        status: judged.status,
        why: judged.why,
        rests_on: mismatch.map(|it| value_at(&it.body, &judged.at).to_string()),
        span: row.span,
    }
}

/// The value of a field; of one that is not there, that of the object.
fn value_at<'v>(body: &'v Value, at: &FieldPath) -> &'v Value {
    let step = |value: &'v Value, step: &Step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => value.get(*index),
    };
    at.0.iter().try_fold(body, step).unwrap_or(body)
}
