//! Pushes to a real receiver on this machine: what arrives, what is tried again, and what is never called.

mod addresses;
mod bed;
mod deliveries;
mod receiver;
mod tls;
