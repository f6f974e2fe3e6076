# SPDX-License-Identifier: GPL-2.0-only
# Compare the output of a kernel selftest (TAP of the kselftest harness, on stdin) with our list of
# required results (tests/conformance/expected), and write one TAP point of ours for each test.
#
#   awk -f compare.awk -v program=NAME -v version=N.M tests/conformance/expected -
#
# A listed test must come out as listed; one that is missing fails. A test that is not listed is
# new in this version of the kernel: it counts when it passes; when it fails it is a TODO, as a
# newer kernel may test a newer part of the uAPI. The lines that upstream prints for a
# failed test follow its point.

function point(good, name, more) {
	n++
	printf "%s %d - conformance: %s%s\n", good ? "ok" : "not ok", n, name, more
	fflush()	# show finished tests even if the guest hangs
}
function said(	i) {
	for (i = 1; i <= lines && i <= 40; i++)
		print line[i]
}

FNR == 1	{ part++ }
part == 1 {
	if ($1 == program) {
		want[$3] = $2
		order[++wanted] = $3
	}
	next
}

/^#  RUN /	{ lines = 0; next }
/^# +(OK|FAIL|SKIP) /	{ next }
/^#/	{ line[++lines] = $0; next }
/^(not )?ok [0-9]+ / {
	rest = $0
	sub(/^(not )?ok [0-9]+ (- )?/, "", rest)
	name = rest
	sub(/ +#.*/, "", name)
	verdict = /^not/ ? "fail" : rest ~ / # SKIP/ ? "skip" : "ok"
	why = rest
	sub(/^[^#]*# *(SKIP)? */, "", why)
	seen[name] = 1
	if (!(name in want)) {
		fresh++
		if (verdict == "ok")
			point(1, name, " (new in " version ")")
		else if (verdict == "skip")
			point(1, name, " # SKIP new in " version ", skipped: " why)
		else
			point(0, name, " # TODO new in " version \
			      ", not in tests/conformance/expected")
	} else if (verdict == "skip" && want[name] == "skip") {
		point(1, name, " # SKIP by upstream's design: " why)
	} else {
		point(verdict == "ok", name, verdict == "skip" ? " (skipped: " why ")" : "")
	}
	if (verdict == "fail")
		said()
	lines = 0
	next
}
# Other output of a test, such as the message of an assert(): it belongs to the failure.
!/^(TAP |1\.\.)/ && NF	{ line[++lines] = "# " $0 }

END {
	for (i = 1; i <= wanted; i++) {
		if (order[i] in seen)
			continue
		gone++
		point(0, order[i], "")
		print "# missing: not in the selftests of Linux " version \
		      ", or they ended before it"
	}
	if (gone && n == gone)
		said()
	if (fresh)
		print "# " fresh " tests are new in Linux " version \
		      ": add them to tests/conformance/expected"
	print "1.." n
}
