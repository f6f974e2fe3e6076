#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# An IOMMU driver that fails to map, or to unmap. The kernel warns of the latter, once.
# vm: --mock --warning 'IOMMU driver left'
exec "${IOMMUSCOPE_TESTS:-build/tests}/stuck"
