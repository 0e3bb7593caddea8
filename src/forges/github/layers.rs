//! The settings that protect a branch, one upon the other: rulesets and the classic protection. Of
//! all that say something of a control the strictest holds, and somebody goes around a control only
//! if no other setting asks the same of him.
//!
//! What a control says (nobody may force-push) it says of those who are bound. Who is not stands in
//! `bypass` and `admins`, which are asked for by themselves: a token that may not see them still
//! sees the control.

use crate::model::{Bypass, Gap, Known, ProtectionFacts, RequiredCheck, Stated};
use std::collections::{BTreeMap, BTreeSet};

/// A control that is on or off; on is the strict one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Flag {
    /// What is merged comes by a request.
    Request,
    DismissStale,
    CodeOwners,
    LastPush,
    Signed,
    Linear,
    NoForcePush,
    NoDeletion,
}

/// One setting that protects the branch.
#[derive(Clone, Debug)]
pub(super) struct Layer {
    /// `ruleset "prod" (42)`, `classic protection of main`.
    pub(super) name: String,
    /// What is not here is off.
    pub(super) flags: BTreeMap<Flag, Known<bool>>,
    pub(super) approvals: Known<u32>,
    pub(super) checks: Known<Vec<RequiredCheck>>,
    /// Who may go around it.
    pub(super) bypass: Known<Vec<Bypass>>,
    /// Whether administrators are bound by it.
    pub(super) admins: Known<bool>,
}

impl Layer {
    /// A setting that asks for nothing yet.
    pub(super) fn new(name: String, bypass: Known<Vec<Bypass>>, admins: Known<bool>) -> Self {
        Self {
            name,
            flags: BTreeMap::new(),
            approvals: Known::Known(0),
            checks: Known::Known(Vec::new()),
            bypass,
            admins,
        }
    }

    /// Set a control; where several rules speak of it, one that asks for it is enough, and one that
    /// may ask for it is more than one that does not.
    pub(super) fn set(&mut self, flag: Flag, value: Known<bool>) {
        let weight = |it: &Known<bool>| match it {
            Known::Known(false) => 0,
            Known::Unknown(_) => 1,
            Known::Known(true) => 2,
        };
        let old = self.flags.get(&flag).map_or(0, weight);
        if weight(&value) > old {
            self.flags.insert(flag, value);
        }
    }

    fn asks(&self, flag: Flag) -> bool {
        self.flags.get(&flag) == Some(&Known::Known(true))
    }

    fn approvals(&self) -> u32 {
        self.approvals.get().copied().unwrap_or(0)
    }

    fn checks(&self) -> &[RequiredCheck] {
        self.checks.get().map_or(&[], Vec::as_slice)
    }

    /// Whether it binds everybody.
    fn is_firm(&self) -> bool {
        self.bypass.get().is_ok_and(Vec::is_empty) && self.admins == Known::Known(true)
    }

    /// Whether `others` ask for everything that this one asks for, or may ask for.
    fn is_covered(&self, others: &[&Self]) -> bool {
        let off = Known::Known(false);
        let mut asked = self.flags.iter().filter(|(_, value)| **value != off);
        asked.all(|(flag, _)| others.iter().any(|it| it.asks(*flag)))
            && self.approvals.get().is_ok()
            && (self.approvals() == 0 || others.iter().any(|it| it.approvals() >= self.approvals()))
            && self.checks.get().is_ok()
            && self.checks().iter().all(|check| {
                others
                    .iter()
                    .any(|it| it.checks().iter().any(|it| meets(it, check)))
            })
    }
}

/// Whether a check that is required asks at least for what another asks for.
fn meets(it: &RequiredCheck, other: &RequiredCheck) -> bool {
    it.context == other.context && (other.source.is_none() || it.source == other.source)
}

/// Everything that protects a branch, as far as it can be seen.
#[derive(Debug)]
pub(super) struct Layers {
    branch: String,
    layers: Vec<Layer>,
    /// Why some settings cannot be seen.
    unread: Vec<Gap>,
}

