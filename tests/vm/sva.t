#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The page table of a process, shared with a device: its memory, its end, and races for it.
# vm: --mock --smp 2 --append preempt=full
. "$(dirname "$0")/../lib/tap.sh"
include "$tests/sva"
include "$tests/sva-life"
include "$tests/sva-storm"
finish
