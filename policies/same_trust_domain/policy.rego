# Callers of the agent's own trust domain, and of those that are listed.
package duologue.authz

default allow := false

allow if input.caller.trust_domain == input.agent.trust_domain

# data.trust_domains: further ones, whose authorities we federate with.
allow if input.caller.trust_domain in data.trust_domains

reasons contains "the caller is of another trust domain" if not allow
