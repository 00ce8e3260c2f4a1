#include "store/keyring/internal/recovery_kit.h"

#include <algorithm>
#include <array>
#include <vector>

#include "foundation/codec/fields.h"
#include "foundation/codec/hash.h"

namespace atl::keyring::internal {
namespace {

constexpr std::size_t kLines = 4;
constexpr std::size_t kLineKeyBytes = 8;
constexpr std::size_t kLineBytes = 10;  // 80 bits: 16 characters without a rest
constexpr std::size_t kLineCharacters = 16;
constexpr std::size_t kPageBytesMax = 64U << 10;
constexpr std::size_t kKeyCheckBytes = 4;

std::array<std::uint8_t, 2> line_check(std::size_t number, ByteView key_part) {
  WipedBytes text;
  text.bytes.reserve(64);
  ByteWriter writer(text.bytes);
  writer.put_bytes(as_bytes("atoll recovery line"));
  writer.put<std::uint8_t>(static_cast<std::uint8_t>(number));
  writer.put_bytes(key_part);
  const codec::Digest digest = codec::blake3(text.bytes);
  return {digest[0], digest[1]};
}

// "ABCD-EFGH-IJKL-MNOP"
std::string line_text(std::size_t number, ByteView key_part) {
  WipedBytes raw;
  raw.bytes.reserve(kLineBytes);
  raw.bytes.insert(raw.bytes.end(), key_part.begin(), key_part.end());
  const auto check = line_check(number, key_part);
  raw.bytes.insert(raw.bytes.end(), check.begin(), check.end());
  std::string plain = to_base32(raw.bytes);
  std::string grouped;
  grouped.reserve(32);
  for (std::size_t i = 0; i < plain.size(); ++i) {
    if (i > 0 && i % 4 == 0) grouped += '-';
    const char c = plain[i];
    grouped += c >= 'a' && c <= 'z' ? static_cast<char>(c - 'a' + 'A') : c;
  }
  codec::wipe(plain);
  return grouped;
}

bool is_word_character(char c) {
  return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
         static_cast<unsigned char>(c) >= 0x80;
}

// What a person may have written for a character of the key; 0 where the key never has it.
char canonical(char c) {
  if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  if (c == '0') return 'o';
  if (c == '1') return 'i';
  if (c == '8') return 'b';
  return (c >= 'a' && c <= 'z') || (c >= '2' && c <= '7') ? c : '\0';
}

// A run of letters and digits.
struct Word {
  std::string_view text;
  std::size_t text_line = 0;
  bool first_in_line = false;
};

std::vector<Word> words_of(std::string_view page) {
  std::vector<Word> words;
  std::size_t text_line = 0;
  bool first = true;
  for (std::size_t i = 0; i < page.size();) {
    if (page[i] == '\n') {
      ++text_line;
      first = true;
    }
    if (!is_word_character(page[i])) {
      ++i;
      continue;
    }
    std::size_t end = i;
    while (end < page.size() && is_word_character(page[end])) ++end;
    // A label glued to its line ("1ABCD...") cannot be told from the key; one with any sign between is a word of its
    // own.
    words.push_back({page.substr(i, end - i), text_line, first});
    first = false;
    i = end;
  }
  return words;
}

// 1..4 where the word is a line's number, else 0.
std::size_t label_of(std::string_view word) {
  return word.size() == 1 && word[0] >= '1' && word[0] <= '4' ? static_cast<std::size_t>(word[0] - '0') : 0;
}

struct FoundLine {
  bool found = false;
  bool labelled = false;
  bool contradicted = false;  // another valid line with the same number and standing
  std::array<std::uint8_t, kLineKeyBytes> key{};
};

class PageReader {
 public:
  explicit PageReader(std::string_view page) : words_(words_of(page)) {}
  PageReader(const PageReader&) = delete;
  PageReader& operator=(const PageReader&) = delete;
  PageReader(PageReader&&) = delete;
  PageReader& operator=(PageReader&&) = delete;
  ~PageReader() {
    for (FoundLine& line : lines_) codec::wipe(line.key);
  }

