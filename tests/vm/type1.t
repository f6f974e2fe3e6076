#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# VFIO's type1 and type1v2 ioctls on /dev/iommu: arguments, errors, cutting, accounting.
exec "${IOMMUSCOPE_TESTS:-build/tests}/type1"
