//! `AssumeRole`, as STS answers it: keys that stand for a role and a session policy, for a while.

use std::collections::BTreeMap;

use axum::body::Body;
use axum::response::Response;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::policy::Policy;
use super::stack::Stack;

/// A role that was assumed.
#[derive(Debug, Clone)]
pub struct Session {
    /// The logical id of the function that assumed it.
    pub function: String,
    /// The role's ARN.
    pub role: String,
    /// `RoleSessionName`
    pub name: String,
    /// What it may do at the most; nothing takes away from the role without one.
    pub policy: Option<Policy>,
    /// When its keys are good no more.
    pub expires: Timestamp,
}

/// What STS gave out, and how it is to answer.
#[derive(Debug)]
pub(super) struct Sts {
    /// By access key id, which also is the session token here.
    pub(super) sessions: BTreeMap<String, Session>,
    pub(super) lifetime: SignedDuration,
    pub(super) fails: bool,
}

impl Default for Sts {
    fn default() -> Self {
        Self {
            sessions: BTreeMap::new(),
            lifetime: SignedDuration::from_hours(1),
            fails: false,
        }
    }
}

impl Sts {
    /// Answers a request of a function, whose role is `caller`.
    pub(super) fn answer(
        &mut self,
        stack: &Stack,
        (function, caller): (&str, &str),
        form: &[u8],
    ) -> Response {
        if self.fails {
            return problem(500, "InternalFailure", "injected");
        }
        let form: BTreeMap<String, String> = serde_urlencoded::from_bytes(form).unwrap_or_default();
        let asked = |name: &str| form.get(name).map_or("", String::as_str);
        if asked("Action") != "AssumeRole" {
            return problem(400, "InvalidAction", asked("Action"));
        }
        let arn = asked("RoleArn");
        let trusted = (stack.roles.get(arn))
            .is_some_and(|role| role.trusts.iter().any(|trusted| trusted == caller));
        if !trusted {
            let message = format!("{caller} is not authorized to perform: sts:AssumeRole on {arn}");
            return problem(403, "AccessDenied", &message);
        }
        let policy = form.get("Policy").map(|policy| {
            let document: Value =
                serde_json::from_str(policy).map_err(|error| error.to_string())?;
            Policy::parse(&document)
        });
        let policy = match policy.transpose() {
            Ok(policy) => policy,
            Err(reason) => return problem(400, "MalformedPolicyDocument", &reason),
        };
        let session = Session {
            function: function.to_owned(),
            role: arn.to_owned(),
            name: asked("RoleSessionName").to_owned(),
            policy,
            expires: Timestamp::now() + self.lifetime,
        };
        let key = format!("ASIA{:016}", self.sessions.len());
        let answer = granted(&key, &session);
        self.sessions.insert(key, session);
        answer
    }
}

fn granted(key: &str, session: &Session) -> Response {
    let (expires, name) = (session.expires, &session.name);
    let role = session.role.rsplit('/').next().unwrap_or_default();
    let user = format!("arn:aws:sts::{}:assumed-role/{role}/{name}", super::ACCOUNT);
    xml(
        200,
        &format!(
            "<AssumeRoleResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><AssumeRoleResult>\
             <Credentials><AccessKeyId>{key}</AccessKeyId><SecretAccessKey>local</SecretAccessKey>\
             <SessionToken>{key}</SessionToken><Expiration>{expires:.0}</Expiration></Credentials>\
             <AssumedRoleUser><AssumedRoleId>AROA0:{name}</AssumedRoleId><Arn>{user}</Arn></AssumedRoleUser>\
             </AssumeRoleResult></AssumeRoleResponse>"
        ),
    )
}

fn problem(status: u16, code: &str, message: &str) -> Response {
    xml(
        status,
        &format!(
            "<ErrorResponse xmlns=\"https://sts.amazonaws.com/doc/2011-06-15/\"><Error><Type>Sender</Type>\
             <Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
        ),
    )
}

fn xml(status: u16, body: &str) -> Response {
    let response = Response::builder().status(status);
    response
        .header("content-type", "text/xml")
        .body(Body::from(body.to_owned()))
        .expect("an answer")
}
