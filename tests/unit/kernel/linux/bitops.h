/* SPDX-License-Identifier: GPL-2.0-only */
#include "tests/unit/kernel/shim.h"
