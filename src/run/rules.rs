//! The rules of both sides, as each environment receives them: its overlays may deploy policies, and
//! those count in place of the files that they were made from.

use super::{
    lost::Lost,
    policies::{self, Documents, Loaded},
};
use crate::{
    config,
    engines::{ENGINES, Less},
    model::{
        ChangedFile, ControlPlane, ControlPlaneFile, Place, PolicyFacts, Problem, Side,
        WeakenedFacts, digest,
    },
    repo::discover::{self, Class, Document},
};
use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::RepoPath;
use tollgate_yaml::{Node, Sources, Span, Value};

/// The policies and exceptions that an overlay deploys, and every file that it reads; nothing where it
/// deploys none on either side.
#[derive(Default)]
pub(super) struct Deployed {
    pub(super) base: Vec<Node>,
    pub(super) head: Vec<Node>,
    pub(super) base_reads: BTreeSet<RepoPath>,
    pub(super) head_reads: BTreeSet<RepoPath>,
    /// Whether one of the sides does not render, so that nobody knows what it deploys.
    pub(super) unknown: bool,
}

impl Deployed {
    /// The rules that one side has, and the other has not or has otherwise.
    fn differing(&self) -> Vec<(&Node, Side)> {
        let essences = |it: &[Node]| -> Vec<Option<String>> { it.iter().map(essence).collect() };
        let (base, head) = (essences(&self.base), essences(&self.head));
        let others = |own: &'_ [Node], keys: &[Option<String>], other: &[Option<String>], side| {
            let pairs = own.iter().zip(keys);
            pairs
                .filter(|(_, key)| key.is_none() || !other.contains(key))
                .map(|(node, _)| (std::ptr::from_ref(node), side))
                .collect::<Vec<_>>()
        };
        let differ: BTreeSet<_> = others(&self.base, &base, &head, Side::Base)
            .into_iter()
            .chain(others(&self.head, &head, &base, Side::Head))
            .collect();
        let all = self.base.iter().map(|it| (it, Side::Base));
        let all = all.chain(self.head.iter().map(|it| (it, Side::Head)));
        all.filter(|it| differ.contains(&(std::ptr::from_ref(it.0), it.1)))
            .collect()
    }
}

/// Of one tree: what stands in its files.
#[derive(Clone, Copy)]
pub(super) struct InFiles<'a> {
    pub(super) documents: &'a [Document],
    pub(super) sources: &'a Sources,
    pub(super) side: Side,
    pub(super) builtin: config::Builtin,
}

/// The rules for some environments.
pub(super) struct Ruled<'a> {
    environments: BTreeSet<Option<String>>,
    /// BASE's, which judge.
    pub(super) policies: Loaded<'a>,
    /// Where HEAD's differ: those that do, of BASE and of HEAD, with the exceptions of each.
    pub(super) compared: Option<(Loaded<'a>, Loaded<'a>)>,
    less: Vec<(Less, Option<Place>)>,
    /// What HEAD's policies are.
    head: Vec<PolicyFacts>,
    /// What of HEAD cannot be loaded, and was not there before.
    problems: Vec<Problem>,
}

/// The rules for every environment.
pub(super) struct Rules<'a> {
    ruled: Vec<Ruled<'a>>,
    by_environment: BTreeMap<Option<String>, usize>,
}

