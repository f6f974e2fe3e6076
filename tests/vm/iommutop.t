#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# iommutop in the guest: its figures against the calls that clients report, from before its start
# and while it ran; contexts that are closed; faults, PASIDs, policies, filters, formats,
# privileges.
#
# The clients read commands line by line; the test waits for a refresh and does not sleep.
# vm: --smp 2
# takes: 60
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
top=build/iommutop
dir=$(mktemp -d /tmp/iommutop.XXXXXX)
# shellcheck source=tests/lib/json.sh
source tests/lib/json.sh
as=()		# how clients are run
declare -A pid=() in=() out=() ctx=() ioas=()
trap '((${#pid[@]})) && kill "${pid[@]}" 2>/dev/null; rm -rf "$dir"' EXIT
mkfifo "$dir/never"
exec 9<>"$dir/never"
insmod "${IOMMUSCOPE_MODULES:-build}/iommufd_mock.ko" 2>/dev/null

each() { local c; for c; do eval "$c" || { echo "$c"; return 1; }; done; }
says() { grep -qF -- "$2" "$dir/$1.err" || { echo "no '$2' in:"; cat "$dir/$1.err"; return 1; }; }

# client NAME ARGUMENT...: a client that waits for orders
client() {
	local name=$1 line
	shift
	mkfifo "$dir/$name.in" "$dir/$name.out"
	"${as[@]}" build/tests/top-client "$@" \
		<"$dir/$name.in" >"$dir/$name.out" 2>"$dir/$name.err" 9>&- &
	pid[$name]=$!
	# shellcheck disable=SC2093,SC1083,SC2086 # opens files under the next free numbers
	exec {in[$name]}>"$dir/$name.in" {out[$name]}<"$dir/$name.out"
	read -r -t "$patience" -u "${out[$name]}" line ||
		{ diag "$name: $(<"$dir/$name.err")"; return 1; }
	ctx[$name]=${line#*ctx=} ctx[$name]=${ctx[$name]%% *}
	ioas[$name]=${line#*ioas=}
}
# tell NAME ORDER...: one line each
tell() {
	local name=$1 order answer
	shift
	for order; do
		echo "$order" >&"${in[$name]}"
		read -r -t "$patience" -u "${out[$name]}" answer
		[[ $answer == ok ]] || { diag "$name: $order: ${answer:-no answer}"; return 1; }
	done
}
# leave NAME: the client closes its files
leave() {
	local fd=${in[$1]}
	exec {fd}>&-
	fd=${out[$1]}
	exec {fd}<&-
	wait "${pid[$1]}"
	unset "pid[$1]"
}

# start NAME ARGUMENT...: iommutop in the background, JSON, until it is attached
start() {
	local name=$1
	shift
	"$top" -j "$@" >"$dir/$name" 2>"$dir/$name.err" </dev/null 9>&- &
	pid[$name]=$!
	await test -s "$dir/$name" || { diag "$name: $(<"$dir/$name.err")"; return 1; }
}
stop() {
	kill -s "${2:-INT}" "${pid[$1]}"
	wait "${pid[$1]}"
	rc=$?
	unset "pid[$1]"
}

# csv VIEW ARGUMENT...: one sample of a table in $dir/csv
csv() {
	local view=$1
	shift
	"$top" --csv -n 1 -i 100ms --view "$view" "$@" >"$dir/csv" 2>"$dir/csv.err"
}
# get "KEY=VALUE..." KEY...: cells of the rows of $dir/csv that match
get() {
	awk -F, -v match_="$1" -v want="${*:2}" '
	NR == 1 { for (i = 1; i <= NF; i++) at[$i] = i; next }
	{
		n = split(match_, m, " ")
		for (i = 1; i <= n; i++) {
			split(m[i], kv, "=")
			if (!(kv[1] in at) || $at[kv[1]] != kv[2])
				next
		}
		n = split(want, w, " ")
		for (i = 1; i <= n; i++)
			printf "%s%s", w[i] in at ? $at[w[i]] : "NO-COLUMN", i < n ? " " : "\n"
	}' "$dir/csv"
}
# sum NAME KEY: over all samples of a JSON stream, of the key in "now"
sum() {
	grep -F '"type":"sample"' "$dir/$1" | json "now.$2" |
		awk -F= '{ n += $2 } END { print n + 0 }'
}
last() { grep -F '"type":"sample"' "$dir/$1" | tail -n 1 | json "$2" | cut -d= -f2-; }
# forgotten NAME STREAM: the last sample has no process of that name
forgotten() { ! grep -F '"type":"sample"' "$dir/$2" | tail -n 1 | grep -q "$1"; }
total_is() { [[ $(last "$1" "$2") == "$3" ]]; }

# ---- before the start ----
client mock --mock --name mock-one
is "a client with a device" "$?" 0
client plain --name plain-two
is "a client without one" "$?" 0
ok "23 maps of a page, 5 of 2 MiB" tell mock "map 0 23 4096" "map 0 5 2097152"
ok "and 7 elsewhere, in the second of 3 address spaces" tell plain "ioas 2" "map 1 7 65536"
ok "CSV" csv overview
c=${ctx[mock]}
is "areas, mapped and pinned bytes from before the start" \
	"$(get "kind=ioas ctx=$c ioas=${ioas[mock]}" areas mapped_bytes pinned_bytes)" \
	"28 $((23 * 4096 + 5 * 2097152)) $((23 * 4096 + 5 * 2097152))"
is "the context has the sum" "$(get "kind=context ctx=$c" areas mapped_bytes pinned_bytes)" \
	"28 $((23 * 4096 + 5 * 2097152)) $((23 * 4096 + 5 * 2097152))"
is "as fdinfo, the second source" "$(get "kind=context ctx=$c" pinned_bytes)" \
	"$(awk '$1 == "iommufd-pinned:" { n = $2 } END { print n }' /proc/"${pid[mock]}"/fdinfo/*)"
is "pid and name" "$(get "kind=context ctx=$c" pid comm)" "${pid[mock]} mock-one"
is "nothing is pinned without a device" \
	"$(get "kind=context ctx=${ctx[plain]}" areas mapped_bytes pinned_bytes nr_ioases)" \
	"7 458752 0 3"
is "since its open, which was before, the driver counts" \
	"$(get "kind=context ctx=$c" open_maps_total open_maps_failed_total \
		open_pinned_bytes_total open_unpinned_bytes_total)" \
	"28 0 $((23 * 4096 + 5 * 2097152)) 0"
is "and times those of 2 MiB" \
	"$(get "kind=context ctx=$c" open_timed_pins_total open_timed_bytes_total)" "5 10485760"
read -r first last_map age pin fill < <(get "kind=context ctx=$c" first_map_ns last_map_ns age_ns \
	open_pin_ns_total open_fill_ns_total)
ok "the first map was before the last one, and that before now" \
	test "$first" -le "$last_map" -a "$last_map" -le "$age" -a "$pin" -gt 0 -a "$fill" -gt 0
is "without a map there is none" "$(get "kind=context ctx=${ctx[plain]}" open_pinned_bytes_total \
	open_timed_pins_total)" "0 0"
is "no map is counted that was before" "$(get "kind=context ctx=$c" maps maps_total)" "0 0"
is "nothing has grown" "$(get "kind=context ctx=$c" grown_total_bytes grown_bytes_total)" \
	"NO-COLUMN 0"

# ---- while it runs ----
start run -i 300ms
start only -i 300ms -p "${pid[plain]}"
start space -i 300ms --ctx "$c" --ioas "${ioas[mock]}" --view space
ok "23 maps, 7 unmaps, 4 refused, 9 copies, 100 pairs" tell mock \
	"map 0 23 4096" "unmap 0 7" "fail 0 4" "ioas 1" "copy 0 1 9" "pairs 100"
ok "11 maps by another process" tell plain "map 0 11 4096"
ok "7 faults, 4 of them answered with success" tell mock "fault 7 4"
ok "a PASID" tell mock "pasid 1 77"
await total_is run total.maps 134
await total_is run faults.0.invalid_total 3
await total_is only total.maps 11
await total_is space space.areas 44
csv devices
is "the device and its faults and PASIDs" \
	"$(get "kind=device ctx=$c" pid faults_total nr_pasids)" "${pid[mock]} 0 1"
is "the PASID, its virtual number and its IOAS" \
	"$(get "kind=pasid ctx=$c" virt_pasid attached)" "77 ioas $(get "kind=pasid ctx=$c" ioas)"
is "faults before its start are none of its" "$(csv faults; get kind=fault requests_total)" ""
stop run
is "Ctrl-C is no failure" "$rc $(<"$dir/run.err")" "0 "
ok "each line of JSON is valid" json <"$dir/run"
is "start, samples, end" "$(json type <"$dir/run" | uniq | xargs)" "type=start type=sample type=end"
is "it ended by the signal" "$(tail -n 1 "$dir/run" | json type reason)" "type=end reason=signal"
for pair in maps=134 unmaps=107 maps_failed=4 copies=9; do
	is "$pair since the start" "$(last run "total.${pair%=*}")" "${pair#*=}"
	is "$pair as the sum of all intervals" "$(sum run "${pair%=*}")" "${pair#*=}"
done
is "as many latencies of maps as there were with a page table, and pins" \
	"$(last run total.map.count) $(last run total.pin.count)" "123 123"
is "of unmaps" "$(last run total.unmap.count)" 107
stop only
is "-p counts that process only" "$(last only total.maps) $(last only total.unmaps)" "11 0"
is "and shows no other" "$(tail -n 2 "$dir/only" | grep -c mock-one)" 0
is "the filter is in the start record" "$(head -n 1 "$dir/only" | json filter.tgid)" \
	"filter.tgid=${pid[plain]}"
faults() { tail -n 2 "$dir/run" | head -n 1 | json "faults.0.$1" | cut -d= -f2; }
is "7 requests, 4 done, 3 invalid" \
	"$(faults requests_total) $(faults done_total) $(faults invalid_total) $(
		faults failed_total)" "7 4 3 0"
is "each fault has one line, with its request and its response" \
	"$(grep -oE '"what":"(request|response)"' "$dir/run" | sort | uniq -c | xargs)" \
	'7 what:request'
is "of which three are bad" \
	"$(grep -oE '"what":"request","bad":(true|false)' "$dir/run" | sort | uniq -c | xargs)" \
	'4 what:request,bad:false 3 what:request,bad:true'
is "no line twice" "$(grep -oE '"kind":"line","number":[0-9]+' "$dir/run" | sort | uniq -d)" ""
stop space
is "the map of an address space" "$(last space space.areas) $(last space space.holes)" \
	"$((28 + 16)) 0"

# ---- the map of an address space ----
ok "three holes" tell mock "ioas 1" "gap 2 65536" "map 2 2 4096" "gap 2 8192" "map 2 3 4096" \
	"gap 2 1048576" "map 2 1 2097152"
csv overview --ctx "$c"
third=$(get "kind=ioas areas=6" ioas)
csv space --ctx "$c" --ioas "$third"
is "areas by length" "$(get kind=area areas length_bytes | xargs)" "5 20480 1 2097152"

# ---- areas one by one, and fragmentation ----
csv areas --ctx "$c" --ioas "$third"
is "each area" "$(get kind=mapped_area length_bytes prot memory runs | xargs)" \
	"$(for i in 1 2 3 4 5; do printf '4096 rw process  '; done | xargs) 2097152 rw process"
is "their owner" "$(get kind=mapped_area pid comm | sort -u)" "${pid[mock]} mock-one"
is "the largest first, in text" "$("$top" -bq -n 1 -i 100ms --view areas --sort length \
	--ctx "$c" --ioas "$third" | awk 'NR == 2 { print $2 }')" 2M
"$top" -j -n 1 -i 100ms --view areas --ctx "$c" --ioas "${ioas[mock]}" >"$dir/areas"
sums=$(for key in areas length_bytes runs in_runs_bytes; do last areas area_sums.$key; done |
	xargs)
csv areas --ctx "$c" --ioas "${ioas[mock]}"
is "JSON has the sums" "$sums" "$(get kind=mapped_area length_bytes runs |
	awk '{ n++; bytes += $1; runs += $2 } END { print n, bytes, runs, bytes }' OFMT=%d)"
