//! Kyverno's JMESPath over JSON values, and the Kubernetes value types its functions speak.
