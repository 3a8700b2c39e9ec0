//! IAM between the functions and the embedded services: a proxy that knows who calls, and lets through what
//! the roles in `template.yaml` allow.
//!
//! Every function has its own access key, its logical id in the template, so the proxy finds its role. Keys
//! that its `AssumeRole` gave out stand for a tenant role and a session policy, and both must allow a call.

mod arns;
mod calls;
pub mod policy;
mod stack;
mod sts;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, MutexGuard};

use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::State;
use axum::response::Response;
use http::{HeaderMap, Method, Uri};
use jiff::{SignedDuration, Timestamp};
use portico_local::functions::Parts;
use portico_local::{Endpoints, Functions, Template};
use portico_shared::auth::KeyRing;
use portico_shared::aws::{Aws, Endpoints as AwsEndpoints};
use serde_json::{Value, json};

use self::arns::{ACCOUNT, REGION, arn, bucket_arn, queue_arn, secret_arn};
use self::policy::{Call, Decision};
use self::stack::Stack;
use self::sts::Sts;
use crate::{World, root};

pub use self::sts::Session;

/// Where mail comes from here, as `infra/local` has it.
const MAIL_FROM: &str = "portico@localhost.example";

/// A permission that was asked for.
#[derive(Debug, Clone)]
pub struct Seen {
    /// The logical id of the function that asked.
    pub function: String,
    /// The org of its session; none if it asked with its own role.
    pub org: Option<String>,
    /// What for.
    pub call: Call,
    /// Whether it was given.
    pub allowed: bool,
}

#[derive(Debug, Default)]
struct Book {
    sts: Sts,
    seen: Vec<Seen>,
    /// Grants that were made use of, as [`Iam::unused`] has them.
    used: BTreeSet<String>,
}

/// The running proxy. It ends with the test's runtime.
#[derive(Debug, Clone)]
pub struct Iam {
    url: String,
    client: reqwest::Client,
    endpoints: Endpoints,
    stack: Arc<Stack>,
    book: Arc<Mutex<Book>>,
}

impl World {
    /// Starts the platform with every function behind its own role of the template, with or without
    /// `TenantIsolation`.
    ///
    /// # Panics
    ///
    /// When it does not start.
    pub async fn start_with_iam(isolation: bool) -> (Self, Iam) {
        let mut running = None;
        let world = Self::start_from(async |parts| {
            let iam = Iam::start(&parts, isolation).await;
            let functions = iam.functions(&parts).await;
            running = Some(iam);
            functions
        })
        .await;
        (world, running.expect("the proxy was started"))
    }
}

impl Iam {
    async fn start(parts: &Parts, isolation: bool) -> Self {
        let file = root().join("template.yaml");
        let document = Template::document(&file).expect("the template");
        let template = Template::load(&file).expect("the template");
        let names = template.functions();
        let names = names
            .map(|(name, id)| (id.to_owned(), name.to_owned()))
            .collect();
        let parameters = [
            ("TenantIsolation", if isolation { "on" } else { "off" }),
            ("MailFrom", MAIL_FROM),
        ];
        let endpoints = parts.endpoints().clone();
        let stack = Stack::deploy(&document, &names, &parameters, &endpoints);
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0")
            .await
            .expect("a free port");
        let client = reqwest::Client::builder().no_proxy().build();
        let iam = Self {
            url: format!("http://{}", listener.local_addr().expect("an address")),
            client: client.expect("a plain client"),
            endpoints,
            stack: Arc::new(stack.expect("the template's roles are understood")),
            book: Arc::default(),
        };
        let router = Router::new().fallback(enforce).with_state(iam.clone());
        tokio::spawn(async move { axum::serve(listener, router).await });
        iam
    }

    /// Every function, with clients of its own.
    async fn functions(&self, parts: &Parts) -> Functions {
        let mut functions = Functions::new();
        for deployed in self.stack.functions.values() {
            let aws = self.aws(&deployed.name);
            let mut parts = parts.clone().with_aws(aws.clone());
            if deployed.reads_key_ring {
                let ring = KeyRing::from_secrets_manager(&aws).await;
                parts.ring = ring.expect("the function may read the key ring");
            }
            let mut built = parts.functions().expect("every function is there");
            let function = built.remove(&deployed.name).expect("the function is there");
            functions.insert(deployed.name.clone(), function);
        }
        functions
    }

