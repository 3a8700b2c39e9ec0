//! Which route of the HTTP API a request takes, by API Gateway's rules.

use std::cmp::Ordering;

use crate::template::RouteSpec;

/// A route and what it leads to.
pub(crate) struct Route<T> {
    /// `ANY /profile/{proxy+}`
    pub(crate) key: String,
    method: Option<String>,
    /// `None` for `$default`.
    segments: Option<Vec<Segment>>,
    pub(crate) target: T,
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Segment {
    Literal(String),
    Variable(String),
    Greedy(String),
}

/// Names and values of a path's variables.
pub(crate) type Variables<'a> = Vec<(&'a str, &'a str)>;

/// All routes, the most specific first.
pub(crate) struct Routes<T>(Vec<Route<T>>);

impl<T> Routes<T> {
    pub(crate) fn new(routes: impl IntoIterator<Item = (RouteSpec, T)>) -> Self {
        let mut routes: Vec<Route<T>> = routes
            .into_iter()
            .map(|(spec, target)| Route::new(spec, target))
            .collect();
        routes.sort_by(Route::by_specificity);
        Self(routes)
    }

    /// The most specific route for a decoded path, and the values of its variables.
    pub(crate) fn find<'a>(
        &'a self,
        method: &str,
        path: &'a str,
    ) -> Option<(&'a Route<T>, Variables<'a>)> {
        self.0
            .iter()
            .find_map(|route| Some((route, route.matches(method, path)?)))
    }
}

impl<T> Route<T> {
    fn new(spec: RouteSpec, target: T) -> Self {
        let segment = |part: &str| match part
            .strip_prefix('{')
            .and_then(|part| part.strip_suffix('}'))
        {
            None => Segment::Literal(part.to_owned()),
            Some(name) => match name.strip_suffix('+') {
                None => Segment::Variable(name.to_owned()),
                Some(name) => Segment::Greedy(name.to_owned()),
            },
        };
        let segments = spec
            .path
            .strip_prefix('/')
            .map(|path| path.split('/').map(segment).collect());
        let key = match &segments {
            None => spec.path,
            Some(_) => format!("{} {}", spec.method.as_deref().unwrap_or("ANY"), spec.path),
        };
        Self {
            key,
            method: spec.method,
            segments,
            target,
        }
    }

    /// Literals before variables before greedy ones, a method before ANY, `$default` last.
    fn by_specificity(&self, other: &Self) -> Ordering {
        let rank = |segment: &Segment| match segment {
            Segment::Literal(_) => 0,
            Segment::Variable(_) => 1,
            Segment::Greedy(_) => 2,
        };
        let path = |route: &Self| {
            route
                .segments
                .as_ref()
                .map(|segments| segments.iter().map(rank).collect::<Vec<u8>>())
        };
        let key = |route: &Self| {
            (
                route.segments.is_none(),
                path(route),
                route.method.is_none(),
            )
        };
        key(self).cmp(&key(other))
    }

    fn matches<'a>(&'a self, method: &str, path: &'a str) -> Option<Variables<'a>> {
        if self.method.as_deref().is_some_and(|only| only != method) {
            return None;
        }
        let mut variables = Vec::new();
        let Some(segments) = &self.segments else {
            return Some(variables);
        };
        let mut rest = Some(path.strip_prefix('/')?);
        for segment in segments {
            let left = rest?;
            let (part, after) = left
                .split_once('/')
                .map_or((left, None), |(part, after)| (part, Some(after)));
            match segment {
                Segment::Literal(literal) if literal == part => rest = after,
                Segment::Variable(name) if !part.is_empty() => {
                    variables.push((name.as_str(), part));
                    rest = after;
                }
                Segment::Greedy(name) if !left.is_empty() => {
                    variables.push((name.as_str(), left));
                    rest = None;
                }
                _ => return None,
            }
        }
        rest.is_none().then_some(variables)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routes(keys: &[&str]) -> Routes<()> {
        Routes::new(keys.iter().map(|key| {
            let (method, path) = key.split_once(' ').unwrap_or(("ANY", key));
            let method = (method != "ANY").then(|| method.to_owned());
            (
                RouteSpec {
                    method,
                    path: path.to_owned(),
                    function: String::new(),
                },
                (),
            )
        }))
    }

    fn key<'a>(routes: &'a Routes<()>, method: &str, path: &'a str) -> Option<&'a str> {
        routes
            .find(method, path)
            .map(|(route, _)| route.key.as_str())
    }

    #[test]
    fn the_most_specific_route_wins_whatever_the_order() {
        let mut keys = [
            "$default",
            "ANY /{proxy+}",
            "GET /pets/{proxy+}",
            "ANY /pets/{id}",
            "GET /pets/{id}",
            "GET /pets/dog",
            "ANY /pets/dog",
        ];
        for _ in 0..2 {
            let routes = routes(&keys);
            assert_eq!(key(&routes, "GET", "/pets/dog"), Some("GET /pets/dog"));
            assert_eq!(key(&routes, "PUT", "/pets/dog"), Some("ANY /pets/dog"));
            assert_eq!(key(&routes, "GET", "/pets/cat"), Some("GET /pets/{id}"));
            assert_eq!(key(&routes, "PUT", "/pets/cat"), Some("ANY /pets/{id}"));
            assert_eq!(
                key(&routes, "GET", "/pets/cat/1"),
                Some("GET /pets/{proxy+}")
            );
            assert_eq!(key(&routes, "PUT", "/pets/cat/1"), Some("ANY /{proxy+}"));
            assert_eq!(key(&routes, "GET", "/"), Some("$default"));
            keys.reverse();
        }
    }

    #[test]
    fn a_greedy_variable_takes_the_rest_and_needs_something() {
        let routes = routes(&[
            "ANY /profile",
            "ANY /profile/{proxy+}",
            "ANY /api/{tree}/{proxy+}",
        ]);
        assert_eq!(key(&routes, "GET", "/profile"), Some("ANY /profile"));
        let (route, variables) = routes.find("POST", "/profile/a/b/").unwrap();
        assert_eq!(
            (route.key.as_str(), variables),
            ("ANY /profile/{proxy+}", vec![("proxy", "a/b/")])
        );
        let (_, variables) = routes.find("POST", "/api/x/y/z").unwrap();
        assert_eq!(variables, [("tree", "x"), ("proxy", "y/z")]);
        for path in [
            "/profile/",
            "/profiles",
            "/profilex/a",
            "/Profile",
            "",
            "*",
            "/",
            "/api/x",
            "/api//y",
        ] {
            assert_eq!(key(&routes, "GET", path), None, "{path}");
        }
    }
}