csv overview --ctx "$c"
is "the runs of the address space are those of its areas" \
	"$(get "kind=ioas ioas=${ioas[mock]}" runs)" "$(cut -d' ' -f 3 <<<"$sums")"
read -r pinned runs size < <(get "kind=ioas ioas=${ioas[mock]}" pinned_bytes runs run_size_bytes)
is "the size of a run" "$size" $((pinned / runs))
is "and the share of huge pages are known" \
	"$(get "kind=ioas ioas=${ioas[mock]}" huge_bytes huge_share_percent |
		grep -cE '^[0-9]+ [0-9.]+$')" 1
csv areas --ctx "$c" --ioas "$third"
last_area=$(get kind=mapped_area first | tail -n 1)
csv areas --ctx "$c" --ioas "$third" --iova "$last_area+1M"
is "--iova: only the area that it touches" "$(get kind=mapped_area length_bytes | xargs)" 2097152
csv areas --ctx "$c" --ioas "$third" --iova "0-$((last_area - 1))"
is "--iova: all but that" "$(get kind=mapped_area length_bytes | xargs)" "4096 4096 4096 4096 4096"
"$top" -b -n 1 -i 100ms --view space --ctx 77777 --ioas 1 >"$dir/space" 2>"$dir/space.err"
is "an address space that does not exist is an error" "$? $(<"$dir/space") $(<"$dir/space.err")" \
	"1  iommutop: context 77777 has no address space 1, or it is not visible; iommutop -b -n 1 \
lists them"
"$top" -j -n 1 -i 100ms --view space --ctx "$c" --ioas "$third" >"$dir/space" 2>"$dir/space.err"
is "holes, their bytes, the largest" "$(last space space.holes) $(last space space.hole_bytes) $(
	last space space.largest_hole_bytes)" "2 $((8192 + 1048576)) 1048576"
