// Everyday English words that mean much the same or belong together, written for this program: what the built-in
// embedder knows before it has read anything. Small on purpose: a prior for a home's first notes, no dictionary.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

namespace atl::vector::internal {

// The groups that a word in small letters, or its simplest form (without -s, -es, -ed, -ing, -ies), stands in.
[[nodiscard]] std::span<const std::uint16_t> concepts_of(std::string_view word);

}  // namespace atl::vector::internal
