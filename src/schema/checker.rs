//! A compiled schema, and its errors in our own words.

use super::{Mistake, kubernetes::Kubernetes};
use crate::{config::nearest, model::SchemaRule};
use jsonschema::{
    PatternOptions, Registry, ValidationError, Validator,
    error::{TypeKind, ValidationErrorKind as Kind},
    paths::LocationSegment,
};
use serde_json::Value;
use tollgate_yaml::{FieldPath, Step};

/// Bytes that one compiled pattern may take: definitions come from the repository.
const PATTERN_BYTES: usize = 1 << 20;

/// Mistakes of one resource that are told; the rest are counted.
const MISTAKES: usize = 20;

/// A schema, compiled.
pub(super) struct Checker {
    schema: Value,
    validator: Validator,
}

impl Checker {
    /// Compile. Nothing is fetched: a reference out of `registry` is an error.
    pub(super) fn new(schema: Value, registry: &Registry<'static>) -> Result<Self, String> {
        let pattern = PatternOptions::regex()
            .size_limit(PATTERN_BYTES)
            .dfa_size_limit(PATTERN_BYTES);
        let validator = jsonschema::options()
            .with_draft(jsonschema::Draft::Draft202012)
            .with_registry(registry)
            .offline()
            .with_pattern_options(pattern)
            .should_validate_formats(true)
            .with_format("byte", is_base64)
            .with_format("quantity", is_quantity)
            .build(&schema)
            .map_err(|error| format!("its schema cannot be used: {}", error.masked()))?;
        Ok(Self { schema, validator })
    }

    /// What is wrong with an object. An API server takes null for absence.
    pub(super) fn check(&self, object: &Value, kubernetes: &Kubernetes) -> Vec<Mistake> {
        let clean;
        let object = if has_null(object) {
            clean = without_nulls(object, Some(&self.schema), kubernetes);
            &clean
        } else {
            object
        };
        if self.validator.is_valid(object) {
            return Vec::new();
        }
        let mut mistakes: Vec<Mistake> = self
            .validator
            .iter_errors(object)
            .flat_map(|it| self.mistakes(&it, object, kubernetes))
            .collect();
        mistakes.sort_by(|a, b| (&a.field, &a.message).cmp(&(&b.field, &b.message)));
        mistakes.dedup_by(|a, b| (&a.field, &a.message) == (&b.field, &b.message));
        if mistakes.is_empty() {
            mistakes.push(Mistake::unchecked(
                "the schema refuses the resource without saying why".to_owned(),
            ));
        }
        let more = mistakes.len().saturating_sub(MISTAKES);
        if more > 0 {
            mistakes.truncate(MISTAKES);
            mistakes.push(Mistake::new(
                SchemaRule::Invalid,
                FieldPath::root(),
                format!("{more} more mistakes are not listed"),
            ));
        }
        mistakes
    }

    fn mistakes(
        &self,
        error: &ValidationError<'_>,
        object: &Value,
        kubernetes: &Kubernetes,
    ) -> Vec<Mistake> {
        let at = path(error);
        let unexpected: Vec<&str> = match (error.kind(), value_at(object, &at)) {
            (Kind::AdditionalProperties { unexpected }, _) => {
                unexpected.iter().map(String::as_str).collect()
            }
            // A map that lists no field at all and takes no other.
            (Kind::FalseSchema, Some(Value::Object(fields))) => {
                fields.keys().map(String::as_str).collect()
            }
            _ => return vec![plain(error, at)],
        };
        let here = schema_at(&self.schema, &at, kubernetes);
        let known: Vec<&str> = here
            .into_iter()
            .filter_map(|it| it.get("properties")?.as_object())
            .flat_map(|it| it.keys().map(String::as_str))
            .filter(|it| it.len() <= 64)
            .take(500)
            .collect();
        let siblings = value_at(object, &at).and_then(Value::as_object);
        let missing: Vec<&str> = known
            .iter()
            .copied()
            .filter(|it| siblings.is_none_or(|fields| !fields.contains_key(*it)))
            .collect();
        unexpected
            .into_iter()
            .map(|name| {
                let message = format!("{} has no field `{}`", subject(&at), shown(name));
                let mut mistake = Mistake::new(SchemaRule::UnknownField, at.key(name), message);
                mistake.help = suggestion(name, &missing, &known);
                mistake
            })
            .collect()
    }
}

