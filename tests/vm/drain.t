#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Page requests of PASIDs whose page tables come and go.
# vm: --mock --smp 2 --append preempt=full
exec "${IOMMUSCOPE_TESTS:-build/tests}/drain"
