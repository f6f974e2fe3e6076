#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Crash the kernel after the first point.
# takes: 50
. "$(dirname "$0")/../../lib/tap.sh"
ok "the kernel still runs" true
sleep 1
echo c >/proc/sysrq-trigger
finish
