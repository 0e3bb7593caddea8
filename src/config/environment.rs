//! What each environment asks for.

use super::read::{Read, Reader, choice, section};
use super::schema::Definitions;
use super::value::{Cron, Duration, ImagePattern, Name, Pattern, Pointer, TimeZone};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use tollgate_yaml::{Key, Node, YamlError};

/// A deployment target. Environments stand in promotion order.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Environment {
    /// Its name.
    pub name: Name,
    /// The folders of its overlays.
    pub overlays: Vec<Pattern>,
    /// Whether every overlay that no environment names is its own too.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub others: bool,
    /// What its findings do to a change.
    pub enforcement: Enforcement,
    /// What findings do that BASE has too.
    #[serde(default = "report")]
    pub known: KnownFindings,
    /// Where a version must have been before; `None`: it may come from anywhere.
    pub promote_from: Option<PromoteFrom>,
    /// Overlays (by folder name) in the order in which they may receive a version.
    pub waves: Vec<Vec<Name>>,
    /// What is asked of images.
    pub images: Option<Images>,
    /// What is asked of Argo CD Applications.
    pub argocd: Option<Argocd>,
    /// When it may not, or may only, be changed.
    pub freeze: Option<Freeze>,
}

/// The map under `environments`: name to settings, in promotion order.
impl Read for Vec<Environment> {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let Some(mapping) = node.as_mapping() else {
            reader.expected("a map of environments", node);
            return None;
        };
        if mapping.is_empty() {
            reader.report(
                YamlError::new(node.span(), "no environment is listed")
                    .help("list at least one, or remove the key: environments are then found by folder names"),
            );
            return None;
        }
        let read: Vec<Option<Environment>> = mapping
            .iter()
            .map(|it| Environment::read(&it.key, &it.value, reader))
            .collect();
        read.into_iter().collect()
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({
            "type": "object",
            "minProperties": 1,
            "propertyNames": Name::schema(definitions),
            "additionalProperties": Settings::schema(definitions),
        })
    }
}

impl Environment {
    fn read(key: &Key, node: &Node, reader: &mut Reader) -> Option<Self> {
        let name = Name::parse(&key.text)
            .map_err(|why| reader.report(YamlError::new(key.origin.edit_here(), why)))
            .ok();
        let settings = Settings::read(node, reader)?;
        Some(Self {
            name: name?,
            overlays: settings.overlays.patterns,
            others: settings.overlays.others,
            enforcement: settings.enforcement,
            known: settings.known,
            promote_from: settings.promote_from,
            waves: settings.waves,
            images: settings.images,
            argocd: settings.argocd,
            freeze: settings.freeze,
        })
    }
}

section! {
    /// What an environment asks for.
    struct Settings {
        /// The folders of its overlays, or the word `others`: every overlay that no environment names.
        overlays: Overlays,
        /// What its findings do to a change.
        enforcement: Enforcement = Enforcement::Enforce,
        /// What findings do that BASE has too.
        known: KnownFindings = KnownFindings::Report,
        /// Where a version must have been before; without it, it may come from anywhere.
        promote_from: Option<PromoteFrom> = None,
        /// Overlays (by folder name) in the order in which they may receive a version.
        waves: Vec<Vec<Name>> = Vec::new(),
        /// What is asked of images.
        images: Option<Images> = None,
        /// What is asked of Argo CD Applications.
        argocd: Option<Argocd> = None,
        /// When it may not, or may only, be changed.
        freeze: Option<Freeze> = None,
    }
}

/// What stands under `overlays`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Overlays {
    patterns: Vec<Pattern>,
    others: bool,
}

/// In place of a list of patterns: every overlay that no environment names.
const OTHERS: &str = "others";

impl Read for Overlays {
    fn read(node: &Node, reader: &mut Reader) -> Option<Self> {
        let others = node.as_str() == Some(OTHERS);
        if node.as_scalar().is_some() && !others {
            reader.expected("a list of patterns, or `others`,", node);
            return None;
        }
        Some(Self {
            patterns: if others {
                Vec::new()
            } else {
                Read::read(node, reader)?
            },
            others,
        })
    }

