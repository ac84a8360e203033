//! Policies that are loaded, evaluated, reloaded, asked elsewhere and logged; those that are shipped; and what a real OPA says.

mod bed;
mod dialects;
mod differences;
mod failing;
mod hostile;
mod interop;
mod log;
mod opa;
mod reload;
mod remote;
mod rules;
mod shipped;
mod suite;
