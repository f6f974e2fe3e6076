# SPDX-License-Identifier: GPL-2.0-only
# A terminal for tests, to be sourced after tap.sh: programs run in a window of tmux, keys are sent
# to it, and the text on its screen is compared.
#
#   screen_start COLUMNSxLINES COMMAND   a new window with a shell command in it
#   screen_end                           ends it
#   ended STATUS                         waits until the command has ended, with that status
#   keys KEY...                          presses keys, as tmux names them
#   raw HEX...                           sends bytes, for the mouse
#   press X Y, wheel up|down X Y         the mouse, from 0
#   screen                               the text on the screen
#   row N                                line N of it, from 1
#   shows REGEX                          waits until it stands there
#   lacks REGEX                          waits until it does not stand there any more
#   resize COLUMNS LINES
#
# Waiting ends after screen_patience seconds, and then prints the screen.
# shellcheck shell=bash
screen_patience=${screen_patience:-300}
screen_dir=$(mktemp -d "${TMPDIR:-/tmp}/screen.XXXXXX")
export TMUX_TMPDIR=$screen_dir
unset TMUX
# Without the settings of the user that runs the tests.
export XDG_CONFIG_HOME=$screen_dir/config

# True when something that tests need is missing; prints the reason.
screen_missing() {
	if ! command -v tmux >/dev/null; then
		echo "tmux is not installed"
	elif ! locale -a 2>/dev/null | grep -qix 'C.utf-\?8'; then
		echo "there is no locale C.UTF-8"
	else
		return 1
	fi
}

tmux_() { tmux -f /dev/null -L test "$@"; }

# The window keeps its text when the command has ended.
screen_start() {
	screen_end
	rm -f "$screen_dir/status"
	tmux_ start-server \; set-option -g default-terminal screen-256color \; \
		set-option -g status off \; set-option -s escape-time 0 \; \
		new-session -d -s test -x "${1%x*}" -y "${1#*x}" \
		"$2; echo \$? >$screen_dir/status; exec sleep 1000"
}
# A server that is still ending would take the next window with it.
screen_end() {
	local server
	server=$(terminal pid 2>/dev/null) || return 0
	tmux_ kill-server 2>/dev/null
	while [[ $server && -d /proc/$server ]]; do nap 0.02; done
}
ended() {
	local end=$((SECONDS + screen_patience))
	until [[ -s $screen_dir/status ]]; do
		((SECONDS <= end)) || { late "the command has not ended"; screen; return 1; }
		nap 0.05
	done
	[[ $(<"$screen_dir/status") == "$1" ]]
}
screen_cleanup() { screen_end; rm -rf "$screen_dir"; }

keys() { tmux_ send-keys -t test "$@"; }
raw() { tmux_ send-keys -t test -H "$@"; }
# Button, column and line in three bytes, as xterm first had it.
mouse() {
	local bytes
	printf -v bytes '%x ' $((32 + $1)) $((33 + $2)) $((33 + $3))
	# shellcheck disable=SC2086 # three words
	raw 1b 5b 4d $bytes
}
press() { mouse 0 "$1" "$2"; mouse 3 "$1" "$2"; }
wheel() { if [[ $1 == up ]]; then mouse 64 "$2" "$3"; else mouse 65 "$2" "$3"; fi; }
resize() { tmux_ resize-window -t test -x "$1" -y "$2"; }
screen() { tmux_ capture-pane -p -t test; }
coloured_screen() { tmux_ capture-pane -p -e -t test; }
row() { screen | sed -n "${1}p"; }
terminal() { tmux_ display-message -p -t test "#{$1}"; }

screen_until() {	# screen_until true|false REGEX
	local end=$((SECONDS + screen_patience)) found
	while :; do
		found=false
		if screen | grep -qE -- "$2"; then found=true; fi
		[[ $found == "$1" ]] && return
		((SECONDS <= end)) || break
		nap 0.05
	done
	late "screen: '$2' is there: $found"
	echo "'$2' is there: $found"
	screen
	return 1
}
shows() { screen_until true "$1"; }
lacks() { screen_until false "$1"; }
