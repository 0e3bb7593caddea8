//! What is tried, and what must hold for it.

mod configuration;
mod escape;
mod expressions;
mod facts;
mod forges;
mod kustomize;
mod policies;
mod yaml;

use crate::input::Form;

/// Something that reads what others wrote.
pub(crate) struct Target {
    /// The name of its corpus too.
    pub(crate) name: &'static str,
    /// What must hold, in a line.
    pub(crate) about: &'static str,
    /// How its texts are made.
    pub(crate) form: Form,
    /// What is put in: lines or words, by its form.
    pub(crate) pieces: &'static [&'static str],
    /// Try one input.
    pub(crate) check: fn(&[String]) -> Result<(), String>,
}

/// Every target. To add one: write its check, add its row and a file to `corpus/NAME`.
pub(crate) static TARGETS: &[Target] = &[
    Target {
        name: "yaml",
        about: "what is read and printed reads the same again, with places inside of the text",
        form: Form::Lines,
        pieces: yaml::PIECES,
        check: yaml::check,
    },
    Target {
        name: "yaml-words",
        about: "the same for texts that are hardly YAML",
        form: Form::Words,
        pieces: yaml::WORDS,
        check: yaml::check,
    },
    Target {
        name: "kustomization",
        about: "a build ends, gives the same twice, and its output can be built again",
        form: Form::Lines,
        pieces: kustomize::KUSTOMIZATION,
        check: kustomize::kustomization,
    },
    Target {
        name: "json-patch",
        about: "the same for a JSON patch",
        form: Form::Lines,
        pieces: kustomize::JSON_PATCH,
        check: kustomize::json_patch,
    },
    Target {
        name: "strategic-merge",
        about: "the same for a strategic merge, which a third time changes nothing",
        form: Form::Lines,
        pieces: kustomize::STRATEGIC_MERGE,
        check: kustomize::strategic_merge,
    },
    Target {
        name: "policies",
        about: "policies are read or are problems, judge alike twice, and are no weaker than themselves",
        form: Form::Lines,
        pieces: policies::PIECES,
        check: policies::check,
    },
    Target {
        name: "jmespath",
        about: "an expression is refused or has an answer within its budget, the same one twice",
        form: Form::Words,
        pieces: expressions::JMESPATH,
        check: expressions::jmespath,
    },
    Target {
        name: "goregex",
        about: "what Go would read compiles or is too large, and finds what it matches",
        form: Form::Words,
        pieces: expressions::GOREGEX,
        check: expressions::goregex,
    },
    Target {
        name: "codeowners",
        about: "who is asked is who explains the path, in both dialects",
        form: Form::Lines,
        pieces: configuration::CODEOWNERS,
        check: configuration::codeowners,
    },
    Target {
        name: "configuration",
        about: "tollgate.yaml and exceptions: mistakes have places, and no configuration asks less than itself",
        form: Form::Lines,
        pieces: configuration::PIECES,
        check: configuration::settings,
    },
    Target {
        name: "baseline",
        about: "a baseline that is read is written as it was",
        form: Form::Json,
        pieces: configuration::WORDS,
        check: configuration::baseline,
    },
    Target {
        name: "github",
        about: "whatever GitHub answers becomes facts or gaps, and no token shows in them",
        form: Form::Json,
        pieces: forges::WORDS,
        check: forges::github,
    },
    Target {
        name: "gitlab",
        about: "whatever GitLab answers becomes facts or gaps, and no token shows in them",
        form: Form::Json,
        pieces: forges::WORDS,
        check: forges::gitlab,
    },
    Target {
        name: "facts",
        about: "facts that can be read are judged and reported in every format, the same way twice",
        form: Form::Json,
        pieces: facts::WORDS,
        check: facts::check,
    },
    Target {
        name: "escape",
        about: "no text becomes structure, a link, a command or a colour",
        form: Form::Words,
        pieces: escape::PIECES,
        check: escape::check,
    },
];

/// The target of a name.
pub(crate) fn named(name: &str) -> Option<&'static Target> {
    TARGETS.iter().find(|it| it.name == name)
}

/// An error that tells what does not hold, unless it holds.
fn holds(is: bool, what: impl FnOnce() -> String) -> Result<(), String> {
    if is { Ok(()) } else { Err(what()) }
}

/// The text of a part; empty where the input has none.
fn part(parts: &[String], at: usize) -> &str {
    parts.get(at).map_or("", String::as_str)
}

#[cfg(test)]
mod tests;
