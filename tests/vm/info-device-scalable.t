#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What devices behind Intel's IOMMU are, in scalable mode.
# vm: --scalable
exec "${IOMMUSCOPE_TESTS:-build/tests}/info-device"
