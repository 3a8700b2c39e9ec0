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
mod order_list;
mod payment_methods;
mod permissions;
mod places;
mod platform;
mod readme;
mod replay;
mod reservations;
mod sessions;
mod store;
mod transactions;
