//! The roles of `template.yaml`, as a deployment would have them here.

use std::collections::BTreeMap;

use portico_local::Endpoints;
use portico_shared::aws::TENANT_ROLE;
use serde_json::{Map, Value};

use super::arn;
use super::policy::Policy;

/// A function that is deployed.
#[derive(Debug, Clone)]
pub(super) struct Deployed {
    /// The name of its code: `profile`.
    pub(super) name: String,
    /// The ARN of its role.
    pub(super) role: String,
    /// The ARN of its tenant role, as its environment has it; empty is none.
    pub(super) tenant_role: String,
    /// Whether its environment names the key ring.
    pub(super) reads_key_ring: bool,
}

/// A role that is deployed.
#[derive(Debug, Clone)]
pub(super) struct Role {
    /// The logical id: `ProfileRole`.
    pub(super) name: String,
    /// What it may do.
    pub(super) policies: Vec<Policy>,
    /// The ARNs of the roles that may assume it.
    pub(super) trusts: Vec<String>,
}

/// Everything of a deployment that IAM decides by.
#[derive(Debug)]
pub(super) struct Stack {
    /// By logical id.
    pub(super) functions: BTreeMap<String, Deployed>,
    /// By ARN.
    pub(super) roles: BTreeMap<String, Role>,
}

impl Stack {
    /// Deploys a template's functions (by logical id, with the names of their code) and their roles, with these
    /// parameters, for these services.
    ///
    /// # Errors
    ///
    /// What of them is not understood.
    pub(super) fn deploy(
        document: &Value,
        names: &BTreeMap<String, String>,
        parameters: &[(&str, &str)],
        endpoints: &Endpoints,
    ) -> Result<Self, String> {
        let template = Template {
            document,
            parameters,
            endpoints,
        };
        let (mut functions, mut roles) = (BTreeMap::new(), BTreeMap::new());
        for (id, resource) in template.resources(&["AWS::IAM::", "AWS::Serverless::Function"])? {
            let kind = resource["Type"].as_str().unwrap_or_default();
            let refuse = |reason| format!("{id}: {reason}");
            match kind {
                "AWS::Serverless::Function" => {
                    let name = names.get(id).ok_or_else(|| refuse("no code".to_owned()))?;
                    let function = template.function(name, resource).map_err(refuse)?;
                    functions.insert(id.clone(), function);
                }
                "AWS::IAM::Role" => {
                    let role = template.role(id, resource).map_err(refuse)?;
                    roles.insert(arn("iam", &format!("role/{id}")), role);
                }
                "AWS::IAM::ManagedPolicy" | "AWS::IAM::RolePolicy" => {}
                other if other.starts_with("AWS::IAM::") => {
                    return Err(refuse(format!("{other} is not understood")));
                }
                _ => {}
            }
        }
        Ok(Self { functions, roles })
    }
}

struct Template<'a> {
    document: &'a Value,
    parameters: &'a [(&'a str, &'a str)],
    endpoints: &'a Endpoints,
}

impl<'a> Template<'a> {
    /// The resources of types that begin so and that are there under these parameters.
    fn resources(&self, types: &[&str]) -> Result<Vec<(&'a String, &'a Value)>, String> {
        let all = self.document["Resources"].as_object();
        let mut there = Vec::new();
        for (id, resource) in all.ok_or("there are no resources")? {
            let wanted = types.iter().any(|kind| self.kind(id).starts_with(kind));
            let condition = resource["Condition"].as_str();
            if wanted && condition.map_or(Ok(true), |name| self.condition(name))? {
                there.push((id, resource));
            }
        }
        Ok(there)
    }

    fn function(&self, name: &str, resource: &Value) -> Result<Deployed, String> {
        let properties = &resource["Properties"];
        let variables = &properties["Environment"]["Variables"];
        Ok(Deployed {
            name: name.to_owned(),
            role: text(&self.value(&properties["Role"])?)?,
            tenant_role: text(&self.value(&variables[TENANT_ROLE])?)?,
            reads_key_ring: !variables["PORTICO_KEYRING_SECRET"].is_null(),
        })
    }