is "and fragmentation: the part of the holes outside of the largest" \
	"$(last space space.fragmentation_percent)" 0.77
want="use:used,areas:2,length_bytes:8192 use:used,areas:3,length_bytes:12288 "
want+="use:used,areas:1,length_bytes:2097152"
is "ranges cover everything: used ones" "$(tail -n 2 "$dir/space" | head -n 1 |
	grep -oE '"use":"used","areas":[0-9]+,"length_bytes":[0-9]+' | xargs)" "$want"

reserved=$(last space space.reserved_bytes)
is "addresses below and above the device's aperture are reserved" \
	"$(tail -n 2 "$dir/space" | head -n 1 |
	grep -oE '"use":"reserved","areas":0,"length_bytes":[0-9]+' | grep -oE '[0-9]+$' |
	awk '{ n += $1 } END { printf "%.0f", n }')" "$(printf '%.0f' "$reserved")"

# ---- a context that is closed ----
bpftool=$(sed -n 's/^SETUP_BPFTOOL *= *//p' build/setup/paths.mk)
# counted_by_length CONTEXT: entries of a context in the counts by length, of all iommutops
counted_by_length() { "$bpftool" -j map dump name ctx_sizes | grep -oE "\"ctx\":$1\\b" | wc -l; }
none_counted() { (($(counted_by_length "$1") == 0)); }
start gone -i 200ms
start filtered -i 200ms -c 'short*'
client short --name short-lived
tell short "map 0 3 4096"
await total_is gone total.maps 3
await total_is filtered sizes.0.maps_total 3
is "with a filter, maps by length are counted for each context" \
	"$(counted_by_length "${ctx[short]}" | sed 's/^[1-9].*/some/')" some
