#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Queues of events are released and destroyed, or taken back half made, while others use them.
# vm: --mock --smp 2 --append preempt=full
exec "${IOMMUSCOPE_TESTS:-build/tests}/queue-race"
