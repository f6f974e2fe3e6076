#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# What PASIDs and shared page tables are, and whether what a device is said to do can be done.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/info-sva"
