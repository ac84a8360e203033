# Within office hours, and at any time for those who are listed.
package duologue.authz

default allow := false

# data.hours: from and to in minutes of the day, the end not among them; data.weekdays in English; data.time_zone by its
# name in the IANA database. The time is that of the decision, so that a test can choose it.
allow if {
	input.caller.spiffe_id
	open
}

# data.at_any_time: SPIFFE IDs of those who need not keep the hours.
allow if input.caller.spiffe_id in data.at_any_time

open if {
	[hour, minute, _] := time.clock([input.now_ns, data.time_zone])
	now := (hour * 60) + minute
	now >= data.hours.from
	now < data.hours.to
	time.weekday([input.now_ns, data.time_zone]) in data.weekdays
}

reasons contains "it is outside of office hours" if not open
