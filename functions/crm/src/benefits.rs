//! Staff decide on applications for benefits.

use axum::extract::State;
use garde::Validate;
use jiff::Timestamp;
use portico_shared::clock;
use portico_shared::domain::benefit::{
    self, Decision, EnrollmentRow, EnrollmentStatus, ProgramId, RowStatus,
};
use portico_shared::domain::customer;
use portico_shared::domain::file::{Attachment, AttachmentView, File};
use portico_shared::error::Result;
use portico_shared::http::{
    App, Body, Failure, Json, Page, PageParams, PageQuery, Path, Problem, Query, Routes,
    StaffMember,
};
use portico_shared::ids::EnrollmentId;
use portico_shared::operations;
use portico_shared::store::{Item, Partition};
use portico_shared::text::lines;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(
        routes,
        list_enrollments,
        get_enrollment,
        approve_enrollment,
        reject_enrollment,
        revoke_enrollment
    )
}

/// How many a page has unless the request says.
const PAGE_SIZE: usize = 20;

/// An application, as staff see it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "enr_06f1…", "customerId": "cus_06f1…", "programId": "students", "status": "pending",
    "submittedAt": "2026-05-04T09:30:00Z", "decidedAt": null, "decidedBy": null, "expiresAt": null, "reason": null,
}))]
struct ApplicationView {
    id: String,
    customer_id: String,
    program_id: ProgramId,
    status: EnrollmentStatus,
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// Which member of staff decided last.
    decided_by: Option<String>,
    /// Until when it takes effect at checkout.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// What the customer was told.
    reason: Option<String>,
}

impl From<EnrollmentRow> for ApplicationView {
    fn from(row: EnrollmentRow) -> Self {
        let over = row.expires_at.is_some_and(|at| at <= clock::now());
        Self {
            id: row.id.to_string(),
            customer_id: row.customer.to_string(),
            program_id: row.program_id,
            status: match row.status {
                RowStatus::Approved if over => EnrollmentStatus::Expired,
                status => status.into(),
            },
            submitted_at: row.submitted_at,
            decided_at: row.decided_at,
            decided_by: row.decided_by.map(|staff| staff.to_string()),
            expires_at: row.expires_at,
            reason: row.reason,
        }
    }
}

/// An application with what it takes to decide on it.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({
    "id": "enr_06f1…", "customerId": "cus_06f1…", "programId": "students", "status": "pending",
    "submittedAt": "2026-05-04T09:30:00Z", "decidedAt": null, "decidedBy": null, "expiresAt": null, "reason": null,
    "customer": {"email": "ann@acme.example", "name": "Ann Lee"}, "evidence": [],
}))]
struct ApplicationDetail {
    #[serde(flatten)]
    enrollment: ApplicationView,
    customer: Applicant,
    /// The files that prove it; one that the customer has deleted since is missing.
    evidence: Vec<AttachmentView>,
}

/// Who applies.
#[derive(Serialize, ToSchema)]
struct Applicant {
    email: String,
    name: Option<String>,
}

/// Which applications.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
struct Filter {
    /// Those of this status; pending ones unless it is said.
    #[serde(default)]
    #[param(inline, example = "pending")]
    status: RowStatus,
}

/// The applications of one status, newest first unless another order is asked for.
#[utoipa::path(
    get, path = "/crm/benefits/enrollments", tag = "crm", security(("staff" = [])),
    params(Filter, PageQuery),
    responses((status = OK, body = Page<ApplicationView>), (status = "4XX", body = Problem)),
)]
async fn list_enrollments(
    State(app): State<App>,
    member: StaffMember,
    Query(Filter { status }): Query<Filter>,
    params: PageParams,
) -> Result<Json<Page<ApplicationView>>, Failure> {
    member.must_decide_benefits()?;
    let org = &member.org.id;
    let page_size = params.size_or(PAGE_SIZE);
    let list = format!("{org}|enrollments|{}", status.as_str());
    let after = params.position(&app, org, &list)?;
    let skip = if after.is_some() {
        0
    } else {
        params.skip(page_size)
    };
    let limit = skip + page_size;
    let after = after.as_deref();
    let slice = benefit::rows(&app.store, org, status, params.direction, limit, after).await?;
    let next = slice
        .positions
        .last()
        .filter(|_| slice.more)
        .map(|position| params.cursor(&app, org, &list, position));
    let data = slice.into_entities().into_iter().skip(skip);
    Ok(Json(Page {
        data: data.map(ApplicationView::from).collect(),
        total: None,
        page: params.page,
        page_size,
        has_next: next.is_some(),
        next,
    }))
}

