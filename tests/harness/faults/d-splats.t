#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pass, but make the kernel's log look as if the kernel had complained, and leave a process.
# takes: 30
. "$(dirname "$0")/../../lib/tap.sh"
echo 'WARNING: planted by a test' >/dev/kmsg
setsid sleep 100000 &
# It is to be named after its program.
until [[ $(</proc/$!/comm) == sleep ]]; do sleep 0.1; done
ok "a complaint is in the log" true
finish
