# SPDX-License-Identifier: GPL-2.0-only
# Differences between kernels, for a Kbuild file that includes this one.
#
#   port-config	the header that the probes write: every object has to depend on it
#
# The headers in port/include come before those of the kernel, which they include; so the sources
# include <linux/...> as usual and see the newest kernel's names.  The probes run once for each
# kernel, in a second: port/probe says how.
#
# PORT_FORCE='NAME=SHAPE...' contradicts the probes, for a test of the message that follows.

port-src ?= $(if $(wildcard $(src)/port/probe),$(src)/port,$(abspath $(src)/../port))
port-config := $(obj)/port-config.h

NOSTDINC_FLAGS += -I$(port-src)/include
ccflags-y += -include $(port-config)

# The flags of an object, but without the header, which is not there yet.
port-flags = $(filter-out -Wp$(comma)-MMD%,$(subst -include $(port-config),,$(c_flags)))

$(port-config): $(port-src)/probe $(port-src)/probes.h FORCE
	$(Q)$(CONFIG_SHELL) $(port-src)/probe $(port-src)/probes.h $(objtree) $@ \
		$(CC) $(port-flags)
