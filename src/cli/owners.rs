//! `tollgate explain --owners`.

use super::{Common, ask, fail, fail_with_help, print};
use crate::{
    exit,
    model::{ForgeKind, owners::Owner},
    owners::Decision,
    reporters::escape,
    run::{Answer, Owned, OwnersTask, Ownership, Task},
};
use std::collections::BTreeMap;

/// Which paths, and by which file.
pub(super) struct Asked<'a> {
    pub(super) paths: &'a [String],
    pub(super) revision: &'a str,
    pub(super) forge: Option<ForgeKind>,
    pub(super) environment: BTreeMap<String, String>,
}

pub(super) fn run(asked: Asked<'_>, common: &Common) -> u8 {
    let task = Task::Owners(OwnersTask {
        directory: common.directory.clone(),
        paths: asked.paths.to_vec(),
        revision: asked.revision.to_owned(),
        environment: asked.environment,
        forge: asked.forge,
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Owners(it) => Some(it),
        _ => None,
    });
    match answer {
        Ok(it) if it.mistakes.is_empty() => print(&text(&it), exit::ADMITTED),
        Ok(it) => unreadable(&it),
        Err(code) => code,
    }
}

/// What a forge would pass over takes an owner away without a word, so nothing is answered by it.
fn unreadable(ownership: &Ownership) -> u8 {
    for it in &ownership.mistakes {
        let place = it.place.as_ref();
        let place = place.map_or_else(String::new, |it| format!("{it}: "));
        let message = format!("{place}{}", it.message);
        fail_with_help(exit::UNKNOWN, &message, it.help.as_deref());
    }
    fail(
        exit::UNKNOWN,
        &format!(
            "nobody can say who owns what at {}, as {} reads the file",
            ownership.revision, ownership.dialect
        ),
    )
}

fn text(ownership: &Ownership) -> String {
    let revision = escape::line(&ownership.revision);
    let dialect = ownership.dialect;
    let Some(file) = &ownership.file else {
        let places = ownership.places.join(", ");
        return format!(
            "nobody owns anything at {revision}: there is no CODEOWNERS, and {dialect} looks for {places}\n"
        );
    };
    let file = escape::line(file);
    let mut text = format!("by {file} of {revision}, as {dialect} reads it\n");
    for owned in &ownership.paths {
        let missing = if owned.exists { "" } else { " (not there yet)" };
        text.push_str(&format!("\n{}{missing}\n", escape::line(&owned.path)));
        for line in lines(owned) {
            text.push_str(&format!("  {line}\n"));
        }
    }
    text
}

fn lines(owned: &Owned) -> Vec<String> {
    if owned.decisions.is_empty() {
        return vec!["nobody owns it: no line matches".to_owned()];
    }
    owned.decisions.iter().map(line).collect()
}

/// `CODEOWNERS:4:1: /apps/ asks for one of @web, @ann, over line 1`.
fn line(decision: &Decision) -> String {
    let demand = &decision.demand;
    let section = demand.section.as_deref().map(escape::line);
    let optional = if demand.optional { ", optional" } else { "" };
    let section = section.map_or_else(String::new, |it| format!(" in section {it}{optional},"));
    let what = if decision.excluded {
        "takes it out: nobody is asked".to_owned()
    } else if demand.owners.is_empty() {
        "says that nobody owns it".to_owned()
    } else {
        asks(demand.count, &demand.owners)
    };
    let over = match decision.overrides.as_slice() {
        [] => String::new(),
        [one] => format!(", over line {}", one.line),
        many => {
            let lines: Vec<String> = many.iter().map(|it| it.line.to_string()).collect();
            format!(", over lines {}", lines.join(", "))
        }
    };
    let not = if decision.excluded { "!" } else { "" };
    format!(
        "{}:{section} `{not}{}` {what}{over}",
        escape::line(&demand.place.to_string()),
        escape::line(&demand.pattern)
    )
}

/// `asks for @ann`, `asks for one of @ann, @bob`, `asks for 2 of @ann, @bob`.
fn asks(count: u32, owners: &[Owner]) -> String {
    let names: Vec<String> = owners
        .iter()
        .map(|it| escape::line(&it.to_string()))
        .collect();
    let list = names.join(", ");
    match (count, names.len()) {
        (1, 1) => format!("asks for {list}"),
        (1, _) => format!("asks for one of {list}"),
        (n, _) => format!("asks for {n} of {list}"),
    }
}