leave short
await forgotten short-lived gone
ok "not for ever after it is closed" await none_counted "${ctx[short]}"
tell plain "map 0 1 4096"
stop filtered
is "but their sum stays" "$(last filtered sizes.0.maps_total)" 3
# It is opened and closed while iommutop is held, so that no refresh lists it.
start lived -i 100ms -c 'brief*'
start uid -i 100ms --uid root
start other -i 100ms -c plain-two
kill -STOP "${pid[lived]}" "${pid[uid]}" "${pid[other]}"
client brief --mock --name brief-vm
tell brief "map 0 7 4096" "map 0 2 2097152" "unmap 0 3"
leave brief
tell plain "map 0 1 4096"
kill -CONT "${pid[lived]}" "${pid[uid]}" "${pid[other]}"
await total_is lived total.maps 9
await total_is uid total.maps 10
await total_is other total.maps 1
for name in lived uid other; do stop "$name"; done
is "calls of a context that lived between two refreshes: -c, --uid, -c of another one" \
	"$(for name in lived uid other; do
		last "$name" total.maps; last "$name" total.unmaps; last "$name" total.pin.count
	done | xargs)" "9 3 9 10 3 9 1 0 0"
is "and lengths" "$(for name in lived uid other; do
	for i in 0 1; do last "$name" "sizes.$i.maps_total"; done
