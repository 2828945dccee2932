# SPDX-License-Identifier: GPL-2.0
#
# What a person types. All logic is in scripts/; what is built into the module is in Kbuild.
#
#   make KDIR=<built kernel tree>    builds for another kernel that has Rust, with this machine's tools
#   make NSMUX_FIRST_LEVEL=noop      compiles the first level out: there is one namespace, the initial one
#   make KERNEL_VERSION=<version>    uses this kernel of the distribution's backports, not the newest
#   make bench HOST=1                measures on the running kernel, which has Rust; asks before it loads a module
#   NSMUX_CACHE=<directory>          keeps what is made once there, not in ~/.cache/nsmux

export KERNEL_VERSION NSMUX_FIRST_LEVEL

RUN := scripts/bootstrap
N ?= 200
MODE ?= observe
PREFIX ?= /usr/local

all: ## build nsmux.ko (the default)
ifdef KDIR
	@python3 scripts/build_module.py --kernel-tree '$(KDIR)'
else
	@$(RUN) scripts/build_module.py
endif

tool: ## build the command-line tool, build/tool/nsmux
	@$(RUN) scripts/build_tool.py

install: ## install the tool, its manual pages and completions (PREFIX=/usr/local, DESTDIR=)
	@$(RUN) scripts/build_tool.py --install '$(PREFIX)' --destination '$(DESTDIR)'

uninstall: ## remove what was installed (PREFIX=/usr/local, DESTDIR=)
	@python3 scripts/build_tool.py --uninstall '$(PREFIX)' --destination '$(DESTDIR)'

demo: ## build, boot the stock kernel in QEMU and show nsmux at work (N=200 namespaces, MODE=observe)
	@$(RUN) scripts/run_demo.py '$(N)' '$(MODE)'

test: ## build, boot and run all tests (T=<name>... runs some)
	@$(RUN) scripts/run_tests.py $(T)

test-debug: ## run the tests on a kernel with KASAN, lockdep and kmemleak, built once (T=<name>...)
	@$(RUN) scripts/run_debug_tests.py $(T)

test-upstream: ## run the kernel's own selftests without nsmux and with it (T=<name>..., MODES=none,verify,steer, RECORD=1)
	@$(RUN) scripts/run_upstream_tests.py $(T) $(if $(MODES),--modes '$(MODES)') $(if $(RECORD),--record)

bench: ## take the time of lookups, of packets with nsmux and without, and of the designs of 2006 (T=native, T=designs)
ifdef HOST
	@python3 scripts/bench_host.py $(T)
else
	@$(RUN) scripts/bench.py $(T)
endif

bench-quick: ## count the instructions that nsmux adds to a packet's path, beside its peers
	@$(RUN) scripts/bench_quick.py

bench-record: ## the same, and record the figures as what it may cost from now on
	@$(RUN) scripts/bench_quick.py --record

bench-where: ## show which functions execute the instructions of a packet (WHERE='--kind udp ...')
	@$(RUN) scripts/bench_where.py $(WHERE)

profile: ## draw where the time of receiving packets goes, natively (PROFILE='--kinds udp syn ...')
	@$(RUN) scripts/bench_profile.py $(PROFILE)

bench-bounds: ## count how long one request holds up others, with 10,000 namespaces
	@$(RUN) scripts/bench_bounds.py

bench-memory: ## weigh what a namespace costs
	@$(RUN) scripts/bench_memory.py

mutants: ## break module and tool in many ways and show the test that notices each
	@$(RUN) scripts/mutants.py

shell: ## open a shell in the guest, with the module loaded and a few namespaces ready
	@$(RUN) scripts/open_shell.py

check: ## check formatting, lints, documentation comments and licence lines
	@$(RUN) scripts/check.py

doc: ## build the documentation as HTML, and the Rust documentation
	@$(RUN) scripts/make_documentation.py

clean: ## remove what was built in this directory
	@$(RUN) scripts/clean.py

distclean: clean ## remove the cache with the build root, the kernel and the guest too
	@$(RUN) scripts/clean.py --cache

help: ## show this list
	@sed -n 's/^\([a-z-]*\):.*## /\1\t/p' $(firstword $(MAKEFILE_LIST)) | expand -t 14

.PHONY: all tool install uninstall demo test test-debug test-upstream bench bench-quick bench-record \
	bench-where profile bench-bounds bench-memory mutants shell check doc clean distclean help
