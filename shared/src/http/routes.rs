//! A tree's operations, named once: the function serves them, the local platform describes them.
//!
//! Serving must not describe: building the document takes longer than everything else that a function
//! does at INIT, and its code and texts are as large as the handlers. So what becomes of
//! the operations is a type, and what a function does not use is not linked into it.

use axum::Router;
use axum::handler::Handler;
use axum::routing::{MethodFilter, MethodRouter};
use utoipa::Path;
// What the attribute's expansion implements, and `utoipa`'s own router reads.
use utoipa::__dev::{SchemaReferences, Tags};
use utoipa::openapi::{ComponentsBuilder, HttpMethod, OpenApi};

use super::App;

/// What the `utoipa::path` attribute says of an operation.
pub trait Operation: Path + SchemaReferences + for<'t> Tags<'t> {}

impl<P: Path + SchemaReferences + for<'t> Tags<'t>> Operation for P {}

/// What becomes of a tree's operations.
pub trait Routes: Sized {
    /// Adds an operation and the handler that answers it.
    #[must_use]
    fn operation<P: Operation, T: 'static>(self, handler: impl Handler<T, App>) -> Self;
}

/// The operations as a router.
#[derive(Debug, Default)]
pub struct Served(Router<App>);

impl Served {
    pub(super) fn into_router(self) -> Router<App> {
        self.0
    }
}

impl Routes for Served {
    fn operation<P: Operation, T: 'static>(self, handler: impl Handler<T, App>) -> Self {
        let methods = P::methods().into_iter();
        let answered = methods.fold(MethodRouter::new(), |router, method| {
            router.on(filter(&method), handler.clone())
        });
        Self(self.0.route(&P::path(), answered))
    }
}

/// The operations as an `OpenAPI` document.
#[derive(Default)]
pub struct Described(OpenApi);

impl Described {
    pub(super) fn into_document(self) -> OpenApi {
        self.0
    }
}

impl Routes for Described {
    fn operation<P: Operation, T: 'static>(mut self, _: impl Handler<T, App>) -> Self {
        let mut schemas = Vec::new();
        P::schemas(&mut schemas);
        let components = self.0.components.take().unwrap_or_default();
        let components = ComponentsBuilder::from(components).schemas_from_iter(schemas);
        self.0.components = Some(components.build());
        let mut operation = P::operation();
        let tags = P::tags().into_iter().map(str::to_owned);
        operation.tags.get_or_insert_default().extend(tags);
        let paths = &mut self.0.paths;
        // The document has no parameters of several segments.
        let path = P::path().replace("{*", "{");
        paths.add_path_operation(path, P::methods(), operation);
        self
    }
}

fn filter(method: &HttpMethod) -> MethodFilter {
    match method {
        HttpMethod::Get => MethodFilter::GET,
        HttpMethod::Post => MethodFilter::POST,
        HttpMethod::Put => MethodFilter::PUT,
        HttpMethod::Delete => MethodFilter::DELETE,
        HttpMethod::Options => MethodFilter::OPTIONS,
        HttpMethod::Head => MethodFilter::HEAD,
        HttpMethod::Patch => MethodFilter::PATCH,
        HttpMethod::Trace => MethodFilter::TRACE,
    }
}

/// Adds handlers that have a `utoipa::path` attribute to some [`Routes`]: `operations!(routes, get_order, list_orders)`.
#[macro_export]
macro_rules! operations {
    ($routes:expr $(, $handler:ident)+ $(,)?) => {
        $crate::http::paste! {
            $routes $(.operation::<[<__path_ $handler>], _>($handler))+
        }
    };
}
