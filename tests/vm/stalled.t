#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Calls that stand still at user memory: what others may do meanwhile.
# vm: --mock --smp 2
exec "${IOMMUSCOPE_TESTS:-build/tests}/stalled"