    /// The clients' settings of a function, by its name (`storefront`), as its environment makes them.
    ///
    /// # Panics
    ///
    /// When there is no such function.
    pub fn aws(&self, function: &str) -> Aws {
        let mut all = self.stack.functions.iter();
        let (id, deployed) = all
            .find(|(_, deployed)| deployed.name == function)
            .expect("the template has the function");
        let url = Some(self.url.clone());
        let aws = Aws::local(AwsEndpoints {
            dynamodb: url.clone(),
            s3: url.clone(),
            sqs: url.clone(),
            sesv2: url.clone(),
            sns: url.clone(),
            secrets_manager: url.clone(),
            sts: url,
        });
        let aws = aws.with_access_key(id);
        if deployed.tenant_role.is_empty() {
            aws
        } else {
            aws.with_tenant_role(&deployed.tenant_role)
        }
    }

    /// Every permission that was asked for so far.
    pub fn seen(&self) -> Vec<Seen> {
        self.book().seen.clone()
    }

    /// Every session that was opened so far, the latest last.
    pub fn sessions(&self) -> Vec<Session> {
        self.book().sts.sessions.values().cloned().collect()
    }

    /// Lets sessions opened from now on end after this many seconds.
    pub fn sessions_last(&self, seconds: i64) {
        self.book().sts.lifetime = SignedDuration::from_secs(seconds);
    }

    /// Lets STS fail, or work again.
    pub fn sts_fails(&self, fails: bool) {
        self.book().sts.fails = fails;
    }

    /// What roles are granted and nobody made use of: role, action and resource.
    pub fn unused(&self) -> BTreeSet<String> {
        let granted = self.stack.roles.values().flat_map(|role| {
            let grants = role.policies.iter().flat_map(policy::Policy::grants);
            grants.map(|grant| format!("{} {grant}", role.name))
        });
        let used = &self.book().used;
        granted.filter(|grant| !used.contains(grant)).collect()
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.book.lock().expect("nobody panics with the book open")
    }

    /// Who calls with this key: the function, its or its tenant role's ARN, and the session.
    fn caller(&self, book: &Book, key: &str) -> Option<(String, String, Option<Session>)> {
        if let Some(function) = self.stack.functions.get(key) {
            return Some((key.to_owned(), function.role.clone(), None));
        }
        let session = book.sts.sessions.get(key)?.clone();
        Some((
            session.function.clone(),
            session.role.clone(),
            Some(session),
        ))
    }

    /// Whether the role and the session policy allow a call.
    fn decide(&self, book: &mut Book, role: &str, session: Option<&Session>, call: &Call) -> bool {
        let role = &self.stack.roles[role];
        let mut granted = None;
        for policy in &role.policies {
            match policy.decide(call) {
                Decision::Denied => return false,
                Decision::Allowed(grant) if granted.is_none() => granted = Some(grant),
                _ => {}
            }
        }
        let limit = session.and_then(|session| session.policy.as_ref());
        let within = limit.is_none_or(|limit| matches!(limit.decide(call), Decision::Allowed(_)));
        let Some(grant) = granted.filter(|_| within) else {
            return false;
        };
        book.used.insert(format!("{} {grant}", role.name));
        true
    }

    /// Decides a request; an answer if it is not to be passed on.
    fn authorise(&self, request: &Asked) -> Option<Response> {
        let mut book = self.book();
        let Some((function, role, session)) = self.caller(&book, &request.key) else {
            return Some(refusal(403, "UnrecognizedClientException", "who is this?"));
        };
        if request.service == "sts" {
            let caller = (function.as_str(), role.as_str());
            return Some(book.sts.answer(&self.stack, caller, request.body));
        }
        if let Some(session) = &session {
            if request.token.as_ref() != Some(&request.key) {
                return Some(refusal(403, "UnrecognizedClientException", "no token"));
            }
            if session.expires <= Timestamp::now() {
                let message = "The security token included in the request is expired";
                return Some(refusal(400, "ExpiredTokenException", message));
            }
        }
        let calls = if request.service == "s3" {
            let Asked {
                method,
                path,
                query,
                tagged,
                body,
                ..
            } = request;
            calls::object(method, path, query, *tagged, body)
        } else {
            let body = match request.service.as_str() {
                // SNS speaks the query protocol.
                "sns" => serde_urlencoded::from_bytes(request.body).unwrap_or(Value::Null),
                _ => serde_json::from_slice(request.body).unwrap_or(Value::Null),
            };
            calls::calls(&request.service, request.target, request.path, &body)
        };
        let mut denied = None;
        for call in calls.expect("every request is understood") {
            let allowed = self.decide(&mut book, &role, session.as_ref(), &call);
            if !allowed {
                let Call {
                    action, resource, ..
                } = &call;
                denied = Some(format!(
                    "User: {role} is not authorized to perform: {action} on resource: {resource}"
                ));
            }
            book.seen.push(Seen {
                function: function.clone(),
                org: session.as_ref().map(|session| session.name.clone()),
                call,
                allowed,
            });
        }
        denied.map(|message| refusal(400, "AccessDeniedException", &message))
    }

