//! `verifyImages`. Source: `api/kyverno/v1/image_verification_types.go`.

use super::{does, get, given, list, refuse, says, text};
use crate::policy::fields::Fault;
use serde_json::Value;
use tollgate_yaml::FieldPath;

/// Attestors nest no deeper.
const DEEPEST: usize = 16;

fn mutates_digest(image: &Value) -> bool {
    get(image, "mutateDigest").as_bool().unwrap_or(true)
}

/// Source: `validateRuleImageExtractorsJMESPath`.
pub(super) fn extractors(rule: &Value, at: &FieldPath) -> Result<(), Fault> {
    let extractors = get(rule, "imageExtractors").as_object();
    if !list(rule, "verifyImages").iter().any(mutates_digest) {
        return Ok(());
    }
    for (kind, all) in extractors.into_iter().flatten() {
        for (index, it) in all.as_array().into_iter().flatten().enumerate() {
            if !text(it, "jmesPath").is_empty() {
                return refuse(
                    &at.key("imageExtractors").key(kind.as_str()).index(index),
                    "an extractor has no jmesPath where digests are written into images",
                );
            }
        }
    }
    Ok(())
}

/// `audits` is the policy's own action.
pub(super) fn vet(rule: &Value, at: &FieldPath, audits: bool) -> Result<(), Fault> {
    if !does(rule, "verifyImages") {
        return Ok(());
    }
    let images = list(rule, "verifyImages");
    let judges = |it: &Value| says(it, "validate");
    if let Some(index) = images
        .iter()
        .position(|it| !given(get(it, "validate"), "deny"))
        && images.iter().any(judges)
    {
        return refuse(
            &at.key("verifyImages").index(index),
            "where one entry has `validate`, every one needs `validate.deny`",
        );
    }
    // As upstream, an action of one entry holds for those after it.
    let mut audits = audits;
    for (index, image) in images.iter().enumerate() {
        let at = at.key("verifyImages").index(index);
        match text(image, "failureAction") {
            "" => {}
            action => audits = action != "Enforce",
        }
        if audits && mutates_digest(image) {
            return refuse(
                &at.key("mutateDigest"),
                format!("`{at}.mutateDigest` must be false where failures are only audited"),
            );
        }
        if list(image, "imageReferences").is_empty() && text(image, "image").is_empty() {
            return refuse(&at, format!("`{at}` names no images"));
        }
        for (index, it) in list(image, "attestations").iter().enumerate() {
            attestors(
                list(it, "attestors"),
                &at.key("attestations").index(index),
                0,
            )?;
        }
        attestors(list(image, "attestors"), &at, 0)?;
        if text(image, "type") == "Notary" {
            for set in list(image, "attestors") {
                for entry in list(set, "entries") {
                    if given(entry, "keyless") || given(entry, "keys") {
                        return refuse(&at, "Notary knows certificates alone");
                    }
                }
            }
        }
    }
    Ok(())
}

fn attestors(sets: &[Value], at: &FieldPath, depth: usize) -> Result<(), Fault> {
    for (index, set) in sets.iter().enumerate() {
        attestor_set(set, &at.key("attestors").index(index), depth)?;
    }
    Ok(())
}

fn attestor_set(set: &Value, at: &FieldPath, depth: usize) -> Result<(), Fault> {
    let entries = list(set, "entries");
    if let Some(count) = get(set, "count").as_i64()
        && !usize::try_from(count).is_ok_and(|it| (1..=entries.len()).contains(&it))
    {
        return refuse(
            &at.key("count"),
            format!("`{at}.count` must be from 1 to the number of entries"),
        );
    }
    if entries.is_empty() {
        return refuse(at, format!("`{at}` has no entries"));
    }
    for (index, entry) in entries.iter().enumerate() {
        attestor(entry, &at.key("entries").index(index), depth)?;
    }
    Ok(())
}

fn attestor(entry: &Value, at: &FieldPath, depth: usize) -> Result<(), Fault> {
    const KINDS: [&str; 4] = ["keys", "certificates", "keyless", "attestor"];
    if KINDS.iter().filter(|it| given(entry, it)).count() != 1 {
        return refuse(at, format!("`{at}` needs one of {}", KINDS.join(", ")));
    }
    let keys = get(entry, "keys");
    if !keys.is_null() {
        let at = at.key("keys");
        if text(keys, "publicKeys").is_empty()
            && text(keys, "kms").is_empty()
            && !given(keys, "secret")
        {
            return refuse(&at, format!("`{at}` needs publicKeys, kms or secret"));
        }
        let algorithm = text(keys, "signatureAlgorithm");
        if !text(keys, "publicKeys").is_empty()
            && !matches!(algorithm, "" | "sha224" | "sha256" | "sha384" | "sha512")
        {
            return refuse(
                &at.key("signatureAlgorithm"),
                format!("`{algorithm}` is no algorithm of signatures"),
            );
        }
    }
    let certificates = get(entry, "certificates");
    if !certificates.is_null()
        && text(certificates, "cert").is_empty()
        && text(certificates, "certChain").is_empty()
    {
        return refuse(
            &at.key("certificates"),
            "certificates need cert or certChain",
        );
    }
    let keyless = get(entry, "keyless");
    if !keyless.is_null() {
        let rekor = get(keyless, "rekor");
        if rekor.is_null() && text(keyless, "roots").is_empty() {
            return refuse(&at.key("keyless"), "keyless needs rekor or roots");
        }
        if !rekor.is_null() && text(rekor, "url").is_empty() {
            return refuse(&at.key("keyless").key("rekor"), "rekor needs an url");
        }
    }
    let nested = get(entry, "attestor");
    if nested.is_null() {
        return Ok(());
    }
    if depth > DEEPEST {
        return refuse(
            at,
            format!("attestors nest more than {DEEPEST} levels deep"),
        );
    }
    attestor_set(nested, &at.key("attestor"), depth + 1)
}
