package duologue.authz_test

import data.duologue.authz

call(caller) := {"caller": {"trust_domain": caller}, "agent": {"trust_domain": "example.org"}}

test_the_same_may if {
	authz.allow with input as call("example.org")
}

test_another_may_not if {
	not authz.allow with input as call("evil.example.org")
}

test_a_listed_one_may if {
	authz.allow with input as call("partner.test") with data.trust_domains as ["partner.test"]
	not authz.allow with input as call("other.test") with data.trust_domains as ["partner.test"]
}

test_a_caller_without_one_may_not if {
	not authz.allow with input as {"caller": {"principal": "anna"}, "agent": {"trust_domain": "example.org"}}
}

test_neither_having_one_is_not_the_same if {
	not authz.allow with input as {"caller": {"principal": "anna"}, "agent": {"name": "worker"}}
}
