//! The `OpenAPI` document of a function, from its routes.

use utoipa::openapi::path::Operation;
use utoipa::openapi::{ContentBuilder, OpenApi, PathItem, Ref, RefOr, Response};

use super::Described;

/// The document of a function's routes.
///
/// What is true of every operation is said here once: what a status means, and that refusals are
/// problem documents (RFC 9457 §3), whichever route they come from. An operation's id is its tree's
/// tag and its handler's name: handlers of two trees may share a name, ids may not.
pub fn api(routes: Described) -> OpenApi {
    let mut document = routes.into_document();
    let operations = document.paths.paths.values_mut().flat_map(operations);
    for operation in operations {
        let handler = operation.operation_id.take().unwrap_or_default();
        let tag = operation.tags.iter().flatten().next();
        let tree = tag.map_or("", String::as_str);
        operation.operation_id = Some(format!("{}_{handler}", tree.replace('-', "_")));
        let responses = &mut operation.responses.responses;
        responses.insert("4XX".to_owned(), RefOr::T(refusal()));
        for (status, response) in responses {
            if let RefOr::T(response) = response
                && response.description.is_empty()
            {
                meaning(status).clone_into(&mut response.description);
            }
        }
    }
    document
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem {
        get,
        put,
        post,
        delete,
        patch,
        ..
    } = item;
    [get, put, post, delete, patch].into_iter().flatten()
}

fn refusal() -> Response {
    let problem = Ref::from_schema_name("Problem");
    let content = ContentBuilder::new().schema(Some(problem)).build();
    let mut refusal = Response::new("refused; `code` says why");
    refusal
        .content
        .insert("application/problem+json".to_owned(), RefOr::T(content));
    refusal
}

/// The description that a response must have (`OpenAPI` 3.1 §4.8.17), where the operation gives none.
fn meaning(status: &str) -> &'static str {
    let status = status
        .parse()
        .ok()
        .and_then(|status| http::StatusCode::from_u16(status).ok());
    status
        .and_then(|status| status.canonical_reason())
        .unwrap_or("other")
}