fn suggestion(name: &str, missing: &[&str], known: &[&str]) -> Option<String> {
    if let Some(near) = nearest(name, missing) {
        return Some(format!("did you mean `{near}`?"));
    }
    match known.len() {
        0 => Some("remove it".to_owned()),
        1..=12 => Some(format!("fields here: {}", known.join(", "))),
        _ => Some("look at its indentation, or remove it".to_owned()),
    }
}

/// Every error but that of an unknown field. Values are not told: they may be secrets.
fn plain(error: &ValidationError<'_>, at: FieldPath) -> Mistake {
    let here = subject(&at);
    let instance = error.instance();
    let (mut help, mut missing) = (None, None);
    let message = match error.kind() {
        Kind::Required { property } => {
            let name = shown(property.as_str().unwrap_or_default());
            let message = format!("{here} lacks `{name}`");
            missing = Some(name);
            message
        }
        Kind::Type { kind } => {
            let wanted: Vec<&str> = match kind {
                TypeKind::Single(one) => vec![one.as_str()],
                TypeKind::Multiple(set) => set.iter().map(|it| it.as_str()).collect(),
            };
            help = quotes(&wanted, instance);
            let names: Vec<&str> = wanted
                .iter()
                .filter(|it| **it != "null")
                .map(|it| noun(it))
                .collect();
            format!(
                "{here} must be {}, but is {}",
                names.join(" or "),
                type_of(instance)
            )
        }
        Kind::Enum { options } => format!("{here} must be one of {}", options_of(options)),
        Kind::Constant { expected_value } => {
            format!("{here} must be {}", literal(expected_value))
        }
        Kind::Pattern { pattern } => {
            format!("{here} does not match the pattern `{}`", shown(pattern))
        }
        Kind::Format { format } => {
            help = Some(example(format));
            format!("{here} is not a valid {}", format_name(format))
        }
        Kind::Minimum { limit } => format!("{here} must be at least {limit}"),
        Kind::Maximum { limit } => format!("{here} must be at most {limit}"),
        Kind::ExclusiveMinimum { limit } => format!("{here} must be more than {limit}"),
        Kind::ExclusiveMaximum { limit } => format!("{here} must be less than {limit}"),
        Kind::MinLength { limit } => format!("{here} must have at least {limit} characters"),
        Kind::MaxLength { limit } => format!("{here} must have at most {limit} characters"),
        Kind::MinItems { limit } => format!("{here} must have at least {limit} items"),
        Kind::MaxItems { limit } => format!("{here} must have at most {limit} items"),
        Kind::MinProperties { limit } => format!("{here} must have at least {limit} entries"),
        Kind::MaxProperties { limit } => format!("{here} must have at most {limit} entries"),
        Kind::MultipleOf { multiple_of } => format!("{here} must be a multiple of {multiple_of}"),
        Kind::UniqueItems => format!("{here} lists an item twice"),
        Kind::OneOfMultipleValid { .. } => {
            format!("{here} fits more than one of the alternatives of its definition")
        }
        Kind::AnyOf { .. } | Kind::OneOfNotValid { .. } => {
            format!("{here} fits none of the alternatives of its definition")
        }
        Kind::Not { .. } | Kind::FalseSchema => {
            format!("{here} has a form that its definition forbids")
        }
        other => {
            return Mistake::unchecked(format!(
                "{here} could not be judged (`{}` of its schema)",
                other.keyword()
            ));
        }
    };
    if instance.as_str().is_some_and(|it| it.contains("${")) {
        let why = "a variable that is replaced after rendering is not known here, so what the cluster receives cannot be judged";
        help = Some(why.to_owned());
    }
    let mut mistake = Mistake::new(SchemaRule::Invalid, at, message);
    mistake.help = help;
    mistake.missing = missing;
    mistake
}

fn path(error: &ValidationError<'_>) -> FieldPath {
    let mut path = FieldPath::root();
    for segment in error.instance_path().segments() {
        path.0.push(match segment {
            LocationSegment::Property(name) => Step::Key(name.as_ref().into()),
            LocationSegment::Index(index) => Step::Index(index),
        });
    }
    path
}

