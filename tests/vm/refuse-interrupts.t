#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# A machine that does not remap interrupts: devices are not bound, unless that is asked for.
# vm: --append intremap=off
exec "${IOMMUSCOPE_TESTS:-build/tests}/refuse" interrupts
