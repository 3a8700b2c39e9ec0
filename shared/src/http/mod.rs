//! What every route has in common: extractors that prove who asks and parse what is asked, answers,
//! problems, pages, and the way from an API Gateway event to a router.

mod app;
mod body;
mod edge;
mod form;
mod headers;
mod navigation;
mod observe;
mod openapi;
mod orders;
mod page;
mod path;
mod period;
mod principal;
mod problem;
mod routes;
mod serve;

pub use crate::patch::Patch;
pub use app::{App, Parts};
pub use body::{Body, Json};
pub use edge::{Edge, EdgeError};
pub use form::{Form, LARGEST, OneFile, filed};
pub use headers::{ClientIp, Idempotent, IfMatch, etag};
pub use openapi::api;
pub use orders::OrderQuery;
pub use page::{Page, PageParams, PageQuery, SortOrder};
pub use path::{Path, Query};
pub use period::{Since, Until};
pub use principal::{AnyPrincipal, Customer, Org, StaffMember, Visitor, bearer};
pub use problem::{Failure, Problem};
pub use routes::{Described, Operation, Routes, Served};
pub use serve::{Health, normalised, routed, serve, tracing_to_stdout};

#[doc(hidden)]
pub use pastey::paste;
