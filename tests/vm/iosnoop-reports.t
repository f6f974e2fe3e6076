#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Reports of iosnoop: histograms, sizes, summaries and stacks, against figures computed
# from the events of the same run; and recordings, which show the same as a look at the time.
# vm: --mock
# takes: 45
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind "$edu" >/dev/null
bad=$'\e[2J\xff"\\x;y,z'

# ---- one run, seen by many ----
start truth $iosnoop -j
start summed $iosnoop -j --summary
start hist $iosnoop -jH --sizes
begin text $iosnoop -H
begin rec $iosnoop -o "$dir/plain.rec"
begin reck $iosnoop -k -e map,unmap -o "$dir/stacks.rec"
begin folded $iosnoop --folded -e map
start stacks $iosnoop -jk -e map,unmap
mkfifo "$dir/go"
"$tests/every-event" --linger <"$dir/go" >"$dir/did" 2>"$dir/did.err" 9>&- &
client=$!
exec 8>"$dir/go"
await grep -q '^event=close' "$dir/did"
"$tests/iommu-script" --bdf "$edu" >"$dir/calls" 2>&1
"$tests/iommu-load" --pairs 501 --name "$bad" >"$dir/load"
# Until all stacks have got their names, the client must be there.
drained truth summed hist text rec reck folded stacks
echo >&8
wait "$client"
is "the client did its work" "$?" 0 || show "$dir/did.err"
for i in truth summed hist text rec reck folded stacks; do
	stop "$i"
	is "$i ends well" "$rc $(<"$dir/$i.err")" "0 "
done
for i in truth summed hist stacks; do sound "$i"; done
end_record truth
is "none was lost" "$lost $filtered" "0 0"
total=$shown

# ---- histograms: of the same events, as the kernel timed them ----
# Part of an awk program: fields() splits the KEY=VALUE words of a line into the array f.
awk_fields='
	function fields(   i, at) {
		split("", f)
		for (i = 1; i <= NF; i++) {
			at = index($i, "=")
			f[substr($i, 1, at - 1)] = substr($i, at + 1)
		}
	}'
# figures KIND <LINES: each line is "KEY VALUE"; a latency of 0 is untimed. Prints for each key:
# KEY count untimed sum min p50 p90 p99 max
figures() {
	sort -k1,1 -k2,2n | awk -v kind="$1" '
		function at(share,   i) {
			i = int(n * share / 1000)
			if (i * 1000 < n * share) i++
			return v[i ? i : 1]
		}
		function out() {
			if (key == "") return
			printf "%s count=%d untimed=%d sum=%.0f", key, n, none, sum
			printf " min=%.0f p50=%.0f p90=%.0f", v[1] + 0, at(500) + 0, at(900) + 0
			printf " p99=%.0f max=%.0f\n", at(990) + 0, v[n] + 0
		}
		$1 != key { out(); key = $1; n = none = sum = 0; delete v }
		kind == "latency" && !$2 { none++; next }
		{ v[++n] = $2; sum += $2 }
		END { out() }'
}
# keyed: "EVENT,CTX,IOAS PIN_NS MAP_NS NS LENGTH RET RUNS" of each event of the truth, - for none
keyed() {
	grep -F '"type":"event"' "$dir/truth" |
		json event ctx ioas pin_ns map_ns ns length_bytes ret runs | awk "$awk_fields"'
		{
			fields()
			printf "%s,%s,%s", f["event"], f["ctx"], "ioas" in f ? f["ioas"] : "null"
			n = split("pin_ns map_ns ns length_bytes ret runs", names, " ")
			for (i = 1; i <= n; i++) printf " %s", names[i] in f ? f[names[i]] : "-"
			print ""
		}'
}
keyed >"$dir/keyed"
awk '$2 != "-" || $3 != "-" || $4 != "-" { print $1, $2 + $3 + $4 }' "$dir/keyed" |
	figures latency >"$dir/latency.want"
awk '$1 ~ /^(map|map-file|copy|type1-map),/ && $6 == 0 { print $1, $5 }' "$dir/keyed" |
	figures length >"$dir/length.want"
awk '$1 ~ /^(map|map-file|copy),/ && $6 == 0 && $7 > 0 { print $1, $7 }' "$dir/keyed" |
	figures runs >"$dir/runs.want"
