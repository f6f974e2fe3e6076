#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Cutting areas with what only the software IOMMU has: dma-bufs, and accesses that pin.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/type1-mock"
