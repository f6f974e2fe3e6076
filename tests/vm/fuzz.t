#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Random operations give the same results as on the kernel's own driver, which recorded the hashes.
exec "${IOMMUSCOPE_TESTS:-build/tests}/fuzz-ops" --check tests/fuzz/ops.expected