fn subject(path: &FieldPath) -> String {
    if path.0.is_empty() {
        "the resource".to_owned()
    } else {
        format!("`{}`", shown(&path.to_string()))
    }
}

/// Foreign text in a message, cut after 120 characters.
fn shown(text: &str) -> String {
    let mut cut: String = text.chars().take(120).collect();
    if cut.len() < text.len() {
        cut.push_str("...");
    }
    cut
}

fn noun(name: &str) -> &'static str {
    match name {
        "string" => "a string",
        "integer" => "a whole number",
        "number" => "a number",
        "boolean" => "true or false",
        "array" => "a list",
        "object" => "a map",
        _ => "null",
    }
}

fn type_of(value: &Value) -> &'static str {
    match value {
        Value::Null => "empty",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "a list",
        Value::Object(_) => "a map",
    }
}

/// The commonest mistake of types is one of quotes.
fn quotes(wanted: &[&str], value: &Value) -> Option<String> {
    match value {
        Value::Number(_) | Value::Bool(_) if wanted.contains(&"string") => {
            Some("put the value in quotes".to_owned())
        }
        Value::String(text) => {
            let fits = match serde_json::from_str::<Value>(text) {
                Ok(Value::Bool(_)) => wanted.contains(&"boolean"),
                Ok(Value::Number(_)) => wanted.contains(&"integer") || wanted.contains(&"number"),
                _ => false,
            };
            fits.then(|| "remove the quotes around the value".to_owned())
        }
        Value::Null => Some("give it a value, or remove it".to_owned()),
        _ => None,
    }
}

fn literal(value: &Value) -> String {
    match value {
        Value::String(text) => format!("`{}`", shown(text)),
        other => format!("`{}`", shown(&other.to_string())),
    }
}

fn options_of(options: &Value) -> String {
    let all: Vec<String> = options
        .as_array()
        .into_iter()
        .flatten()
        .filter(|it| !it.is_null())
        .map(literal)
        .collect();
    if all.len() > 12 {
        format!("{} and {} others", all[..12].join(", "), all.len() - 12)
    } else {
        all.join(", ")
    }
}

fn format_name(format: &str) -> &str {
    match format {
        "byte" => "base64 text",
        "date-time" => "point in time",
        "ipv4" => "IPv4 address",
        "ipv6" => "IPv6 address",
        other => other,
    }
}

fn example(format: &str) -> String {
    match format {
        "quantity" => "write it like `250m`, `0.5`, `64Mi` or `2Gi`",
        "byte" => "encode it; in a Secret, plain text stands in `stringData`",
        "date-time" => "write it like `2030-01-31T12:00:00Z`",
        "date" => "write it like `2030-01-31`",
        _ => "write it as its format asks",
    }
    .to_owned()
}

/// Base64 with padding; Go's decoder ignores line breaks.
fn is_base64(text: &str) -> bool {
    let bytes: Vec<u8> = text
        .bytes()
        .filter(|it| !matches!(it, b'\r' | b'\n'))
        .collect();
    let end = bytes.len()
        - bytes
            .iter()
            .rev()
            .take(2)
            .take_while(|it| **it == b'=')
            .count();
    bytes.len().is_multiple_of(4)
        && bytes[..end]
            .iter()
            .all(|it| it.is_ascii_alphanumeric() || matches!(it, b'+' | b'/'))
}

/// The grammar of `resource.Quantity` in apimachinery.
fn is_quantity(text: &str) -> bool {
    let text = text.trim();
    let text = text.strip_prefix(['+', '-']).unwrap_or(text);
    let end = text
        .find(|c: char| !(c.is_ascii_digit() || c == '.'))
        .unwrap_or(text.len());
    let (number, suffix) = text.split_at(end);
    let digits = number.bytes().filter(u8::is_ascii_digit).count();
    if digits == 0 || number.len() - digits > 1 {
        return false;
    }
    match suffix {
        "" | "n" | "u" | "m" | "k" | "M" | "G" | "T" | "P" | "E" => true,
        "Ki" | "Mi" | "Gi" | "Ti" | "Pi" | "Ei" => true,
        _ => suffix.strip_prefix(['e', 'E']).is_some_and(|power| {
            let power = power.strip_prefix(['+', '-']).unwrap_or(power);
            !power.is_empty() && power.len() <= 9 && power.bytes().all(|it| it.is_ascii_digit())
        }),
    }
}

