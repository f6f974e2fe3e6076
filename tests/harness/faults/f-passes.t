#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pass, in the machine that comes after all the failures.
# takes: 10
. "$(dirname "$0")/../../lib/tap.sh"
ok "the driver is loaded" test -c /dev/iommu
is "nothing is pinned" "$(pinned)" 0
finish
