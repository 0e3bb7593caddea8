//! The exceptions and the baseline of BASE, and what a change does to their files.

use crate::{
    config::{self, Config, FilePath},
    model::{
        AddedFindings, BaselineBefore, BaselineFacts, BaselineFile, Change, ExceptionFacts,
        ExceptionsFile, Facts, FileMistake, HeadBaseline, HeadExceptions, Place, Side, WaiverFiles,
    },
    repo::{self, LeafKind},
};
use std::collections::{BTreeMap, BTreeSet};
use tollgate_kustomize::{EntryKind, RepoPath};
use tollgate_yaml::{Sources, Span, YamlError};

/// One tree.
#[derive(Clone, Copy)]
pub(super) struct Tree<'a> {
    pub(super) side: Side,
    pub(super) files: &'a dyn repo::Tree,
    pub(super) sources: &'a Sources,
}

/// What BASE waives, and what HEAD would. `new` is HEAD's configuration, where it is another one and
/// can be read.
pub(super) fn gather(
    base: Tree<'_>,
    head: Tree<'_>,
    (old, new): (&Config, Option<&Config>),
    facts: &mut Facts,
) {
    let new = new.unwrap_or(old);
    let files = exceptions(base, head, (old, new), facts);
    let baseline = baseline(base, head, (old, new), facts);
    facts.waiver_files = WaiverFiles {
        exceptions: files,
        baseline,
    };
}

/// The text of a file; `None` where there is none.
pub(super) type Text = Result<Option<String>, Vec<FileMistake>>;

fn exceptions(
    base: Tree<'_>,
    head: Tree<'_>,
    (old, new): (&Config, &Config),
    facts: &mut Facts,
) -> ExceptionsFile {
    let before = base.text(&old.exceptions);
    let after = head.text(&new.exceptions);
    let same = is_same(
        &old.exceptions,
        &new.exceptions,
        (&before, &after),
        &facts.change,
    );
    let read = |tree: Tree<'_>, path: &FilePath, text: Text| -> Result<Vec<ExceptionFacts>, _> {
        let Some(text) = text? else {
            return Ok(Vec::new());
        };
        let read = config::exceptions(path.as_str(), &text, tree.sources, tree.side);
        read.map_err(|it| tree.mistakes(&it))
    };
    let mut mistakes = Vec::new();
    match read(base, &old.exceptions, before) {
        Ok(exceptions) => facts.waivers.exceptions = exceptions,
        Err(wrong) => mistakes = wrong,
    }
    let head = (!same).then(|| {
        let (exceptions, mistakes) = match read(head, &new.exceptions, after) {
            Ok(exceptions) => (exceptions, Vec::new()),
            Err(mistakes) => (Vec::new(), mistakes),
        };
        HeadExceptions {
            path: new.exceptions.to_string(),
            mistakes,
            exceptions,
        }
    });
    ExceptionsFile { mistakes, head }
}

fn baseline(
    base: Tree<'_>,
    head: Tree<'_>,
    (old, new): (&Config, &Config),
    facts: &mut Facts,
) -> BaselineFile {
    let before = base.text(&old.baseline);
    let after = head.text(&new.baseline);
    let same = is_same(
        &old.baseline,
        &new.baseline,
        (&before, &after),
        &facts.change,
    );
    let first = matches!(before, Ok(None));
    let mut mistakes = Vec::new();
    match base.findings(&old.baseline, before) {
        Ok(known) => {
            facts.waivers.baseline = known.into_iter().map(|it| it.0).collect();
            facts.waivers.baseline.sort();
        }
        Err(wrong) => mistakes = wrong,
    }
    let unreadable = !mistakes.is_empty();
    let head = (!same).then(|| {
        let (added, mistakes) = match head.findings(&new.baseline, after) {
            Ok(findings) => (added(&facts.waivers.baseline, &findings, head), Vec::new()),
            Err(mistakes) => (Vec::new(), mistakes),
        };
        HeadBaseline {
            path: new.baseline.to_string(),
            mistakes,
            before: match (first, unreadable) {
                (true, _) => BaselineBefore::None,
                (false, true) => BaselineBefore::Unreadable,
                (false, false) => BaselineBefore::Known,
            },
            added,
        }
    });
    BaselineFile { mistakes, head }
}

