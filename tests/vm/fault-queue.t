#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Page requests that outlive their attachment, late answers, and reads that take a part.
# vm: --mock --smp 2
. "$(dirname "$0")/../lib/tap.sh"
include "$tests/fault-queue"
include "$tests/fault-read"
finish