impl Layers {
    pub(super) fn of(branch: &str, layers: Vec<Layer>, unread: Vec<Gap>) -> Self {
        let (mut firm, mut loose): (Vec<_>, Vec<_>) = layers.into_iter().partition(Layer::is_firm);
        // What binds everybody is named first.
        firm.append(&mut loose);
        Self {
            branch: branch.to_owned(),
            layers: firm,
            unread,
        }
    }

    /// All that the gate asks.
    pub(super) fn facts(&self) -> ProtectionFacts {
        let strict = |flag: Flag| self.flag(flag);
        let weak = |flag: Flag| {
            self.flag(flag).map(|it| Stated {
                value: !it.value,
                by: it.by,
            })
        };
        ProtectionFacts {
            branch: self.branch.clone(),
            approvals: self.approvals(),
            dismiss_stale: strict(Flag::DismissStale),
            code_owners: strict(Flag::CodeOwners),
            last_push_approval: strict(Flag::LastPush),
            status_checks: self.checks(),
            signed_commits: strict(Flag::Signed),
            linear_history: strict(Flag::Linear),
            force_push: weak(Flag::NoForcePush),
            deletion: weak(Flag::NoDeletion),
            direct_push: weak(Flag::Request),
            admins: self.admins(),
            bypass: self.bypass(),
        }
    }

    /// One setting that asks for a control is enough; that none does is known where all are seen.
    fn flag(&self, flag: Flag) -> Known<Stated<bool>> {
        if let Some(layer) = self.layers.iter().find(|it| it.asks(flag)) {
            return stated(true, layer.name.clone());
        }
        let untold = self.layers.iter().filter_map(|it| it.flags.get(&flag));
        match untold.filter_map(|it| it.get().err()).next() {
            Some(gap) => Known::Unknown(gap.clone()),
            None => self.none(false),
        }
    }

    /// As many as the setting asks for that asks for the most. Settings that cannot be seen can only
    /// add to it.
    fn approvals(&self) -> Known<Stated<u32>> {
        let most = self.layers.iter().map(Layer::approvals).max().unwrap_or(0);
        if most > 0 {
            let layer = self.layers.iter().find(|it| it.approvals() == most);
            let name = layer.map_or("", |it| &it.name);
            let more = self.layers.iter().any(|it| it.approvals.get().is_err());
            let by = if more || !self.unread.is_empty() {
                format!("{name}, at least: not every setting can be seen")
            } else {
                name.to_owned()
            };
            return stated(most, by);
        }
        match self.layers.iter().find_map(|it| it.approvals.get().err()) {
            Some(gap) => Known::Unknown(gap.clone()),
            None => self.none(0),
        }
    }

    /// All of them, where all settings are seen: what is asked for may be among those that are not.
    fn checks(&self) -> Known<Stated<Vec<RequiredCheck>>> {
        if let Some(gap) = self.layers.iter().find_map(|it| it.checks.get().err()) {
            return Known::Unknown(gap.clone());
        }
        if let Some(gap) = self.unread.first() {
            return Known::Unknown(gap.clone());
        }
        let asking = self.layers.iter().filter(|it| !it.checks().is_empty());
        let names: Vec<&str> = asking.clone().map(|it| it.name.as_str()).collect();
        if names.is_empty() {
            return self.none(Vec::new());
        }
        let all: BTreeSet<RequiredCheck> = asking.flat_map(Layer::checks).cloned().collect();
        stated(all.into_iter().collect(), names.join(", "))
    }

    /// Nothing asks for it, if everything is seen.
    fn none<T>(&self, value: T) -> Known<Stated<T>> {
        match self.unread.first() {
            Some(gap) => Known::Unknown(gap.clone()),
            None => stated(value, self.nothing()),
        }
    }