  Result<codec::SecretKey> read() {
    for (std::size_t at = 0; at < words_.size(); ++at) try_from(at);
    codec::SecretKey key;
    for (std::size_t n = 0; n < kLines; ++n) {
      if (!lines_[n].found) return missing_lines();
      if (lines_[n].contradicted) {
        return fail(ErrorKind::usage, "recovery_kit.two_keys", "this holds the lines of more than one recovery key",
                    "Give one page, or the four lines of one key.");
      }
      std::ranges::copy(lines_[n].key, key.fill().begin() + static_cast<std::ptrdiff_t>(n * kLineKeyBytes));
    }
    return key;
  }

 private:
  // Joins words from `at` on until they make one line's length, or several whole lines typed without a break.
  void try_from(std::size_t at) {
    std::string joined;
    joined.reserve(kLines * kLineCharacters + 1);
    for (std::size_t i = at; i < words_.size() && joined.size() < kLines * kLineCharacters; ++i) {
      for (const char c : words_[i].text) {
        const char known = canonical(c);
        if (known == '\0' || joined.size() == kLines * kLineCharacters) {
          codec::wipe(joined);
          return;
        }
        joined.push_back(known);
      }
      if (joined.size() % kLineCharacters == 0) {
        const std::size_t label =
            at > 0 && words_[at - 1].text_line == words_[at].text_line ? label_of(words_[at - 1].text) : 0;
        for (std::size_t part = 0; part < joined.size(); part += kLineCharacters) {
          try_line(std::string_view(joined).substr(part, kLineCharacters), part == 0 ? label : 0);
        }
        break;
      }
      if (joined.size() > kLineCharacters && i > at) break;  // words of people's text, not groups of a line
    }
    codec::wipe(joined);
  }

  void try_line(std::string_view characters, std::size_t label) {
    auto raw = from_base32(characters);
    if (!raw || raw->size() != kLineBytes) return;
    const ByteView key_part = ByteView(*raw).first(kLineKeyBytes);
    for (std::size_t number = 1; number <= kLines; ++number) {
      if (equal(line_check(number, key_part), ByteView(*raw).subspan(kLineKeyBytes))) {
        take(lines_[number - 1], key_part, label == number);
      }
    }
    codec::wipe(*raw);
  }

  // A line with its number before it counts more than one without: other text on a page may pass the check by chance.
  static void take(FoundLine& line, ByteView key_part, bool labelled) {
    if (line.found && line.labelled && !labelled) return;
    const bool same = equal(line.key, key_part);
    line.contradicted = line.found && line.labelled == labelled && (line.contradicted || !same);
    line.found = true;
    line.labelled = labelled;
    std::ranges::copy(key_part, line.key.begin());
  }

  // What stands behind the label of line `number`: its characters, and whether all of them occur in keys.
  struct Attempt {
    bool there = false;
    std::size_t characters = 0;
    bool strange = false;
  };
  [[nodiscard]] Attempt attempt_at(std::size_t number) const {
    Attempt attempt;
    for (std::size_t at = 0; at + 1 < words_.size(); ++at) {
      if (!words_[at].first_in_line || label_of(words_[at].text) != number) continue;
      Attempt here;
      for (std::size_t i = at + 1; i < words_.size() && words_[i].text_line == words_[at].text_line; ++i) {
        for (const char c : words_[i].text) {
          if ((static_cast<unsigned char>(c) & 0xC0) != 0x80) ++here.characters;  // counts UTF-8 characters
          here.strange = here.strange || canonical(c) == '\0';
        }
      }
      here.there = here.characters >= kLineCharacters / 2 && here.characters <= kLineCharacters * 2;
      if (here.there) attempt = here;
    }
    return attempt;
  }

