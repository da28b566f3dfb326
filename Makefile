# benchtop - build, test, install.
#
#   make            the program: build/release/benchtop (needs ncursesw, libcurl, cJSON)
#   make demo       the dashboard on the built-in simulated server (also builds benchtop-sim)
#   make test       unit, integration and real-terminal tests
#   make sanitize   the same tests under ASan+UBSan and TSan
#   make lint fuzz bench man install uninstall clean deps
#
# VARIANT=release|asan|tsan chooses flags; every variant has its own directory below build/.

VERSION  := 0.1.0
VARIANT  ?= release
PREFIX   ?= /usr/local
DESTDIR  ?=
CC       ?= gcc
BUILD    ?= build/$(VARIANT)

WARN     := -Wall -Wextra -Wshadow -Wstrict-prototypes -Wconversion $(WERROR)
BASE     := -std=gnu17 -D_GNU_SOURCE -DBENCHTOP_VERSION='"$(VERSION)"' -g -MMD -MP -fstack-protector-strong -pthread
OPT_release := -O2 -D_FORTIFY_SOURCE=2
OPT_asan    := -O1 -fno-omit-frame-pointer -fsanitize=address,undefined -fno-sanitize-recover=undefined
OPT_tsan    := -O1 -fno-omit-frame-pointer -fsanitize=thread
CFLAGS   ?=
ALL_CFLAGS := $(BASE) $(WARN) $(OPT_$(VARIANT)) $(CFLAGS)
LDFLAGS_VARIANT := $(filter -fsanitize=%,$(OPT_$(VARIANT))) -pthread $(LDFLAGS)

pc = $(shell pkg-config --silence-errors $(1) $(2))
CURSES_LIBS := $(or $(call pc,--libs,ncursesw),-lncursesw -ltinfo)
CURSES_CFLAGS := $(call pc,--cflags,ncursesw)
ENGINE_LIBS := $(or $(call pc,--libs,libcurl),-lcurl) $(or $(call pc,--libs,libcjson),-lcjson) $(or $(call pc,--libs,libpcre2-8),-lpcre2-8) -lm
TEST_LIBS   := -lcmocka
SIM_LIBS    := -lmicrohttpd $(or $(call pc,--libs,libcjson),-lcjson) $(or $(call pc,--libs,libpcre2-8),-lpcre2-8) -lm

