#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cost of iosnoop for each event of the kernel's own iommufd, where a map has six programs and not
# one, beside the bpftrace script of iosnoop-cost.t: half of it at most.
# vm: --icount --upstream
# before: scripts/upstream --built
# takes: 60
share='half' parts=2
# shellcheck source=tests/vm/iosnoop-cost.t
. "$(dirname "$0")/iosnoop-cost.t"