  [[nodiscard]] tl::unexpected<Error> missing_lines() const {
    std::string numbers;
    std::string why;
    std::size_t bad = 0;
    bool any_there = false;
    for (std::size_t number = 1; number <= kLines; ++number) {
      if (lines_[number - 1].found) {
        any_there = true;
        continue;
      }
      ++bad;
      if (!numbers.empty()) numbers += ", ";
      numbers += std::to_string(number);
      const Attempt attempt = attempt_at(number);
      if (attempt.there) {
        any_there = true;
        why += "; line " + std::to_string(number);
        if (attempt.characters != kLineCharacters) {
          why += " has " + std::to_string(attempt.characters) + " characters instead of 16";
        } else if (attempt.strange) {
          why += " has a character that recovery keys never have";
        } else {
          why += " has a mistyped character";
        }
      }
    }
    if (!any_there) {
      return fail(ErrorKind::usage, "recovery_kit.not_recognised", "this is no recovery kit: no line of a key is in it",
                  "Give the kit's file, the page's text, or the four lines of its recovery key.");
    }
    return fail(ErrorKind::usage, "recovery_kit.line_mistyped",
                (bad == 1 ? "line " + numbers + " of the recovery key is missing or mistyped"
                          : "lines " + numbers + " of the recovery key are missing or mistyped") +
                    why,
                "Compare that line with the page; each has four groups of four letters or digits (2 to 7).");
  }

  std::vector<Word> words_;
  std::array<FoundLine, kLines> lines_{};
};

// The first id behind the words "Vault id".
std::optional<VaultId> vault_on_page(std::string_view page) {
  constexpr std::string_view label = "Vault id";
  for (std::size_t at = page.find(label); at != std::string_view::npos; at = page.find(label, at + 1)) {
    std::size_t begin = at + label.size();
    while (begin < page.size() && (page[begin] == ' ' || page[begin] == ':' || page[begin] == '\t')) ++begin;
    const auto id = VaultId::parse(page.substr(begin, 36));
    if (id) return *id;
  }
  return std::nullopt;
}

std::array<std::uint8_t, kKeyCheckBytes> key_check(const codec::SecretKey& key) {
  WipedBytes text;
  text.bytes.reserve(64);
  ByteWriter writer(text.bytes);
  writer.put_bytes(as_bytes("atoll recovery key"));
  writer.put_bytes(key.view());
  const codec::Digest digest = codec::blake3(text.bytes);
  return {digest[0], digest[1], digest[2], digest[3]};
}

Result<ReadKit> read_file(ByteView file) {
  const auto unreadable = [] {
    return fail(ErrorKind::damaged, "recovery_kit.damaged", "the recovery kit's file is damaged",
                "Use the printed page: it opens the vault as long as one of its keyring files is whole.");
  };
  if (file.size() > kKitFrame.size_max || file.size() < kFrameHeaderBytes) return unreadable();
  auto frame = decode_frame(kKitFrame, to_bytes(file));
  if (!frame && frame.error().kind == ErrorKind::unsupported) return pass(std::move(frame).error());
  // Not whole: the key has a check of its own, so that it survives damage elsewhere in the file.
  ByteView clear = frame ? frame->clear() : file.subspan(kFrameHeaderBytes);
  ReadKit kit;
  kit.is_file = true;
  bool has_key = false;
  codec::FieldReader reader(clear, "the recovery kit's file");
  while (reader.next()) {
    if (reader.field() == 1 && !has_key) {
      const ByteView value = reader.as_view();
      if (value.size() != 32 + kKeyCheckBytes) break;
      ATOLL_ASSIGN(kit.recovery_key, codec::SecretKey::from_view(value.first(32)));
      has_key = equal(key_check(kit.recovery_key), value.subspan(32));
    } else if (reader.field() == 2 && frame) {
      kit.keyring_image = to_bytes(reader.as_view());
    }
  }
  if (!has_key) return unreadable();
  if (frame) kit.vault = frame->header.vault;
  if (frame) codec::wipe(frame->image);
  return kit;
}

// Names come from people: a control character would spoil the page.
std::string printable(std::string_view name) {
  std::string text(name.substr(0, kKitFrame.size_max));
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7F) c = '?';
  }
  return text;
}

}  // namespace