impl<'a> Rules<'a> {
    /// The rules of `base` and `head`, whose overlays deploy some, each in its environment. `alone` says
    /// that BASE is compared with nothing.
    pub(super) fn new(
        base: InFiles<'a>,
        head: InFiles<'a>,
        overlays: &[(Option<&str>, &Deployed)],
        alone: bool,
    ) -> Self {
        let mut sides = [Rows::of(base), Rows::of(head)];
        let environments: BTreeSet<Option<&str>> = overlays.iter().map(|it| it.0).collect();
        let mut received = Vec::new();
        for environment in environments.into_iter().chain([None]) {
            let own = overlays.iter().filter(|it| it.0 == environment);
            let own: Vec<&Deployed> = own.map(|it| it.1).collect();
            let rows = sides.each_mut().map(|it| it.received(&own));
            received.push((environment.map(str::to_owned), rows));
        }
        let builtins = sides.each_ref().map(Rows::builtin);
        let mut rules = Self {
            ruled: Vec::new(),
            by_environment: BTreeMap::new(),
        };
        let mut known: BTreeMap<[Vec<usize>; 2], usize> = BTreeMap::new();
        for (environment, rows) in received {
            let at = *known.entry(rows.clone()).or_insert_with(|| {
                let received = Received {
                    sides: &sides,
                    rows: &rows,
                    builtins: &builtins,
                };
                rules.ruled.push(received.load(alone));
                rules.ruled.len() - 1
            });
            if let Some(it) = rules.ruled.get_mut(at) {
                it.environments.insert(environment.clone());
            }
            rules.by_environment.insert(environment, at);
        }
        rules
    }

    /// Those that count in an environment.
    pub(super) fn of(&self, environment: Option<&str>) -> Option<&Ruled<'a>> {
        let at = self.by_environment.get(&environment.map(str::to_owned))?;
        self.ruled.get(*at)
    }

    /// Each set of rules that counts somewhere.
    pub(super) fn sets(&self) -> impl Iterator<Item = &Ruled<'a>> {
        self.ruled.iter()
    }

    /// What cannot be loaded.
    pub(super) fn problems(&self) -> Vec<Problem> {
        let mut problems: Vec<Problem> = Vec::new();
        let base = self.ruled.iter().map(|it| match it.problems.is_empty() {
            true => it.policies.as_mended("policies"),
            false => it.policies.as_problems("policies"),
        });
        let head = self.ruled.iter().map(|it| it.problems.clone());
        for it in base.chain(head).flatten() {
            if !problems.contains(&it) {
                problems.push(it);
            }
        }
        problems
    }

    /// What BASE's policies are, and HEAD's: one entry for each that environments share by name.
    pub(super) fn facts(&self) -> [Vec<PolicyFacts>; 2] {
        let base = self.ruled.iter().map(|it| it.policies.policies.as_slice());
        let head = self.ruled.iter().map(|it| it.head.as_slice());
        [distinct(base), distinct(head)]
    }

    /// Whether the sides differ in what their rules say.
    pub(super) fn differ(&self) -> bool {
        self.ruled.iter().any(|it| it.compared.is_some())
    }

    /// What HEAD decides less of, with the resources that show it: those of overlays of the environments,
    /// by environment, and those of fixtures, which stand in none.
    pub(super) fn weakened(&self, lost: &[(Option<Option<&str>>, &Lost)]) -> Vec<WeakenedFacts> {
        let mut out: Vec<WeakenedFacts> = Vec::new();
        let mut places: Vec<usize> = Vec::new();
        for ruled in &self.ruled {
            let own = |it: &&(Option<Option<&str>>, &Lost)| match it.0 {
                None => true,
                Some(environment) => {
                    let environment = environment.map(str::to_owned);
                    ruled.environments.contains(&environment)
                }
            };
            let lost: Vec<&Lost> = lost.iter().filter(own).map(|it| it.1).collect();
            for mut it in ruled.weakened(&lost) {
                let same = |other: &WeakenedFacts| {
                    (&other.name, &other.why, &other.place) == (&it.name, &it.why, &it.place)
                };
                let at = out.iter().position(same);
                let Some((at, known)) = at.and_then(|at| Some((at, out.get_mut(at)?))) else {
                    out.push(it);
                    places.push(1);
                    continue;
                };
                known.environments.append(&mut it.environments);
                known.shown = known.shown.take().or(it.shown);
                known.more = known.more.max(it.more);
                if let Some(places) = places.get_mut(at) {
                    *places += 1;
                }
            }
        }
        for (it, places) in out.iter_mut().zip(places) {
            it.environments.sort();
            if places == self.ruled.len() {
                it.environments.clear();
            }
        }
        out.sort_by(|a, b| (&a.name, &a.why, &a.place).cmp(&(&b.name, &b.why, &b.place)));
        out
    }
}

