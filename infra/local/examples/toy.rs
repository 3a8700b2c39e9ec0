//! temporary
use std::io::{Read, Write};
use std::sync::Arc;
use axum::Router;
use portico_local::*;
use serde_json::Value;
fn main() {
    let args: Vec<String> = std::env::args().collect();
    if args[1] == "load" { return load(&args[2], args[3].parse().unwrap(), args[4].parse().unwrap()); }
    let rt = tokio::runtime::Builder::new_multi_thread().enable_all().build().unwrap();
    rt.block_on(async {
        let begin = std::time::Instant::now();
        let options = Options { port: Some(std::env::var("PORT").map_or(3000, |p| p.parse().unwrap())), aws_port: None, data_dir: Some(args[1].clone().into()), template: "template.yaml".into() };
        let template = Template::load(&options.template).unwrap_or_else(|e| { eprintln!("{e}"); std::process::exit(1) });
        let aws = EmbeddedAws::start(&options, &template).unwrap_or_else(|e| { eprintln!("{e}"); std::process::exit(1) });
        let http = || Function::Http(Router::new().route("/storefront/x", axum::routing::get(|| async { axum::Json(serde_json::json!({"ok":true})) })));
        let ev = |n: &'static str| Function::Events(Arc::new(move |e: Value| { for r in e["Records"].as_array().unwrap() { println!("{n} {}", r["dynamodb"]["Keys"]["pk"]["S"].as_str().or(r["body"].as_str()).unwrap()); } Box::pin(async { Ok(Value::Null) }) }));
        let functions = Functions::from([("profile".into(), http()), ("client-data".into(), http()), ("storefront".into(), http()), ("changes".into(), ev("changes")), ("notifications".into(), ev("notifications"))]);
        let p = Platform::start(aws, functions, utoipa::openapi::OpenApiBuilder::new().build(), &options).unwrap_or_else(|e| { eprintln!("{e}"); std::process::exit(1) });
        println!("ready {:?} {}", begin.elapsed(), p.url());
        for (k, v) in p.aws().endpoints().environment() { println!("{k}={v}"); }
        let _ = tokio::signal::ctrl_c().await;
        p.shutdown().await;
        println!("stopped");
    });
}
fn load(address: &str, n: usize, c: usize) {
    let begin = std::time::Instant::now();
    let threads: Vec<_> = (0..c).map(|_| { let address = address.to_owned(); std::thread::spawn(move || {
        let mut s = std::net::TcpStream::connect(&address).unwrap(); s.set_nodelay(true).unwrap();
        let req = format!("GET /storefront/x?page=1&ps=20 HTTP/1.1\r\nhost: {address}\r\norgid: acme\r\nuser-agent: load/1.0\r\naccept: */*\r\nauthorization: Bearer {}\r\n\r\n", "x".repeat(300));
        let mut buf = [0u8; 4096];
        for _ in 0..n / c { s.write_all(req.as_bytes()).unwrap(); let k = s.read(&mut buf).unwrap(); assert!(buf[..k].starts_with(b"HTTP/1.1 200")); }
    })}).collect();
    for t in threads { t.join().unwrap(); }
    println!("{n} in {:?}", begin.elapsed());
}