done | xargs)" "7 2 8 2 1"
stop gone
is "a context that went is shown no more" "$(tail -n 2 "$dir/gone" | grep -c short-lived)" 0
ok "but was" grep -q short-lived "$dir/gone"

# ---- filters ----
csv overview -c plain-two
is "-c" "$(get kind=context comm)" plain-two
csv overview -c 'mock-*'
is "-c with a beginning" "$(get kind=context comm)" mock-one
csv overview --ctx "${ctx[plain]}"
is "--ctx" "$(get kind=context comm)" plain-two
csv overview --uid 4711
is "--uid of a user without a context" "$(get kind=context comm)" ""
csv overview --uid root
is "--uid of all" "$(get kind=context comm | sort | xargs)" "mock-one plain-two"

# ---- a daemon that hands the file to a VMM ----
client vmm --mock --name daemon --vmm 1000
tell vmm "map 0 384 4096"
vmm="kind=context comm=vmm"
want="$(pgrep -x vmm) 1000 ${pid[vmm]} 1 1572864 4194304 1572864 37.50"
csv overview
is "the process that maps is shown, with the limit that it is charged against" "$(get "$vmm" \
	pid uid opener_pid nr_payers charged_bytes limit_bytes limit_used_bytes \
	limit_share_percent)" "$want"
for filter in "-p $(pgrep -x vmm)" "-p ${pid[vmm]}" "-c vmm" "-c daemon" "--uid 1000"; do
	# shellcheck disable=SC2086 # an option and its value
	csv overview $filter
	is "$filter finds the context" "$(get kind=context comm ctx)" "vmm ${ctx[vmm]}"
done
csv payers
is "root has CAP_IPC_LOCK, so what it maps is not charged" \
	"$(get "comm=mock-one" charged_bytes limit_share_percent state)" "0  exempt"
is "the view of payers" "$(get comm=vmm ctx uid pinned_bytes limit_used_bytes state)" \
	"${ctx[vmm]} 1000 1572864 1572864 "
leave vmm