impl Ruled<'_> {
    fn weakened(&self, lost: &[&Lost]) -> Vec<WeakenedFacts> {
        let Some((_, new)) = &self.compared else {
            return Vec::new();
        };
        let environments: Vec<String> = self.environments.iter().flatten().cloned().collect();
        let mut shown = vec![false; lost.len()];
        let mut out = Vec::new();
        // An exception lets resources off policies of other names: those that nothing else explains.
        let (exceptions, policies): (Vec<_>, Vec<_>) =
            self.less.iter().partition(|it| it.0.exception);
        for (less, place) in policies.into_iter().chain(exceptions) {
            let about = |it: &Lost| {
                let rule = less.rule.as_ref().is_none_or(|rule| **rule == *it.rule);
                rule && is_called(&it.policy, &less.name)
            };
            let mut showing = Vec::new();
            for (it, shown) in lost.iter().zip(&mut shown) {
                if less.exception && !*shown || !less.exception && about(it) {
                    *shown = true;
                    showing.push(*it);
                }
            }
            let (first, more) = first_of(&showing);
            out.push(WeakenedFacts {
                name: less.name.clone(),
                why: less.why.clone(),
                environments: environments.clone(),
                shown: first,
                more,
                place: place.clone(),
            });
        }
        let mut others: BTreeMap<(&str, &str), Vec<&Lost>> = BTreeMap::new();
        for (it, _) in lost.iter().zip(shown).filter(|it| !it.1) {
            others.entry((&it.policy, &it.rule)).or_default().push(it);
        }
        for ((policy, rule), showing) in others {
            // Another name for the same rule was compared by what it says.
            let stays = |it: &&PolicyFacts| {
                is_called(policy, &it.name) && it.rules.iter().any(|it| it == rule) && !it.builtin
            };
            let Some(stays) = new.policies.iter().find(stays) else {
                continue;
            };
            let (first, more) = first_of(&showing);
            out.push(WeakenedFacts {
                name: stays.name.clone(),
                why: format!("rule `{rule}` decides less"),
                environments: environments.clone(),
                shown: first,
                more,
                place: stays.place.clone(),
            });
        }
        out
    }
}

/// Whether a policy, by the name under which it answers, has this name.
fn is_called(policy: &str, name: &str) -> bool {
    policy.rsplit('/').next() == Some(name)
}

/// What became of a resource, where something that was refused is shown first, and how many more there
/// are.
fn first_of(lost: &[&Lost]) -> (Option<String>, usize) {
    let first = lost.iter().find(|it| it.was == "refused").or(lost.first());
    let text = first.map(|it| {
        format!(
            "{} ({}) was {} and is {}",
            it.resource, it.of, it.was, it.is
        )
    });
    (text, lost.len().saturating_sub(1))
}

/// Policies of several sets, those of one kind and name once, unless one set has several.
fn distinct<'a>(sets: impl Iterator<Item = &'a [PolicyFacts]>) -> Vec<PolicyFacts> {
    let mut all: Vec<PolicyFacts> = Vec::new();
    for set in sets {
        let known: BTreeSet<(String, String)> = all
            .iter()
            .map(|it| (it.kind.clone(), it.name.clone()))
            .collect();
        let new = set
            .iter()
            .filter(|it| !known.contains(&(it.kind.clone(), it.name.clone())));
        all.extend(new.cloned());
    }
    all.sort_by(|a, b| (&a.name, &a.kind).cmp(&(&b.name, &b.kind)));
    all
}

/// A digest over what a rule says; `None` where it is no JSON.
fn essence(node: &Node) -> Option<String> {
    let engine = ENGINES.iter().find(|it| it.recognises(node));
    let essence = match engine {
        Some(engine) => engine.essence(node)?,
        None => node.to_json().ok()?,
    };
    Some(digest(essence.to_string().as_bytes()))
}

