#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What devices behind Intel's IOMMU are, against its registers, sysfs, and an IOAS.
exec "${IOMMUSCOPE_TESTS:-build/tests}/info-device"
