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

// What was (or, with dry_run, would be) done, a line each for people: "attached vnet3 (tenant web): tcx in, tcx out".
// Empty means that everything was already as wanted.
struct ChangeReport {
    std::vector<std::string> lines;
    std::vector<std::string> warnings;  // for stderr
};

// Attaches each interface, or brings one that is attached to the given settings. All or none.
Result<ChangeReport> attach(const std::vector<VnicSpec>& specs, const ChangeOptions& options);

// Detaches by name (a renamed interface by its present or its old name). An interface that is not attached is an error.
Result<ChangeReport> detach(const std::vector<std::string>& interfaces, const ChangeOptions& options);

// Detaches everything and removes every trace, that of dead network namespaces too.
Result<ChangeReport> detach_all(const ChangeOptions& options);

// Makes the running state the document's: attaches, changes and detaches what differs.
Result<ChangeReport> apply(const Document& document, const ChangeOptions& options);

// The running state as a document.
Result<Document> export_document();

}  // namespace weir
