#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Dirty tracking: what a device of the mock has written to is reported, once, and nothing is lost.
# vm: --mock
exec "${IOMMUSCOPE_TESTS:-build/tests}/dirty"
