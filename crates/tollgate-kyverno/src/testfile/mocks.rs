//! What a test answers in place of APIs and of the cluster's global context. Source:
//! `cmd/cli/kubectl-kyverno/apis/v1alpha1/test.go` and `cmd/cli/kubectl-kyverno/store`.

use super::{
    fault::SuiteError,
    fields::{Fields, Named},
    suite::Reader,
};
use crate::request::{ApiAnswer, GlobalEntry};
use serde_json::Value;
use tollgate_yaml::Node;

/// One of `apiCallResponses`.
pub(super) fn api_answer(node: &Node) -> Result<ApiAnswer, SuiteError> {
    let known = ["url", "urlPath", "method", "response"];
    let fields = Fields::of(node, "an entry of `apiCallResponses`", &known)?;
    let url = match fields.text("url")? {
        url if url.is_empty() => fields.text("urlPath")?,
        url => url,
    };
    if url.is_empty() {
        return Err(SuiteError::new(
            node.span(),
            "an entry of `apiCallResponses` needs `url` or `urlPath`",
        ));
    }
    let mut status = 200;
    let mut body = Value::Null;
    if let Some(response) = fields.get("response") {
        let response = Fields::of(response, "`response`", &["statusCode", "body"])?;
        if let Some(code) = response.named("statusCode")? {
            status = match code.text.parse() {
                Ok(0) => 200,
                Ok(code) => code,
                Err(_) => {
                    return Err(SuiteError::new(code.span, "this is not an HTTP status"));
                }
            };
        }
        if let Some(node) = response.get("body") {
            body = node.to_json()?;
        }
    }
    Ok(ApiAnswer {
        method: fields.text("method")?.trim().to_uppercase(),
        url,
        status,
        body,
    })
}

/// One of `globalContextEntries`, before its files are read.
#[derive(Clone, Debug)]
pub(super) struct GlobalSource {
    name: String,
    data: Data,
    field_path: String,
    projections: Vec<(String, String)>,
}

#[derive(Clone, Debug)]
enum Data {
    Inline(Value),
    Files(Vec<Named>),
}

impl GlobalSource {
    pub(super) fn read(node: &Node) -> Result<Self, SuiteError> {
        let known = [
            "name",
            "data",
            "resources",
            "resourceFiles",
            "fieldPath",
            "projections",
        ];
        let fields = Fields::of(node, "an entry of `globalContextEntries`", &known)?;
        let given: Vec<&str> = known[1..4]
            .iter()
            .copied()
            .filter(|it| fields.get(it).is_some())
            .collect();
        let data = match given.as_slice() {
            ["resourceFiles"] => Data::Files(fields.texts("resourceFiles")?),
            [key] => {
                let node = fields.get(key);
                Data::Inline(node.map_or(Ok(Value::Null), Node::to_json)?)
            }
            _ => {
                return Err(SuiteError::new(
                    node.span(),
                    "an entry of `globalContextEntries` needs exactly one of `data`, `resources` and `resourceFiles`",
                ));
            }
        };
        let projections = fields
            .list("projections")?
            .iter()
            .map(|it| {
                let fields = Fields::of(it, "a projection", &["name", "path"])?;
                Ok((fields.text("name")?, fields.text("path")?))
            })
            .collect::<Result<_, SuiteError>>()?;
        Ok(Self {
            name: fields.text("name")?,
            data,
            field_path: fields.text("fieldPath")?,
            projections,
        })
    }

    /// The entry and its name; the documents of all files make one list.
    pub(super) fn load(&self, reader: &Reader<'_>) -> Result<(String, GlobalEntry), SuiteError> {
        let data = match &self.data {
            Data::Inline(data) => data.clone(),
            Data::Files(files) => {
                let mut all = Vec::new();
                for named in files {
                    for document in reader.file(named)?.iter() {
                        all.push(document.to_json()?);
                    }
                }
                Value::Array(all)
            }
        };
        let entry = GlobalEntry {
            data,
            field_path: self.field_path.clone(),
            projections: self.projections.clone(),
        };
        Ok((self.name.clone(), entry))
    }
}
