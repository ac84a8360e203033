//! Suites as they come with the product.

mod repeatable;
mod speed;
