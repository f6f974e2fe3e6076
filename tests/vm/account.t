#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Accounting of pinned memory in all three modes, to the page.
exec "${IOMMUSCOPE_TESTS:-build/tests}/account"