/// One rule of a tree, wherever it comes from.
struct Row {
    node: Node,
    essence: Option<String>,
    written: OnceCell<Option<String>>,
    class: Class,
}

/// The rules of one tree. Those that say the same are one.
struct Rows<'a> {
    files: InFiles<'a>,
    rows: Vec<Row>,
    by_essence: BTreeMap<String, usize>,
    /// The rows of the documents in files.
    in_files: Vec<(usize, &'a Document)>,
}

impl<'a> Rows<'a> {
    fn of(files: InFiles<'a>) -> Self {
        let mut rows = Self {
            files,
            rows: Vec::new(),
            by_essence: BTreeMap::new(),
            in_files: Vec::new(),
        };
        for document in files.documents {
            if matches!(document.class, Class::Policy | Class::Exception) {
                let at = rows.row(&document.node);
                rows.in_files.push((at, document));
            }
        }
        rows
    }

    fn row(&mut self, node: &Node) -> usize {
        let essence = essence(node);
        let known = essence.as_ref().and_then(|it| self.by_essence.get(it));
        if let Some(at) = known {
            return *at;
        }
        let at = self.rows.len();
        if let Some(it) = &essence {
            self.by_essence.insert(it.clone(), at);
        }
        self.rows.push(Row {
            node: node.clone(),
            essence,
            written: OnceCell::new(),
            class: discover::classify(node).unwrap_or(Class::Policy),
        });
        at
    }

    /// What the overlays of an environment deploy, and the documents in files that none of them reads. A
    /// file that BASE's overlays read and HEAD's do not is deployed by BASE alone.
    fn received(&mut self, overlays: &[&Deployed]) -> Vec<usize> {
        let base = self.files.side == Side::Base;
        let mut replaced: BTreeSet<&RepoPath> = BTreeSet::new();
        let mut rows = BTreeSet::new();
        for it in overlays {
            let own = if base { &it.base } else { &it.head };
            rows.extend(own.iter().map(|it| self.row(it)));
            if it.unknown {
                continue;
            }
            if !it.base.is_empty() {
                replaced.extend(&it.base_reads);
            }
            if !base {
                replaced.extend(&it.head_reads);
            }
        }
        let stays = |it: &Document| {
            let mut paths = std::iter::once(&it.path).chain(&it.through);
            !paths.any(|it| replaced.contains(it))
        };
        let in_files = self.in_files.iter().filter(|it| stays(it.1));
        rows.extend(in_files.map(|it| it.0));
        rows.into_iter().collect()
    }

    /// The built-in policies that judge beside them.
    fn builtin(&self) -> Vec<(&'static str, Node)> {
        let name = |it: &Row| -> String {
            let metadata = it.node.get("metadata");
            let name = metadata
                .and_then(|it| it.get("name"))
                .and_then(Node::as_str);
            name.unwrap_or_default().to_owned()
        };
        let policies = || self.rows.iter().filter(|it| it.class == Class::Policy);
        let own: BTreeSet<String> = policies().map(name).collect();
        let judges = |it: &Row| {
            let mut engines = ENGINES.iter();
            engines.any(|engine| engine.recognises(&it.node) && engine.judges(&it.node))
        };
        let judged = policies().any(judges);
        policies::builtin(self.files.builtin, judged, &own, self.files.sources)
    }

