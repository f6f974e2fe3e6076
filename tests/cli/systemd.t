#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The systemd units: systemd accepts them, their options are those of the tools, and they have no
# more capabilities than the tests that run the same commands with these.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"
for unit in systemd/*.in; do
	sed "s,@SBINDIR@,$PWD/build," "$unit" >"$dir/$(basename "${unit%.in}")"
done
# The command of a unit, with its own values but for the folders.
command_of() {
	(
		set -a
		eval "$(sed -n 's/^Environment=//p' "$1")"
		export LOGS_DIRECTORY=$dir/log RUNTIME_DIRECTORY=$dir/run
		eval "echo \"$(sed -n 's/^ExecStart=//p' "$1")\""
	)
}
caps_of() { sed -n 's/^CapabilityBoundingSet=//p' "$1"; }
caps_in() { grep -oE 'CAP_[A-Z_]+' <<<"$(sed -n 's/^# caps: //p' "$1")" | xargs; }
mkdir "$dir/log" "$dir/run"

for unit in "$dir"/*.service; do
	name=${unit##*/}
	if ! command -v systemd-analyze >/dev/null; then
		skip "$name: systemd accepts it" "no systemd-analyze on this machine"
		skip "$name: its exposure is at most 4.0" "no systemd-analyze on this machine"
		continue
	fi
	run systemd-analyze verify --man=no "$unit"
	ok "$name: systemd accepts it" each 'ended 0' "lacks ${name%.service}"
	if systemd-analyze security --help 2>/dev/null | grep -q -- --offline; then
		run systemd-analyze security --offline=yes --threshold=40 "$unit"
		ok "$name: its exposure is at most 4.0" ended 0
	else
		skip "$name: its exposure is at most 4.0" "an old systemd"
	fi
done

record=$dir/iosnoop-record.service
run timeout 5 bash -c "exec $(command_of "$record") --replay x"
ok "iosnoop knows the options" each 'ended 2' "says '--record and --replay exclude each other'"
is "the recorder has the capabilities of its test" "$(caps_of "$record")" \
	"$(caps_in tests/vm/recorder.t)"
ok "systemctl reload begins a segment" \
	grep -qx "ExecReload=/bin/sh -c 'kill -HUP \$MAINPID'" "$record"

metrics=$dir/iommutop-metrics.service
run timeout 5 bash -c "exec $(command_of "$metrics") --bogus"
ok "iommutop knows the options" each 'ended 2' "says \"unknown option '--bogus'\""
is "the metrics have the capabilities of their test" "$(caps_of "$metrics")" \
	"$(caps_in tests/vm/recorder.t)"
ok "the exporter's folder gets a link, for as long as the unit runs" each \
	'grep -qF "/ln -sfn \${RUNTIME_DIRECTORY}/iommufd.prom" "$metrics"' \
	'grep -q "^ExecStopPost=.*/rm -f" "$metrics"'

policy=$dir/iopolicy.service
run timeout 5 bash -c "exec $(command_of "$policy") --bogus"
ok "iopolicy knows the command" each 'ended 2' "says \"unknown option '--bogus'\""
is "apply has the capabilities of its test" "$(caps_of "$policy")" \
	"$(caps_in tests/vm/policy-folder.t)"
ok "boot does not wait for it forever" grep -qE '^TimeoutStartSec=[1-9][0-9]?$' "$policy"
# Once for each load: udev reports a device more often.
ok "it runs again each time that the module is loaded" each \
	'! grep -q RemainAfterExit "$policy"' \
	'grep -qx RemainAfterExit=yes "$dir/iopolicy-module.service"' \
	'grep -qx BindsTo=dev-iommu.device "$dir/iopolicy-module.service"' \
	'grep -q "SYSTEMD_WANTS.*iopolicy-module.service" systemd/60-iommufd.rules'
finish
