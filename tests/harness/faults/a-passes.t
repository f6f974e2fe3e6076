#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Pass: the tests after it fail, each in its own way, and must not touch the others.
# takes: 60
. "$(dirname "$0")/../../lib/tap.sh"
ok "the driver is loaded" test -c /dev/iommu
finish