/// One application, with who applies and links to the evidence.
#[utoipa::path(
    get, path = "/crm/benefits/enrollments/{enrollmentId}", tag = "crm", security(("staff" = [])),
    params(("enrollmentId" = String, Path, example = "enr_06f1k3q8c9s7r2m4v5n6p7t8w9")),
    responses((status = OK, body = ApplicationDetail), (status = "4XX", body = Problem)),
)]
async fn get_enrollment(
    State(app): State<App>,
    member: StaffMember,
    Path(id): Path<EnrollmentId>,
) -> Result<Json<ApplicationDetail>, Failure> {
    // What is shown proves who somebody is.
    member.must_decide_benefits()?;
    let (row, scope, benefits) = benefit::row_of(&app.store, &member.org.id, &id).await?;
    let enrollments = &benefits.entity.enrollments;
    let files = enrollments.iter().filter(|enrollment| enrollment.id == id);
    let keys: Vec<_> = files
        .flat_map(|enrollment| &enrollment.evidence)
        .map(|file| scope.key(&Item::File(file)))
        .collect();
    let files = async { Ok(app.store.get_many::<File>(&keys).await?) };
    let (customer, files) = tokio::try_join!(customer::get(&app.store, &scope), files)?;
    let mut evidence = Vec::new();
    for file in files.into_iter().flatten() {
        let attachment = Attachment::from(&file.entity);
        evidence.push(attachment.view(&app.files, &scope).await?);
    }
    let name = customer.entity.name();
    Ok(Json(ApplicationDetail {
        enrollment: row.into(),
        customer: Applicant {
            email: customer.entity.email,
            name,
        },
        evidence,
    }))
}

/// An approval.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"reason": "Welcome!"}))]
struct Approval {
    /// What the customer is told.
    #[garde(inner(length(chars, max = 1000), custom(lines)))]
    reason: Option<String>,
}

/// A refusal, which owes a reason.
#[derive(Deserialize, ToSchema, Validate)]
#[schema(example = json!({"reason": "The card is not legible: please send another picture."}))]
struct Denial {
    /// What the customer is told.
    #[garde(length(chars, min = 1, max = 1000), custom(lines))]
    reason: String,
}

async fn decide(
    app: &App,
    member: &StaffMember,
    id: &EnrollmentId,
    status: RowStatus,
    reason: Option<String>,
) -> Result<Json<ApplicationView>, Failure> {
    member.must_decide_benefits()?;
    let programs = app.programs.get(&app.store, &member.org.id).await?;
    let decision = Decision { status, reason };
    let row = benefit::decide(&app.store, &member.staff, &programs, id, decision).await?;
    Ok(Json(row.into()))
}

/// Approves an application: from now on it takes effect at checkout, for as long as the programme says.
#[utoipa::path(
    put, path = "/crm/benefits/enrollments/{enrollmentId}/approve", tag = "crm", security(("staff" = [])),
    params(("enrollmentId" = String, Path, example = "enr_06f1k3q8c9s7r2m4v5n6p7t8w9")), request_body = Approval,
    responses((status = OK, body = ApplicationView), (status = "4XX", body = Problem)),
)]
async fn approve_enrollment(
    State(app): State<App>,
    member: StaffMember,
    Path(id): Path<EnrollmentId>,
    Body(input): Body<Approval>,
) -> Result<Json<ApplicationView>, Failure> {
    decide(&app, &member, &id, RowStatus::Approved, input.reason).await
}

/// Rejects an application. The customer may apply again.
#[utoipa::path(
    put, path = "/crm/benefits/enrollments/{enrollmentId}/reject", tag = "crm", security(("staff" = [])),
    params(("enrollmentId" = String, Path, example = "enr_06f1k3q8c9s7r2m4v5n6p7t8w9")), request_body = Denial,
    responses((status = OK, body = ApplicationView), (status = "4XX", body = Problem)),
)]
async fn reject_enrollment(
    State(app): State<App>,
    member: StaffMember,
    Path(id): Path<EnrollmentId>,
    Body(input): Body<Denial>,
) -> Result<Json<ApplicationView>, Failure> {
    decide(&app, &member, &id, RowStatus::Rejected, Some(input.reason)).await
}

/// Takes an approval back. Orders that were placed with it stay as they are.
#[utoipa::path(
    put, path = "/crm/benefits/enrollments/{enrollmentId}/revoke", tag = "crm", security(("staff" = [])),
    params(("enrollmentId" = String, Path, example = "enr_06f1k3q8c9s7r2m4v5n6p7t8w9")), request_body = Denial,
    responses((status = OK, body = ApplicationView), (status = "4XX", body = Problem)),
)]
async fn revoke_enrollment(
    State(app): State<App>,
    member: StaffMember,
    Path(id): Path<EnrollmentId>,
    Body(input): Body<Denial>,
) -> Result<Json<ApplicationView>, Failure> {
    decide(&app, &member, &id, RowStatus::Revoked, Some(input.reason)).await
}
