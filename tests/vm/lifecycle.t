#!/usr/bin/env bash
# SPDX-License-Identifier: GPL-2.0-only
# Ends of all kinds: close, kill, fork, memory given up. Nothing may stay pinned.
exec "${IOMMUSCOPE_TESTS:-build/tests}/lifecycle"
