#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Numbers by which a guest knows PASIDs, given to queues of the mock's mediated driver.
# vm: --mock --smp 2 --append preempt=full
exec "${IOMMUSCOPE_TESTS:-build/tests}/vpasid"
