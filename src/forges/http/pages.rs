//! Lists that come in pages. Whoever reads only some of them has read something else than the list:
//! a page that is missing, repeated or out of order makes the whole list unknown.

use super::{Ask, Client, Failed, Raw};
use serde::de::DeserializeOwned;
use std::collections::BTreeSet;

/// Items that are asked for in one page; the largest number that GitHub and GitLab allow.
const PER_PAGE: usize = 100;
/// Pages of one list that are read.
const MOST_PAGES: u64 = 100;

/// The links of one answer. Source: RFC 8288.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Links {
    /// Whether there are any.
    pub(super) any: bool,
    /// `rel="next"`.
    pub(super) next: Option<String>,
    /// `rel="last"`.
    pub(super) last: Option<String>,
}

impl Links {
    /// Read a `Link` header.
    pub(super) fn parse(header: &str) -> Self {
        let mut links = Self::default();
        let mut rest = header;
        while let Some((_, opened)) = rest.split_once('<') {
            let Some((address, tail)) = opened.split_once('>') else {
                break;
            };
            let end = tail.find('<').unwrap_or(tail.len());
            let (parameters, after) = tail.split_at(end);
            links.any = true;
            for relation in relations(parameters) {
                match relation.as_str() {
                    "next" => links.next = Some(address.to_owned()),
                    "last" => links.last = Some(address.to_owned()),
                    _ => {}
                }
            }
            rest = after;
        }
        links
    }
}

/// The words of `rel="…"`.
fn relations(parameters: &str) -> Vec<String> {
    let values = parameters.split(';').filter_map(|it| {
        let (name, value) = it.split_once('=')?;
        let value = value.trim().trim_end_matches(',').trim();
        (name.trim().eq_ignore_ascii_case("rel")).then(|| value.trim_matches('"').to_lowercase())
    });
    values
        .flat_map(|it| it.split(' ').map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

/// The number of the page that a query asks for.
fn page_number(query: &str) -> Option<u64> {
    query
        .split('&')
        .find_map(|it| it.strip_prefix("page="))
        .and_then(|it| it.parse().ok())
}

impl Client {
    /// Every item of a list, all pages; `identity` says which item is which.
    ///
    /// # Errors
    /// Where a page cannot be had, or where the pages do not fit together.
    pub(in crate::forges) fn pages<T: DeserializeOwned>(
        &self,
        ask: &Ask<'_>,
        identity: impl Fn(&T) -> String,
    ) -> Result<Vec<T>, Failed> {
        let mut seen = BTreeSet::new();
        let mut items = Vec::new();
        let (mut number, mut stated_last, mut total) = (1u64, None, None);
        let join = if ask.path.contains('?') { '&' } else { '?' };
        let mut at = format!("{}{join}per_page={PER_PAGE}", self.absolute(&ask.path));
        let mut promised = false;
        loop {
            let raw = self.fetch(ask, &at)?;
            let page: Vec<T> = self.parse(ask, &raw)?;
            let length = page.len();
            if promised && length == 0 {
                return Err(incomplete(
                    ask,
                    self,
                    "a page that the one before leads to is empty",
                ));
            }
            for item in page {
                if !seen.insert(identity(&item)) {
                    return Err(incomplete(
                        ask,
                        self,
                        "a page repeats what an earlier one held",
                    ));
                }
                items.push(item);
            }
            promised = raw.links.next.is_some();
            stated_last = stated_last.or_else(|| last_page(&raw));
            total = total.or_else(|| raw.number("x-total"));
            let Some(next) = self.next(ask, &raw, number, length)? else {
                break;
            };
            number += 1;
            if number > MOST_PAGES {
                let why = format!("it has more than {MOST_PAGES} pages");
                return Err(incomplete(ask, self, &why));
            }
            at = next;
        }
        if let Some(last) = stated_last.filter(|it| *it > number) {
            let why = format!("it ends at page {number} of {last}");
            return Err(incomplete(ask, self, &why));
        }
        let length = u64::try_from(items.len()).unwrap_or(u64::MAX);
        match total {
            Some(total) if total != length => Err(incomplete(
                ask,
                self,
                &format!("it has {length} entries where the forge counts {total}"),
            )),
            _ => Ok(items),
        }
    }

    /// Where the page after this one is. Of a link only the query is used, on the path that was
    /// asked: GitHub's links name the repository by its number.
    fn next(
        &self,
        ask: &Ask<'_>,
        raw: &Raw,
        number: u64,
        length: usize,
    ) -> Result<Option<String>, Failed> {
        let (path, query) = raw.path.split_once('?').unwrap_or((&raw.path, ""));
        let Some(link) = &raw.links.next else {
            // A full page without any link may be the last one, or one whose links were lost.
            if raw.links.any || length < PER_PAGE {
                return Ok(None);
            }
            let others = query.split('&').filter(|it| !it.starts_with("page="));
            let others = others.collect::<Vec<_>>().join("&");
            return Ok(Some(format!("{path}?{others}&page={}", number + 1)));
        };
        let local = (self.base.local(link)).map_err(|other| {
            incomplete(
                ask,
                self,
                &format!("its next page is said to be on another host ({other})"),
            )
        })?;
        let (theirs, query) = local.split_once('?').unwrap_or((&local, ""));
        let end = |it: &str| it.rsplit('/').next().unwrap_or_default().to_lowercase();
        if end(theirs) != end(path) || query.is_empty() {
            let why = "its next page is said to be at another path";
            return Err(incomplete(ask, self, why));
        }
        if page_number(query).is_some_and(|it| it != number + 1) {
            let why = format!("page {number} is not followed by page {}", number + 1);
            return Err(incomplete(ask, self, &why));
        }
        if length == 0 {
            return Err(incomplete(
                ask,
                self,
                "an empty page is followed by another",
            ));
        }
        Ok(Some(format!("{path}?{query}")))
    }
}

fn last_page(raw: &Raw) -> Option<u64> {
    let (_, query) = raw.links.last.as_ref()?.split_once('?')?;
    page_number(query)
}

fn incomplete(ask: &Ask<'_>, client: &Client, why: &str) -> Failed {
    Failed::new(
        format!(
            "{} cannot be read whole from {}: {why}",
            ask.what,
            client.base.host()
        ),
        "another run, when nobody changes it meanwhile; if it stays, look at what stands between the runner and the forge",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_found_by_their_relation() {
        let links = Links::parse(
            r#"<https://h/r?page=2>; rel="next", <https://h/r?a=,;b&page=9>; title="x"; rel="last""#,
        );
        assert_eq!(links.next.as_deref(), Some("https://h/r?page=2"));
        assert_eq!(links.last.as_deref(), Some("https://h/r?a=,;b&page=9"));
        assert_eq!(Links::parse("nonsense"), Links::default());
        let prev = Links::parse("<https://h/r?page=1>; rel=\"prev first\"");
        assert!(prev.any && prev.next.is_none());
        assert_eq!(page_number("per_page=100&page=3"), Some(3));
        assert_eq!(page_number("per_page=100"), None);
    }
}
