//! What lets somebody in, told from the other text of a template: a template that fills in secret values
//! holds host names, ports and flags beside them, and those are none.

use super::placeholder::{is_placeholder, names_a_field};

/// Words of a name that is a credential's.
const WORDS: [&str; 14] = [
    "password",
    "passwd",
    "passphrase",
    "passwort",
    "pwd",
    "pass",
    "secret",
    "token",
    "apikey",
    "credential",
    "credentials",
    "authorization",
    "jwt",
    "psk",
];

/// Words before `key` that make it one.
const KEYS: [&str; 14] = [
    "access",
    "account",
    "api",
    "app",
    "application",
    "cookie",
    "encryption",
    "license",
    "master",
    "private",
    "secret",
    "session",
    "shared",
    "signing",
];

/// Last words of a name that says something about a credential: where it is, how long it counts.
const ABOUT: [&str; 20] = [
    "algorithm",
    "audience",
    "enabled",
    "endpoint",
    "expiration",
    "expires",
    "expiry",
    "file",
    "header",
    "host",
    "issuer",
    "length",
    "lifetime",
    "method",
    "name",
    "path",
    "ref",
    "ttl",
    "type",
    "url",
];

/// Beginnings of tokens that their makers gave one, so that scanners find them.
const TOKENS: [&str; 12] = [
    "ghp_",
    "gho_",
    "ghs_",
    "github_pat_",
    "glpat-",
    "xoxb-",
    "xoxp-",
    "AKIA",
    "ASIA",
    "AIza",
    "sk_live_",
    "hvs.",
];

/// Letters and digits of a token that nobody has made up.
const RANDOM: usize = 20;

/// What stands for what a template fills in.
const FILLED: char = '\u{1}';

/// Whether a name is one of a credential: `DB_PASSWORD`, `clientSecret`, `--token`.
pub(super) fn is_credential_name(name: &str) -> bool {
    let words = words(name);
    let Some(last) = words.last() else {
        return false;
    };
    let one = words
        .iter()
        .any(|it| WORDS.contains(&it.trim_end_matches('s')) || WORDS.contains(&&**it));
    let key = words.windows(2).any(|it| match it {
        [of, key] => KEYS.contains(&&**of) && matches!(&**key, "key" | "keys"),
        _ => false,
    });
    (one || key) && !ABOUT.contains(&&**last)
}

/// `dbPassword_old` has three.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut lower = false;
    for it in name.chars() {
        if !it.is_alphanumeric() || lower && it.is_uppercase() {
            words.push(std::mem::take(&mut word));
        }
        if it.is_alphanumeric() {
            word.extend(it.to_lowercase());
        }
        lower = it.is_lowercase() || it.is_ascii_digit();
    }
    words.push(word);
    words.retain(|it| !it.is_empty());
    words
}

/// Whether the own text of a template lets somebody in, which stands under a key of this name.
pub(super) fn holds_a_credential(key: &str, text: &str) -> bool {
    let own = own(text);
    let mut lines = own.lines();
    let is_one_line = own.trim().lines().count() < 2;
    is_one_line && is_credential_name(key) && lets_in(&own)
        || own.contains("PRIVATE KEY-----")
        || own.split("://").skip(1).any(is_user)
        || own
            .split(|it: char| it.is_whitespace() || "\"'=,;:".contains(it))
            .any(is_token)
        || lines.any(|line| {
            let named = line.split_once(['=', ':']);
            named.is_some_and(|(name, value)| {
                let name = name.trim().trim_matches(['"', '\'']);
                let is_name = !name.contains(char::is_whitespace) || name.starts_with("- ");
                is_name && is_credential_name(name) && lets_in(value)
            })
        })
}

/// The text without what is filled in, of which a text that is written there for its own sake stays.
fn own(text: &str) -> String {
    let mut own = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("{{") {
        let Some((inner, after)) = after.split_once("}}") else {
            break;
        };
        own.push_str(before);
        let fills_in = names_a_field(&format!("{{{{{inner}}}}}"));
        if fills_in {
            own.push(FILLED);
        }
        if !fills_in || inner.contains("default") {
            let texts = inner.split(['"', '`']).skip(1).step_by(2);
            texts.for_each(|it| own.push_str(it));
        }
        rest = after;
    }
    own.push_str(rest);
    own
}

