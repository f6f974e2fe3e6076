#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Page tables of PASIDs, by what DMA with each of them reaches.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/pasid"
