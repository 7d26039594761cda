#include "collect/collect.hpp"
#include "collect/load.hpp"
#include "collect/noisy.hpp"
#include "top/source.hpp"

namespace weir::top {
namespace {

class Live : public Source {
public:
    explicit Live(const std::string& selector) : reader_(selector) {}
    Result<void> loads(LoadSnapshot& snapshot) override { return reader_.read(snapshot); }
    Result<FlowSnapshot> flows(const std::string& tenant) override { return collect_flows(tenant); }
    Result<noisy::Window> pulses() override { return collect_pulses(noisy_look_back_slots); }

private:
    LoadReader reader_;
};

}  // namespace

std::unique_ptr<Source> live_source(const std::string& selector) { return std::make_unique<Live>(selector); }

}  // namespace weir::top
