#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# vm/iommutop-screen on the kernel's own iommufd, with what that driver shows.
# vm: --smp 2 --upstream
# before: scripts/upstream --built
# takes: 20
export SCREEN_SOURCE=upstream
exec "$(dirname "$0")/iommutop-screen.t"
