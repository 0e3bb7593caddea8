//! What is true about the change under judgement. Plain data: no I/O, no opinions.

mod backtest;
mod credential;
mod encrypted;
mod facts;
mod forge;
pub mod owners;
mod place;
pub mod placeholder;
mod progress;
mod protection;
mod public_field;
mod render_diff;
mod resource;
mod schema;
pub mod secret;
mod suite;
mod time;
mod waiver;
mod waiver_files;

pub use backtest::{
    Backtest, BacktestCommit, BacktestExample, BacktestFinding, BacktestOutcome, BacktestRule,
    BacktestWeight,
};
pub use encrypted::is_encrypted_file;
pub use facts::{
    Change, ChangedFile, ControlPlane, ControlPlaneFile, EasedFacts, Edit, Facts, FewerFailures,
    OverlayFacts, PassedFacts, PolicyFacts, Problem, RemovalFacts, RenderFacts, RenderOutside,
    RenderWarning, ResourceFacts, RevisionFacts, RuleFacts, RuleName, RuleOutcome, SecretFacts,
    SecretField, SuiteFacts, SuiteRow, SuiteSet, UnmatchedFacts, Unplaced, UnreadFacts,
    WeakenedFacts, WorkerFault,
};
pub use forge::{
    Access, Account, AccountKind, Bypass, CommitFacts, Contributor, ForgeFacts, ForgeKind, Gap,
    Known, Proposal, ProtectionFacts, Request, RequestState, RequiredCheck, Review, ReviewState,
    Stated,
};
pub use owners::OwnersFacts;
pub use place::{Place, Side};
pub use progress::{Step, Watch, step};
pub use protection::Told;
pub use render_diff::{
    ChangeKind, FieldDiff, OverlayDiff, RenderDiff, ResourceDiff, Setting, Shown, SideFailure,
    SourceLine,
};
pub use resource::{Manifest, ResourceKey, digest};
pub use schema::{SchemaFacts, SchemaResult, SchemaRule};
pub use suite::{RowRun, RowStatus, RuleCoverage, SuiteRun};
pub use time::{utc, within_calendar};
pub use waiver::{
    BASELINED, BaselineFacts, EXCEPTABLE, ExceptionFacts, ExceptionSubject, OverrideFacts,
    OverrideMistake, OverrideRequest, WaiverFacts,
};
pub use waiver_files::{
    AddedFindings, BaselineBefore, BaselineFile, ExceptionsFile, FileMistake, HeadBaseline,
    HeadExceptions, WaiverFiles,
};