# figures_of NAME KIND SUFFIX: the same from histogram records
figures_of() {
	grep -F "\"type\":\"histogram\"" "$dir/$1" | grep -F "\"of\":\"$2\"" |
		json event ctx ioas count untimed "sum$3" "min$3" "p50$3" "p90$3" "p99$3" "max$3" |
		sed -E "s/^event=([^ ]*) ctx=([^ ]*) ioas=([^ ]*)/\1,\2,\3/; s/$3=/=/g" | sort
}
# close WANT GOT: the same but for percentiles, which are at most a sixteenth above
close() {
	paste -d' ' "$1" "$2" | awk '
		function num(text) { sub(/^[^=]*=/, "", text); return text + 0 }
		{
			half = NF / 2
			for (i = 1; i <= half; i++) {
				if ($i ~ /^p[0-9]/) {
					want = num($i); got = num($(half + i))
					if (got < want || got > want * 17 / 16) print
				} else if ($i != $(half + i)) print
			}
		}
		END { if (!NR) print "nothing to compare" }'
}
figures_of hist latency _ns >"$dir/latency.got"
figures_of hist length _bytes | sed 's/ sum=/ untimed=0 sum=/' >"$dir/length.got"
figures_of hist runs '' | sed 's/ sum=/ untimed=0 sum=/' >"$dir/runs.got"
for kind in latency length runs; do
	is "$kind: as many histograms" "$(wc -l <"$dir/$kind.got")" "$(wc -l <"$dir/$kind.want")"
	is "$kind: each has the figures of the events" \
		"$(close "$dir/$kind.want" "$dir/$kind.got")" ""
done
is "latencies of 501 unmaps of the load" "$(grep -c '^unmap,.* count=501 ' "$dir/latency.want")" 1
is "with --histogram there are no lines" "$(grep -c '"type":"event"' "$dir/hist")" 0
is "text has one for each event, context and IOAS, too" \
	"$(grep -cE '^[a-z-]+ latency' "$dir/text")" "$(wc -l <"$dir/latency.want")"
ok "with percentiles and bars" each "grep -qE '^  p50 .*  p90 .*  p99 .*  max ' '$dir/text'" \
	"grep -qE ' \.\. +[^ ]+ +[0-9]+ \|#+ *\|\$' '$dir/text'"

# ---- summary: of the same events ----
grep -F '"type":"event"' "$dir/truth" |
	json event tgid ctx ioas pin_ns map_ns ns length_bytes unmapped_bytes ret pages runs \
		code | awk "$awk_fields"'
	{
		fields()
		key = "tgid=" f["tgid"] " ctx=" f["ctx"] " ioas=" ("ioas" in f ? f["ioas"] : "null")
		all[key]
		e = f["event"]
		failed = f["ret"] + 0 || f["code"] + 0 || e == "io-page-fault" || e == "dma-fault"
		fails[key] += !!failed
		if (e ~ /^(map|map-file|copy)$/) {
			maps[key]++
			if (!failed) {
				mapped[key] += f["length_bytes"]
				pages[key] += f["pages"]
				runs[key] += f["runs"]
			}
		} else if (e == "unmap") {
			unmaps[key]++; unmapped[key] += f["unmapped_bytes"]
		} else others[key]++
		ns = f["pin_ns"] + f["map_ns"] + f["ns"]
		sum[key] += ns
		if (ns > most[key]) most[key] = ns
	}
	END {
		for (key in all) {
			printf "%s maps=%d unmaps=%d others=%d failed=%d", key, maps[key],
			       unmaps[key], others[key], fails[key]
			printf " mapped_bytes=%.0f unmapped_bytes=%.0f", mapped[key], unmapped[key]
			printf " pages=%d runs=%d ns=%.0f max_ns=%.0f\n", pages[key], runs[key],
			       sum[key], most[key]
		}
	}' | sort >"$dir/summary.want"
grep -F '"type":"summary"' "$dir/summed" |
	json tgid ctx ioas maps unmaps others failed mapped_bytes unmapped_bytes pages runs ns \
		max_ns | sort >"$dir/summary.got"
ok "--summary has the figures of the events" diff "$dir/summary.want" "$dir/summary.got"
ok "of all three clients" test "$(wc -l <"$dir/summary.got")" -ge 5

# ---- stacks ----
grep -F '"comm":"every-event"' "$dir/stacks" | grep -F '"event":"map"' >"$dir/maps"
is "each map has its stack in the kernel" \
	"$(grep -c '"kernel_stack":\["iommufd_ioas_map \[iommufd\]+0x' "$dir/maps")" \
	"$(wc -l <"$dir/maps")"
