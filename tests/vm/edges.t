#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Addresses at the ends of all there is, and unmaps that are refused on the way.
# vm: --mock
. "$(dirname "$0")/../lib/tap.sh"
include "$tests/iova-edge"
include "$tests/unmap-error"
finish
