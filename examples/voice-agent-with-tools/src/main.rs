//! A parcel service in one agent: other agents ask it where a parcel is, and whoever calls it by voice does. `call.sh` holds a call with it.

use duologue::{Agent, CapabilityError, ToolError, capability, tool};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use std::process::ExitCode;

/// Where a parcel is.
#[derive(Serialize)]
struct Status {
    place: &'static str,
    arrives: &'static str,
}

#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "lowercase")]
enum Day {
    Weekday,
    Saturday,
    Sunday,
}

fn status(number: &str) -> Option<Status> {
    match number {
        "4279" => Some(Status { place: "the depot of Bergen", arrives: "tomorrow before noon" }),
        "5151" => Some(Status { place: "a van", arrives: "today" }),
        _ => None,
    }
}

/// Tells where a parcel is and when it arrives. Call it before you say anything about a parcel.
#[capability]
async fn parcel_status(
    /// Its number: four digits.
    #[schemars(regex(pattern = "^[0-9]{4}$"))]
    number: String,
) -> Result<Status, CapabilityError> {
    status(&number).ok_or_else(|| CapabilityError::refused("there is no parcel of this number; ask for it again"))
}

/// Has a parcel wait at the depot for whoever fetches it.
#[tool]
async fn hold_parcel(
    /// Its number: four digits.
    #[schemars(regex(pattern = "^[0-9]{4}$"))]
    number: String,
    /// When it is fetched.
    day: Day,
) -> Result<String, ToolError> {
    match (status(&number), day) {
        (None, _) => Err(ToolError::refused("there is no parcel of this number; ask for it again")),
        (_, Day::Sunday) => Err(ToolError::refused("nobody is at the depot on a Sunday")),
        (Some(Status { place, .. }), day) => Ok(format!("{number} waits at {place} ({day:?})")),
    }
}

fn main() -> ExitCode {
    // For other agents and for its own model; then what only its model may call.
    Agent::new("parcel-desk")
        .description("Knows where parcels are")
        .capability(parcel_status)
        .tool(hold_parcel)
        .voice(
            "You answer the telephone of Northwind Parcels. Find out what the caller wants to know: where a parcel is, by its number of \
             four digits, or when the depot is open. Look both up, and say nothing about them that your tools did not tell you. This is \
             speech: one or two short sentences a turn. When everything is settled, say goodbye and call end_call.",
        )
        .run()
}