ENGINE_SRC := $(sort $(wildcard engine/*/*.c))
TUI_SRC    := $(sort $(filter-out tui/main.c,$(wildcard tui/*.c tui/draw/*.c tui/screen/*.c tui/term/*.c)))
SIM_SRC    := $(sort $(wildcard tests/sim/*.c))
PEER_SRC   := $(sort $(filter-out tests/peer/main.c,$(wildcard tests/peer/*.c)))
GOLDEN_SRC := $(sort $(wildcard tests/golden/*.c))
UNIT_SRC   := $(sort $(wildcard tests/unit/test_*.c))
BENCH_SRC  := $(sort $(wildcard tests/bench/*.c))
SHIM_SRC   := $(sort $(wildcard tests/e2e/*.c))
TOOL_SRC   := $(sort $(wildcard tests/tools/*.c))
TRACKS     := $(sort $(wildcard engine/tracks/*.json))
THEMES     := $(sort $(wildcard themes/*.theme))

obj = $(patsubst %.c,$(BUILD)/obj/%.o,$(1))
GEN_OBJ    := $(BUILD)/gen/embedded_tracks.o $(BUILD)/gen/embedded_themes.o
ENGINE_LIB := $(BUILD)/libengine.a
TUI_LIB    := $(BUILD)/libtui.a
UNIT_BIN   := $(patsubst tests/unit/%.c,$(BUILD)/unit/%,$(UNIT_SRC))
SHIM_SO    := $(patsubst tests/e2e/%.c,$(BUILD)/e2e/%.so,$(SHIM_SRC))
TOOL_BIN   := $(patsubst tests/tools/%.c,$(BUILD)/tools/%,$(TOOL_SRC))
BENCH_BIN  := $(patsubst tests/bench/%.c,$(BUILD)/bench/%,$(BENCH_SRC))

.PHONY: all demo test test-build deps deps-build deps-demo deps-test deps-lint sanitize asan tsan lint fuzz bench \
	install uninstall man clean format
.DEFAULT_GOAL := all
.DELETE_ON_ERROR:
.SECONDARY:

all: $(BUILD)/benchtop $(BUILD)/dsr1_benchmark

# ---- objects -------------------------------------------------------------------------------------------------------
$(BUILD)/obj/%.o: %.c
	@mkdir -p $(@D)
	@echo "  CC  $<"
	@$(CC) $(ALL_CFLAGS) $(if $(filter tui/term/%,$<),$(CURSES_CFLAGS)) -c $< -o $@

# Tracks and themes become part of the program: data by .incbin, a table of names and lengths in C.
# $(1) = tracks|themes, $(2) = files, $(3) = suffix
define embed
$(BUILD)/gen/embedded_$(1).c: $(2) Makefile
	@mkdir -p $$(@D)
	@{ echo '#include "engine/plan/track.h"'; \
	  i=0; for f in $(2); do echo "extern const char embed_$(1)_$$$$i[];"; i=$$$$((i+1)); done; \
	  echo 'extern const struct embedded_file embedded_$(1)[];'; \
	  echo 'const struct embedded_file embedded_$(1)[] = {'; \
	  i=0; for f in $(2); do n=$$$$(basename $$$$f $(3)); \
	    echo "	{\"$$$$n\", embed_$(1)_$$$$i, $$$$(wc -c < $$$$f)},"; i=$$$$((i+1)); done; \
	  echo '	{0, 0, 0}};'; } > $$@
$(BUILD)/gen/embedded_$(1)_data.S: $(2) Makefile
	@mkdir -p $$(@D)
	@{ echo '	.section .rodata'; i=0; for f in $(2); do \
	    printf '\t.global embed_$(1)_%d\n\t.balign 16\nembed_$(1)_%d:\n\t.incbin "%s"\n\t.byte 0\n' $$$$i $$$$i $$$$f; i=$$$$((i+1)); done; \
	  echo '	.section .note.GNU-stack,"",%progbits'; } > $$@
$(BUILD)/gen/embedded_$(1).o: $(BUILD)/gen/embedded_$(1).c $(BUILD)/gen/embedded_$(1)_data.S
	@echo "  GEN $(1)"
	@$(CC) $(ALL_CFLAGS) -I. -c $$< -o $$@.1 && $(CC) -c $(BUILD)/gen/embedded_$(1)_data.S -o $$@.2 && \
	  $(CC) -nostdlib -r $$@.1 $$@.2 -o $$@ && rm -f $$@.1 $$@.2
endef
$(eval $(call embed,tracks,$(TRACKS),.json))
$(eval $(call embed,themes,$(THEMES),.theme))

$(ENGINE_LIB): $(call obj,$(ENGINE_SRC)) $(BUILD)/gen/embedded_tracks.o
	@rm -f $@ && ar rcs $@ $^
$(TUI_LIB): $(call obj,$(TUI_SRC)) $(BUILD)/gen/embedded_themes.o
	@rm -f $@ && ar rcs $@ $^

$(BUILD)/benchtop: $(call obj,tui/main.c) $(TUI_LIB) $(ENGINE_LIB)
	@echo "  LD  $@"
	@$(CC) $(LDFLAGS_VARIANT) -o $@ $(call obj,tui/main.c) $(TUI_LIB) $(ENGINE_LIB) $(CURSES_LIBS) $(ENGINE_LIBS)
$(BUILD)/dsr1_benchmark: $(BUILD)/benchtop
	@ln -sf benchtop $@
# The tokenizer as one object that shows nothing but itself: engine and simulator have names in common.
$(BUILD)/simtokens.o: $(call obj,$(sort $(wildcard engine/tokenizer/*.c))) $(ENGINE_LIB)
	@$(CC) -nostdlib -r -o $@ $^
	@objcopy -w --keep-global-symbol='tokenizer_*' --keep-global-symbol='token_ids_*' $@
$(BUILD)/benchtop-sim: $(call obj,$(SIM_SRC)) $(BUILD)/simtokens.o
	@echo "  LD  $@"
	@$(CC) $(LDFLAGS_VARIANT) -o $@ $^ $(SIM_LIBS)
$(BUILD)/benchtop-peer: $(call obj,tests/peer/main.c $(PEER_SRC))
	@echo "  LD  $@"
	@$(CC) $(LDFLAGS_VARIANT) -o $@ $^ -lm

# ---- demo ----------------------------------------------------------------------------------------------------------
demo: deps-demo
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j2) $(BUILD)/benchtop $(BUILD)/benchtop-sim
	@exec $(BUILD)/benchtop --demo $(ARGS)

# ---- tests ---------------------------------------------------------------------------------------------------------
$(BUILD)/unit/%: $(BUILD)/obj/tests/unit/%.o $(TUI_LIB) $(ENGINE_LIB) $(call obj,$(PEER_SRC) $(GOLDEN_SRC) tests/sim/simtext.c $(wildcard tests/sim/democorpus.c))
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(LDFLAGS_VARIANT) -o $@ $< $(call obj,$(PEER_SRC) $(GOLDEN_SRC) tests/sim/simtext.c $(wildcard tests/sim/democorpus.c)) \
	  $(TUI_LIB) $(ENGINE_LIB) $(CURSES_LIBS) $(ENGINE_LIBS) $(TEST_LIBS)
$(BUILD)/e2e/%.so: tests/e2e/%.c
	@mkdir -p $(@D)
	@$(CC) -std=gnu17 -D_GNU_SOURCE -O2 $(WARN) -shared -fPIC -o $@ $< -ldl
$(BUILD)/tools/%: $(BUILD)/obj/tests/tools/%.o $(ENGINE_LIB)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(LDFLAGS_VARIANT) -o $@ $< $(ENGINE_LIB) $(ENGINE_LIBS)

test-build: $(BUILD)/benchtop $(BUILD)/dsr1_benchmark $(BUILD)/benchtop-sim $(BUILD)/benchtop-peer $(UNIT_BIN) $(SHIM_SO) \
	$(TOOL_BIN)

# -j2 unless the caller chose; the runner closes with "N passed, N failed".
test: deps-test
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j2) test-build
	@BUILD=$(BUILD) tests/run $(T)

asan tsan:
	@$(MAKE) --no-print-directory VARIANT=$@ test
sanitize: deps-test
	@$(MAKE) --no-print-directory VARIANT=asan test
	@$(MAKE) --no-print-directory VARIANT=tsan test

# ---- benchmarks, fuzzing, lint ---------------------------------------------------------------------------------------
$(BUILD)/bench/%: $(BUILD)/obj/tests/bench/%.o $(TUI_LIB) $(ENGINE_LIB)
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@$(CC) $(LDFLAGS_VARIANT) -o $@ $< $(TUI_LIB) $(ENGINE_LIB) $(CURSES_LIBS) $(ENGINE_LIBS)
bench: deps-test
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j2) $(BENCH_BIN) $(BUILD)/benchtop $(BUILD)/benchtop-sim \
	  $(BUILD)/benchtop-peer
	@BUILD=$(BUILD) tests/bench/run

# The engine once with clang's coverage and sanitizers, each harness linked with it; T=NAME runs only those.
FUZZ_SRC := $(sort $(wildcard tests/fuzz/fuzz_*.c))
FUZZ_SECONDS ?= 20
FUZZ_SAN := -O1 -fno-omit-frame-pointer -fno-sanitize-recover=undefined
build/fuzz/bin/%: tests/fuzz/%.c tests/fuzz/fuzz.h build/fuzz/libengine.a
	@mkdir -p $(@D)
	@echo "  LD  $@"
	@clang $(filter-out -MMD -MP,$(BASE)) $(WARN) $(FUZZ_SAN) -fsanitize=fuzzer,address,undefined -o $@ $< \
	  build/fuzz/libengine.a $(ENGINE_LIBS)
fuzz: deps-lint
	@$(MAKE) --no-print-directory $(if $(filter -j%,$(MAKEFLAGS)),,-j2) CC=clang VARIANT=fuzz BUILD=build/fuzz \
	  OPT_fuzz='$(FUZZ_SAN) -fsanitize=fuzzer-no-link,address,undefined' $(patsubst tests/fuzz/%.c,build/fuzz/bin/%,$(FUZZ_SRC))
	@FUZZ_SECONDS=$(FUZZ_SECONDS) tests/fuzz/run $(T)

LINT_SRC := $(ENGINE_SRC) $(TUI_SRC) tui/main.c $(SIM_SRC) $(PEER_SRC) tests/peer/main.c
FORMAT_SRC := $(shell git ls-files '*.c' '*.h' 2>/dev/null)
format:
	@clang-format -i $(FORMAT_SRC)
lint: deps-lint
	@echo "  clang-format --dry-run"
	@clang-format --dry-run -Werror $(FORMAT_SRC)
	@echo "  cppcheck"
	@cppcheck --quiet --std=c11 --error-exitcode=1 --enable=warning,performance,portability --inline-suppr \
	  --suppress=missingIncludeSystem --suppress=checkersReport -D_GNU_SOURCE -DBENCHTOP_VERSION='"x"' -j2 $(LINT_SRC)
	@echo "  clang-tidy"
	@printf '%s\n' $(ENGINE_SRC) $(TUI_SRC) tui/main.c | xargs -P2 -n4 sh -c 'clang-tidy --quiet --warnings-as-errors="*" "$$@" -- \
	  $(filter-out -MMD -MP -g -DBENCHTOP_VERSION%,$(BASE)) -DBENCHTOP_VERSION=\"$(VERSION)\" 2>/dev/null' lint
	@echo "  clang builds it without a warning"
	@$(MAKE) --no-print-directory CC=clang BUILD=build/clang WERROR=-Werror build/clang/benchtop

# ---- packages --------------------------------------------------------------------------------------------------------
# Installs what is missing when root; else names the command. $(call need,packages,test command)
APT_BUILD := gcc make pkg-config libncurses-dev libcurl4-openssl-dev libcjson-dev libpcre2-dev
APT_DEMO  := $(APT_BUILD) libmicrohttpd-dev
APT_TEST  := $(APT_DEMO) libcmocka-dev tmux python3 procps
APT_LINT  := $(APT_TEST) clang clang-tidy clang-format cppcheck git
need = @missing=; for p in $(1); do dpkg-query -W -f='$${Status}' $$p 2>/dev/null | grep -q 'ok installed' || missing="$$missing $$p"; done; \
	if [ -z "$$missing" ]; then :; \
	elif ! command -v apt-get >/dev/null; then echo "benchtop: not a Debian or Ubuntu system: please install the equivalents of$$missing" >&2; \
	elif [ "$$(id -u)" = 0 ]; then echo "benchtop: installing$$missing"; \
	  { apt-get install -y -qq --no-install-recommends $$missing >/dev/null 2>&1 || { apt-get update -qq && \
	    DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $$missing >/dev/null; }; } || \
	    { echo "benchtop: could not install$$missing" >&2; exit 1; }; \
	else echo "benchtop: packages are missing; run: sudo apt-get install$$missing" >&2; exit 1; fi
deps: deps-lint
deps-build: ; $(call need,$(APT_BUILD))
deps-demo: ; $(call need,$(APT_DEMO))
deps-test: ; $(call need,$(APT_TEST))
deps-lint: ; $(call need,$(APT_LINT))

# ---- install ---------------------------------------------------------------------------------------------------------
# The manual page is made by the program of its own tables.
$(BUILD)/benchtop.1: $(BUILD)/benchtop
	@$(BUILD)/benchtop help --man > $@
man: $(BUILD)/benchtop.1

SHARE = $(DESTDIR)$(PREFIX)/share
install: all man
	install -d $(DESTDIR)$(PREFIX)/bin $(SHARE)/benchtop/themes $(SHARE)/benchtop/tracks $(SHARE)/man/man1 \
	  $(SHARE)/bash-completion/completions $(SHARE)/zsh/site-functions
	install -m 755 $(BUILD)/benchtop $(DESTDIR)$(PREFIX)/bin/benchtop
	ln -sf benchtop $(DESTDIR)$(PREFIX)/bin/dsr1_benchmark
	install -m 644 $(THEMES) $(SHARE)/benchtop/themes
	install -m 644 $(TRACKS) $(SHARE)/benchtop/tracks
	install -m 644 $(BUILD)/benchtop.1 $(SHARE)/man/man1/benchtop.1
	ln -sf benchtop.1 $(SHARE)/man/man1/dsr1_benchmark.1
	install -m 644 contrib/benchtop.bash $(SHARE)/bash-completion/completions/benchtop
	ln -sf benchtop $(SHARE)/bash-completion/completions/dsr1_benchmark
	install -m 644 contrib/_benchtop $(SHARE)/zsh/site-functions/_benchtop
	if [ -x $(BUILD)/benchtop-sim ]; then install -m 755 $(BUILD)/benchtop-sim $(DESTDIR)$(PREFIX)/bin/benchtop-sim; fi
uninstall:
	rm -f $(DESTDIR)$(PREFIX)/bin/benchtop $(DESTDIR)$(PREFIX)/bin/dsr1_benchmark $(DESTDIR)$(PREFIX)/bin/benchtop-sim
	rm -f $(SHARE)/man/man1/benchtop.1 $(SHARE)/man/man1/dsr1_benchmark.1 $(SHARE)/zsh/site-functions/_benchtop
	rm -f $(SHARE)/bash-completion/completions/benchtop $(SHARE)/bash-completion/completions/dsr1_benchmark
	rm -rf $(SHARE)/benchtop
clean:
	rm -rf build

-include $(shell find $(BUILD) -name '*.d' 2>/dev/null)
