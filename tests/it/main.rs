//! Tests of what crosses functions, over HTTP, against the whole platform.

mod account;
mod bad_input;
mod budgets;
mod carts;
mod catalogue;
mod checkout;
mod codes;
mod contract;
mod crashes;
mod edge;
mod faults;
mod fuzz;
mod isolation;
mod journey;
mod operator;
mod permissions;
mod platform;
mod readme;
mod replay;
mod sessions;
mod store;
