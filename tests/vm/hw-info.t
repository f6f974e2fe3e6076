#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What Intel's IOMMU says of itself, and which page tables it can have.
exec "${IOMMUSCOPE_TESTS:-build/tests}/hw-info"
