//! Benefit programmes: what there is, and the customer's own applications.

use std::collections::BTreeSet;

use axum::extract::{FromRequest, Request, State};
use garde::Validate;
use http::StatusCode;
use http::header::CONTENT_TYPE;
use jiff::Timestamp;
use portico_shared::clock;
use portico_shared::domain::benefit::{
    self, Application, Audience, Benefits, DiscountRuleView, Enrollment, EnrollmentStatus, Program,
    ProgramId, ProgramStatus,
};
use portico_shared::domain::file::{File, Upload};
use portico_shared::error::{Code, Refusal, Result};
use portico_shared::http::{App, Body, Customer, Failure, Form, Json, Problem, Routes};
use portico_shared::ids::FileId;
use portico_shared::operations;
use portico_shared::store::{Item, Partition};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

pub(crate) fn routes<R: Routes>(routes: R) -> R {
    operations!(routes, list_benefits, enroll, list_enrollments)
}

/// The programmes of the org.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "id": "students", "name": "Student discount", "type": "student", "discount": {"type": "percent", "value": 10.0},
    "requirements": "A valid student card.", "status": "active", "evidenceRequired": true, "enrollment": null,
}]}))]
struct ProgramList {
    data: Vec<ProgramView>,
}

/// A programme that customers may enroll in.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "students", "name": "Student discount", "type": "student", "discount": {"type": "percent", "value": 10.0},
    "requirements": "A valid student card.", "status": "active", "evidenceRequired": true, "enrollment": null,
}))]
struct ProgramView {
    id: ProgramId,
    name: String,
    #[serde(rename = "type")]
    audience: Audience,
    discount: DiscountRuleView,
    /// What one must be or show.
    requirements: Option<String>,
    /// Always `active` here.
    status: ProgramStatus,
    /// Whether an application must come with evidence.
    evidence_required: bool,
    /// The caller's own latest application.
    enrollment: Option<EnrollmentView>,
}

/// The caller's applications.
#[derive(Serialize, ToSchema)]
#[schema(example = json!({"data": [{
    "id": "enr_06f1…", "programId": "students", "status": "pending", "evidence": ["fil_06f1…"],
    "submittedAt": "2026-05-04T09:30:00Z", "decidedAt": null, "expiresAt": null, "reason": null,
}]}))]
struct EnrollmentList {
    data: Vec<EnrollmentView>,
}

/// An application, and what became of it.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({
    "id": "enr_06f1…", "programId": "students", "status": "pending", "evidence": ["fil_06f1…"],
    "submittedAt": "2026-05-04T09:30:00Z", "decidedAt": null, "expiresAt": null, "reason": null,
}))]
pub(crate) struct EnrollmentView {
    id: String,
    program_id: ProgramId,
    status: EnrollmentStatus,
    /// The ids of the caller's own files that prove it.
    evidence: Vec<String>,
    #[schema(value_type = String, format = DateTime)]
    submitted_at: Timestamp,
    /// When staff decided last.
    #[schema(value_type = Option<String>, format = DateTime)]
    decided_at: Option<Timestamp>,
    /// Until when it takes effect at checkout.
    #[schema(value_type = Option<String>, format = DateTime)]
    expires_at: Option<Timestamp>,
    /// What staff said about it.
    reason: Option<String>,
}

impl From<Enrollment> for EnrollmentView {
    fn from(enrollment: Enrollment) -> Self {
        Self {
            id: enrollment.id.to_string(),
            status: enrollment.status_at(clock::now()),
            program_id: enrollment.program_id,
            evidence: enrollment.evidence.iter().map(FileId::to_string).collect(),
            submitted_at: enrollment.submitted_at,
            decided_at: enrollment.decided_at,
            expires_at: enrollment.expires_at,
            reason: enrollment.reason,
        }
    }
}

fn view(program: &Program, enrollment: Option<&Enrollment>) -> ProgramView {
    ProgramView {
        id: program.id.clone(),
        name: program.name.clone(),
        audience: program.audience,
        discount: program.discount.into(),
        requirements: program.requirements.clone(),
        status: program.status,
        evidence_required: program.evidence_required,
        enrollment: enrollment.cloned().map(EnrollmentView::from),
    }
}

