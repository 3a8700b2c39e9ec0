//! Tests of what crosses functions, over HTTP, against the whole platform.

mod account;
mod budgets;
mod carts;
mod checkout;
mod crashes;
mod journey;
mod operator;
mod platform;
mod replay;
mod sessions;