# ---- policies ----
if build/iopolicy load build/policies/quota.bpf.o --set process_limit=1M \
		>/dev/null 2>"$dir/policy.err"; then
	start policy -i 200ms
	tell mock "map 0 1 2097152" >/dev/null
	await grep -q '"what":"denied"' "$dir/policy"
	stop policy
	is "a policy's refusals are counted" \
		"$(tail -n 2 "$dir/policy" | head -n 1 | json policies.0.name policies.0.denied)" \
		"policies.0.name=quota policies.0.denied=1"
	ok "and have a line" grep -qE \
		'"what":"denied",.*"reason":"policy quota ioas_map: ENOMEM, process: ' \
		"$dir/policy"
	grep -oE '\{"kind":"refusal"[^}]*\}' "$dir/policy" >"$dir/refusals"
	is "and are in the history, with process, policy, hook, object and error" \
		"$(json pid comm what policy hook object error <"$dir/refusals")" \
		"pid=${pid[mock]} comm=mock-one what=denied policy=quota hook=ioas_map object=1 \
error=ENOMEM"
	is "which counts them for the process" "$(tail -n 2 "$dir/policy" | head -n 1 |
		json victims.0.pid victims.0.denied_total victims.0.refused_total)" \
		"victims.0.pid=${pid[mock]} victims.0.denied_total=1 victims.0.refused_total=0"
	build/iopolicy unload quota >/dev/null
else
	ok "a policy is loaded" says policy nothing
fi

# ---- DMA faults of a real device ----
bdf=$(tests/vm/bind --bdf edu) && tests/vm/bind edu >/dev/null 2>"$dir/bind.err"
start dma -i 300ms
build/tests/edu-dma --bdf "$bdf" --outside >"$dir/edu" 2>"$dir/edu.err"
is "the edu device did DMA, and was stopped" "$? $(grep -c ^stopped= "$dir/edu")" "0 6"
six_faults() { (($(grep -oF '"what":"dma fault"' "$dir/dma" | wc -l) >= 6)); }
await six_faults
# Counters are read one after the other. Wait for a refresh that began after the last map.
later=$(($(wc -l <"$dir/dma") + 2))
refreshed() { (($(wc -l <"$dir/dma") >= later)); }
await refreshed
stop dma
missing=''
while read -r iova; do
	grep -oE '"kind":"line"[^}]*' "$dir/dma" | grep -F '"what":"dma fault"' |
		grep -F "\"bdf\":\"$bdf\"" | grep -qF "\"addr\":\"$iova\"" || missing+=" $iova"
done < <(sed -n 's/^stopped=.* iova=//p' "$dir/edu" | sort -u)
is "each DMA that was stopped has a line, with device and address" "$missing" ""
is "they are counted as many times as there are lines" \
	"$(grep -oE '"dma_faults":[0-9]+' "$dir/dma" | awk -F: '{ n += $2 } END { print n }')" \
	"$(grep -oE '"what":"dma fault"' "$dir/dma" | wc -l)"
is "its maps are those of a device, pinned" "$(last dma total.pin.count)" "$(last dma total.maps)"

# ---- formats ----
"$top" -b -n 2 -i 100ms >"$dir/text" 2>"$dir/text.err"
is "text, twice" \
	"$? $(grep -c '^iommutop .* maps, ' "$dir/text") $(grep -c ' mock-one ' "$dir/text")" \
	"0 2 8"
"$top" -n 1 -i 100ms -q | grep -c CTX >"$dir/quiet"
is "without a terminal it is text, too; -q has no names of columns" "$(<"$dir/quiet")" 0
"$top" --openmetrics -i 100ms >"$dir/metrics"
is "OpenMetrics: pinned" \
	"$(grep "^iommufd_context_pinned_bytes{ctx=\"$c\"}" "$dir/metrics" | cut -d' ' -f2)" \
	"$(csv overview; get "kind=context ctx=$c" pinned_bytes)"
is "and the maps since its open" \
	"$(grep "^iommufd_context_open_maps_total{ctx=\"$c\"}" "$dir/metrics" | cut -d' ' -f2)" \
	"$(get "kind=context ctx=$c" open_maps_total)"
is "each context has a histogram" \
	"$(grep -c '^iommufd_context_pin_seconds_count{' "$dir/metrics")" \
	"$(grep -c ',' < <(get kind=context ctx kind | tr ' ' ,))"
