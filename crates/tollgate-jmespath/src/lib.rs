//! Kyverno's JMESPath over JSON values, and the Kubernetes value types its functions speak.
//!
//! [`Expression`] is a parsed query. In [`Dialect::Kyverno`] it behaves as kyverno/go-jmespath with the functions of
//! Kyverno 1.19.0 does, including a missing key being an error that only certain positions swallow; in
//! [`Dialect::Standard`] it follows the JMESPath specification. Nothing here reads a clock, a network or a source of
//! randomness: they are part of the [`Runtime`] that a search is given.
//!
//! The value types are modules of their own, because Kyverno's patterns and conditions need them too: [`quantity`],
//! [`duration`], [`wildcard`], [`goregex`] and [`gofmt`].

pub mod duration;
pub mod gofmt;
pub mod goregex;
pub mod quantity;
pub mod wildcard;
