#include "catalog/filter/glob.h"

#include <algorithm>

#include "catalog/filter/internal/letters.h"

namespace atl::filter {
namespace {

tl::unexpected<Error> malformed(std::string what) {
  return fail(ErrorKind::usage, "glob.malformed", std::move(what),
              "Write \\ before a character that is meant as itself.");
}

}  // namespace

bool Glob::has_wildcards(std::string_view pattern) {
  for (std::size_t at = 0; at < pattern.size(); ++at) {
    if (pattern[at] == '\\') {
      ++at;
    } else if (pattern[at] == '*' || pattern[at] == '?' || pattern[at] == '[') {
      return true;
    }
  }
  return false;
}

std::string Glob::escape(std::string_view literal) {
  std::string result;
  for (const char c : literal) {
    if (c == '*' || c == '?' || c == '[' || c == '\\') result += '\\';
    result += c;
  }
  return result;
}

void Glob::add_literal(std::string_view bytes) {
  if (tokens_.empty() || tokens_.back().kind != Kind::literal) {
    Token token;
    token.begin = static_cast<std::uint32_t>(literals_.size());
    tokens_.push_back(token);
  }
  literals_ += bytes;
  tokens_.back().length += static_cast<std::uint32_t>(bytes.size());
}

// `at` is behind the '['; returns where the pattern goes on behind the ']'.
Result<std::size_t> Glob::add_set(std::string_view pattern, std::size_t at) {
  Token token;
  token.kind = Kind::set;
  token.begin = static_cast<std::uint32_t>(ranges_.size());
  if (at < pattern.size() && (pattern[at] == '!' || pattern[at] == '^')) {
    token.is_negated = true;
    ++at;
  }
  const auto take = [&](std::size_t& from) -> Result<std::uint32_t> {
    if (from < pattern.size() && pattern[from] == '\\') ++from;
    const internal::Character character = internal::character_at(pattern, from);
    if (character.length == 0) return malformed("a [ in the pattern is not closed by a ]");
    from += character.length;
    return character.code;
  };
  for (bool is_first = true;; is_first = false) {
    if (at >= pattern.size()) return malformed("a [ in the pattern is not closed by a ]");
    if (pattern[at] == ']' && !is_first) break;
    ATOLL_ASSIGN(const std::uint32_t low, take(at));
    std::uint32_t high = low;
    if (at + 1 < pattern.size() && pattern[at] == '-' && pattern[at + 1] != ']') {
      ++at;
      ATOLL_ASSIGN(high, take(at));
      if (high < low) return malformed("a range in [...] of the pattern runs backwards");
    }
    ranges_.push_back({low, high});
  }
  token.length = static_cast<std::uint32_t>(ranges_.size()) - token.begin;
  tokens_.push_back(token);
  return at + 1;
}

Result<Glob> Glob::compile(std::string_view pattern, GlobKind kind) {
  if (pattern.size() > kPatternBytesMax) {
    return fail(ErrorKind::limit, "glob.too_long",
                "a pattern has at most " + std::to_string(kPatternBytesMax) + " bytes, this one " +
                    std::to_string(pattern.size()));
  }
  Glob glob;
  glob.pattern_ = pattern;
  glob.kind_ = kind;
  const auto add = [&](Kind token_kind) {
    Token token;
    token.kind = token_kind;
    glob.tokens_.push_back(token);
  };
  for (std::size_t at = 0; at < pattern.size();) {
    const char c = pattern[at];
    if (c == '\\') {
      if (at + 1 == pattern.size()) return malformed("the pattern ends with a \\ that escapes nothing");
      glob.add_literal(pattern.substr(at + 1, 1));
      at += 2;
    } else if (c == '?') {
      add(Kind::character);
      ++at;
    } else if (c == '[') {
      ATOLL_ASSIGN(at, glob.add_set(pattern, at + 1));
    } else if (c == '*') {
      const bool is_at_folder = glob.tokens_.empty() || glob.tokens_.back().kind == Kind::folders ||
                                (glob.tokens_.back().kind == Kind::literal && glob.literals_.back() == '/');
      const std::size_t end = std::min(pattern.find_first_not_of('*', at), pattern.size());
      const bool is_deep = end - at >= 2;
      const bool is_folders =
          kind == GlobKind::path && is_deep && is_at_folder && end < pattern.size() && pattern[end] == '/';
      at = is_folders ? end + 1 : end;
      if (!is_folders) {
        add(is_deep || kind == GlobKind::text ? Kind::deep : Kind::star);
      } else if (glob.tokens_.empty() || glob.tokens_.back().kind != Kind::folders) {
        add(Kind::folders);  // a second one right behind the first adds nothing
      }
    } else {
      glob.add_literal(pattern.substr(at, 1));
      ++at;
    }
  }
  glob.finish();
  return glob;
}

void Glob::finish() {
  bool reaches_slash = false;
  for (std::size_t i = tokens_.size(); i-- > 0;) {
    Token& token = tokens_[i];
    switch (token.kind) {
      case Kind::literal:
        reaches_slash |= literal_of(token).find('/') != std::string_view::npos;
        bytes_min_ += token.length;
        break;
      case Kind::character:
      case Kind::set: ++bytes_min_; break;
      case Kind::star:
      case Kind::deep:
      case Kind::folders:
        token.reaches_slash = reaches_slash;
        reaches_slash = false;
        break;
    }
  }
}

std::string_view Glob::literal_prefix() const {
  if (tokens_.empty() || tokens_.front().kind != Kind::literal) return {};
  return literal_of(tokens_.front());
}

std::size_t Glob::match_one(const Token& token, std::string_view text, std::size_t at) const {
  if (at >= text.size()) return 0;
  std::uint32_t code = static_cast<std::uint8_t>(text[at]);
  std::size_t length = 1;
  if (code >= 0x80) {
    if (internal::is_inside_character(text, at)) return 0;  // a star stops only between characters
    const internal::Character character = internal::character_at(text, at);
    code = character.code;
    length = character.length;
  }
  if (code == '/' && kind_ == GlobKind::path) return 0;
  if (token.kind == Kind::character) return length;
  bool is_listed = false;
  for (std::uint32_t i = token.begin; i < token.begin + token.length && !is_listed; ++i) {
    is_listed = code >= ranges_[i].low && code <= ranges_[i].high;
  }
  return is_listed != token.is_negated ? length : 0;
}

bool Glob::matches(std::string_view text) const {
  constexpr std::size_t kNone = std::string_view::npos;
  if (text.size() < bytes_min_) return false;
  if (tokens_.empty()) return text.empty();
  if (tokens_.back().kind == Kind::literal && !text.ends_with(literal_of(tokens_.back()))) return false;

  std::size_t at = 0;        // in the text
  std::size_t next = 0;      // token
  std::size_t star = kNone;  // token behind the star to go back to, and where in the text it now ends
  std::size_t star_end = 0;
  std::size_t deep = kNone;  // the same for ** and **/
  std::size_t deep_end = 0;
  std::size_t first_star_at = kNone;  // where the first star behind `deep` began in this attempt
  for (;;) {
    bool is_matching = true;
    if (next == tokens_.size()) {
      if (at == text.size()) return true;
      is_matching = false;
    } else {
      const Token& token = tokens_[next];
      switch (token.kind) {
        case Kind::literal:
          is_matching = text.substr(at).starts_with(literal_of(token));
          at += is_matching ? token.length : 0;
          break;
        case Kind::character:
        case Kind::set: {
          const std::size_t length = match_one(token, text, at);
          is_matching = length != 0;
          at += length;
          break;
        }
        case Kind::star:
          if (next + 1 == tokens_.size() && text.find('/', at) == kNone) return true;
          star = next + 1;
          star_end = at;
          if (deep != kNone && first_star_at == kNone) first_star_at = at;
          break;
        case Kind::deep:
          if (next + 1 == tokens_.size()) return true;
          [[fallthrough]];
        case Kind::folders:
          star = kNone;
          deep = next + 1;
          deep_end = at;
          first_star_at = kNone;
          break;
      }
      if (is_matching) ++next;
    }
    if (is_matching) continue;

    if (star != kNone && star_end < text.size() && text[star_end] != '/') {
      at = ++star_end;
      next = star;
      continue;
    }
    if (deep == kNone) return false;
    const Token& token = tokens_[deep - 1];
    if (token.kind == Kind::folders) {
      const std::size_t slash = text.find('/', deep_end);
      if (slash == kNone) return false;
      deep_end = slash + 1;
    } else if (first_star_at != kNone && !token.reaches_slash) {
      // Every later beginning in this folder is one that the first star has tried already.
      const std::size_t slash = text.find('/', first_star_at);
      if (slash == kNone) return false;
      deep_end = slash + 1;
    } else if (deep_end++ == text.size()) {
      return false;
    }
    star = kNone;
    first_star_at = kNone;
    at = deep_end;
    next = deep;
  }
}

}  // namespace atl::filter