    fn load(&self, rows: &[usize], builtin: &[(&str, Node)]) -> Loaded<'a> {
        let nodes = self.nodes(rows);
        policies::load(&self.documents(&nodes, builtin))
    }

    fn nodes(&self, rows: &[usize]) -> Vec<&Node> {
        let rows = rows.iter().filter_map(|it| self.rows.get(*it));
        rows.map(|it| &it.node).collect()
    }

    fn documents<'d>(
        &self,
        nodes: &'d [&'d Node],
        builtin: &'d [(&'d str, Node)],
    ) -> Documents<'d, 'a> {
        Documents {
            nodes,
            builtin,
            sources: self.files.sources,
            side: self.files.side,
        }
    }

    /// Where a row begins.
    fn span(&self, row: usize) -> Span {
        self.rows.get(row).map_or(Span::NONE, |it| it.node.span())
    }

    /// Those of some rows that are not written as one of the other side's is, labels and all.
    fn unlike(&self, rows: &[usize], other: &Rows<'_>, others: &[usize]) -> Vec<usize> {
        let there: BTreeSet<&str> = others.iter().filter_map(|it| other.written(*it)).collect();
        let is_unlike = |it: &&usize| self.written(**it).is_none_or(|it| !there.contains(it));
        rows.iter().filter(is_unlike).copied().collect()
    }

    /// A digest over all that is written in a row; `None` where it is no JSON.
    fn written(&self, row: usize) -> Option<&str> {
        let row = self.rows.get(row)?;
        let written = || {
            let json = row.node.to_json().ok()?;
            Some(digest(json.to_string().as_bytes()))
        };
        row.written.get_or_init(written).as_deref()
    }

    fn place(&self, span: Span) -> Option<Place> {
        Place::of(self.files.sources, span, self.files.side)
    }
}

/// What an environment receives, by side.
struct Received<'r, 'a> {
    sides: &'r [Rows<'a>; 2],
    rows: &'r [Vec<usize>; 2],
    builtins: &'r [Vec<(&'static str, Node)>; 2],
}

impl<'a> Received<'_, 'a> {
    fn load(&self, alone: bool) -> Ruled<'a> {
        let [base, head] = self.sides;
        let [old, new] = self.rows;
        let [old_builtin, new_builtin] = self.builtins;
        let mut policies = base.load(old, old_builtin);
        if !alone {
            let touched = base.unlike(old, head, new);
            policies.touch(touched.into_iter().map(|it| base.span(it)));
        }
        let mut ruled = Ruled {
            environments: BTreeSet::new(),
            head: policies.policies.clone(),
            policies,
            compared: None,
            less: Vec::new(),
            problems: Vec::new(),
        };
        if alone {
            return ruled;
        }
        let (mut old_only, mut new_only) = (only(base, old, head, new), only(head, new, base, old));
        let names = |it: &[(&'static str, Node)]| -> BTreeSet<&'static str> {
            it.iter().map(|it| it.0).collect()
        };
        let (was, is) = (names(old_builtin), names(new_builtin));
        let differ = !old_only.is_empty() || !new_only.is_empty() || was != is;
        let all = differ.then(|| head.load(new, new_builtin));
        // What decides the same may be written so that it cannot be read.
        let written = head.unlike(new, base, old);
        let problems = match &all {
            Some(all) if written.len() == new.len() => all.as_problems("policy-tests"),
            _ => head.load(&written, &[]).as_problems("policy-tests"),
        };
        // What HEAD shares with BASE is told of BASE.
        let brought = |it| Problem {
            before: false,
            ..it
        };
        ruled.problems = problems.into_iter().map(brought).collect();
        let Some(all) = all else {
            return ruled;
        };
        ruled.head = all.policies;
        // It is long where its rules are many.
        drop(all.sets);
        ruled.less = self.less();
        let is_exception = |side: &Rows<'_>, it: &usize| {
            let row = side.rows.get(*it);
            row.is_some_and(|it| it.class == Class::Exception)
        };
        let (mut was_only, mut is_only) = (old_builtin.clone(), new_builtin.clone());
        if old_only.iter().any(|it| is_exception(base, it))
            || new_only.iter().any(|it| is_exception(head, it))
        {
            // Exceptions say something of all policies.
            ruled.compared = Some((base.load(old, &was_only), head.load(new, &is_only)));
        } else {
            old_only.extend(old.iter().filter(|it| is_exception(base, it)));
            new_only.extend(new.iter().filter(|it| is_exception(head, it)));
            was_only.retain(|it| !is.contains(it.0));
            is_only.retain(|it| !was.contains(it.0));
            let (old, new) = (base.nodes(&old_only), head.nodes(&new_only));
            let old = base.documents(&old, &was_only);
            let new = head.documents(&new, &is_only);
            ruled.compared = Some(policies::load_to_compare(&old, &new));
        }
        ruled
    }

    fn less(&self) -> Vec<(Less, Option<Place>)> {
        let [base, head] = self.sides;
        let mut out = Vec::new();
        for engine in ENGINES {
            let own = |side: usize| -> Vec<&Node> {
                let rows = self.rows[side].iter();
                let rows = rows.filter_map(|it| self.sides[side].rows.get(*it));
                rows.map(|it| &it.node)
                    .filter(|it| engine.recognises(it))
                    .collect()
            };
            out.extend(engine.less(&own(0), &own(1)).into_iter().map(|it| {
                let place = if it.gone { base } else { head }.place(it.at);
                (it, place)
            }));
        }
        out
    }
}

