#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Refusals, each with its line in the log and its event.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/refuse"
