#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The systemd unit of the recorder: systemd accepts it, its options are those of iosnoop, and it has
# no more capabilities than tests/vm/recorder.t runs the recorder with.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
unit=$dir/iosnoop-record.service
sed "s,@SBINDIR@,$PWD/build," systemd/iosnoop-record.service.in >"$unit"

if command -v systemd-analyze >/dev/null; then
	run systemd-analyze verify --man=no "$unit"
	ok "systemd accepts the unit" each 'ended 0' 'lacks iosnoop-record'
	if systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
		run systemd-analyze security --offline=yes --threshold=35 "$unit"
		ok "it is hardened: its exposure is at most 3.5" ended 0
	else
		skip "it is hardened: its exposure is at most 3.5" "an old systemd"
	fi
else
	skip "systemd accepts the unit" "no systemd-analyze on this machine"
	skip "it is hardened: its exposure is at most 3.5" "no systemd-analyze on this machine"
fi
# The command with the unit's own values, but for the folder, and an option that ends it.
set -a
eval "$(sed -n 's/^Environment=//p' "$unit")"
export LOGS_DIRECTORY=$dir/log
mkdir "$LOGS_DIRECTORY"
command=$(sed -n 's/^ExecStart=//p' "$unit")
run timeout 5 bash -c "exec $command --replay x"
ok "iosnoop knows the options" each 'ended 2' "says '--record and --replay exclude each other'"
is "it has the capabilities of the test" "$(sed -n 's/^CapabilityBoundingSet=//p' "$unit")" \
	"$(grep -oE 'CAP_[A-Z_]+' <<<"$(sed -n 's/^# caps: //p' tests/vm/recorder.t)" | xargs)"
ok "systemctl reload begins a segment" grep -q '^ExecReload=.*kill -HUP \$MAINPID$' "$unit"

finish
