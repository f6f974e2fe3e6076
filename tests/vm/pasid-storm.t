#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# 1000 random sequences of operations on 64 PASIDs, with DMA that knows what it must find.
# vm: --mock --smp 2 --append preempt=full
exec "${IOMMUSCOPE_TESTS:-build/tests}/pasid-storm"
