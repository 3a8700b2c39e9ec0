//! Requests that are made up: of random parts, and of good ones with something wrong.

use std::fmt;

use http::Method;
use portico_tests::Ask;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::select;
use serde_json::{Value, json};

use crate::isolation::fixtures::Fixture;
use crate::isolation::names::Names;
use crate::isolation::scene::Scene;

/// Whose token the request shows.
#[derive(Debug, Clone)]
enum Token {
    /// Of whoever may use the operation.
    Right,
    Nobodys,
    Anns,
    Staffs,
    Garbage(String),
}

/// What the request carries.
#[derive(Debug, Clone)]
enum Payload {
    /// The fixture's own body, with one thing in it changed.
    Mutated(Mutation),
    Json(Value),
    /// Bytes that say they are JSON.
    Bytes(Vec<u8>),
}

/// A change of one member of a body.
#[derive(Debug, Clone)]
struct Mutation {
    /// Which member, counted through the whole body.
    at: usize,
    /// What becomes of it; it is dropped without.
    with: Option<Value>,
}

/// Where the path names something.
#[derive(Debug, Clone)]
enum Segment {
    /// What the fixture names.
    Good,
    Random(String),
}

/// A request.
#[derive(Debug, Clone)]
pub(super) struct Shot {
    org: String,
    token: Token,
    segments: Vec<Segment>,
    query: Vec<(String, String)>,
    header: Option<(&'static str, String)>,
    payload: Payload,
}

/// What a header may be made of.
fn header_text() -> impl Strategy<Value = String> {
    "[\t -~]{0,60}"
}

fn odd_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        1 => Just(Value::Null),
        1 => any::<bool>().prop_map(Value::from),
        1 => any::<i64>().prop_map(Value::from),
        1 => any::<f64>().prop_map(Value::from),
        1 => select(vec![
            json!(-1),
            json!(0),
            json!(1e30),
            json!(u64::MAX),
            json!(1.5),
            json!("2")
        ]),
        1 => select(vec![
            json!([]),
            json!({}),
            json!([[[[]]]]),
            json!([null, 1, "x"])
        ]),
        1 => select(vec![
            "",
            "\0",
            "\u{202e}x",
            "\u{feff}",
            "💥",
            "a\nb",
            "#",
            "acme#C#",
            "new",
            "guest"
        ])
        .prop_map(Value::from),
        4 => any::<String>().prop_map(Value::from),
        4 => "[ -~]{1,20}".prop_map(Value::from),
        1 => (1..3000_usize).prop_map(|length| Value::from("x".repeat(length))),
        1 => (1..300_usize)
            .prop_map(|length| Value::from(vec![json!({"sku": "MUG-RED", "quantity": 1}); length])),
    ]
}

fn any_json() -> impl Strategy<Value = Value> {
    let names = vec![
        "email",
        "password",
        "productItems",
        "sku",
        "quantity",
        "cartId",
        "customer",
        "note",
    ];
    odd_value().prop_recursive(6, 40, 8, move |inner| {
        let name = prop_oneof![
            select(names.clone()).prop_map(str::to_owned),
            any::<String>()
        ];
        prop_oneof![
            vec(inner.clone(), 0..8).prop_map(Value::from),
            vec((name, inner), 0..8).prop_map(|members| members.into_iter().collect()),
        ]
    })
}

fn payload() -> impl Strategy<Value = Payload> {
    let mutation = (any::<usize>(), proptest::option::weighted(0.8, odd_value()));
    prop_oneof![
        5 => mutation.prop_map(|(at, with)| Payload::Mutated(Mutation { at, with })),
        2 => any_json().prop_map(Payload::Json),
        2 => vec(any::<u8>(), 0..300).prop_map(Payload::Bytes),
    ]
}

fn segment() -> impl Strategy<Value = Segment> {
    prop_oneof![
        16 => Just(Segment::Good),
        2 => any::<String>().prop_map(Segment::Random),
        1 => "[a-z]{3}_[0-9a-v]{26}".prop_map(Segment::Random),
        1 => "ORD-[0-9A-Z]{4}-[0-9A-Z]{4}-[0-9A-Z]{4}".prop_map(Segment::Random),
        1 => (1..2000_usize).prop_map(|length| Segment::Random("x".repeat(length))),
    ]
}

fn query() -> impl Strategy<Value = Vec<(String, String)>> {
    let names = vec![
        "page", "p", "pageSize", "ps", "limit", "sort", "s", "order", "st", "cursor", "status",
        "query", "category", "minPrice", "maxPrice", "authorId",
    ];
    let name = prop_oneof![9 => select(names).prop_map(str::to_owned), 1 => any::<String>()];
    let value = prop_oneof![
        any::<i128>().prop_map(|number| number.to_string()),
        select(vec![
            "",
            "0",
            "-1",
            "1e3",
            "asc",
            "desc",
            "price",
            "total",
            "new,shipped",
            "12.345"
        ])
        .prop_map(str::to_owned),
        any::<String>(),
    ];
    vec((name, value), 0..3)
}