    fn role(&self, id: &str, resource: &Value) -> Result<Role, String> {
        let properties = resource["Properties"].as_object().ok_or("no properties")?;
        let mut documents = Vec::new();
        for (member, value) in properties {
            match member.as_str() {
                "AssumeRolePolicyDocument" => {}
                "ManagedPolicyArns" => {
                    for policy in value.as_array().into_iter().flatten() {
                        let policy = policy["Ref"].as_str().ok_or("a policy of AWS's own")?;
                        let policy = &self.document["Resources"][policy];
                        documents.push(&policy["Properties"]["PolicyDocument"]);
                    }
                }
                "Policies" => {
                    let inline = value.as_array().into_iter().flatten();
                    documents.extend(inline.map(|policy| &policy["PolicyDocument"]));
                }
                other => return Err(format!("{other} is not understood")),
            }
        }
        for (_, policy) in self.resources(&["AWS::IAM::RolePolicy"])? {
            let properties = &policy["Properties"];
            if self.value(&properties["RoleName"])? == id {
                documents.push(&properties["PolicyDocument"]);
            }
        }
        let policies = documents.into_iter().map(|document| {
            let document = self.value(document)?;
            Policy::parse(&document)
        });
        let trust = self.value(&properties["AssumeRolePolicyDocument"]["Statement"])?;
        let mut trusts = Vec::new();
        for statement in trust.as_array().ok_or("a trust policy without a list")? {
            if statement["Effect"] != "Allow" || statement["Action"] != "sts:AssumeRole" {
                return Err(format!("the trust {statement} is not understood"));
            }
            trusts.extend(statement["Principal"]["AWS"].as_str().map(str::to_owned));
        }
        Ok(Role {
            name: id.to_owned(),
            policies: policies.collect::<Result<_, _>>()?,
            trusts,
        })
    }

    fn condition(&self, name: &str) -> Result<bool, String> {
        self.holds(&self.document["Conditions"][name])
    }

    fn holds(&self, condition: &Value) -> Result<bool, String> {
        match call(condition) {
            Some(("Equals", Value::Array(sides))) if sides.len() == 2 => {
                Ok(self.value(&sides[0])? == self.value(&sides[1])?)
            }
            Some(("Not", Value::Array(inner))) if inner.len() == 1 => Ok(!self.holds(&inner[0])?),
            _ => Err(format!("the condition {condition} is not understood")),
        }
    }

    /// A value with its intrinsic functions worked out.
    fn value(&self, value: &Value) -> Result<Value, String> {
        if let Some((function, argument)) = call(value) {
            return self.intrinsic(function, argument);
        }
        Ok(match value {
            Value::Array(values) => Value::Array(
                values
                    .iter()
                    .map(|value| self.value(value))
                    .collect::<Result<_, _>>()?,
            ),
            Value::Object(members) => Value::Object(
                members
                    .iter()
                    .map(|(name, value)| Ok((name.clone(), self.value(value)?)))
                    .collect::<Result<Map<_, _>, String>>()?,
            ),
            plain => plain.clone(),
        })
    }

    fn intrinsic(&self, function: &str, argument: &Value) -> Result<Value, String> {
        let list = argument.as_array().map(Vec::as_slice).unwrap_or_default();
        match (function, argument, list) {
            ("Ref", Value::String(id), _) => self.reference(id).map(Value::String),
            ("GetAtt", _, [id, attribute]) => self
                .attribute(&text(id)?, &text(attribute)?)
                .map(Value::String),
            ("Sub", Value::String(pattern), _) => self.substituted(pattern, &Value::Null),
            ("Sub", _, [pattern, names]) => self.substituted(&text(pattern)?, names),
            ("If", _, [condition, yes, no]) => {
                let taken = if self.condition(&text(condition)?)? {
                    yes
                } else {
                    no
                };
                self.value(taken)
            }
            ("Select", _, [at, from]) => {
                let at = at.as_u64().and_then(|at| usize::try_from(at).ok());
                let from = self.value(from)?;
                let found = at.and_then(|at| from.get(at)).cloned();
                found.ok_or_else(|| format!("nothing to select from {from}"))
            }
            ("Split", _, [by, of]) => {
                let (by, of) = (text(by)?, text(&self.value(of)?)?);
                Ok(of.split(by.as_str()).map(Value::from).collect())
            }
            _ => Err(format!("{function} {argument} is not understood")),
        }
    }

