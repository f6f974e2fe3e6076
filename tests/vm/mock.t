#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# The software IOMMU: DMA, PASIDs, page tables of guests, dirty bits, page requests, failures.
# vm: --mock --smp 2
exec "${IOMMUSCOPE_TESTS:-build/tests}/mock"
