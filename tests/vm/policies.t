#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The policies of bpf/policies, each by what it lets through and refuses, and the example of
# iommufd-policy(7), compiled with the compile line of the page.
# vm: --mock --smp 2
# before: tests/man-example
. "$(dirname "$0")/../lib/tap.sh"
include "$tests/policies" "$tests/man-example/filelimit.bpf.o"
include "$tests/policies-device"
finish