    fn nothing(&self) -> String {
        if self.layers.is_empty() {
            format!("nothing protects `{}`", self.branch)
        } else {
            format!(
                "no ruleset and no classic protection of `{}` asks for it",
                self.branch
            )
        }
    }

    /// Settings around which there is a way that is not barred by those that bind everybody.
    fn loose(&self) -> impl Iterator<Item = &Layer> {
        let firm: Vec<&Layer> = self.layers.iter().filter(|it| it.is_firm()).collect();
        let loose = self.layers.iter().filter(|it| !it.is_firm());
        loose.filter(move |it| !it.is_covered(&firm))
    }

    fn bypass(&self) -> Known<Vec<Bypass>> {
        if let Some(gap) = self.unread.first() {
            return Known::Unknown(gap.clone());
        }
        if self.layers.is_empty() {
            return Known::Known(vec![Bypass {
                actor: "Role:write".to_owned(),
                mode: "always".to_owned(),
                by: self.nothing(),
            }]);
        }
        let mut all = BTreeSet::new();
        for layer in self.loose() {
            match layer.bypass.get() {
                Ok(bypass) => all.extend(bypass.iter().cloned()),
                Err(gap) => return Known::Unknown(gap.clone()),
            }
        }
        Known::Known(all.into_iter().collect())
    }

    fn admins(&self) -> Known<Stated<bool>> {
        if let Some(gap) = self.unread.first() {
            return Known::Unknown(gap.clone());
        }
        if self.layers.is_empty() {
            return stated(false, self.nothing());
        }
        let loose: Vec<&Layer> = self.loose().collect();
        if let Some(layer) = loose.iter().find(|it| it.admins == Known::Known(false)) {
            return stated(false, layer.name.clone());
        }
        if let Some(gap) = loose.iter().find_map(|it| it.admins.get().err()) {
            return Known::Unknown(gap.clone());
        }
        let names: Vec<&str> = self.layers.iter().map(|it| it.name.as_str()).collect();
        stated(true, names.join(", "))
    }
}

