#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Devices without IOMMU: who may bind one, what is pinned for it, and where that is.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/noiommu"