/// Whether a value is one of its own. What stands beside something that is filled in is its shape
/// (`Bearer `) unless it looks like a part of a secret.
fn lets_in(value: &str) -> bool {
    let value = value.trim().trim_matches(['"', '\'', ',']);
    let any = |it: &str, is: fn(char) -> bool| it.chars().any(is);
    if value.contains(FILLED) {
        let mut parts = value.split(|it: char| !it.is_alphanumeric());
        return !value.contains("://")
            && parts.any(|it| {
                it.chars().count() >= 6
                    && any(it, |it| it.is_ascii_digit())
                    && any(it, char::is_alphabetic)
            });
    }
    let word = value.to_lowercase();
    let is_flag = matches!(
        &*word,
        "true" | "false" | "yes" | "no" | "null" | "none" | "|" | ">" | "|-" | ">-"
    );
    !is_flag && any(value, char::is_alphanumeric) && !is_placeholder(value, false)
}

/// `user:password@host`, behind the scheme of an address.
fn is_user(address: &str) -> bool {
    let end = |it: char| it.is_whitespace() || "/\"'".contains(it);
    let host = address.split(end).next().unwrap_or_default();
    let user = host.rsplit_once('@').map_or("", |it| it.0);
    user.split_once(':').is_some_and(|(_, password)| {
        !password.is_empty() && !password.contains(FILLED) && !is_placeholder(password, false)
    })
}

fn is_token(word: &str) -> bool {
    let any = |is: fn(&u8) -> bool| word.bytes().any(|it| is(&it));
    let known = TOKENS.iter().any(|it| word.starts_with(it)) && word.len() >= RANDOM;
    let random = word.len() >= RANDOM
        && word
            .bytes()
            .all(|it| it.is_ascii_alphanumeric() || b"+_-".contains(&it))
        && any(u8::is_ascii_digit)
        && any(u8::is_ascii_lowercase)
        && any(u8::is_ascii_uppercase);
    known || random
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_credentials() {
        for (name, want) in [
            ("DB_PASSWORD", true),
            ("dbPassword", true),
            ("clientSecret", true),
            ("--token", true),
            ("API_KEY", true),
            ("SECRET_KEY_BASE", true),
            ("tokens", true),
            ("DB_HOST", false),
            ("key", false),
            ("public-key", false),
            ("token_url", false),
            ("secretName", false),
            ("passenger", false),
        ] {
            assert_eq!(is_credential_name(name), want, "{name}");
        }
    }

    #[test]
    fn the_own_text_of_a_template_lets_somebody_in_or_not() {
        for (key, text, want) in [
            ("DB_HOST", "db.example.org", false),
            ("DB_NAME", "app", false),
            (
                "config.ini",
                "user = {{ .user }}\npassword = {{ .password }}\nport = 5432\n",
                false,
            ),
            (
                "config.ini",
                "user = {{ .user }}\npassword = hunter2\n",
                true,
            ),
            ("config.yaml", "auth:\n  - apiKey: \"hunter2\"\n", true),
            (
                "config.yaml",
                "auth:\n  password: |\n    {{ .password }}\n",
                false,
            ),
            (
                "url",
                "postgres://{{ .user }}:{{ .password }}@pg16.db.svc:5432/app",
                false,
            ),
            ("url", "postgres://app:hunter2@{{ .host }}/app", true),
            ("url", "postgres://app@{{ .host }}/app", false),
            ("password", "{{ .password }}", false),
            ("password", "hunter2", true),
            ("password", "hunter2{{ .suffix }}", true),
            ("password", "{{ .password | default \"hunter2\" }}", true),
            ("password", "{{ \"hunter2\" }}", true),
            ("password", "${PASSWORD}", false),
            ("token", "Bearer {{ .token }}", false),
            ("token_enabled", "true", false),
            ("use_token", "true", false),
            (
                "auth",
                "{{ printf \"%s:%s\" .user .password | b64enc }}",
                false,
            ),
            ("tls.key", "-----BEGIN PRIVATE KEY-----\n", true),
            ("tls.key", "{{ .key }}", false),
            ("a", "glpat-abcdefghijklmnopqrst", true),
            ("a", "Zk3p9QxL2mN8rT5vW1yB", true),
        ] {
            assert_eq!(holds_a_credential(key, text), want, "{key}: {text}");
        }
    }
}
