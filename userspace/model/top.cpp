// SPDX-License-Identifier: GPL-2.0-or-later
#include "model/top.hpp"

#include <algorithm>

namespace weir {
namespace {

LoadSort next_sort(LoadSort sort, std::size_t steps) {
    const auto* const found = std::ranges::find(load_sorts, sort);
    const auto at = static_cast<std::size_t>(found - load_sorts.begin());
    return load_sorts.at((at + steps) % load_sorts.size());
}

void append_utf8(std::string& text, char32_t letter) {
    if (letter < 0x80) {
        text += static_cast<char>(letter);
    } else if (letter < 0x800) {
        text += static_cast<char>(0xc0 | letter >> 6);
        text += static_cast<char>(0x80 | (letter & 0x3f));
    } else if (letter < 0x10000) {
        text += static_cast<char>(0xe0 | letter >> 12);
        text += static_cast<char>(0x80 | (letter >> 6 & 0x3f));
        text += static_cast<char>(0x80 | (letter & 0x3f));
    }
}

// The last character, however many bytes it has.
void drop_last(std::string& text) {
    while (!text.empty() && (static_cast<unsigned char>(text.back()) & 0xc0) == 0x80)
        text.pop_back();
    if (!text.empty()) text.pop_back();
}

// While a filter is typed, the list follows each letter.
void type(TopState& state, const TopKey& key) {
    std::string& typed = *state.typed;
    switch (key.kind) {
    case TopKey::enter:
        state.typed.reset();
        return;
    case TopKey::escape:
        state.typed.reset();
        state.order.filter.clear();
        return;
    case TopKey::backspace:
        drop_last(typed);
        break;
    case TopKey::character:
        if (key.letter >= ' ' && typed.size() < 64) append_utf8(typed, key.letter);
        break;
    default:
        break;
    }
    state.order.filter = typed;
}

// Moves a place by what a key says; it stays within 0 to `last`.
std::size_t moved(std::size_t place, std::size_t last, TopKey::Kind kind, std::size_t page) {
    switch (kind) {
    case TopKey::up:
        return place - std::min<std::size_t>(place, 1);
    case TopKey::down:
        return std::min(place + 1, last);
    case TopKey::page_up:
        return place - std::min(place, page);
    case TopKey::page_down:
        return std::min(place + page, last);
    case TopKey::home:
        return 0;
    case TopKey::end:
        return last;
    default:
        return place;
    }
}

void press_in_list(TopState& state, const TopKey& key, const std::vector<TenantLoad>& tenants, std::size_t page) {
    const std::size_t place = place_of(state.selected, tenants);
    if (key.kind == TopKey::enter) {
        if (!tenants.empty()) {
            state.opened = state.selected = tenants[place].tenant;
            state.scroll = 0;
        }
    } else if (key.kind == TopKey::escape) {
        state.order.filter.clear();
    } else if (key.kind != TopKey::character && !tenants.empty()) {
        state.selected = tenants[moved(place, tenants.size() - 1, key.kind, page)].tenant;
    }
}

void press_in_tenant(TopState& state, const TopKey& key, std::size_t page) {
    constexpr std::size_t unbounded = 1'000'000;  // what is shown has an end, which the painter knows
    if (key.kind == TopKey::escape || key.kind == TopKey::backspace) {
        state.opened.clear();
    } else if (key.kind == TopKey::tab || key.kind == TopKey::enter) {
        state.tab = static_cast<TopTab>((static_cast<int>(state.tab) + 1) % 3);
        state.scroll = 0;
    } else {
        state.scroll = moved(state.scroll, unbounded, key.kind, page);
    }
}

void press_letter(TopState& state, char32_t letter) {
    const auto show = [&](TopTab tab) {
        if (state.opened.empty()) return;
        state.tab = tab;
        state.scroll = 0;
    };
    switch (letter) {
    case 'q':
        state.quit = true;
        break;
    case 'p':
    case ' ':
        state.paused = !state.paused;
        break;
    case 'h':
    case '?':
        state.help = true;
        break;
    case 's':
        state.order.sort = next_sort(state.order.sort, 1);
        break;
    case 'S':
        state.order.sort = next_sort(state.order.sort, load_sorts.size() - 1);
        break;
    case 'r':
        state.order.reversed = !state.order.reversed;
        break;
    case '/':
        if (state.opened.empty()) state.typed = state.order.filter;
        break;
    case 'f':
        show(TopTab::flows);
        break;
    case 'l':
        show(TopTab::latency);
        break;
    case 'd':
        show(TopTab::drops);
        break;
    default:
        break;
    }
}

}  // namespace

std::size_t place_of(const std::string& selected, const std::vector<TenantLoad>& tenants) {
    const auto found = std::ranges::find(tenants, selected, &TenantLoad::tenant);
    return found != tenants.end() ? static_cast<std::size_t>(found - tenants.begin()) : 0;
}

TopState after(TopState state, const TopKey& key, const std::vector<TenantLoad>& tenants, std::size_t page) {
    if (state.typed) {
        type(state, key);
    } else if (state.help) {
        state.help = false;  // any key
        state.quit = key.kind == TopKey::character && key.letter == 'q';
    } else if (key.kind == TopKey::character) {
        press_letter(state, key.letter);
    } else if (state.opened.empty()) {
        press_in_list(state, key, tenants, page);
    } else {
        press_in_tenant(state, key, page);
    }
    return state;
}

}  // namespace weir