    fn substituted(&self, pattern: &str, names: &Value) -> Result<Value, String> {
        let mut parts = pattern.split("${");
        let mut done = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let (name, rest) = part.split_once('}').ok_or("a ${ without its }")?;
            let value = match (names.get(name), name.split_once('.')) {
                (Some(value), _) => text(&self.value(value)?)?,
                (None, Some((id, attribute))) => self.attribute(id, attribute)?,
                (None, None) => self.reference(name)?,
            };
            done += &value;
            done += rest;
        }
        Ok(Value::String(done))
    }

    fn reference(&self, id: &str) -> Result<String, String> {
        let given = self.parameters.iter().find(|(name, _)| *name == id);
        let default = &self.document["Parameters"][id]["Default"];
        match id {
            _ if given.is_some() => Ok(given
                .map(|(_, value)| (*value).to_owned())
                .unwrap_or_default()),
            _ if !default.is_null() => {
                Ok(default.as_str().map_or(default.to_string(), str::to_owned))
            }
            "AWS::Partition" => Ok("aws".to_owned()),
            "AWS::Region" => Ok(super::REGION.to_owned()),
            "AWS::AccountId" => Ok(super::ACCOUNT.to_owned()),
            "AWS::StackName" => Ok("portico".to_owned()),
            _ => match self.kind(id) {
                "AWS::DynamoDB::Table" => Ok(self.endpoints.table.clone()),
                "AWS::IAM::Role" => Ok(id.to_owned()),
                "AWS::SecretsManager::Secret" => Ok(super::secret_arn(&self.endpoints.key_ring)),
                "AWS::SQS::Queue" => self.queue_url(id).cloned(),
                "AWS::S3::Bucket" => Ok(self.endpoints.bucket.clone()),
                kind => Err(format!("Ref {id} of type {kind:?} is not understood")),
            },
        }
    }

    fn attribute(&self, id: &str, attribute: &str) -> Result<String, String> {
        let table = arn("dynamodb", &format!("table/{}", self.endpoints.table));
        match (self.kind(id), attribute) {
            ("AWS::DynamoDB::Table", "Arn") => Ok(table),
            ("AWS::DynamoDB::Table", "StreamArn") => Ok(format!("{table}/stream/label")),
            ("AWS::IAM::Role", "Arn") => Ok(arn("iam", &format!("role/{id}"))),
            ("AWS::Logs::LogGroup", "Arn") => Ok(arn("logs", &format!("log-group:{id}:*"))),
            ("AWS::S3::Bucket", "Arn") => Ok(super::bucket_arn(&self.endpoints.bucket)),
            ("AWS::SQS::Queue", "Arn") => Ok(super::queue_arn(self.queue_url(id)?)),
            (kind, _) => Err(format!(
                "{id}.{attribute} of type {kind:?} is not understood"
            )),
        }
    }

    fn kind(&self, id: &str) -> &str {
        self.document["Resources"][id]["Type"]
            .as_str()
            .unwrap_or_default()
    }

    fn queue_url(&self, id: &str) -> Result<&String, String> {
        let url = self.endpoints.queue_urls.get(id);
        url.ok_or_else(|| format!("the queue {id} is not there"))
    }
}

/// An intrinsic function without its `Fn::`, and what it is applied to.
fn call(value: &Value) -> Option<(&str, &Value)> {
    let members = value.as_object().filter(|members| members.len() == 1)?;
    let (name, argument) = members.iter().next()?;
    (name == "Ref")
        .then_some("Ref")
        .or_else(|| name.strip_prefix("Fn::"))
        .map(|function| (function, argument))
}

fn text(value: &Value) -> Result<String, String> {
    let text = value.as_str().map(str::to_owned);
    text.ok_or_else(|| format!("{value} where a text should be"))
}