fn stated<T>(value: T, by: String) -> Known<Stated<T>> {
    Known::Known(Stated { value, by })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gap(why: &str) -> Gap {
        Gap {
            why: why.to_owned(),
            needs: "a token".to_owned(),
        }
    }

    fn layer(name: &str, bypass: Known<Vec<Bypass>>) -> Layer {
        let admins = match &bypass {
            Known::Known(list) => Known::Known(list.is_empty()),
            Known::Unknown(gap) => Known::Unknown(gap.clone()),
        };
        Layer::new(name.to_owned(), bypass, admins)
    }

    fn firm(name: &str) -> Layer {
        layer(name, Known::Known(Vec::new()))
    }

    fn loose(name: &str) -> Layer {
        layer(
            name,
            Known::Known(vec![Bypass {
                actor: "Role:admin".to_owned(),
                mode: "always".to_owned(),
                by: name.to_owned(),
            }]),
        )
    }

    fn hidden(name: &str) -> Layer {
        layer(name, Known::Unknown(gap("hidden")))
    }

    impl Layer {
        fn with(mut self, flag: Flag) -> Self {
            self.set(flag, Known::Known(true));
            self
        }

        fn approved(mut self, count: u32) -> Self {
            self.approvals = Known::Known(count);
            self
        }

        fn checked(mut self, context: &str, source: Option<u64>) -> Self {
            self.checks = Known::Known(vec![RequiredCheck {
                context: context.to_owned(),
                source,
            }]);
            self
        }
    }

    fn facts(layers: Vec<Layer>, unread: Vec<Gap>) -> ProtectionFacts {
        Layers::of("main", layers, unread).facts()
    }

    #[test]
    fn the_strictest_holds_and_what_cannot_be_seen_only_adds() {
        let two = || firm("a").approved(1);
        let both = || vec![two(), loose("b").approved(2).with(Flag::CodeOwners)];
        let told = facts(both(), Vec::new());
        let approvals = told.approvals.get().expect("known");
        assert_eq!((approvals.value, approvals.by.as_str()), (2, "b"));
        assert!(told.code_owners.get().expect("known").value);
        assert!(!told.signed_commits.get().expect("known").value);
        assert!(told.force_push.get().expect("known").value);
        // As much is known to be asked for, and of the rest nothing.
        let told = facts(both(), vec![gap("classic")]);
        let approvals = told.approvals.get().expect("known");
        assert_eq!(approvals.value, 2);
        assert!(approvals.by.contains("at least"), "{}", approvals.by);
        assert!(told.code_owners.get().expect("known").value);
        assert!(told.signed_commits.get().is_err());
        assert!(told.force_push.get().is_err());
        assert!(told.status_checks.get().is_err());
        assert!(told.bypass.get().is_err() && told.admins.get().is_err());
        assert!(
            facts(vec![firm("a")], vec![gap("x")])
                .approvals
                .get()
                .is_err()
        );
    }

    #[test]
    fn a_number_that_is_missing_is_no_zero() {
        let silent = || {
            let mut layer = firm("a");
            layer.approvals = Known::Unknown(gap("no number"));
            layer.set(Flag::LastPush, Known::Unknown(gap("no flag")));
            layer
        };
        let told = facts(vec![silent()], Vec::new());
        assert!(told.approvals.get().is_err() && told.last_push_approval.get().is_err());
        let told = facts(
            vec![silent(), firm("b").approved(1).with(Flag::LastPush)],
            Vec::new(),
        );
        assert_eq!(told.approvals.get().expect("known").value, 1);
        assert!(told.last_push_approval.get().expect("known").value);
    }

    #[test]
    fn a_way_around_counts_where_nothing_else_bars_it() {
        let bypass = |layers: Vec<Layer>| {
            let told = facts(layers, Vec::new());
            let who = told.bypass.get().map(Vec::len).ok();
            (who, told.admins.get().ok().map(|it| it.value))
        };
        let strict = || {
            firm("firm")
                .approved(2)
                .with(Flag::Request)
                .checked("gate", Some(7))
        };
        assert_eq!(bypass(vec![strict()]), (Some(0), Some(true)));
        for weaker in [
            loose("x").approved(2).with(Flag::Request),
            loose("x").approved(1),
            loose("x").checked("gate", None),
            loose("x").checked("gate", Some(7)),
            hidden("x").with(Flag::Request),
            hidden("x"),
        ] {
            let name = format!("{weaker:?}");
            assert_eq!(
                bypass(vec![strict(), weaker]),
                (Some(0), Some(true)),
                "{name}"
            );
        }
        for other in [
            loose("x").approved(3),
            loose("x").with(Flag::Signed),
            loose("x").checked("gate", Some(8)),
            loose("x").checked("other", None),
        ] {
            let name = format!("{other:?}");
            assert_eq!(
                bypass(vec![strict(), other]),
                (Some(1), Some(false)),
                "{name}"
            );
        }
        let unseen = hidden("x").with(Flag::Signed);
        assert_eq!(bypass(vec![strict(), unseen]), (None, None));
        assert_eq!(bypass(vec![loose("a"), loose("b").approved(1)]).0, Some(1));
    }

    #[test]
    fn without_any_setting_everybody_may_do_everything() {
        let told = facts(Vec::new(), Vec::new());
        assert_eq!(told.approvals.get().expect("known").value, 0);
        assert!(told.direct_push.get().expect("known").value);
        assert!(!told.admins.get().expect("known").value);
        assert_eq!(told.bypass.get().expect("known").len(), 1);
    }

    #[test]
    fn what_binds_everybody_is_named() {
        let told = facts(
            vec![
                loose("loose").with(Flag::Request).approved(2),
                firm("firm").with(Flag::Request).approved(2),
            ],
            Vec::new(),
        );
        assert_eq!(told.direct_push.get().expect("known").by, "firm");
        assert_eq!(told.approvals.get().expect("known").by, "firm");
    }
}
