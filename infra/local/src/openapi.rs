//! The OpenAPI document of all trees together.

use portico_shared::http::{Described, api};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityScheme};
use utoipa::openapi::{ComponentsBuilder, InfoBuilder, License, OpenApi, OpenApiBuilder};

/// The document, generated from the code. `docs/openapi.json` is this, written out.
pub fn document() -> OpenApi {
    let bearer = |description: &str| {
        let http = HttpBuilder::new()
            .scheme(HttpAuthScheme::Bearer)
            .bearer_format("JWT");
        SecurityScheme::Http(http.description(Some(description)).build())
    };
    let components = ComponentsBuilder::new()
        .security_scheme(
            "customer",
            bearer("the token of POST /profile/customer/signin"),
        )
        .security_scheme("staff", bearer("the token of POST /profile/user/signin"));
    let info = InfoBuilder::new()
        .title("Portico")
        .version(env!("CARGO_PKG_VERSION"))
        .description(Some(
            "The customer-facing backend of a commerce or marketplace platform. Every request names its \
             tenant in the `orgid` header. Errors are `application/problem+json`.",
        ))
        .license(Some(License::new("Apache-2.0")));
    let mut document = OpenApiBuilder::new()
        .info(info)
        .components(Some(components.build()))
        .build();
    for tree in [
        portico_profile::routes(Described::default()),
        portico_client_data::routes(Described::default()),
        portico_storefront::routes(Described::default()),
        portico_crm::routes(Described::default()),
    ] {
        document.merge(api(tree));
    }
    document
}
