#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Policies as such: what each hook is asked, what its answer does, who is asked in which order, and
# what is counted.
# vm: --mock --smp 2
. "$(dirname "$0")/../lib/tap.sh"
include "$tests/policy-hooks"
include "$tests/policy-deny"
include "$tests/policy-order"
include "$tests/policy-counts"
include "$tests/policy-totals"
finish
