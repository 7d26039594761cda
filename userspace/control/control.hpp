// SPDX-License-Identifier: GPL-2.0-or-later
// Changes the running state: attach, detach, apply. Every call takes the lock of the state directory, first mends what
// a process that died left half done, validates everything, then changes, then verifies. A call that fails has changed
// nothing that was there before.
#pragma once

#include <string>
#include <vector>

#include "core/result.hpp"
#include "model/types.hpp"

namespace weir {

struct ChangeOptions {
    bool dry_run = false;             // say what would be done, change nothing
    TcWay tc_way = TcWay::automatic;  // tests force one
    bool reload = false;              // replace the running programs by this binary's, counters kept
};

// What was (or, with dry_run, would be) done, a line each for people: "attached vnet3 (tenant web, role vnic): tcx in,
// tcx out".
// Empty means that everything was already as wanted.
struct ChangeReport {
    std::vector<std::string> lines;
    std::vector<std::string> warnings;  // for stderr
};

// Attaches each interface, or brings one that is attached to the given settings. All or none.
Result<ChangeReport> attach(const std::vector<VnicSpec>& specs, const ChangeOptions& options);

// Detaches by name (a renamed interface by its present or its old name). An interface that is not attached is an error.
// The limits of its tenant stay.
Result<ChangeReport> detach(const std::vector<std::string>& interfaces, const ChangeOptions& options);

// Detaches everything and removes every trace, limits and that of dead network namespaces too.
Result<ChangeReport> detach_all(const ChangeOptions& options);

// Makes the running state the document's: attaches, changes and detaches what differs, and sets and clears limits if
// the document says anything of limits.
Result<ChangeReport> apply(const Document& document, const ChangeOptions& options);

// Changes what `change` names of a tenant's limits and leaves the rest. With a `confirm_timeout_ns` the kernel itself
// goes back to what stood before, so long afterwards, unless confirm_limits() is called in time; while that is so, a
// further change leaves the deadline and what comes back. A tenant without attached interface may have limits; they are
// in force from its first one on.
Result<ChangeReport> set_limits(const std::string& tenant, const LimitChange& change, std::uint64_t confirm_timeout_ns,
                                const ChangeOptions& options);
Result<ChangeReport> confirm_limits(const std::string& tenant, const ChangeOptions& options);

// Removes limits. A named tenant that has none is an error.
Result<ChangeReport> clear_limits(const std::vector<std::string>& tenants, const ChangeOptions& options);
Result<ChangeReport> clear_all_limits(const ChangeOptions& options);

// The running state as a document.
Result<Document> export_document();

}  // namespace weir