ok "and in the client" grep -qE \
	'"user_stack":\["ioctl\+0x[0-9a-f]+",("[^"]*",)*"map_all\+0x[0-9a-f]+",.*"main\+0x' \
	"$dir/maps"
is "folded: a stack and a number" "$(grep -vE '^[^;]+(;[^;]+)* [0-9]+$' "$dir/folded")" ""
is "all of them make up all maps" "$(awk '{ n += $NF } END { print n }' "$dir/folded")" \
	"$(grep -c '"event":"map"' "$dir/truth")"
stack='^every-event;(.*;)?main;(.*;)?map_all;(.*;)?ioctl;.*;iommufd_fops_ioctl \[iommufd\]_\[k\];'
stack+='iommufd_ioas_map \[iommufd\]_\[k\] [0-9]+$'
ok "from the client's function to the driver's" grep -qE "$stack" "$dir/folded"

# ---- recordings ----
ok "a recording is for its owner's eyes only" test "$(stat -c %a "$dir/plain.rec")" = 600
# And each explains faults by what happened since its own start.
plain() { sed -E 's/"time_ns":[0-9]+,//; s/,"why":\{[^}]*\}//' "$dir/$1"; }
lines() { plain "$1" | grep -F '"type":"event"'; }
# replay RECORDING NAME OPTION...
replay() { $iosnoop --replay "$dir/$1.rec" "${@:3}" >"$dir/$2" 2>"$dir/$2.err"; }
replay plain again -j
is "it can be replayed" "$? $(<"$dir/again.err")" "0 "
sound again
# Each iosnoop takes the time for itself; all else is the same to the letter.
ok "and shows the live output, to the letter" cmp <(lines truth) <(lines again)
replay plain twice -j
ok "twice the same, times as well" cmp "$dir/again" "$dir/twice"
$iosnoop --replay - -j <"$dir/plain.rec" >"$dir/piped"
ok "also from a pipe" cmp "$dir/again" "$dir/piped"
end_record again
is "the end adds up" "$seen $filtered $submitted $lost $shown" "$total 0 $total 0 $total"
replay plain rehist -jH --sizes
sound rehist
ok "reports of it are those of the live run" cmp \
	<(plain hist | grep histogram) <(plain rehist | grep histogram)
replay plain failed -jx
ok "-x picks failed calls afterwards" cmp \
	<(lines truth | grep -E '"error":"E|"code":1|"event":"(io-page|dma)-fault"') <(lines failed)
end_record failed
is "and counts the rest as filtered" "$seen $((filtered + shown))" "$total $total"
replay plain some -j -e unmap -c iommu-script
ok "-e and -c filter a replay as well" cmp \
	<(lines truth | grep -F '"event":"unmap"' | grep -F '"comm":"iommu-script"') <(lines some)
replay plain five -j -n 5
end_record five
is "-n ends it" "$shown $reason" "5 count"
replay stacks restacks -jk
sound restacks
# Which of the two looked in time at a process that ends at once is not to be compared.
lingering() { lines "$1" | grep -F '"comm":"every-event"'; }
kernel() { lines "$1" | sed 's/,"user_stack":.*//'; }
ok "stacks have their names without the processes" cmp <(lingering stacks) <(lingering restacks)
ok "and those of the kernel, of every process" cmp <(kernel stacks) <(kernel restacks)
replay plain root -j --uid 0
# One map is of another user; faults of a device that is not bound are of nobody.
of_root() { lines "$1" | grep -vE '"event":"(io-page|dma)-fault"|limit 80 KiB'; }
ok "--uid filters a replay" cmp <(of_root again) <(of_root root)
replay plain nouser -j --uid 12345
is "and leaves out other users" "$(lines nouser | wc -l)" 0

# ---- each form of output, and a thread with a bad name ----
forms=(table wide timed fields widefields csv csvfields summary hist sizes stacks folded json)
replay plain table
replay plain wide -w
replay plain timed -T
replay plain fields --fields time_ns,event,comm,iova,length,cause
replay plain widefields -w --fields event,pid,comm,iova,length,ns
replay plain csv --csv
replay plain csvfields --csv --fields event,iova,length_bytes,ret
replay plain summary --summary -q
replay plain hist -H
replay plain sizes --sizes
replay stacks stacks -k
replay stacks folded --folded
replay plain json -jT
for i in "${forms[@]}"; do
	is "$i: no control characters, nothing on stderr" \
		"$(LC_ALL=C tr -d '\n -~' <"$dir/$i" | wc -c) $(<"$dir/$i.err")" "0 "
