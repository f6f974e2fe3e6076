#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Random operations on mock devices give the same results as on the kernel's own driver and mock of
# Linux 7.3, which recorded the hashes.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/fuzz-mock-ops" --check tests/fuzz/mock-ops.expected
