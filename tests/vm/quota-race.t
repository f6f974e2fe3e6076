#!/bin/sh
# SPDX-License-Identifier: GPL-2.0-only
# vm: --mock
exec build/tests/quota-race
