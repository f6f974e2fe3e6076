#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The completions that tools/optgen makes are valid in their shells, and complete options and their
# values. The tests of each tool check that they have all options.
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/cli.sh
source "$(dirname "$0")/../lib/cli.sh"

for tool in iosnoop iommutop iopolicy; do
	run bash -n build/completions/$tool.bash
	ok "$tool: bash accepts its completion" each 'ended 0' 'silent err'
done
# A shell that is not installed is skipped.
check_syntax() {
	local shell=$1 file=$2 name="${2##*/}: $1 accepts the completion"

	if command -v "$shell" >/dev/null; then
		run "$shell" -n "$file"
		ok "$name" each 'ended 0' 'silent err'
	else
		skip "$name" "no $shell on this machine"
	fi
}
for tool in iosnoop iommutop iopolicy; do
	check_syntax zsh build/completions/_$tool
	check_syntax fish build/completions/$tool.fish
done

# complete LINE: the words that fish offers for the last word of a command line
complete() {
	fish --no-config -c "source build/completions/${1%% *}.fish; complete -C '$1'" |
		cut -f1 | sort | xargs
}
if command -v fish >/dev/null; then
	is "fish completes an option" "$(complete 'iosnoop --strict --min-l')" \
		"--min-latency --min-len"
	is "fish completes a word" "$(complete 'iommutop --view fau')" faults
	is "fish completes a list" "$(complete 'iosnoop --fields user')" user_va
	is "fish completes a command" "$(complete 'iopolicy re')" replace
	is "fish completes the options of a command" \
		"$(complete 'iopolicy replace --ke') $(complete 'iopolicy load --ke')" \
		"--keep-maps "
else
	for what in "an option" "a word" "a list" "a command" \
		"the options of a command"; do
		skip "fish completes $what" "no fish on this machine"
	done
fi
finish
