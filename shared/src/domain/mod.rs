//! Entities and rules that two or more URL trees share.

pub mod account;
pub mod address;
pub mod cart;
pub mod catalogue;
pub mod customer;
pub mod dashboard;
pub mod device;
pub mod file;
pub mod idempotency;
pub mod integration;
pub mod notification;
pub mod oauth;
pub mod order;
pub mod org;
pub mod payment_method;
pub mod places;
pub mod pricing;
pub mod product;
pub mod recovery;
pub mod reservation;
pub mod staff;
pub mod stock;
mod throttle;
pub mod transaction;
pub mod verification;
pub mod wishlist;