std::string write_page(const KitFacts& facts, const codec::SecretKey& recovery_key) {
  std::string page;
  page.reserve(4096);
  page += "ATOLL RECOVERY KIT\n\n";
  page += "  Vault     " + printable(facts.vault_name) + "\n";
  page += "  Vault id  " + facts.vault.text() + "\n";
  page += "  Made on   " + format_rfc3339(facts.made).substr(0, 10) + "\n\n";
  page +=
      "This page opens the vault named above, and every copy of it, without a\n"
      "passphrase. Whoever holds it can read all of it. When the passphrases and key\n"
      "files are lost, nothing and nobody else can.\n\n"
      "  * Keep it away from the machine that holds the vault, and not beside a copy\n"
      "    of it: print it, or put it on a stick in a drawer.\n"
      "  * Keep the kit's file with it. The file holds this key too, and a copy of the\n"
      "    vault's keyring: with it the vault opens even where its own is destroyed.\n"
      "  * A kit that is made and confirmed later replaces this one. \"atoll stat\"\n"
      "    says when a new one is needed.\n\n"
      "RECOVERY KEY\n\n";
  for (std::size_t n = 0; n < kLines; ++n) {
    std::string line = line_text(n + 1, ByteView(recovery_key.view()).subspan(n * kLineKeyBytes, kLineKeyBytes));
    page += "    " + std::to_string(n + 1) + ":  " + line + "\n";
    codec::wipe(line);
  }
  page +=
      "\nThe key has the letters A to Z and the digits 2 to 7. Capitals, spaces and\n"
      "dashes do not matter. Each line is checked: a mistyped one is named.\n\n"
      "HOW TO USE IT\n\n"
      "  The passphrase is lost, the vault is there:\n"
      "      atoll key add --new-password-file FILE --kit KIT\n"
      "      where KIT is this page typed into a file (its four lines are enough) or\n"
      "      the kit's file, and FILE holds the new passphrase.\n\n"
      "  The machine is lost, or the vault's keyring is destroyed, and a copy of the\n"
      "  home is there:\n"
      "      install Atoll, put the copy where the home shall be, then\n"
      "      atoll doctor --home COPY --kit KIT\n"
      "      with the kit's file: it brings back what is missing of the keyring.\n\n"
      "  Afterwards make a new kit: atoll key kit --to FOLDER\n";
  return page;
}

Result<Bytes> write_kit_file(VaultId vault, std::uint64_t generation, const codec::SecretKey& recovery_key,
                             ByteView keyring_image) {
  WipedBytes clear;
  clear.bytes.reserve(keyring_image.size() + 128);
  codec::FieldWriter writer(clear.bytes);
  WipedBytes key;
  key.bytes.reserve(64);
  const auto check = key_check(recovery_key);
  ByteWriter key_writer(key.bytes);
  key_writer.put_bytes(recovery_key.view());
  key_writer.put_bytes(check);
  writer.put_bytes(1, key.bytes);
  writer.put_bytes(2, keyring_image);
  FrameHeader header;
  header.vault = vault;
  header.generation = generation;
  return encode_clear_frame(kKitFrame, header, clear.bytes);
}

Result<ReadKit> read_kit(ByteView page_or_file) {
  if (as_text(page_or_file).starts_with(kKitFrame.magic)) return read_file(page_or_file);
  // A kit's file whose first bytes are damaged is no text; its key may still be whole.
  if (!is_utf8(as_text(page_or_file))) {
    if (auto kit = read_file(page_or_file)) return kit;
  }
  if (page_or_file.size() > kPageBytesMax) {
    return fail(ErrorKind::usage, "recovery_kit.not_recognised", "this is no recovery kit: it is too long for a page");
  }
  ReadKit kit;
  PageReader reader(as_text(page_or_file));
  ATOLL_ASSIGN(kit.recovery_key, reader.read());
  kit.vault = vault_on_page(as_text(page_or_file));
  return kit;
}

}  // namespace atl::keyring::internal
