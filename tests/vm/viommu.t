#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Virtual IOMMUs: VDEVICEs that go with their device, hardware queues' memory, mapped registers.
# vm: --mock --smp 2 --append preempt=full
exec "${IOMMUSCOPE_TESTS:-build/tests}/viommu"
