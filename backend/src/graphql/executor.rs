//! Runs requests against the schema: counts aliases first, and gives every error a code and the request's id.

use std::sync::Arc;

use async_graphql::{
    Data, ErrorExtensionValues, Request, Response, ServerError, Value,
    parser::types::{ExecutableDocument, Selection, SelectionSet},
};
use futures::{StreamExt as _, stream::BoxStream};

use super::PulsekeepSchema;
use crate::http::RequestId;

/// Most aliases in one document. Depth and complexity do not stop thousands of cheap fields under other names.
const ALIASES: usize = 60;

/// The schema with our limits and our errors.
#[derive(Clone)]
pub struct Executor {
    schema: PulsekeepSchema,
    id: RequestId,
}

impl Executor {
    /// An executor for one request or one web socket.
    #[must_use]
    pub fn new(schema: PulsekeepSchema, id: RequestId) -> Self {
        Self { schema, id }
    }

    /// Runs a query or mutation.
    pub async fn run(&self, request: Request) -> Response {
        match within_limits(request) {
            Ok(request) => finished(self.schema.execute(request).await, &self.id),
            Err(error) => finished(Response::from_errors(vec![error]), &self.id),
        }
    }
}

impl async_graphql::Executor for Executor {
    async fn execute(&self, request: Request) -> Response {
        self.run(request).await
    }

    fn execute_stream(&self, request: Request, data: Option<Arc<Data>>) -> BoxStream<'static, Response> {
        let id = self.id.clone();
        match within_limits(request) {
            Ok(request) => {
                let answers = async_graphql::Executor::execute_stream(&self.schema, request, data);
                answers.map(move |answer| finished(answer, &id)).boxed()
            }
            Err(error) => futures::stream::iter([finished(Response::from_errors(vec![error]), &id)]).boxed(),
        }
    }
}

fn within_limits(mut request: Request) -> Result<Request, ServerError> {
    let aliases = count_aliases(request.parsed_query()?);
    if aliases > ALIASES {
        let text = format!("The query has {aliases} aliases; {ALIASES} are allowed. Send several requests");
        return Err(coded(ServerError::new(text, None), "TOO_MANY_ALIASES"));
    }
    Ok(request)
}

fn count_aliases(document: &ExecutableDocument) -> usize {
    fn of(set: &SelectionSet) -> usize {
        set.items
            .iter()
            .map(|item| match &item.node {
                Selection::Field(field) => {
                    usize::from(field.node.alias.is_some()) + of(&field.node.selection_set.node)
                }
                Selection::InlineFragment(fragment) => of(&fragment.node.selection_set.node),
                Selection::FragmentSpread(_) => 0,
            })
            .sum()
    }
    let operations = document.operations.iter().map(|(_, operation)| of(&operation.node.selection_set.node));
    let fragments = document.fragments.values().map(|fragment| of(&fragment.node.selection_set.node));
    operations.chain(fragments).sum()
}

fn coded(mut error: ServerError, code: &str) -> ServerError {
    error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("code", code);
    error
}

fn finished(mut response: Response, id: &RequestId) -> Response {
    for error in &mut response.errors {
        *error = explained(error.clone());
        error.extensions.get_or_insert_with(ErrorExtensionValues::default).set("requestId", id.as_str());
    }
    response
}

/// An error with a code: its own, one of the library's known refusals, or the mask.
fn explained(error: ServerError) -> ServerError {
    if has_code(&error) {
        return error;
    }
    let text = error.message.as_str();
    let too_deep = ["Query is nested too deep.", "recursion limit exceeded."].contains(&text);
    if too_deep || text.starts_with("The recursion depth") {
        return coded(error, "QUERY_TOO_DEEP");
    }
    if text == "Query is too complex." {
        let error = ServerError {
            message: "The query asks for too much at once; ask for fewer days or people".into(),
            ..error
        };
        return coded(error, "QUERY_TOO_COMPLEX");
    }
    let about_an_argument = text.starts_with("Invalid value for argument")
        || text.starts_with("Failed to parse")
        || text.starts_with("Invalid input type")
        || text.starts_with("Variable ");
    if about_an_argument {
        return coded(error, "BAD_INPUT");
    }
    // Before anything runs there is no path: the document itself is wrong.
    if error.path.is_empty() && error.source.is_none() {
        return coded(error, "GRAPHQL_INVALID");
    }
    tracing::error!(error = %error.message, "a resolver failed without a code");
    coded(ServerError { message: "Internal error".into(), source: None, ..error }, "INTERNAL")
}

fn has_code(error: &ServerError) -> bool {
    let code = error.extensions.as_ref().and_then(|values| values.get("code"));
    matches!(code, Some(Value::String(_)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn aliases_count_in_fragments_and_in_depth() {
        let mut request =
            Request::new("query { a: x { b: y ... { c: z } ...F } w } fragment F on T { d: q }");
        assert_eq!(count_aliases(request.parsed_query().unwrap()), 4);
    }

    #[test]
    fn what_has_no_code_of_ours_is_masked() {
        let leak = async_graphql::Error::new_with_source(std::io::Error::other("password=hunter2"));
        let masked = explained(leak.into_server_error(async_graphql::Pos::default()));
        assert_eq!(masked.message, "Internal error");
        assert!(has_code(&masked));
    }
}