is "it ends with # EOF" "$(tail -n 1 "$dir/metrics")" "# EOF"
awk '/^# TYPE/ { if ($3 in seen) print "twice: " $3; seen[$3] = $4; family = $3; next }
     /^# UNIT/ { if ($3 !~ ("_" $4 "$")) print "unit: " $0; next }
     /^#/ { next }
     { name = $1; sub(/\{.*/, "", name)
       if (index(name, family) != 1) print "outside of its family: " $0
       else if (seen[family] == "counter" && name != family "_total") print "counter: " $0
       else if (seen[family] == "gauge" && name != family) print "gauge: " $0 }' \
	"$dir/metrics" >"$dir/wrong"
is "families are in one piece, with their suffixes" "$(<"$dir/wrong")" ""
"$top" --openmetrics -o "$dir/iommufd.prom" -n 2 -i 100ms
is "-o writes a file and leaves nothing else" "$? $(echo "$dir"/iommufd.prom*)" \
	"0 $dir/iommufd.prom"
promtool=$(sed -n 's/^SETUP_PROMTOOL = *//p' build/setup/paths.mk 2>/dev/null)
if [[ -x ${promtool:-/nowhere} ]]; then
	"$promtool" check metrics <"$dir/iommufd.prom" >"$dir/promtool" 2>&1
	is "promtool accepts it" "$? $(<"$dir/promtool")" "0 "
else
	skip "promtool accepts it" "promtool is not there: scripts/setup has not unpacked it"
fi
exporter=$(sed -n 's/^SETUP_NODE_EXPORTER = *//p' build/setup/paths.mk 2>/dev/null)
if [[ -x ${exporter:-/nowhere} ]]; then
	ip link set lo up 2>/dev/null
	mkdir "$dir/textfile" && cp "$dir/iommufd.prom" "$dir/textfile"
	"$exporter" --web.listen-address=127.0.0.1:9199 --collector.disable-defaults \
		--collector.textfile --collector.textfile.directory="$dir/textfile" \
		>"$dir/exporter.err" 2>&1 9>&- &
	pid[exporter]=$!
	fetch() {
		{ exec 8<>/dev/tcp/127.0.0.1/9199; } 2>/dev/null || return 1
		printf 'GET /metrics HTTP/1.0\r\n\r\n' >&8
		cat <&8 >"$dir/scraped"
		exec 8>&-
		grep -q ^iommufd_ "$dir/scraped"
	}
	ok "a node exporter shows it" await fetch || diag "$(tail -n 1 "$dir/exporter.err")"
	is "each of the counters, by its type" \
		"$(grep -c '^# TYPE iommufd_.*_total counter' "$dir/scraped")" \
		"$(grep -c '^# TYPE iommufd_.*_total counter' "$dir/iommufd.prom")"
	ok "it had no complaint" grep -q '^node_textfile_scrape_error 0' "$dir/scraped"
else
	skip "a node exporter shows it" "it is not there: scripts/setup has not unpacked it"
fi

# ---- a recording ----
build/iosnoop -o "$dir/recording" 2>"$dir/iosnoop.err" </dev/null &
pid[iosnoop]=$!
# It sleeps when it is attached, and again when it has recorded everything.
sleeps() { [[ $(<"/proc/${pid[iosnoop]}/wchan") == *ep* ]]; }
await test -s "$dir/recording"
await sleeps
tell mock "map 0 23 4096" "unmap 0 7" "fault 7 4"
await sleeps
stop iosnoop
"$top" -j --replay "$dir/recording" -i 1 >"$dir/replay" 2>"$dir/replay.err"
is "--replay ends with the recording" "$? $(tail -n 1 "$dir/replay" | json reason)" "0 reason=ended"
is "and has its figures" "$(sum replay maps) $(sum replay unmaps) $(last replay total.maps)" \
	"23 7 23"
is "and its faults" "$(grep -o '"what":"request"' "$dir/replay" | wc -l)" 7

# Contexts from before the recording, on a machine where none of them exists.
"$top" --csv -n 1 -i 100ms --view overview >"$dir/csv"
want=$(get "kind=context ctx=$c" pinned_bytes areas nr_ioases uid)
"$top" --csv --replay "$dir/recording" -i 1 -n 1 --view overview >"$dir/csv" 2>"$dir/csv.err"
is "a replay begins with what existed before" \
	"$(get "kind=context comm=mock-one" nr_ioases uid) $(<"$dir/csv.err")" "${want#* * } "
ok "with its counts since the open" \
	test "$(get "kind=context comm=mock-one" open_maps_total)" -gt 28
ok "with its memory" test "$(get "kind=context comm=mock-one" pinned_bytes)" -gt 0
"$top" --csv --replay "$dir/recording" -i 1 -n 1 --uid 4711 >"$dir/csv" 2>"$dir/csv.err"
is "--uid of a user that the recording has not" "$(get kind=context comm)" ""

# ---- privileges ----
user=(setpriv --reuid 65534 --regid 65534 --clear-groups)
chmod 711 "$dir"
"${user[@]}" --inh-caps -all "$top" -j -n 1 -i 100ms >"$dir/nobody" 2>"$dir/nobody.err"
is "without capabilities: nothing of others, and no failure" \
	"$? $(last nobody source) $(grep -c mock-one "$dir/nobody")" "0 fdinfo 0"
ok "it names the missing capabilities and the fix" \
	says nobody "CAP_BPF and CAP_PERFMON missing; run iommutop with sudo"
"${user[@]}" --inh-caps -all,+bpf,+perfmon --ambient-caps -all,+bpf,+perfmon \
	"$top" -j -n 1 -i 100ms >"$dir/bpf" 2>"$dir/bpf.err"
is "with CAP_BPF and CAP_PERFMON: rates" "$? $(last bpf now.maps)" "0 0"
ok "it names the missing capability" says bpf "CAP_SYS_ADMIN"
chmod 666 /dev/iommu
as=("${user[@]}" --inh-caps -all)
client own --name nobodys
tell own "ioas 2" "map 0 11 4096" "map 1 7 65536"
"${as[@]}" "$top" --csv -n 1 -i 100ms >"$dir/csv" 2>"$dir/csv.err"
is "own processes from fdinfo, exactly" \
	"$(get kind=context comm areas mapped_bytes nr_ioases maps)" "nobodys 18 503808 3 "
is "and their address spaces" "$(get kind=ioas areas mapped_bytes | xargs)" "11 45056 7 458752 0 0"
client thread --name threaded --thread
tell thread "map 0 5 4096"
await test -z "$(ls /proc/"${pid[thread]}"/fd 2>/dev/null)"
"${as[@]}" "$top" --csv -n 1 -i 100ms >"$dir/csv" 2>"$dir/csv.err"
is "a process whose first thread has ended" "$(get "kind=context comm=threaded" areas)" 5
leave thread
# iommutop is the first process of the namespace and was handed the file.
unshare --user --map-root-user --pid --fork --mount-proc \
	setpriv --bounding-set -all --inh-caps -all \
	"$top" --csv -n 1 -i 100ms >"$dir/csv" 2>"$dir/csv.err" 8<>/dev/iommu
is "in a container: a context that was opened outside, without process and cgroup" \
	"$? $(get kind=context pinned_bytes pid comm cgroup limit_bytes)" "0 0    "

# ---- ends ----
for name in "${!pid[@]}"; do
	kill "${pid[$name]}" 2>/dev/null
	wait "${pid[$name]}" 2>/dev/null
	unset "pid[$name]"
done
rmmod iommufd_mock iommufd 2>/dev/null
tests/vm/bind --unbind edu >/dev/null 2>&1
rmmod vfio_pci vfio_pci_core vfio_iommu_type1 vfio iommufd 2>/dev/null
if [[ ! -e /sys/module/iommufd ]]; then
	"$top" -b -n 1 >"$dir/out" 2>"$dir/absent.err"
	is "without the module it ends with 4" "$? $(<"$dir/out")" "4 "
	ok "and says so" says absent "modprobe iommufd"
else
	skip "without the module it ends with 4" "the module cannot be unloaded"
	skip "and says so" "the module cannot be unloaded"
fi

finish
