// SPDX-License-Identifier: GPL-2.0-or-later
#include "cli/program.hpp"

int main(int argc, char** argv) { return weir::cli::run(argc, argv); }
