//! A forge on this machine: an HTTP server that plays GitHub or GitLab from a scenario in a few
//! lines of YAML, remembers every request, and goes wrong on demand.
//!
//! ```ignore
//! let change = Change::of_production(SETTINGS);            // a repository, its base and its head
//! let forge = Server::start(GitHub::new(SCENARIO, &change));
//! let (verdict, facts) = change.ask(&forge, &[]);          // the real binary, in a job of GitHub
//! assert_eq!(verdict.decision(), "refuse");
//! assert!(forge.lines().iter().any(|it| it.contains("/reviews")));
//! forge.fault("repos/acme/gitops/pulls/7/reviews", Fault::Says(503, "down"));
//! ```
//!
//! - [`Change`]: the commits; `command`, `run` and `ask` start the binary with the event and the
//!   variables of a job. `run` and `ask` see to it that the token is not printed.
//! - [`GitHub`]: the scenario (`accounts`, `reviews`, `commits`, `pushes`, `teams`, `rulesets`,
//!   `classic`, `token: job|writer|admin|expired`, `request`, `then` for what a second reading
//!   shows, `routes` for answers spelled out). `${HEAD}` and `${BASE}` are the change's commits.
//! - [`GitLab`]: the same for GitLab (`tier: free|premium`, `role: none|reporter|maintainer` of the
//!   token); [`Job`] is a job of GitLab CI, with or without a token besides its own.
//! - [`Server`]: `start`, `paged` (small pages), `at("localhost", ..)` (another host for a client),
//!   `fault`, `fault_times`, `calm`, `seen`, `lines`.
//! - [`Fault`]: what can go wrong.

mod change;
mod conformance;
mod faults;
mod github;
mod gitlab;
mod graphql;
mod page;
mod scenario;
mod server;

pub(crate) use change::{Change, TOKEN, Who, github_environment};
pub(crate) use faults::Fault;
pub(crate) use github::GitHub;
pub(crate) use gitlab::{GitLab, Job};
pub(crate) use server::{Seen, Server};
