//! Agents as programs write them: served, called, refused, cut off.

mod alone;
mod bed;
mod chains;
mod experts;
mod identities;
mod layers;
mod seen;
mod tools;
