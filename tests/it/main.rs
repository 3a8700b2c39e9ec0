//! Tests of what crosses functions, over HTTP, against the whole platform.

mod journey;
