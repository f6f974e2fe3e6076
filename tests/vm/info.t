#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# IOMMU_EXT_DEVICE_INFO and IOMMU_EXT_PT_INFO on the mock's devices.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/info"
