# SPDX-License-Identifier: GPL-2.0-only
# Read apt source entries (format "deb822" or "list"), write those of Debian's release `rel`,
# reduced to component main and to the `suites` asked for. Suites for security, also those of other
# releases, are derived from the entry of REL-security, and all others from REL's: same URI, same
# keyring, same options.
# With strict = 1 an entry must say that it is Debian's, by its keyring or by its URI.

function debian(keyring, uri) {
	if (!strict)
		return 1
	if (keyring != "")
		return keyring ~ /debian-archive/
	return uri ~ /\/debian(-security)?\/?($|[ \t])/ || uri ~ /\/archive\/debian(-security)?\//
}

# The wanted ones among the suites of an entry, `s`; "" if there are none.
function wanted(s,	n, a, i, m, w, k, out) {
	n = split(s, a, /[ \t\n]+/)
	m = split(suites, w, " ")
	for (i = 1; i <= n; i++) {
		sub(/\/$/, "", a[i])
		for (k = 1; k <= m; k++)
			if (a[i] == (w[k] ~ /-security$/ ? rel "-security" : rel))
				out = out " " w[k]
	}
	return substr(out, 2)
}

function paragraph(	i, key, low, f, out) {
	for (i = 1; i <= n; i++) {
		if (line[i] !~ /^[ \t]/) {
			key = tolower(line[i])
			sub(/:.*/, "", key)
			f[key] = line[i]
			sub(/^[^:]*:[ \t]*/, "", f[key])
		} else {
			f[key] = f[key] "\n" line[i]
		}
	}
	low = tolower(f["enabled"])
	out = wanted(f["suites"])
	if (low != "no" && low != "false" && low != "0" && out != "" &&
	    f["types"] ~ /(^|[ \t])deb([ \t]|$)/ && f["components"] ~ /(^|[ \t])main([ \t]|$)/ &&
	    debian(f["signed-by"], f["uris"])) {
		for (key in f)
			if (key !~ /^(types|suites|components|enabled)$/)
				print key ": " f[key]
		print "Types: deb"
		print "Suites: " out
		print "Components: main"
		print ""
	}
	n = 0
}

/^[ \t]*#/	{ next }
format == "deb822" && /^[ \t]*$/	{ paragraph(); next }
format == "deb822"	{ line[++n] = $0; next }
$1 != "deb"	{ next }
{
	opts = ""
	rest = $0
	sub(/#.*/, "", rest)
	sub(/^[ \t]*deb[ \t]+/, "", rest)
	if (match(rest, /^\[[^]]*\]/)) {
		opts = substr(rest, 1, RLENGTH) " "
		rest = substr(rest, RLENGTH + 1)
		sub(/^[ \t]+/, "", rest)
	}
	split(rest, w, /[ \t]+/)
	keyring = opts ~ /signed-by=/ ? opts : ""
	m = split(wanted(w[2]), suite, " ")
	if (rest !~ /[ \t]main([ \t]|$)/ || !debian(keyring, w[1]))
		next
	for (i = 1; i <= m; i++)
		print "deb " opts w[1] " " suite[i] " main"
}
END	{ if (format == "deb822") paragraph() }
