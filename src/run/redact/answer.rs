//! Every text of an answer. Each struct is taken apart by all of its fields, so that a new field
//! does not compile until somebody has decided about it here.

mod waiver_files;

use super::Shield;
use crate::model::{
    BaselineFacts, Facts, OverlayFacts, OverrideFacts, OverrideMistake, OverrideRequest,
    OwnersFacts, Place, PolicyFacts, Problem, RemovalFacts, RenderFacts, RenderOutside,
    RenderWarning, RowRun, RuleFacts, RuleOutcome, SchemaFacts, SchemaResult, SecretFacts,
    SecretField, Side, SideFailure, SuiteFacts, SuiteRow, SuiteRun, UnreadFacts, WaiverFacts,
    WeakenedFacts,
    owners::{Demand, DemandFacts, OwnersMistake},
    secret,
};
use crate::run::Stop;

impl Shield {
    pub(in crate::run) fn facts(&self, facts: &mut Facts) {
        let Facts {
            version: _,
            now: _,
            change: _,
            overlays,
            base_policies,
            head_policies,
            results,
            passes: _,
            preview,
            control_plane: _,
            lowered,
            weakened,
            schemas,
            secrets,
            owners,
            suites,
            waivers,
            waiver_files,
            problems,
            config_mistakes,
            eased: _,
            fewer_failures: _,
            known_uncovered: _,
            unread,
            unmatched: _,
            faults: _,
            // Asked by the parent, after the worker has answered.
            forge: _,
        } = facts;
        overlays.iter_mut().for_each(|it| self.overlay(it));
        for PolicyFacts {
            engine: _,
            kind: _,
            name: _,
            rules: _,
            digest: _,
            builtin: _,
            place,
        } in base_policies.iter_mut().chain(head_policies)
        {
            self.maybe_place(place);
        }
        results
            .iter_mut()
            .chain(preview)
            .for_each(|it| self.rule(it));
        lowered.iter_mut().for_each(|it| self.other_text(it));
        for WeakenedFacts {
            name: _,
            why,
            environments: _,
            shown: _,
            more: _,
            place,
        } in weakened
        {
            self.other_text(why);
            self.maybe_place(place);
        }
        schemas.iter_mut().for_each(|it| self.schema(it));
        for SecretFacts {
            overlay: _,
            resource: _,
            values,
            unreadable: _,
        } in secrets
        {
            for SecretField {
                field: _,
                new: _,
                mark: _,
                place,
            } in values
            {
                self.maybe_place(place);
            }
        }
        owners.iter_mut().for_each(|it| self.owners(it));
        suites.iter_mut().for_each(|it| self.suite_facts(it));
        for UnreadFacts {
            path: _,
            what: _,
            environments: _,
            place,
        } in unread
        {
            self.maybe_place(place);
        }
        self.waivers(waivers);
        self.waiver_files(waiver_files);
        self.file_mistakes(config_mistakes);
        for Problem {
            gate: _,
            subject: _,
            message,
            help,
            place,
            name: _,
            before: _,
            hides_rules: _,
            mended: _,
        } in problems
        {
            self.said(message, help, place);
        }
    }

    /// What names a rule or a subject stays as it is: findings are compared with it.
    fn waivers(&self, waivers: &mut WaiverFacts) {
        let WaiverFacts {
            exceptions,
            baseline,
            overrides,
        } = waivers;
        exceptions.iter_mut().for_each(|it| self.exception(it));
        for BaselineFacts {
            fingerprint: _,
            rule: _,
            subject: _,
            message,
        } in baseline
        {
            self.other_text(message);
        }
        for OverrideFacts {
            path: _,
            edit: _,
            asks,
            mistakes,
        } in overrides
        {
            if let Some(OverrideRequest {
                rules: _,
                environments: _,
                ticket: _,
                reason,
                rollback,
                expires: _,
                place,
                expires_place,
            }) = asks
            {
                self.maybe_place(place);
                self.text_about(file_of(expires_place), reason);
                self.text_about(file_of(expires_place), rollback);
                self.maybe_place(expires_place);
            }
            for OverrideMistake {
                message,
                help,
                place,
            } in mistakes
            {
                self.said(message, help, place);
            }
        }
    }

    /// A message, its advice and the place that both are about.
    fn said(&self, message: &mut String, help: &mut Option<String>, place: &mut Option<Place>) {
        self.text_about(file_of(place), message);
        if let Some(help) = help {
            self.advice_about(file_of(place), help);
        }
        self.maybe_place(place);
    }

    fn maybe_said(&self, message: &mut Option<String>, place: &mut Option<Place>) {
        if let Some(message) = message {
            self.text_about(file_of(place), message);
        }
        self.maybe_place(place);
    }

    fn owners(&self, owners: &mut OwnersFacts) {
        let OwnersFacts {
            dialect: _,
            file: _,
            mistakes,
            demands,
            unowned: _,
        } = owners;
        for OwnersMistake {
            message,
            help,
            place,
        } in mistakes
        {
            self.said(message, help, place);
        }
        for DemandFacts { demand, files: _ } in demands {
            let Demand {
                section: _,
                owners: _,
                count: _,
                optional: _,
                pattern: _,
                place,
            } = demand;
            self.place(place);
        }
    }