pub(super) fn shot() -> impl Strategy<Value = Shot> {
    let org = prop_oneof![24 => Just("acme".to_owned()), 1 => Just("globex".to_owned()), 1 => header_text()];
    let token = prop_oneof![
        12 => Just(Token::Right),
        1 => Just(Token::Nobodys),
        1 => Just(Token::Anns),
        1 => Just(Token::Staffs),
        1 => header_text().prop_map(Token::Garbage),
    ];
    let name = select(vec![
        "if-match",
        "idempotency-key",
        "origin",
        "content-type",
        "cookie",
        "x-forwarded-for",
    ]);
    let header = proptest::option::of((name, header_text()));
    let parts = (org, token, vec(segment(), 2), query(), header, payload());
    parts.prop_map(|(org, token, segments, query, header, payload)| Shot {
        org,
        token,
        segments,
        query,
        header,
        payload,
    })
}

/// As RFC 3986 wants it, with everything but letters and digits escaped.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-' {
            out.push(char::from(byte));
        } else {
            fmt::Write::write_fmt(&mut out, format_args!("%{byte:02X}"))
                .expect("a string takes it");
        }
    }
    out
}

impl Shot {
    fn path(&self, fixture: &Fixture, names: &Names) -> String {
        let mut random = self.segments.iter();
        let segment = |part: &str| {
            if !part.starts_with('{') {
                return part.to_owned();
            }
            match random.next() {
                Some(Segment::Random(text)) if !text.is_empty() => escaped(text),
                _ => names.path(part),
            }
        };
        let path: Vec<String> = fixture.path.split('/').map(segment).collect();
        let pair =
            |(name, value): &(String, String)| format!("{}={}", escaped(name), escaped(value));
        let query: Vec<String> = self.query.iter().map(pair).collect();
        let own = (fixture.query)(names);
        format!(
            "{}{}{}",
            path.join("/"),
            if own.is_empty() { "?" } else { own.as_str() },
            query.join("&")
        )
    }

    pub(super) fn ask(&self, scene: &Scene, fixture: &Fixture, names: &Names) -> Ask {
        let mut ask = scene
            .world
            .ask(&fixture.method, &self.path(fixture, names))
            .org(&self.org);
        ask = match &self.token {
            Token::Right => match scene.who(fixture) {
                Some(account) => ask.token(&account.token),
                None => ask,
            },
            Token::Nobodys => ask,
            Token::Anns => ask.token(&scene.ann.token),
            Token::Staffs => ask.token(&scene.owner.token),
            Token::Garbage(text) => ask.header("authorization", text),
        };
        let has = |name: &str| {
            self.header
                .as_ref()
                .is_some_and(|(given, _)| *given == name)
        };
        if fixture.idempotent && !has("idempotency-key") {
            ask = ask.header("idempotency-key", &names.fresh);
        }
        if let Some((name, value)) = &self.header {
            ask = ask.header(name, value);
        }
        match (&self.payload, fixture.body) {
            (_, None) if fixture.method == Method::GET => ask,
            (Payload::Mutated(mutation), Some(body)) => ask.json(&mutation.of(body(names))),
            (Payload::Mutated(_), None) => ask,
            (Payload::Json(value), _) => ask.json(value),
            (Payload::Bytes(bytes), _) => ask.raw(bytes.clone()),
        }
    }
}

impl Mutation {
    fn of(&self, mut body: Value) -> Value {
        let mut places = Vec::new();
        collect(&body, "", &mut places);
        if places.is_empty() {
            return self.with.clone().unwrap_or_default();
        }
        let place = &places[self.at % places.len()];
        let (parent, name) = place.rsplit_once('/').expect("every place has a parent");
        match (
            body.pointer_mut(parent).expect("the parent is there"),
            &self.with,
        ) {
            (Value::Object(members), Some(value)) => {
                members.insert(name.to_owned(), value.clone());
            }
            (Value::Object(members), None) => {
                members.remove(name);
            }
            (Value::Array(items), Some(value)) => items[0] = value.clone(),
            (Value::Array(items), None) => items.clear(),
            _ => unreachable!("only objects and lists have members"),
        }
        body
    }
}

/// Every member of a body, as JSON pointers.
fn collect(value: &Value, at: &str, places: &mut Vec<String>) {
    let members: Vec<(String, &Value)> = match value {
        Value::Object(members) => members
            .iter()
            .map(|(name, member)| (name.clone(), member))
            .collect(),
        Value::Array(items) => items
            .iter()
            .take(1)
            .map(|item| ("0".to_owned(), item))
            .collect(),
        _ => return,
    };
    for (name, member) in members {
        let place = format!("{at}/{name}");
        places.push(place.clone());
        collect(member, &place, places);
    }
}