    fn schema(definitions: &mut Definitions) -> Value {
        json!({"anyOf": [Vec::<Pattern>::schema(definitions), {"const": OTHERS}]})
    }
}

choice! {
    /// What findings of an environment do to a change. `enforce` where the file says nothing.
    pub enum Enforcement {
        /// Findings are reported and never block.
        Audit = "audit",
        /// Failures and errors block.
        Enforce = "enforce",
        /// Warnings and unknowns block too.
        Strict = "strict",
    }
}

choice! {
    /// What findings do that BASE has too. `report` where the file says nothing.
    pub enum KnownFindings {
        /// They are counted, and listed on request.
        Report = "report",
        /// They hold a change that touches their resource, as new ones do.
        Hold = "hold",
    }
}

fn report() -> KnownFindings {
    KnownFindings::Report
}

section! {
    /// What a version must have done before it may reach the environment.
    pub struct PromoteFrom {
        /// The environment that must hold it.
        env: Name,
        /// How long it must have been there, without a break.
        soak: Option<Duration> = None,
        /// What makes two versions the same.
        identity: Vec<Identity> = vec![Identity::Images, Identity::RemoteRefs, Identity::Charts],
        /// Fields in which the two environments may differ.
        may_differ: Vec<Pointer> = Vec::new(),
    }
}

choice! {
    /// A part of what is deployed.
    pub enum Identity {
        /// Container images: digest, else tag.
        Images = "images",
        /// `?ref=` of remote resources.
        RemoteRefs = "remote_refs",
        /// Versions of Helm charts.
        Charts = "charts",
    }
}

section! {
    /// What is asked of container images.
    pub default struct Images {
        /// How an image must be pinned; `None`: not at all.
        require: Option<Pin> = None,
        /// Where images may come from; empty: from anywhere.
        registries: Vec<ImagePattern> = Vec::new(),
        /// Names of the keys of which one must have signed the image; empty: no signature needed.
        signed_by: Vec<Name> = Vec::new(),
    }
}

choice! {
    /// How an image is pinned.
    pub enum Pin {
        /// By digest.
        Digest = "digest",
        /// By a tag other than `latest`, or by digest.
        Tag = "tag",
    }
}

section! {
    /// What is asked of Argo CD Applications.
    pub default struct Argocd {
        /// Automated sync.
        automated: Option<Rule> = None,
        /// Pruning by automated sync.
        prune: Option<Rule> = None,
        /// Features that must be in use.
        require: Vec<Feature> = Vec::new(),
        /// What an Application may track.
        target_revision: Option<TargetRevision> = None,
    }
}

choice! {
    /// What is asked of an option.
    pub enum Rule {
        /// It must be on.
        Required = "required",
        /// It may be on.
        Allowed = "allowed",
        /// It must be off.
        Forbidden = "forbidden",
    }
}

choice! {
    /// A delivery feature.
    pub enum Feature {
        /// Workloads are delivered by a canary.
        Canary = "canary",
    }
}

choice! {
    /// What an Application may track.
    pub enum TargetRevision {
        /// A commit or an immutable tag.
        Pinned = "pinned",
        /// Anything.
        Any = "any",
    }
}

section! {
    /// When an environment may be changed. Deny wins over allow; where `allow` is not empty,
    /// nothing may be changed outside of it.
    pub struct Freeze {
        /// The zone in which the schedules are read.
        timezone: TimeZone,
        /// When nothing may be changed.
        deny: Vec<Window> = Vec::new(),
        /// When it may be changed.
        allow: Vec<Window> = Vec::new(),
    }
}

section! {
    /// A repeated span of time.
    pub struct Window {
        /// When it opens.
        cron: Cron,
        /// How long it stays open.
        length ["for"]: Duration,
        /// Why, for the report.
        reason: Option<String> = None,
    }
}
