# For trying things out: everybody of the worker's own trust domain may do everything. Name it as `policy_file` in agent.yaml.
package duologue.authz

default allow := false

allow if input.caller.trust_domain == input.agent.trust_domain
