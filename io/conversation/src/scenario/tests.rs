mod built_in;
mod judging;
mod library_page;
mod loading;
mod matrix;
mod mocks;
mod page;
mod properties;
mod refusing;
mod state;

use super::*;
use duologue_yaml::BadFile;

/// Finds only what the library has.
struct Library;

impl PersonaSource for Library {
    fn find(&self, _: Side, reference: &str) -> Result<Persona, UnknownPersona> {
        match library::text(library::PERSONAS, reference) {
            Some(text) => {
                parse_persona("persona.yaml", reference, text).map_err(|bad| UnknownPersona::Bad(Box::new(bad)))
            }
            None => Err(UnknownPersona::Missing {
                known: persona_names().map(str::to_owned).collect(),
                looked: vec!["the library".to_owned()],
            }),
        }
    }
}

/// A small scenario, the soil for others.
const SMALL: &str = "\
title: Small
description: A call.
support: {persona: joe, greeting: Hello.}
customer: {persona: anna}
facts:
  colour: red
tools:
  - name: look_up
    description: Looks something up.
    parameters:
      type: object
      properties: {number: {type: string}}
      required: [number]
      additionalProperties: false
    mock: {result: {found: true}}
course:
  - who: customer
    hint: \"{customer} says the light is {colour}.\"
  - who: support
    hint: \"{support} says goodbye.\"
    call: {tool: look_up, arguments: {number: \"1\"}}
    end_call: true
success:
  - said: {by: customer, any: [\"{colour}\"]}
";

fn read(text: &str) -> Result<CastScenario, Vec<BadFile>> {
    parse_scenario("x.yaml", "x", text, &Library)
}