/// The programmes that are open, each with the caller's latest application.
#[utoipa::path(
    get, path = "/client-data/benefits", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = ProgramList), (status = "4XX", body = Problem)),
)]
async fn list_benefits(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<ProgramList>, Failure> {
    let programs = app.programs.get(&app.store, &customer.org.id).await?;
    let benefits = benefit::of_customer(&app.store, &customer.scope).await?;
    let open = programs
        .iter()
        .filter(|program| program.status == ProgramStatus::Active);
    let data = open.map(|program| view(program, benefits.enrollment(&program.id)));
    Ok(Json(ProgramList {
        data: data.collect(),
    }))
}

/// An application.
#[derive(Deserialize, ToSchema, Validate)]
#[serde(rename_all = "camelCase")]
#[schema(example = json!({"programId": "students", "evidence": ["fil_06f1k3q8c9s7r2m4v5n6p7t8w9"]}))]
struct EnrollInput {
    /// What for.
    #[garde(length(max = 40))]
    program_id: String,
    /// The ids of own files that prove it, such as those uploaded for the area `benefits`.
    #[serde(default)]
    #[garde(length(max = MOST_EVIDENCE), inner(length(max = 64)))]
    evidence: Vec<String>,
}

/// How many files may prove an application.
const MOST_EVIDENCE: usize = 10;

/// An application as JSON, or as a form with the files that prove it.
struct Sent {
    input: EnrollInput,
    uploads: Vec<Upload>,
}

impl FromRequest<App> for Sent {
    type Rejection = Failure;

    async fn from_request(request: Request, app: &App) -> Result<Self, Failure> {
        let kind = request.headers().get(CONTENT_TYPE);
        let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
        if kind.to_ascii_lowercase().starts_with("multipart/") {
            let form = Form::from_request(request, app).await?;
            let input = form.input()?;
            let uploads = form.into_files(MOST_EVIDENCE)?;
            return Ok(Self { input, uploads });
        }
        let Body(input) = Body::from_request(request, app).await?;
        let uploads = Vec::new();
        Ok(Self { input, uploads })
    }
}

/// Applies for a programme. Staff decide, and the customer is told.
///
/// One application for each programme is at work: while it is pending or approved, another is answered with
/// it. After a rejection, or when its time is over, one may apply again. A form takes the files that prove it
/// along: images and PDF, kept in the area `benefits` if the application is made.
#[utoipa::path(
    post, path = "/client-data/benefits/enroll", tag = "client-data", security(("customer" = [])),
    request_body(content(
        (EnrollInput = "application/json"),
        (String = "multipart/form-data", example = json!({"programId": "students", "files": "…"})),
    )),
    responses(
        (status = OK, description = "there is one already", body = EnrollmentView),
        (status = CREATED, description = "applied", body = EnrollmentView),
        (status = "4XX", body = Problem),
    ),
)]
async fn enroll(
    State(app): State<App>,
    customer: Customer,
    Sent { input, uploads }: Sent,
) -> Result<(StatusCode, Json<EnrollmentView>), Failure> {
    let application = Application {
        program: input.program_id.parse().map_err(|_| Code::NotFound)?,
        evidence: own_files(&app, &customer, &input.evidence).await?,
        uploads,
    };
    let programs = app.programs.get(&app.store, &customer.org.id).await?;
    let (enrollment, made) =
        benefit::enroll(customer.cabinet(&app), &programs, application).await?;
    let status = if made {
        StatusCode::CREATED
    } else {
        StatusCode::OK
    };
    Ok((status, Json(enrollment.into())))
}

/// The caller's files of these ids, each once. Somebody else's are as unknown as those that are not there.
async fn own_files(app: &App, customer: &Customer, ids: &[String]) -> Result<Vec<FileId>> {
    let parsed: Vec<Option<FileId>> = ids.iter().map(|id| id.parse().ok()).collect();
    let wanted: BTreeSet<&FileId> = parsed.iter().flatten().collect();
    let keys: Vec<_> = wanted
        .into_iter()
        .map(|id| customer.scope.key(&Item::File(id)))
        .collect();
    let found = app.store.get_many::<File>(&keys).await?;
    let found = found.into_iter().flatten();
    let own: Vec<FileId> = found.map(|file| file.entity.id).collect();
    let mut refusal = Refusal::new(Code::ValidationFailed);
    for (position, id) in parsed.iter().enumerate() {
        if id.as_ref().is_none_or(|id| !own.contains(id)) {
            refusal = refusal.at(format!("evidence[{position}]"), "is no file of yours");
        }
    }
    if refusal.details.is_empty() {
        Ok(own)
    } else {
        Err(refusal.into())
    }
}

/// The caller's latest application for each programme, newest first.
#[utoipa::path(
    get, path = "/client-data/benefits/enrollments", tag = "client-data", security(("customer" = [])),
    responses((status = OK, body = EnrollmentList), (status = "4XX", body = Problem)),
)]
async fn list_enrollments(
    State(app): State<App>,
    customer: Customer,
) -> Result<Json<EnrollmentList>, Failure> {
    let benefits = benefit::of_customer(&app.store, &customer.scope).await?;
    let data = views(benefits);
    Ok(Json(EnrollmentList { data }))
}

/// Applications as they are listed, newest first.
pub(crate) fn views(benefits: Benefits) -> Vec<EnrollmentView> {
    let mut enrollments = benefits.enrollments;
    enrollments.sort_by(|one, other| other.id.cmp(&one.id));
    enrollments.into_iter().map(EnrollmentView::from).collect()
}