fn value_at<'a>(value: &'a Value, path: &FieldPath) -> Option<&'a Value> {
    path.0.iter().try_fold(value, |value, step| match step {
        Step::Key(key) => value.get(&**key),
        Step::Index(index) => value.get(*index),
    })
}

/// The schema of the field at a path, as far as maps, lists and references lead to it.
fn schema_at<'a>(
    schema: &'a Value,
    path: &FieldPath,
    kubernetes: &'a Kubernetes,
) -> Option<&'a Value> {
    let mut here = follow(schema, kubernetes);
    for step in &path.0 {
        here = child(here, step, kubernetes)?;
    }
    Some(here)
}

/// Definitions refer to definitions, at most a few times in a row.
fn follow<'a>(mut schema: &'a Value, kubernetes: &'a Kubernetes) -> &'a Value {
    for _ in 0..8 {
        let reference = schema.get("$ref").and_then(Value::as_str);
        match reference.and_then(|it| kubernetes.follow(it)) {
            Some(next) => schema = next,
            None => break,
        }
    }
    schema
}

fn child<'a>(schema: &'a Value, step: &Step, kubernetes: &'a Kubernetes) -> Option<&'a Value> {
    let next = match step {
        Step::Key(key) => schema
            .get("properties")
            .and_then(|it| it.get(&**key))
            .or_else(|| schema.get("additionalProperties")),
        Step::Index(_) => schema.get("items"),
    };
    next.map(|it| follow(it, kubernetes))
}

fn has_null(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::Array(items) => items.iter().any(has_null),
        Value::Object(map) => map.values().any(has_null),
        Value::Bool(_) | Value::Number(_) | Value::String(_) => false,
    }
}

/// The object without fields that are null where null is no value of theirs: an API server drops
/// those before it validates. A null in a list stays, so that places in it stay right.
///
/// Depth is limited by the reader of the object.
fn without_nulls(value: &Value, schema: Option<&Value>, kubernetes: &Kubernetes) -> Value {
    match value {
        Value::Object(map) => {
            let mut out = serde_json::Map::new();
            for (name, value) in map {
                let child = schema.and_then(|it| {
                    child(
                        follow(it, kubernetes),
                        &Step::Key(name.as_str().into()),
                        kubernetes,
                    )
                });
                if !value.is_null() || child.is_some_and(may_be_null) {
                    out.insert(name.clone(), without_nulls(value, child, kubernetes));
                }
            }
            Value::Object(out)
        }
        Value::Array(items) => {
            let child =
                schema.and_then(|it| child(follow(it, kubernetes), &Step::Index(0), kubernetes));
            items
                .iter()
                .map(|it| without_nulls(it, child, kubernetes))
                .collect()
        }
        other => other.clone(),
    }
}

fn may_be_null(schema: &Value) -> bool {
    let types = schema.get("type").and_then(Value::as_array);
    types.is_some_and(|it| it.iter().any(|it| it == "null"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantities_are_those_of_kubernetes() {
        for good in [
            "1", "0.5", ".5", "5.", "250m", "64Mi", "2Gi", "1e3", "1E-3", "-1", "+2k", "1E",
        ] {
            assert!(is_quantity(good), "{good}");
        }
        for bad in [
            "", "m", "1.2.3", "64mb", "1 Gi", "1K", "1MiB", "e3", "1e", "--1", "1ki",
        ] {
            assert!(!is_quantity(bad), "{bad}");
        }
    }

    #[test]
    fn base64_has_its_padding() {
        for good in ["", "aGk=", "aA==", "aGVsbG8h", "aGVs\nbG8h"] {
            assert!(is_base64(good), "{good}");
        }
        for bad in ["a", "aGk", "a=k=", "====", "plain text!!"] {
            assert!(!is_base64(bad), "{bad}");
        }
    }
}
