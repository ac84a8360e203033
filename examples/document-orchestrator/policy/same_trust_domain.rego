# Everybody of the orchestrator's own trust domain.
package duologue.authz

default allow := false

allow if input.caller.trust_domain == input.agent.trust_domain
