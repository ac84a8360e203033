//! Turn-taking in virtual time: the same sessions, packets and endings as live, two hundred seeds at a time.

mod barge_in;
mod bench;
mod caller;
mod cut_in;
mod endings;
mod hour;
mod log;
mod openings;
mod overlap;
mod own_words;
mod realtime;
mod tools;