/// The rows of one side that say what none of the other side does.
fn only(side: &Rows<'_>, rows: &[usize], other: &Rows<'_>, others: &[usize]) -> Vec<usize> {
    let essence =
        |side: &'_ Rows<'_>, it: usize| side.rows.get(it).and_then(|it| it.essence.clone());
    let there: BTreeSet<String> = others.iter().filter_map(|it| essence(other, *it)).collect();
    let is_new = |it: &&usize| essence(side, **it).is_none_or(|it| !there.contains(&it));
    rows.iter().filter(is_new).copied().collect()
}

/// The changed files by which overlays deploy other rules than they did: they decide about changes like
/// the files of policies do.
pub(super) fn deciding<'a>(
    deployed: impl Iterator<Item = &'a Deployed>,
    changed: &[ChangedFile],
    sources: [&Sources; 2],
) -> Vec<ControlPlaneFile> {
    let mut found: BTreeMap<&str, ControlPlaneFile> = BTreeMap::new();
    for it in deployed {
        for (rule, side) in it.differing() {
            let mut files = BTreeSet::new();
            let sources = if side == Side::Base {
                sources[0]
            } else {
                sources[1]
            };
            origins(rule, sources, &mut files);
            let reads = |it: &str, reads: &BTreeSet<RepoPath>| {
                RepoPath::new(it).is_some_and(|it| reads.contains(&it))
            };
            let read = |file: &&ChangedFile| {
                reads(&file.path, &it.base_reads) || reads(&file.path, &it.head_reads)
            };
            let read: Vec<&ChangedFile> = changed.iter().filter(read).collect();
            let of = |want: &dyn Fn(&str) -> bool| -> Vec<&ChangedFile> {
                read.iter().copied().filter(|it| want(&it.path)).collect()
            };
            // What is no longer there is the doing of a kustomization.
            let mut own = of(&|it| files.contains(it));
            if own.is_empty() {
                own = of(&|it| RepoPath::new(it).is_some_and(|it| discover::is_kustomization(&it)));
            }
            if own.is_empty() {
                own = read;
            }
            let class = match discover::classify(rule) {
                Some(Class::Exception) => ControlPlane::Exception,
                _ => ControlPlane::Policy,
            };
            for file in own {
                found.entry(&file.path).or_insert_with(|| ControlPlaneFile {
                    path: file.path.clone(),
                    edit: file.edit,
                    class,
                });
            }
        }
    }
    found.into_values().collect()
}

/// The files whose lines set something in a document.
fn origins(node: &Node, sources: &Sources, files: &mut BTreeSet<String>) {
    let mut add = |span: Span| {
        if let Some(file) = sources.get(span.file) {
            files.insert(file.path().to_owned());
        }
    };
    add(node.span());
    match &node.value {
        Value::Scalar(_) => {}
        Value::Sequence(items) => items.iter().for_each(|it| origins(it, sources, files)),
        Value::Mapping(map) => {
            for it in map {
                add(it.key.origin.edit_here());
            }
            map.iter().for_each(|it| origins(&it.value, sources, files));
        }
    }
}
