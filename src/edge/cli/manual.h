// Manual pages, made from the parser itself, so that they cannot fall behind.
// Always true: a page is roff for man(7) and reads the same through `man -l` and mandoc.
#pragma once

#include "edge/cli/commands.h"

namespace atl::cli {

// man [VERB…]: the page of a verb, or of the program, on standard output.
void add_manual_command(CLI::App& app, Session& session, Chosen& chosen);

}  // namespace atl::cli
