#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Addresses at the ends of all there is, unmaps that are refused on the way, sizes without sense,
# and bytes that nobody has set.
# vm: --mock
. "$(dirname "$0")/../lib/tap.sh"
include "$tests/iova-edge"
include "$tests/unmap-error"
include "$tests/bounds"
include "$tests/padding"
finish
