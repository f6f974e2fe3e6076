#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The settings of iommutop's screen: what is saved and read again, what options set for one run, and
# files that cannot be used.
# takes: 15
set -u
# shellcheck source=tests/lib/tap.sh
source "$(dirname "$0")/../lib/tap.sh"
# shellcheck source=tests/lib/tmux.sh
source "$(dirname "$0")/../lib/tmux.sh"
trap screen_cleanup EXIT
if reason=$(screen_missing); then
	echo "1..0 # SKIP $reason"
	exit 0
fi
export LC_ALL=C.UTF-8
dir=$screen_dir
made_up=$PWD/build/tests/tui-made-up
file=$dir/settings

each() { local c; for c; do eval "$c" || { echo "$c"; return 1; }; done; }
# begin ARGUMENTS: the made-up screen with the file
begin() {
	screen_start 100x24 "$made_up --settings $file $1 2>$dir/err"
	shows '^F1Help' >/dev/null
}
quit() { keys q; ended 0; }
silent() { [[ ! -s $dir/err ]] || { cat "$dir/err"; return 1; }; }
has() { grep -qxF -- "$1" "$file" || { echo "no '$1' in:"; cat "$file"; return 1; }; }

# ---- saved and read ----
begin ''
quit
ok "without a change nothing is saved" each silent '[[ ! -e $file ]]'
begin '--interval 500'
keys '>' H 4 I 3 +
shows 'interval: 1s' >/dev/null
quit
ok "view, interval, order and tree are saved" each silent 'has "view = faults"' \
	'has "interval_ms = 1000"' 'has "overview.contexts.sort = limit_share"' \
	'has "overview.contexts.hide_single = no"' 'has "overview.contexts.wide = no"'
is "only its user may read the file" "$(stat -c %a "$file")" 600
begin '--interval 500'
ok "the view and the interval are there again" each 'shows "\[3 Faults\]"' 'shows "  1s$"'
keys 1
ok "so are the order and the tree" each 'shows "LIMIT↓"' 'shows " └─ ioas 1 +300M"'
keys t w I
quit
ok "a reversed order, all columns and the flat list are saved" each \
	'has "overview.contexts.sort = +limit_share"' 'has "overview.contexts.flat = yes"' \
	'has "overview.contexts.wide = yes"' 'has "view = overview"'
begin ''
ok "and read" each 'shows "LIMIT↑"' 'shows "nvme-io 812 ioas 1"' 'shows "»$"'
keys F4
keys -l leaky
keys Enter
quit
ok "filters are not" each '! grep -q leaky "$file"'

# ---- options ----
cp "$file" "$dir/before"
begin '--view devices --sort virt_pasid --interval 200 --given'
ok "options come first" each 'shows "\[4 Devices\]"' 'shows "VPASID↓"' 'shows "  200ms$"'
quit
ok "and are not saved" cmp "$file" "$dir/before"
begin '--view devices'
keys '>'
quit
ok "but what is changed then" each 'has "devices.devices.sort = +name"' 'has "view = overview"'

# ---- files that cannot be used ----
# unusable TEXT WORDS: a file with this text is left as it is, and a warning has the words
unusable() {
	printf '%b' "$1" >"$file"
	cp "$file" "$dir/before"
	begin ''
	shows "$2" >/dev/null || return 1
	keys Down '>'
	shows 'sorted by %LIM' >/dev/null || return 1
	quit || return 1
	grep -q "$2.*--no-config ignores it" "$dir/err" || { cat "$dir/err"; return 1; }
	(($(wc -l <"$dir/err") == 1)) && cmp "$file" "$dir/before"
}
ok "an unknown key" unusable 'view = faults\nsize = 3\n' "line 2: unknown key 'size'"
ok "an unknown view" unusable 'view = none\n' "line 1: invalid value of 'view'"
ok "an unknown column" unusable '\n# x\noverview.contexts.sort = -\n' \
	"line 3: invalid value of 'overview.contexts.sort'"
ok "an unknown list" unusable 'overview.lines.wide = yes\n' "line 1: unknown key"
ok "a flag that is none" unusable 'overview.contexts.wide = 1\n' "line 1: invalid value"
ok "a key of another list" unusable 'faults.lines.hide_single = yes\n' "line 1: unknown key"
ok "an interval that is too short" unusable 'interval_ms = 1\n' "line 1: invalid value"
ok "no key" unusable 'faults\n' "line 1: a line must be key = value: 'faults'"
ok "a long line" unusable "view = $(printf '%300s' x | tr ' ' x)\n" 'line 1: a line must be'
ok "control characters" unusable 'vi\033[31mew = x\n' "line 1: unknown key 'vi.\[31mew'"
rm "$file"
mkdir "$file"
begin ''
ok "a folder" shows "^cannot read the settings in $file: EINVAL; --no-config ignores them"
keys Down
quit
ok "stays there" test -d "$file"
rmdir "$file"
mkfifo "$file"
begin ''
ok "nobody waits for a FIFO" shows "cannot read the settings in $file: EINVAL"
quit
rm "$file"
ln -s target "$file"
begin ''
keys 3
quit
ok "a link is followed" each '[[ -L $file ]]' 'grep -qx "view = faults" "$dir/target"'

# ---- the tool ----
config=$dir/home/.config/iommutop/config
# replay ENVIRONMENT ARGUMENTS
replay() {
	screen_start 100x24 "$1 build/iommutop --replay tests/golden/demo.rec $2 2>$dir/err"
	shows '^F1Help' >/dev/null
}
mkdir "$dir/home"
home="env -u XDG_CONFIG_HOME HOME=$dir/home"
replay "$home" ''
keys 3 +
quit
ok "it makes the folder" each silent 'grep -qx "view = faults" "$config"'
is "which is private" "$(stat -c %a "${config%/*}")" 700
ok "the step of a recording is not saved" grep -qx 'interval_ms = 1000' "$config"
replay "$home" --no-config
ok "--no-config does not read it" shows '\[1 Overview\]'
cp "$config" "$dir/before"
keys 4
quit
ok "nor save" cmp "$config" "$dir/before"
replay "env XDG_CONFIG_HOME=$dir/xdg" ''
keys 4
quit
ok "XDG_CONFIG_HOME is its place if it is set" grep -qx 'view = devices' "$dir/xdg/iommutop/config"
$home build/iommutop --replay tests/golden/demo.rec -b -n 1 --sort areas >"$dir/out"
ok "text does not use it" each 'cmp "$config" "$dir/before"' 'grep -q leaky-vm "$dir/out"'
if ((EUID)); then
	skip "root does not write into the home of a user" "this test needs root"
else
	rm -r "${config%/*}"
	chown 65534 "$dir/home/.config"
	replay "$home" ''
	keys 3
	quit
	ok "root does not write into the home of a user" each '[[ ! -e $config ]]' \
		'grep -q "not saved: $dir/home/.config belongs to user 65534" "$dir/err"'
fi
finish