    pub(in crate::run) fn schema(&self, schema: &mut SchemaFacts) {
        let SchemaFacts {
            overlay: _,
            resource: _,
            results,
        } = schema;
        for SchemaResult {
            known: _,
            rule: _,
            message,
            field: _,
            missing: _,
            help,
            place,
            overridden,
            definition,
        } in results
        {
            self.said(message, help, place);
            self.maybe_place(overridden);
            self.maybe_place(definition);
        }
    }

    fn overlay(&self, overlay: &mut OverlayFacts) {
        let OverlayFacts {
            path: _,
            environment: _,
            base,
            head,
            touched: _,
            leftovers: _,
        } = overlay;
        for render in base.iter_mut().chain(head) {
            match render {
                RenderFacts::Rendered {
                    digest: _,
                    resources: _,
                    warnings,
                    outside,
                } => {
                    if let Some(RenderOutside {
                        message,
                        help,
                        place,
                        flux: _,
                    }) = outside
                    {
                        self.said(message, help, place);
                    }
                    for RenderWarning {
                        message,
                        place,
                        deprecated: _,
                    } in warnings
                    {
                        self.said(message, &mut None, place);
                    }
                }
                RenderFacts::Failed {
                    message,
                    help,
                    place,
                    elsewhere: _,
                } => self.said(message, help, place),
            }
        }
    }

    /// What a policy says about a Secret may quote it in full; about another resource, only what
    /// cannot be a word of its author is taken out.
    pub(in crate::run) fn rule(&self, rule: &mut RuleFacts) {
        let RuleFacts {
            policy: _,
            rule: _,
            overlay: _,
            resource,
            outcome,
            unsupported: _,
            unread: _,
            outside: _,
            gap: _,
            known: _,
            unplaced: _,
            removed,
            absent: _,
            place,
            overridden,
            rule_place,
        } = rule;
        let text = match outcome {
            RuleOutcome::Pass => None,
            RuleOutcome::Fail { message, field: _ } | RuleOutcome::Warn { message, field: _ } => {
                Some(message)
            }
            RuleOutcome::Skip { why } | RuleOutcome::Error { why } => Some(why),
        };
        if let Some(text) = text {
            if secret::is_secret_kind(&resource.kind) {
                self.text(text);
            } else {
                self.other_text(text);
            }
        }
        if let Some(RemovalFacts {
            with_overlay: _,
            by,
            elsewhere: _,
        }) = removed
        {
            self.maybe_place(by);
        }
        self.maybe_place(place);
        self.maybe_place(overridden);
        self.maybe_place(rule_place);
    }

    fn suite_facts(&self, suite: &mut SuiteFacts) {
        let SuiteFacts {
            set: _,
            path: _,
            error,
            error_place,
            error_known: _,
            held: _,
            rows,
            coverage: _,
        } = suite;
        self.maybe_said(error, error_place);
        for SuiteRow {
            subject: _,
            why,
            error: _,
            known: _,
            place,
        } in rows
        {
            // A suite's own values are out of it already.
            self.other_text(why);
            self.maybe_place(place);
        }
    }

    pub(in crate::run) fn suite(&self, suite: &mut SuiteRun) {
        let SuiteRun {
            path: _,
            name: _,
            error,
            error_place,
            results,
            coverage: _,
        } = suite;
        self.maybe_said(error, error_place);
        for row in results {
            let RowRun {
                policy: _,
                rule: _,
                kind,
                namespace: _,
                resource: _,
                expected: _,
                actual: _,
                status: _,
                why,
                rests_on,
                place,
            } = row;
            *rests_on = None;
            if let Some(why) = why {
                if kind.is_empty() || secret::is_secret_kind(kind) {
                    self.text(why);
                } else {
                    self.other_text(why);
                }
            }
            self.maybe_place(place);
        }
    }

    pub(in crate::run) fn failure(&self, failure: &mut SideFailure) {
        let SideFailure {
            side,
            message,
            help,
            line,
        } = failure;
        let path = line.as_ref().map(|it| it.path.as_str());
        self.text_about(path.map(|it| (*side, it)), message);
        if let Some(help) = help {
            self.advice_about(path.map(|it| (*side, it)), help);
        }
    }

    pub(in crate::run) fn stop(&self, mut stop: Stop) -> Stop {
        let Stop {
            code: _,
            messages,
            help,
        } = &mut stop;
        messages.iter_mut().for_each(|it| self.text(it));
        self.maybe_text(help);
        stop
    }

    fn maybe_text(&self, text: &mut Option<String>) {
        if let Some(text) = text {
            self.text(text);
        }
    }

    fn maybe_place(&self, place: &mut Option<Place>) {
        if let Some(place) = place {
            self.place(place);
        }
    }
}

fn file_of(place: &Option<Place>) -> Option<(Side, &str)> {
    place.as_ref().map(|it| (it.side, it.path.as_str()))
}
