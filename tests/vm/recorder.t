#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The recorder in the guest, with the capabilities of the systemd unit: no event is lost when a
# segment ends or a log is rotated, each segment has a snapshot of what exists, and a trace and a
# page are written until a signal.
# caps: CAP_BPF CAP_PERFMON CAP_SYS_ADMIN CAP_DAC_READ_SEARCH
# vm: --mock
# takes: 25
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/iosnoop.sh
source tests/lib/iosnoop.sh
edu=$(tests/vm/bind --bdf edu)
tests/vm/bind "$edu" >/dev/null
load="$tests/iommu-load --bdf $edu"
caps=-all,+cap_39,+cap_38,+cap_21,+cap_2
rec=$dir/folder

# This context exists all the time.
exec 7<>/dev/iommu
start truth $iosnoop -j -e map,unmap
begin rec setpriv --bounding-set=$caps --inh-caps=-all $iosnoop -o "$rec/"
begin trace $iosnoop -e all --trace "$dir/trace"
begin page $iosnoop -k -e map,unmap --report "$dir/page"
begin file $iosnoop -e map,unmap -o "$dir/one.rec"
begin logger $iosnoop -j -e map,unmap --log "$dir/lines"
ok "the folder is only for its owner" [ "$(stat -c %a "$rec")" = 700 ]
segments() { set -- "$rec"/iosnoop-*.rec; echo $#; }
has_segments() { [[ $(segments) == "$1" ]]; }
$load --pairs 501 >"$dir/load1"
kill -HUP "${pids[rec]}"
ok "SIGHUP begins a segment" await has_segments 2
# As logrotate does.
mv "$dir/lines" "$dir/lines.1"
kill -HUP "${pids[logger]}"
ok "SIGHUP opens a log anew" await has_line "$dir/lines"
# The load and the rotation at the same time.
$load --pairs 1500 >"$dir/load2" &
busy=$!
kill -HUP "${pids[rec]}"
await has_segments 3
wait "$busy"
drained truth rec trace page logger file
for i in truth rec trace page logger; do
	stop $i TERM
	is "$i ends well" "$rc $(<"$dir/$i.err")" "0 "
done
stop file HUP
is "a recording in a single file ends at SIGHUP" "$rc $(<"$dir/file.err")" "0 "
$iosnoop --replay "$dir/one.rec" -j >"$dir/replay" 2>"$dir/replay.err"
is "it is whole" "$? $(<"$dir/replay.err")$(totals replay)" "0 $(totals truth)"

$iosnoop --replay "$rec" -j -e map,unmap >"$dir/replay" 2>"$dir/replay.err"
is "the folder is replayed" "$? $(<"$dir/replay.err")" "0 "
ok "the replay fits the schema" in_schema replay
is "it has each event that was seen" "$(totals replay)" "$(totals truth)"
is "of the same threads and addresses" "$(json event tid iova <"$dir/replay" | sort | md5sum)" \
	"$(json event tid iova <"$dir/truth" | sort | md5sum)"
cat "$dir"/lines.1 "$dir"/lines >"$dir/logged"
is "both logs have each event that was seen" "$(totals logged)" "$(totals truth)"
is "each begins with a start record, and only its owner may read it" \
	"$(for i in lines.1 lines; do head -n 1 "$dir/$i" | json type; stat -c %a "$dir/$i"; done |
	xargs)" "type=start 600 type=start 600"
# Whether a segment begins with a snapshot that has contexts and an end, and has paths of cgroups.
contents() {
	python3 - "$1" <<-'END'
		import struct, sys
		data = open(sys.argv[1], 'rb').read()
		at = struct.unpack_from('<I', data, 12)[0]
		kinds, paths = [], 0
		while at < len(data):
		    kind, size = struct.unpack_from('<II', data, at)
		    if kind == 7 and 4 not in kinds:
		        kinds.append(struct.unpack_from('<I', data, at + 16)[0])
		    paths += kind == 8 and data[at + 16:at + 17] == b'/'
		    at += 8 + (size + 7) // 8 * 8
		print(kinds[0], 1 in kinds, 4 in kinds, bool(paths))
	END
}
n=0
for segment in "$rec"/iosnoop-*.rec; do
	n=$((n + 1))
	is "segment $n begins with a snapshot, and has paths of cgroups" \
		"$(contents "$segment")" "0 True True True"
done
$iosnoop --replay "$rec" -j -e map,unmap --since -1h >"$dir/since"
is "moments are those of this clock" "$(totals since)" "$(totals truth)"
python3 -c 'import json, sys; json.load(open(sys.argv[1]))' "$dir/trace"
is "the trace is whole after SIGTERM" "$?" 0
is "it has a slice for each map with a device" \
	"$(grep -c '"name":"map".*"ph":"[Xi]"' "$dir/trace")" \
	"$(grep -c '"event":"map"' "$dir/truth")"

# The page has the pinned pages of the calls; the stacks are those of the kernel, too.
tests/lib/page-check "$dir/page" "$dir/truth" >"$dir/shown"
is "the report page has the numbers of the events" "$?" 0
ok "it has a context of each load, with nothing pinned at the end" each \
	"(($(grep -cE '^context iommu-load [0-9]+ [0-9]+ 0 ' "$dir/shown") == 2))"
ok "its flame graph leads to the driver" grep -q '^stack iommufd_ioas_map\b' "$dir/shown"

# The metrics, with the same capabilities.
setpriv --bounding-set=$caps --inh-caps=-all build/iommutop --openmetrics -n 1 -i 100ms \
	-o "$dir/iommufd.prom" 2>"$dir/metrics.err"
rc=$?
contexts=$(grep -c '^iommufd_context_pinned_bytes{' "$dir/iommufd.prom")
is "iommutop writes metrics with these capabilities, and lacks nothing" \
	"$rc $(<"$dir/metrics.err") $contexts" "0  1"

finish
