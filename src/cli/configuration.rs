//! `tollgate check --config-only`.

use super::{Common, ask, print, warn};
use crate::{
    exit,
    reporters::escape,
    run::{Answer, ConfigurationTask, Configured, Task},
};

/// Say whether the configuration can be committed.
pub(super) fn run(common: &Common) -> u8 {
    let task = Task::Configuration(ConfigurationTask {
        directory: common.directory.clone(),
    });
    let answer = ask(&task, common, |it| match it {
        Answer::Configuration(it) => Some(it),
        _ => None,
    });
    match answer {
        Ok(configured) => {
            for (name, _) in configured.environments.iter().filter(|it| it.1 == 0) {
                warn(&format!("the environment `{name}` has no overlay"));
            }
            print(&describe(&configured), exit::ADMITTED)
        }
        Err(code) => code,
    }
}

fn describe(configured: &Configured) -> String {
    let mut lines = vec![match &configured.file {
        Some(file) => format!("{}: no mistake", escape::line(file)),
        None => "there is no tollgate.yaml: folder names show the environments".to_owned(),
    }];
    for (name, overlays) in &configured.environments {
        let overlays = count(*overlays, "overlay", "overlays");
        lines.push(format!("  {}: {overlays}", escape::line(name)));
    }
    if configured.elsewhere > 0 {
        let overlays = count(configured.elsewhere, "overlay", "overlays");
        lines.push(format!("  in no environment: {overlays}"));
    }
    lines.extend(
        configured
            .exceptions
            .map(|it| count(it, "exception", "exceptions")),
    );
    let known = configured.baseline;
    lines.extend(known.map(|it| {
        let findings = count(it, "finding", "findings");
        format!("{findings} in the baseline")
    }));
    lines.iter().map(|it| format!("{it}\n")).collect()
}

fn count(n: usize, one: &str, many: &str) -> String {
    format!("{n} {}", if n == 1 { one } else { many })
}