    fn upstream(&self, service: &str) -> &str {
        match service {
            "dynamodb" => &self.endpoints.dynamodb,
            "sqs" => &self.endpoints.sqs,
            "s3" => &self.endpoints.s3,
            "ses" => &self.endpoints.ses,
            "sns" => &self.endpoints.sns,
            "secretsmanager" => &self.endpoints.secrets,
            other => panic!("there is no {other} here"),
        }
    }
}

/// A request, and who signed it.
struct Asked<'a> {
    key: String,
    token: Option<String>,
    service: String,
    target: Option<&'a str>,
    method: &'a Method,
    path: &'a str,
    query: BTreeMap<String, String>,
    /// Whether an object is to have tags.
    tagged: bool,
    body: &'a [u8],
}

impl<'a> Asked<'a> {
    fn of(
        method: &'a Method,
        uri: &'a Uri,
        headers: &'a HeaderMap,
        body: &'a [u8],
    ) -> Option<Self> {
        let header = |name| headers.get(name).and_then(|value| value.to_str().ok());
        // Of a link, it is in the query.
        let query = serde_urlencoded::from_str(uri.query().unwrap_or_default());
        let query: BTreeMap<String, String> = query.unwrap_or_default();
        // Credential=<key>/<date>/<region>/<service>/aws4_request
        let signed = header("authorization").and_then(|signed| signed.split_once("Credential="));
        let linked = || query.get("X-Amz-Credential").map(String::as_str);
        let mut scope = signed.map(|(_, scope)| scope).or_else(linked)?.split('/');
        let (key, service) = (scope.next()?, scope.nth(2)?);
        let token = header("x-amz-security-token").map(str::to_owned);
        Some(Self {
            key: key.to_owned(),
            token: token.or_else(|| query.get("X-Amz-Security-Token").cloned()),
            service: service.to_owned(),
            target: header("x-amz-target"),
            method,
            path: uri.path(),
            query,
            tagged: headers.contains_key("x-amz-tagging"),
            body,
        })
    }
}

/// A refusal in the form that the SDKs read: the code is in the body or, of SES, in a header.
fn refusal(status: u16, code: &str, message: &str) -> Response {
    let body = json!({"__type": format!("com.amazon.coral.service#{code}"), "message": message});
    let response = Response::builder()
        .status(status)
        .header("content-type", "application/x-amz-json-1.0")
        .header("x-amzn-errortype", code);
    response
        .body(Body::from(body.to_string()))
        .expect("an answer")
}

async fn enforce(
    State(iam): State<Iam>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Bytes,
) -> Response {
    let asked = Asked::of(&method, &uri, &headers, &body).expect("every request is signed");
    if let Some(answer) = iam.authorise(&asked) {
        return answer;
    }
    let upstream = format!("{}{uri}", iam.upstream(&asked.service));
    let request = iam.client.request(method.clone(), upstream);
    let request = request.headers(headers.clone()).body(body);
    let Ok(answer) = request.send().await else {
        // The test is over and the services are gone.
        return refusal(503, "ServiceUnavailable", "the service does not answer");
    };
    let mut response = Response::builder().status(answer.status());
    for (name, value) in answer.headers() {
        response = response.header(name, value);
    }
    let bytes = answer.bytes().await.expect("the answer is whole");
    response.body(Body::from(bytes)).expect("an answer")
}