/// What a baseline knows that another one does not.
fn added(
    before: &[BaselineFacts],
    after: &[(BaselineFacts, Span)],
    tree: Tree<'_>,
) -> Vec<AddedFindings> {
    let known: BTreeSet<&str> = before.iter().map(|it| it.fingerprint.as_str()).collect();
    let mut added: BTreeMap<&str, AddedFindings> = BTreeMap::new();
    for (finding, span) in after {
        if known.contains(finding.fingerprint.as_str()) {
            continue;
        }
        let of_rule = added.entry(&finding.rule).or_insert_with(|| AddedFindings {
            rule: finding.rule.clone(),
            count: 0,
            first: finding.subject.to_string(),
            place: Place::of(tree.sources, *span, tree.side),
        });
        of_rule.count += 1;
    }
    added.into_values().collect()
}

/// Whether HEAD's file is BASE's. What cannot be read at all is, where the change does not touch it.
fn is_same(old: &FilePath, new: &FilePath, texts: (&Text, &Text), change: &Change) -> bool {
    let touched = || change.files.iter().any(|it| it.path == old.as_str());
    old == new
        && match texts {
            (Ok(old), Ok(new)) => old == new,
            (Err(_), Err(_)) => !touched(),
            _ => false,
        }
}

impl Tree<'_> {
    /// A file's text. It must be a file and stand where it is looked for: what a link leads to is
    /// changed by changing something else.
    pub(super) fn text(self, path: &FilePath) -> Text {
        let wrong = |message: String, help: &str| {
            vec![FileMistake {
                message,
                help: Some(help.to_owned()),
                place: Some(Place::file(path.as_str(), self.side)),
            }]
        };
        let file = RepoPath::new(path.as_str()).unwrap_or_default();
        let cannot = |why: String| {
            wrong(
                format!("`{path}` cannot be read: {why}"),
                "mend it, or delete it",
            )
        };
        match self.files.stands_at(&file) {
            Ok(Some(LeafKind::File | LeafKind::Executable)) => {}
            Ok(Some(LeafKind::Link | LeafKind::Submodule)) => {
                return Err(wrong(
                    format!("`{path}` is a link"),
                    "put a file in its place",
                ));
            }
            Ok(None) => {
                return match self.files.kind(&file) {
                    Ok(None) => Ok(None),
                    Ok(Some(EntryKind::Directory)) => Err(wrong(
                        format!("`{path}` is a folder"),
                        "put a file in its place",
                    )),
                    Ok(Some(_)) => Err(wrong(
                        format!("the way to `{path}` leads through a link"),
                        "put a folder in the link's place",
                    )),
                    Err(error) => Err(cannot(error.why)),
                };
            }
            Err(error) => return Err(cannot(error.why)),
        }
        let bytes = self.files.read(&file).map_err(|it| cannot(it.why))?;
        let text = bytes.map(|it| String::from_utf8(it.to_vec()));
        text.transpose()
            .map_err(|it| cannot(format!("it is not UTF-8: {it}")))
    }

    fn findings(
        self,
        path: &FilePath,
        text: Text,
    ) -> Result<Vec<(BaselineFacts, Span)>, Vec<FileMistake>> {
        let Some(text) = text? else {
            return Ok(Vec::new());
        };
        let read = config::baseline(path.as_str(), &text, self.sources);
        read.map_err(|it| self.mistakes(&it))
    }

    /// The findings of its baseline, as its file has them; `None` where there is none.
    pub(super) fn known(
        self,
        path: &FilePath,
    ) -> Result<Option<Vec<BaselineFacts>>, Vec<FileMistake>> {
        let text = self.text(path)?;
        if text.is_none() {
            return Ok(None);
        }
        let found = self.findings(path, Ok(text))?;
        Ok(Some(found.into_iter().map(|it| it.0).collect()))
    }

    pub(super) fn mistakes(self, errors: &[YamlError]) -> Vec<FileMistake> {
        let mistake = |it: &YamlError| FileMistake {
            message: it.message.clone(),
            help: it.help.clone(),
            place: Place::of(self.sources, it.span, self.side),
        };
        errors.iter().map(mistake).collect()
    }
}