done
is "CSV: a line for each event, and one with the names" "$(wc -l <"$dir/csv")" $((total + 1))
is "which all have as many fields" \
	"$(sed 's/"[^"]*"//g; s/[^,]//g' "$dir/csv" | sort | uniq -c | wc -l)" 1
lines again | json event iova length_bytes ret | awk "$awk_fields"'
	{
		fields()
		print f["event"] "," f["iova"] "," f["length_bytes"] "," f["ret"]
	}' >"$dir/values"
ok "fields have the values of JSON" diff "$dir/values" <(tail -n +2 "$dir/csvfields")
ok "CSV has the bad name in quotes" grep -qF '"?[2J?""\x;y,z"' "$dir/csv"
ok "JSON has it escaped" grep -qF '"comm":"\u001b[2J\ufffd\"\\x;y,z"' "$dir/json"
ok "folded stacks have no more semicolons by it" grep -qE '^\?\[2J\?"\\x:y,z;' "$dir/folded"
ok "fields have lines" grep -qE '^ *[0-9.]+ map .* 0x[0-9a-f]+ ' "$dir/fields"

# ---- reports now and then ----
start every $iosnoop -jH -i 500ms -e map
# reported N: there were reports at N times, or more
reported() { (($(grep -F '"of":"latency"' "$dir/every" | json time_ns | sort -u | wc -l) >= $1)); }
for i in {1..4}; do
	"$tests/iommu-load" --pairs 101 >"$dir/load"
	await reported "$i"
done
stop every
sound every
# Nothing is pinned here, so none of these maps was timed.
grep -F '"of":"latency"' "$dir/every" | json count untimed time_ns | tr '= ' '  ' >"$dir/reports"
is "all reports together have all maps" \
	"$(awk '{ n += $2 + $4 } END { print n }' "$dir/reports")" 404
ok "there were several" test "$(cut -d' ' -f6 "$dir/reports" | sort -u | wc -l)" -ge 3
start quiet $iosnoop --summary -e map -i 300ms
four_times() { (($(grep -c UNMAP "$dir/quiet") >= 4)); }
ok "text comes in intervals, too" await four_times
stop quiet

# ---- loss, in a recording ----
begin losing $iosnoop -o "$dir/lost.rec" --buffer-size 4K --strict
"$tests/iommu-load" --pairs 5003 >"$dir/load"
stop losing
is "--strict ends with 6 when events were lost, recording or not" "$rc" 6
replay lost lost -j
is "the replay itself is no failure" "$?" 0
sound lost
end_record lost
is "seen is all that was done" "$seen" 10006
ok "lost events are in it" each "((lost > 0))" "((seen == submitted + lost))"
ok "and reported" says losing "lost $lost of 10006 events"
replay lost strict --strict
is "a strict replay is a failure" "$?" 6
ok "the table has lines for it" \
	grep -qE '^ *[0-9.]+ LOST [0-9]+ events \([0-9]+ in all\)' "$dir/strict"

# ---- killed ----
begin killed $iosnoop -o "$dir/killed.rec"
"$tests/iommu-load" --pairs 2003 >"$dir/load"
recorded() { replay killed rest -j; end_record rest; ((seen == 4006)); }
await recorded
kill -KILL "${pids[killed]}"
wait "${pids[killed]}" 2>/dev/null
unset 'pids[killed]'
replay killed rest -j
is "the replay of a killed recording is a failure" "$?" 1
ok "it says why" says rest "is incomplete"
sound rest
end_record rest
is "its events are shown" "$seen $shown $reason" "4006 4006 file"
head -c 100000 "$dir/plain.rec" >"$dir/cut.rec"
replay cut cut -j
is "so is one cut in the middle" "$?" 1
sound cut
ok "with the complete events" cmp <(lines cut) <(lines again | head -n "$(lines cut | wc -l)")
head -c 50 "$dir/plain.rec" >"$dir/short.rec"
replay short short
is "a header alone shows nothing" "$? $(wc -l <"$dir/short")" "1 0"
replay did none
is "another file is none" "$?" 1
ok "and it says so" has_line "$dir/none.err"
finish
