//! Everything together: gateway, event sources, pages.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use lambda_http::lambda_runtime::Config;
use tokio::sync::watch;
use tokio::task::JoinSet;
use utoipa::openapi::OpenApi;

use crate::aws::EmbeddedAws;
use crate::error::StartError;
use crate::gateway::{Gateway, HttpFunction};
use crate::local_pages::{self, Status};
use crate::net::{self, Shutdown};
use crate::options::Options;
use crate::outbox::Outbox;
use crate::registry::{EventFn, Function, Functions};
use crate::routes::Routes;
use crate::sources::{QueueSource, StreamProgress, StreamSource};
use crate::template::{FunctionSpec, Template};

/// A running platform. Dropping it closes its ports at once; [`Platform::shutdown`] waits for what
/// is under way.
pub struct Platform {
    url: String,
    aws: EmbeddedAws,
    stop: watch::Sender<bool>,
    tasks: JoinSet<()>,
}

impl fmt::Debug for Platform {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Platform")
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Platform {
    /// Serves the template's routes and event sources with these functions. `openapi` is what
    /// `/docs` and `/openapi.json` show. To be called inside a tokio runtime.
    ///
    /// # Errors
    /// [`StartError`], when the port cannot be had or the template names a function that is not in
    /// `functions`, or is of another kind.
    pub fn start(
        aws: EmbeddedAws,
        functions: Functions,
        openapi: OpenApi,
        options: &Options,
    ) -> Result<Self, StartError> {
        let code = Code {
            functions,
            template: aws.template(),
            path: &options.template,
        };
        let listener = net::bind(options.port)?;
        let url = net::url(&listener).map_err(|error| StartError::service("network", error))?;
        let (stop, shutdown) = Shutdown::channel();
        let mut tasks = JoinSet::new();

        let streams = streams(&aws, &code)?;
        let queues = queues(&aws, &code)?;
        let status = Status {
            endpoints: aws.endpoints().clone(),
            sqs: Arc::clone(aws.sqs()),
            streams: streams
                .iter()
                .map(|stream| (stream.spec.function.clone(), stream.progress.clone()))
                .collect(),
        };
        let gateway = Gateway {
            routes: routes(&code)?,
            pages: local_pages::router(aws.outbox().clone(), status, openapi),
            domain: url.trim_start_matches("http://").to_owned(),
        };
        for stream in streams {
            tasks.spawn(stream.run(shutdown.clone()));
        }
        for queue in queues {
            tasks.spawn(queue.run(shutdown.clone()));
        }
        tasks.spawn(gateway.serve(listener, shutdown));
        Ok(Self {
            url,
            aws,
            stop,
            tasks,
        })
    }

    /// `http://127.0.0.1:<port>`, where the HTTP API answers.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// The services below.
    pub fn aws(&self) -> &EmbeddedAws {
        &self.aws
    }

    /// What would have been mailed.
    pub fn outbox(&self) -> &Outbox {
        self.aws.outbox()
    }

    /// Closes the port, lets open requests and the sources' current batches finish, then stops the
    /// services below.
    pub async fn shutdown(mut self) {
        let _ = self.stop.send(true);
        while self.tasks.join_next().await.is_some() {}
        self.aws.shutdown().await;
    }
}

/// The functions, looked up as the template names them.
struct Code<'a> {
    functions: Functions,
    template: &'a Template,
    path: &'a Path,
}

impl Code<'_> {
    fn refuse(&self, reason: String) -> StartError {
        StartError::Template {
            path: self.path.to_owned(),
            reason,
        }
    }

    fn find(&self, name: &str) -> Result<(&Function, &FunctionSpec), StartError> {
        let spec = self.template.functions.get(name);
        match (self.functions.get(name), spec) {
            (Some(function), Some(spec)) => Ok((function, spec)),
            _ => Err(self.refuse(format!("there is no code for the function {name}"))),
        }
    }

    fn events(&self, name: &str) -> Result<(EventFn, &FunctionSpec), StartError> {
        match self.find(name)? {
            (Function::Events(function), spec) => Ok((Arc::clone(function), spec)),
            (Function::Http(_), _) => {
                Err(self.refuse(format!("the function {name} takes HTTP, not events")))
            }
        }
    }
}

fn routes(code: &Code<'_>) -> Result<Routes<Arc<HttpFunction>>, StartError> {
    let mut routes = Vec::new();
    for route in &code.template.routes {
        let (Function::Http(service), spec) = code.find(&route.function)? else {
            return Err(code.refuse(format!(
                "the function {} takes events, not HTTP",
                route.function
            )));
        };
        let mut config = Config::default();
        config.function_name.clone_from(&spec.logical_id);
        let function = HttpFunction {
            router: service.clone(),
            timeout: spec.timeout,
            config: Arc::new(config),
        };
        routes.push((route.clone(), Arc::new(function)));
    }
    Ok(Routes::new(routes))
}

fn streams(aws: &EmbeddedAws, code: &Code<'_>) -> Result<Vec<StreamSource>, StartError> {
    let mut sources = Vec::new();
    for spec in &code.template.streams {
        let (function, FunctionSpec { timeout, .. }) = code.events(&spec.function)?;
        let file = aws.data().folder("checkpoints")?.join(&spec.function);
        let progress = StreamProgress::open(aws.database().clone(), &aws.endpoints().table, file)
            .map_err(|reason| StartError::service("DynamoDB", reason))?;
        let (spec, timeout, sqs) = (spec.clone(), *timeout, Arc::clone(aws.sqs()));
        sources.push(StreamSource {
            spec,
            function,
            timeout,
            progress,
            sqs,
        });
    }
    Ok(sources)
}

fn queues(aws: &EmbeddedAws, code: &Code<'_>) -> Result<Vec<QueueSource>, StartError> {
    let mut sources = Vec::new();
    for spec in &code.template.queue_sources {
        let (function, FunctionSpec { timeout, .. }) = code.events(&spec.function)?;
        let (spec, timeout, sqs) = (spec.clone(), *timeout, Arc::clone(aws.sqs()));
        sources.push(QueueSource {
            spec,
            function,
            timeout,
            sqs,
        });
    }
    Ok(sources)
}
