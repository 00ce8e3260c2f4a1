// Strings with a small number beside them, each kept once and numbered from 0 in the order they came.
// Always true: a number is never given to another string. Memory: the bytes, 8 for the entry and up to 16 for its slot.
// Thread rules: one thread. Complexity: O(length).
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "foundation/base/bytes.h"

namespace atl::text::internal {

class StringTable {
 public:
  explicit StringTable(std::uint64_t seed) : slots_(1024), seed_(seed) {}
  // `fresh` says whether it was not there. At most 65,535 bytes.
  [[nodiscard]] std::uint32_t intern(std::uint16_t context, std::string_view text, bool& fresh) {
    const std::uint64_t hash = hash_of(context, text);
    const auto tag = static_cast<std::uint32_t>(hash >> 32);
    std::size_t at = hash & (slots_.size() - 1);
    while (slots_[at].number != kFree) {
      if (slots_[at].tag == tag) {
        const Entry& entry = entries_[slots_[at].number];
        if (entry.context == context && entry.bytes == text.size() &&
            std::memcmp(bytes_.data() + entry.at, text.data(), text.size()) == 0) {
          fresh = false;
          return slots_[at].number;
        }
      }
      at = (at + 1) & (slots_.size() - 1);
    }
    fresh = true;
    const auto number = static_cast<std::uint32_t>(entries_.size());
    slots_[at] = {tag, number};
    entries_.push_back({static_cast<std::uint32_t>(bytes_.size()), static_cast<std::uint16_t>(text.size()), context});
    bytes_.insert(bytes_.end(), text.begin(), text.end());
    if (entries_.size() * 2 > slots_.size()) grow();
    return number;
  }
  [[nodiscard]] std::size_t size() const { return entries_.size(); }
  [[nodiscard]] std::string_view text(std::uint32_t number) const {
    return std::string_view(bytes_.data() + entries_[number].at, entries_[number].bytes);
  }
  [[nodiscard]] std::uint16_t context(std::uint32_t number) const { return entries_[number].context; }
  [[nodiscard]] std::size_t memory_bytes() const {
    return slots_.capacity() * sizeof(Slot) + entries_.capacity() * sizeof(Entry) + bytes_.capacity();
  }

 private:
  static constexpr std::uint32_t kFree = UINT32_MAX;
  struct Slot {
    std::uint32_t tag = 0;
    std::uint32_t number = kFree;
  };
  struct Entry {
    std::uint32_t at;
    std::uint16_t bytes;
    std::uint16_t context;
  };
  // Multiply and fold, eight bytes at a time; seeded, so that nobody can write a text whose words all collide.
  [[nodiscard]] std::uint64_t hash_of(std::uint16_t context, std::string_view text) const {
    std::uint64_t hash = seed_ ^ (std::uint64_t{context} << 48) ^ text.size();
    const char* at = text.data();
    std::size_t left = text.size();
    const auto mix = [&](std::uint64_t word) {
      __extension__ using Wide = unsigned __int128;
      const Wide product = static_cast<Wide>(hash ^ word) * 0x9E37'79B9'7F4A'7C15U;
      hash = static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64) ^ seed_;
    };
    for (; left >= 8; left -= 8, at += 8) {
      std::uint64_t word = 0;
      std::memcpy(&word, at, 8);
      mix(word);
    }
    std::uint64_t word = 0;
    if (left >= 4) {
      std::uint32_t low = 0;
      std::uint32_t high = 0;
      std::memcpy(&low, at, 4);
      std::memcpy(&high, at + left - 4, 4);
      word = std::uint64_t{high} << 32 | low;
    } else if (left > 0) {
      word = static_cast<std::uint64_t>(static_cast<unsigned char>(at[0])) |
             static_cast<std::uint64_t>(static_cast<unsigned char>(at[left / 2])) << 8 |
             static_cast<std::uint64_t>(static_cast<unsigned char>(at[left - 1])) << 16;
    }
    mix(word);
    return hash;
  }
  void grow() {
    std::vector<Slot> larger(slots_.size() * 2);
    for (std::uint32_t number = 0; number < entries_.size(); ++number) {
      const std::uint64_t hash = hash_of(entries_[number].context, text(number));
      std::size_t at = hash & (larger.size() - 1);
      while (larger[at].number != kFree) at = (at + 1) & (larger.size() - 1);
      larger[at] = {static_cast<std::uint32_t>(hash >> 32), number};
    }
    slots_ = std::move(larger);
  }

  std::vector<Slot> slots_;  // a power of two
  std::vector<Entry> entries_;
  std::vector<char> bytes_;
  std::uint64_t seed_;
};

}  // namespace atl::text::internal
