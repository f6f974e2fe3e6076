#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Do not end in time.
# timeout: 3
# takes: 40
. "$(dirname "$0")/../../lib/tap.sh"
sleep 100000
finish
